#include "image/in_place.h"

#include "in_place/source.h"
#include "in_place/steps.h"
#include "in_place/target.h"

namespace truce::image {
namespace {

using in_place::Change;

struct Found {
  Change change;
  std::string journal;
};

Result<Change> read_journal(Folder& folder, const std::string& name) {
  TRY(auto content, folder.read(name, in_place::longest_journal));
  auto change = in_place::parse_journal(content);
  if (!change) {
    auto why = std::move(change).error().within(name);
    why.message +=
        ": this is the journal of an interrupted conversion, and nothing can be told from it; the "
        "disk's bytes were not touched";
    return std::unexpected(std::move(why));
  }
  if (in_place::journal_name(change->source) != name)
    return fail(Code::corrupt, "{}: it is of another file, {}", name, change->source);
  return change;
}

enum class Search {
  quick,  ///< other journals only where nothing has that name: what is there is complete
  whole,
};

/// The journal that `name` is a part of: mostly its own one; after the last renaming the name is
/// the target's.
Result<std::optional<Found>> find_journal(Folder& folder, const std::string& name, Search search) {
  if (!in_place::plain_name(name)) return std::nullopt;
  auto own = in_place::journal_name(name);
  TRY(auto there, folder.look(own));
  if (there) {
    TRY(auto change, read_journal(folder, own));
    return Found{std::move(change), own};
  }
  // What is no file (a device) is nothing that we change.
  auto exists = folder.look(name);
  if (!exists || (*exists && search == Search::quick)) return std::nullopt;
  TRY(auto journals, folder.ending(std::string(in_place::journal_suffix)));
  for (const auto& journal : journals) {
    auto change = read_journal(folder, journal);  // what cannot be read is not about this name
    if (change && (change->target == name || change->data_to == name))
      return Found{*std::move(change), journal};
  }
  return std::nullopt;
}

/// Refuses names that are taken by others.
Result<void> check_free(Folder& folder, const std::string& name, const std::string& ours) {
  if (name == ours) return {};
  TRY(auto there, folder.look(name));
  if (there) {
    return fail(Code::conflict,
                "{}: there is a file of that name; in place nothing is written over another file",
                name);
  }
  return {};
}

Result<Change> plan(Folder& folder, const in_place::SourceShape& source, const Format& format,
                    const BuildOptions& options, const InPlaceOptions& how) {
  Change change{.source = how.source, .target = how.target, .data_from = source.data_name};
  change.content = source.content;
  change.old_end = source.end;
  change.new_size = source.content;
  TRY(change.data_to, in_place::data_name_in_target(format, options, how.target));
  TRY_VOID(check_free(folder, change.data_to, change.data_from));
  if (change.makes_target() || change.data_to != change.target)
    TRY_VOID(check_free(folder, change.target, change.data_to));
  TRY(auto data, folder.look(change.data_from));
  TRY(auto main, folder.look(change.source));
  if (!data || !main) return fail(Code::not_found, "{}: is gone", change.source);
  change.data_inode = data->inode;
  change.source_inode = main->inode;
  return change;
}

/// All that needs room is done before the decision.
Result<void> prepare(Folder& folder, const Format& format, const BuildOptions& options,
                     Change& change) {
  if (!change.makes_target()) return in_place::build_around(format, options, nullptr, change);
  TRY_VOID(in_place::write_down(folder, change));
  TRY_VOID(folder.remove(change.unfinished_target()));
  TRY(auto main, folder.create(change.unfinished_target(), change.target));
  TRY_VOID(in_place::build_around(format, options, main, change));
  TRY_VOID(main->flush());
  return folder.sync();
}

/// What was not decided is undone at once, and what fails afterwards is undone where that goes.
Result<void> carry_out(Folder& folder, const Format& format, const BuildOptions& options,
                       Change& change, const std::shared_ptr<File>& data) {
  auto prepared = prepare(folder, format, options, change);
  if (!prepared) {
    (void)in_place::forget(folder, change);
    return prepared;
  }
  change.stage = Change::Stage::decided;
  if (auto written = in_place::write_down(folder, change); !written) {
    (void)in_place::forget(folder, change);
    return written;
  }
  auto done = in_place::finish(folder, change, data);
  if (done) return done;
  auto why = std::move(done).error();
  if (in_place::undo(folder, change, data)) {
    why.message += "; everything is as it was";
  } else {
    why.message += fmt::format("; truce image recover {} finishes it", change.source);
  }
  return std::unexpected(std::move(why));
}

}  // namespace

Result<std::optional<Interrupted>> interrupted(Folder& folder, const std::string& name) {
  TRY(auto found, find_journal(folder, name, Search::quick));
  if (!found) return std::nullopt;
  return Interrupted{found->change.source, found->change.target, found->journal};
}

Result<std::optional<Recovered>> recover(Folder& folder, const std::string& name) {
  TRY(auto found, find_journal(folder, name, Search::whole));
  if (!found) return std::nullopt;
  const auto& change = found->change;
  bool decided = change.stage == Change::Stage::decided;
  // One that is at work holds the source's file.
  std::shared_ptr<File> held;
  for (const auto& at : {change.data_from, change.data_to}) {
    TRY(auto there, folder.look(at));
    if (!there || there->inode != change.data_inode) continue;
    TRY(held, folder.open(at));
    break;
  }
  // It may have come to its end between the two looks.
  TRY(auto still, folder.look(found->journal));
  if (still)
    TRY_VOID(decided ? in_place::finish(folder, change, held) : in_place::forget(folder, change));
  return Recovered{change.source, change.target,
                   decided ? Recovered::End::finished : Recovered::End::undone};
}

Result<InPlace> convert_in_place(Folder& folder, const Format& format, BuildOptions options,
                                 const InPlaceOptions& how) {
  for (const auto& name : {how.source, how.target}) {
    if (!in_place::plain_name(name))
      return fail(Code::invalid, "'{}' is not the name of a file in this folder, or too long",
                  name);
  }
  TRY(auto before, recover(folder, how.source));
  if (before && before->end == Recovered::End::finished && before->target == how.target)
    return InPlace{.finished = true};
  in_place::OpenFiles files(folder);
  TRY(auto source, in_place::look_at_source(folder, files, how));
  if (how.approve) TRY_VOID(how.approve(source.description));
  options = in_place::with_defaults(format, std::move(options), source, how);
  TRY(auto change, plan(folder, source, format, options, how));
  TRY_VOID(carry_out(folder, format, options, change, source.data));
  return InPlace{.size = source.content};
}

}  // namespace truce::image
