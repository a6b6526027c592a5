#include "store/restore.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/revert.h"
#include "base/time.h"
#include "side_files.h"
#include "store_file.h"

namespace truce::store {
namespace {

using Path = std::filesystem::path;

Path beside(const Path& file, std::string_view suffix) {
  return file.string() + std::string(suffix);
}

Result<void> copy_whole(const Path& from, const Path& to) {
  TRY(auto source, open_file(from, O_RDONLY));
  TRY_VOID(remove_tree(to));
  TRY(auto target, open_file(to, O_WRONLY | O_CREAT | O_EXCL, 0600));
  while (true) {
    auto sent = ::sendfile(target.get(), source.get(), nullptr, 1 << 30);
    if (sent == 0) break;
    if (sent < 0) return fail_errno(errno, "copy " + from.string());
  }
  if (::fsync(target.get()) != 0) return fail_errno(errno, "fsync " + to.string());
  return {};
}

Result<void> rename_if_there(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno(errno, fmt::format("rename {} to {}", from.string(), to.string()));
}

Result<void> sync_folder(const Path& folder) {
  TRY(auto fd, open_file(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return fail_errno(errno, "fsync " + folder.string());
  return {};
}

/// A copy of the backup that has been opened once, and so was checked, with nothing beside it.
Result<Restored> checked_copy(const Path& backup, const Path& fresh) {
  for (const char* suffix : {"", "-wal", ".answered", ".lock"})
    TRY_VOID(remove_tree(beside(fresh, suffix)));
  TRY_VOID(copy_whole(backup, fresh));
  // An empty file would be taken for a store that is to be made.
  struct stat status{};
  if (::stat(fresh.c_str(), &status) != 0 || status.st_size == 0)
    return fail(Code::corrupt, "it is empty");
  Restored restored;
  {
    TRY(auto opened, StoreFile::open(fresh));
    restored.revision = opened.revision;
    restored.entries = opened.entries.size();
  }
  std::error_code none;
  auto log = std::filesystem::file_size(beside(fresh, "-wal"), none);
  if (!none && log > 0) return fail(Code::io, "its log was not taken in");
  for (const char* suffix : {"-wal", ".answered", ".lock"})
    TRY_VOID(remove_tree(beside(fresh, suffix)));
  return restored;
}

}  // namespace

Result<Restored> restore(const Path& backup, const Path& file) {
  TRY(auto hold, Hold::take(file));
  auto fresh = beside(file, ".restoring");
  Revert revert;
  revert.add([&] {
    for (const char* suffix : {"", "-wal", ".answered", ".lock"})
      (void)remove_tree(beside(fresh, suffix));  // tried again by the next one
  });
  auto checked = checked_copy(backup, fresh);
  if (!checked)
    return std::unexpected(std::move(checked).error().within("restore " + backup.string()));
  auto restored = *std::move(checked);
  auto stamp = to_string(now());
  std::erase_if(stamp, [](char c) { return c == ':' || c == '-' || c == '.'; });
  auto old = beside(file, ".before-" + stamp);
  std::error_code none;
  if (std::filesystem::exists(file, none)) {
    restored.old = old;
    if (::link(file.c_str(), restored.old.c_str()) != 0)
      return fail_errno(errno, "keep the old store as " + restored.old.string());
  }
  // The old log must not be read into the new store; without it, and with a mark of commits that
  // are not there, a store is refused. So whatever a crash leaves is never taken for whole.
  TRY_VOID(rename_if_there(beside(file, "-wal"), beside(old, "-wal")));
  TRY_VOID(sync_folder(file.parent_path()));
  TRY_VOID(rename_if_there(fresh, file));
  TRY_VOID(sync_folder(file.parent_path()));
  TRY_VOID(rename_if_there(beside(file, ".answered"), beside(old, ".answered")));
  TRY_VOID(sync_folder(file.parent_path()));
  revert.success();
  return restored;
}

}  // namespace truce::store
