#include "image/resume.h"

#include <algorithm>

#include "byte_order.h"
#include "resume/block_runs.h"
#include "resume/checkpoint.h"
#include "resume/parts.h"
#include "sealed.h"

namespace truce::image {
namespace {

using resume::BlockRuns;
using Phase = resume::PartFile::Phase;

/// Calls `each(block)` for all blocks of the list.
template <class Each>
Result<void> for_blocks(View list, std::uint64_t limit, Each&& each) {
  BlockRuns runs(list);
  while (true) {
    TRY(auto run, runs.next());
    if (!run) return {};
    if (!inside(run->first, run->count, limit))
      return fail(Code::corrupt, "it tells of blocks beyond the disk's end");
    for (std::uint64_t i = 0; i < run->count; ++i) TRY_VOID(each(run->first + i));
  }
}

}  // namespace

std::string Resumable::part_name() const {
  return resume::Parts::name_of(wanted_.target);
}

std::string Resumable::checkpoint_name() const {
  return "." + wanted_.target + ".truce-checkpoint";
}

std::uint64_t Resumable::choices() const {
  const auto& options = wanted_.options;
  auto text = fmt::format("{} {} {}\n", wanted_.format->name, options.size, options.sector_size);
  for (const auto& [name, value] : options.options) text += fmt::format("{}={}\n", name, value);
  return digest_of(text);
}

Result<std::unique_ptr<Resumable>> Resumable::begin(Folder& folder, Wanted wanted) {
  TRY(auto taken, folder.look(wanted.target));
  if (taken && wanted.existing == Folder::Existing::refuse) {
    return fail(Code::conflict, "{}: there is a file of that name; --replace writes over it",
                wanted.target);
  }
  std::unique_ptr<Resumable> made(new Resumable(folder, std::move(wanted)));
  TRY(auto part, folder.look(made->part_name()));
  TRY(auto checkpoint, folder.look(made->checkpoint_name()));
  if (part) TRY_VOID(folder.open(made->part_name()));  // nobody else is at work on it
  if (!part || !checkpoint) {
    TRY_VOID(made->begin_anew(part || checkpoint ? "of the earlier one only a part is left" : ""));
    return made;
  }
  auto gone_on = made->go_on_from(part->inode);
  if (gone_on) {
    made->take_room();
    return made;
  }
  if (gone_on.error().code != Code::corrupt) return std::unexpected(std::move(gone_on).error());
  TRY_VOID(made->begin_anew(std::move(gone_on).error().message));
  return made;
}

Result<void> Resumable::begin_anew(std::string why) {
  begun_anew_ = std::move(why);
  builder_.reset();
  parts_.reset();
  now_ = {};
  start_ = {};
  next_block_ = 0;
  TRY_VOID(folder_.remove(checkpoint_name()));
  TRY_VOID(folder_.remove(checkpoint_name() + ".new"));
  TRY(parts_, resume::Parts::create(folder_, wanted_.target));
  TRY_VOID(build_over());
  now_.ends.resize(parts_->count());
  take_room();
  return {};
}

// Of a builder that packs nothing can be cut off to make room in a file system that is full; what
// places needs none of this.
void Resumable::take_room() {
  constexpr std::size_t usual = 256 << 10;
  if (builder_->packing() == nullptr) return;
  auto beside = checkpoint_name() + ".new";
  (void)folder_.remove(beside);
  auto file = folder_.create(beside, beside);
  if (file) (void)(*file)->write(0, std::vector<std::byte>(usual));  // without it less is kept
}

Result<void> Resumable::build_over() {
  auto options = wanted_.options;
  options.neighbours = parts_.get();
  TRY(builder_, build(*wanted_.format, parts_->image(), options));
  return {};
}

Result<Resumable::Earlier> Resumable::read_checkpoint(std::uint64_t inode) const {
  TRY(auto content, folder_.read(checkpoint_name(), resume::longest_checkpoint));
  TRY(auto found, resume::parse_checkpoint(content));
  auto refused = [&](std::string_view what) {
    return fail(
        Code::precondition,
        "{}: {} since the conversion was interrupted, so that it cannot go on: remove {} and "
        "{}{} to begin anew",
        wanted_.target, what, part_name(), checkpoint_name(),
        found.parts.size() > 1 ? " and the other .part files of its disk" : "");
  };
  if (found.parts.front().inode != inode) return fail(Code::corrupt, "it is of another file");
  if (found.origin != wanted_.origin.digest) return refused("the source was changed");
  if (found.choices != choices()) return refused("format or options were changed");
  if (found.end > wanted_.options.size || found.done > wanted_.origin.stored)
    return fail(Code::corrupt, "it tells of more than the disk has");
  Earlier earlier{
      {found.end, found.done, found.places, {}, std::move(found.blocks), std::move(found.packing)},
      {}};
  for (const auto& part : found.parts) {
    earlier.snapshot.ends.push_back(part.end);
    earlier.inodes.push_back(part.inode);
  }
  return earlier;
}

Result<void> Resumable::go_on_from(std::uint64_t inode) {
  TRY(auto earlier, read_checkpoint(inode));
  return go_on(std::move(earlier));
}

/// The unfinished target becomes what it was at the checkpoint: what came later is taken away.
Result<void> Resumable::go_on(Earlier earlier) {
  auto snapshot = std::move(earlier.snapshot);
  TRY(parts_, resume::Parts::open(folder_, wanted_.target, std::move(earlier.inodes)));
  if (!snapshot.packing.empty()) {
    auto& file = *parts_->image();
    if (file.size() < snapshot.ends.front())
      return fail(Code::corrupt, "the unfinished target is shorter than it was");
    TRY_VOID(file.resize(snapshot.ends.front()));
    parts_->replay(Phase::replay);
    TRY_VOID(build_over());
    if (builder_->packing() == nullptr) return fail(Code::corrupt, "it is of another format");
    if (snapshot.ends.size() != 1) return fail(Code::corrupt, "it had other files");
    TRY_VOID(builder_->packing()->restore(snapshot.packing));
  } else {
    TRY_VOID(keep_placed(snapshot));
  }
  parts_->replay(Phase::live);
  start_ = {snapshot.end, snapshot.done};
  now_ = std::move(snapshot);
  return {};
}

// A builder gives the same places to the same blocks. A first one, over nothing, tells which they
// are: all else in the files is taken away, as if it had never been written. The second one writes
// its tables anew.
Result<void> Resumable::keep_placed(const Snapshot& snapshot) {
  std::vector<std::uint64_t> ends;  // of what is kept so far; the places of each file ascend
  auto place_all = [&](auto&& placed) -> Result<void> {
    TRY_VOID(build_over());
    if (builder_->placing() == nullptr) return fail(Code::corrupt, "it is of another format");
    if (parts_->count() != snapshot.ends.size()) return fail(Code::corrupt, "it had other files");
    ends.resize(parts_->count());
    auto limit = divide_up(snapshot.end, builder_->block_size());
    std::uint64_t digest = 0;
    TRY_VOID(for_blocks(snapshot.blocks, limit, [&](std::uint64_t block) -> Result<void> {
      TRY(auto place, builder_->placing()->place(block));
      auto index = parts_->index_of(place.file);
      digest = resume::with_place(digest, block, index, place.offset);
      next_block_ = block + 1;
      return placed(index, place.offset, builder_->block_size());
    }));
    if (digest != snapshot.places) return fail(Code::corrupt, "blocks would lie elsewhere now");
    return {};
  };
  parts_->replay(Phase::trial);
  TRY_VOID(
      place_all([&](std::size_t index, std::uint64_t offset, std::uint64_t length) -> Result<void> {
        auto& end = ends[index];
        if (offset < end) return fail(Code::corrupt, "blocks do not lie in their order");
        if (parts_->file(index).size() < snapshot.ends[index])
          return fail(Code::corrupt, "the unfinished target is shorter than it was");
        if (offset > end) TRY_VOID(parts_->file(index).clear(end, offset - end));
        end = offset + length;
        return {};
      }));
  builder_.reset();
  for (std::size_t i = 0; i < ends.size(); ++i)
    TRY_VOID(parts_->file(i).cut(std::min(ends[i], parts_->file(i).size())));
  parts_->replay(Phase::replay);
  return place_all([](std::size_t, std::uint64_t, std::uint64_t) -> Result<void> { return {}; });
}

void Resumable::reached(const Reached& reached) {
  std::lock_guard lock(mutex_);
  now_.end = reached.end;
  now_.done += reached.stored;
  for (std::size_t i = 0; i < reached.placed.size();) {
    auto first = reached.placed[i].block;
    auto past = first;
    for (; i < reached.placed.size() && reached.placed[i].block == past; ++i, ++past) {
      const auto& place = reached.placed[i].place;
      auto index = parts_->index_of(place.file);
      now_.places = resume::with_place(now_.places, past, index, place.offset);
      now_.ends[index] = std::max(now_.ends[index], place.offset);
    }
    resume::add_run(now_.blocks, first - next_block_, past - first);
    next_block_ = past;
  }
  if (saving_ || due_ || std::chrono::steady_clock::now() - saved_ < wanted_.interval) return;
  due_ = taken();
}

/// Between two windows; of a builder that packs only while it does nothing else.
Resumable::Snapshot Resumable::taken() const {
  auto snapshot = now_;
  if (auto* packing = builder_->packing()) {
    snapshot.packing = packing->state();
    snapshot.ends.front() = parts_->image()->size();
  }
  return snapshot;
}

Result<void> Resumable::settle() {
  std::unique_lock lock(mutex_);
  if (saving_ || !due_) return {};
  saving_ = true;
  auto snapshot = *std::exchange(due_, std::nullopt);
  lock.unlock();
  // What is told to be there is there before it is told. An error of flushing is told once only,
  // here.
  auto begun = std::chrono::steady_clock::now();
  auto flushed = parts_->flush();
  if (flushed && save(snapshot)) take_room();  // without a checkpoint less is saved, no more
  lock.lock();
  saving_ = false;
  saved_ = std::chrono::steady_clock::now();
  // A twentieth of the time at most goes into it.
  if (wanted_.interval.count() > 0)
    wanted_.interval = std::max(wanted_.interval, 20 * (saved_ - begun));
  return flushed;
}

Result<void> Resumable::save(const Snapshot& snapshot) {
  resume::Checkpoint checkpoint{
      wanted_.origin.digest, choices(),       snapshot.end,     snapshot.done,
      snapshot.places,       snapshot.blocks, snapshot.packing, {}};
  for (std::size_t i = 0; i < parts_->count(); ++i)
    checkpoint.parts.push_back({parts_->inode(i), snapshot.ends[i]});
  auto content = resume::write_checkpoint(checkpoint);
  if (content.size() > resume::longest_checkpoint)
    return fail(Code::limit, "the checkpoint would have {} bytes", content.size());
  auto beside = checkpoint_name() + ".new";
  TRY_VOID(folder_.remove(beside));
  TRY(auto file, folder_.create(beside, beside));
  auto written = file->write(0, content);
  if (written) written = file->flush();
  if (!written) {
    (void)folder_.remove(beside);
    return written;
  }
  TRY_VOID(folder_.rename(beside, checkpoint_name(), Folder::Existing::replace));
  return folder_.sync();
}

Result<void> Resumable::keep() {
  auto snapshot = taken();
  TRY_VOID(parts_->flush());
  auto saved = save(snapshot);
  if (saved) return saved;
  // Threads that were on their way have written what will be written again.
  for (std::size_t i = 0; i < parts_->count(); ++i) {
    auto& file = parts_->file(i);
    auto end = snapshot.ends[i];
    if (!snapshot.blocks.empty()) end += builder_->block_size();
    if (end < file.size()) TRY_VOID(file.cut(end));
  }
  return save(snapshot);
}

Result<void> Resumable::commit(Target::Durability durability) {
  bool durable = durability == Target::Durability::durable;
  builder_.reset();
  if (durable) TRY_VOID(parts_->flush());
  if (parts_->count() > 1) {
    // After a crash between two names the checkpoint tells which of the files are ours.
    TRY_VOID(save(now_));
    TRY_VOID(parts_->name_those_beside());
  }
  TRY_VOID(folder_.rename(part_name(), wanted_.target, wanted_.existing));
  if (durable) TRY_VOID(folder_.sync());
  (void)folder_.remove(checkpoint_name() + ".new");
  return folder_.remove(checkpoint_name());
}

}  // namespace truce::image
