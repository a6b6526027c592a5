#include "in_place/steps.h"

#include <algorithm>

namespace truce::image::in_place {
namespace {

Result<bool> there(Folder& folder, const std::string& name, std::uint64_t inode) {
  TRY(auto found, folder.look(name));
  return found && found->inode == inode;
}

/// Whether the data's file ends as it shall already.
Result<bool> has_new_end(const File& data, const Change& change) {
  if (data.size() != change.new_size) return false;
  std::vector<std::byte> found(change.new_end.size());
  TRY_VOID(data.read(change.new_size - found.size(), found));
  return found == change.new_end;
}

// Every step may have been done before, wholly or in part. What is there tells apart a file that we
// left like this and one that others have changed since.
Result<void> change_end(File& data, const Change& change) {
  if (!change.changes_end()) return {};
  TRY(bool done, has_new_end(data, change));
  if (done) return data.flush();
  auto size = data.size();
  if (size != change.old_size() && size != change.content && size != change.new_size) {
    return fail(Code::precondition,
                "{}: was changed since the conversion was interrupted: it has {} bytes, neither {} "
                "nor {}",
                data.name(), size, change.old_size(), change.new_size);
  }
  TRY_VOID(data.resize(change.content));
  TRY_VOID(data.resize(change.new_size));
  if (!change.new_end.empty())
    TRY_VOID(data.write(change.new_size - change.new_end.size(), change.new_end));
  return data.flush();
}

Result<void> restore_end(File& data, const Change& change) {
  if (!change.changes_end()) return {};
  TRY_VOID(data.resize(change.content));
  TRY_VOID(data.resize(change.old_size()));
  if (!change.old_end.empty()) TRY_VOID(data.write(change.content, change.old_end));
  return data.flush();
}

Result<void> remove_journal(Folder& folder, const Change& change) {
  TRY_VOID(folder.sync());
  TRY_VOID(folder.remove(journal_name(change.source)));
  // All is done. Should the journal come back after a loss of power, finishing again changes
  // nothing.
  (void)folder.remove(journal_name(change.source) + ".new");
  (void)folder.sync();
  return {};
}

Result<void> finish_data(Folder& folder, const Change& change, std::shared_ptr<File> data) {
  TRY(bool untouched, there(folder, change.data_from, change.data_inode));
  if (!untouched) {
    // The name is changed last: what has the new one is complete.
    TRY(bool done, there(folder, change.data_to, change.data_inode));
    if (done) return {};
    return fail(Code::precondition,
                "{}: is not the file that the conversion began with; when you have put another one "
                "there, remove {}",
                change.data_from, journal_name(change.source));
  }
  if (!data) {
    TRY(data, folder.open(change.data_from));
  }
  TRY_VOID(change_end(*data, change));
  if (change.data_from == change.data_to) return {};
  return folder.rename(change.data_from, change.data_to, Folder::Existing::refuse);
}

}  // namespace

Result<void> write_down(Folder& folder, const Change& change) {
  auto name = journal_name(change.source);
  auto beside = name + ".new";
  TRY_VOID(folder.remove(beside));
  TRY(auto file, folder.create(beside, beside));
  TRY_VOID(file->write(0, write_journal(change)));
  TRY_VOID(file->flush());
  TRY_VOID(folder.rename(beside, name, Folder::Existing::replace));
  return folder.sync();
}

Result<void> finish(Folder& folder, const Change& change, std::shared_ptr<File> data) {
  TRY_VOID(finish_data(folder, change, std::move(data)));
  if (change.makes_target()) {
    TRY(auto unfinished, folder.look(change.unfinished_target()));
    if (unfinished)
      TRY_VOID(folder.rename(change.unfinished_target(), change.target, Folder::Existing::refuse));
  }
  if (change.removes_source()) {
    // Only when the target is sure to be there.
    TRY_VOID(folder.sync());
    TRY(bool ours, there(folder, change.source, change.source_inode));
    if (ours) TRY_VOID(folder.remove(change.source));
  }
  return remove_journal(folder, change);
}

Result<void> undo(Folder& folder, const Change& change, std::shared_ptr<File> data) {
  TRY(bool here, there(folder, change.data_from, change.data_inode));
  TRY(auto journal, folder.look(journal_name(change.source)));
  here = here && journal;
  if (change.makes_target()) {
    TRY(auto unfinished, folder.look(change.unfinished_target()));
    here = here && unfinished;
  }
  if (change.removes_source()) {
    TRY(bool source, there(folder, change.source, change.source_inode));
    here = here && source;
  }
  if (!here) return fail(Code::precondition, "{}: has become {}", change.source, change.target);
  TRY_VOID(restore_end(*data, change));
  return forget(folder, change);
}

Result<void> forget(Folder& folder, const Change& change) {
  if (change.makes_target()) TRY_VOID(folder.remove(change.unfinished_target()));
  return remove_journal(folder, change);
}

}  // namespace truce::image::in_place
