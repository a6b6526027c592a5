#include "convert/conversion.h"

#include <algorithm>
#include <system_error>

#include "byte_order.h"
#include "image/stream.h"

namespace truce::image {
namespace {

constexpr std::uint64_t zero_unit = 4096;

Checkpoints::Reached reached_by(const Window& window) {
  Checkpoints::Reached reached{.end = window.start + window.length};
  for (const auto& extent : window.stored) reached.stored += extent.length;
  return reached;
}

}  // namespace

Conversion::Conversion(Image& from, Builder& to, const ConvertOptions& options, std::uint64_t total)
    : from_(from),
      to_(to),
      options_(options),
      block_size_(to.block_size()),
      plain_(from.whole()),
      windows_(from, block_size_, [this](const Extent& extent) { return !direct(extent); }),
      mover_(options.durability) {
  progress_.total = total;
  if (options.checkpoints == nullptr) return;
  auto start = options.checkpoints->start();
  windows_.go_on_from(start.at);
  progress_.done = start.done;
}

/// Whether it goes from file to file, without us.
bool Conversion::direct(const Extent& extent) const {
  return to_.placing() != nullptr && options_.moving == Moving::automatic &&
         extent.kind == Kind::data && extent.file != nullptr && extent.file->descriptor() >= 0;
}

/// One call for all of the disk, where both sides have it as it is: how much of it is stored. None
/// where that is not so, or the file system does not share.
Result<std::optional<std::uint64_t>> Conversion::share_whole() {
  if (!plain_ || !direct(*plain_) || plain_->length == 0 || options_.checkpoints != nullptr)
    return std::nullopt;
  auto to = to_.placing()->whole();
  if (!to || to->file->descriptor() < 0) return std::nullopt;
  Move move{plain_->file, plain_->offset, to->file, to->offset, plain_->length};
  TRY(bool shared, mover_.share_all(move, 0));
  if (!shared) return std::nullopt;
  TRY(auto used, usage(from_));
  if (options_.progress) options_.progress({used.stored, used.stored});
  return used.stored;
}

Result<Moved> Conversion::run() {
  TRY(auto whole, share_whole());
  if (!whole) work_on_windows();
  others_.clear();
  TRY_VOID(turns_.outcome());
  TRY_VOID(to_.finish(options_.durability));
  Moved moved{.shared = whole.value_or(0), .through = through_, .zeroes = zeroes_};
  mover_.add_to(moved);
  return moved;
}

void Conversion::work_on_windows() {
  while (!turns_.failed()) {
    auto window = windows_.next();
    if (!window) return turns_.fail_with(std::move(window).error());
    if (!*window) return;
    if (options_.cancelled != nullptr && *options_.cancelled)
      return turns_.fail_with({Code::cancelled, "cancelled", {}});
    auto is_direct = [this](const Extent& extent) { return direct(extent); };
    if (mover_.kernel_refused() || !std::ranges::all_of((*window)->stored, is_direct))
      start_others();
    auto done = convert_window(**std::move(window));
    if (!done) return turns_.fail_with(std::move(done).error());
  }
}

// What goes from file to file is done by the file system, which lets one thread at a time write to
// a file: others would only wait. Reading, packing and unpacking is work for all processors.
void Conversion::start_others() {
  std::call_once(others_started_, [this] {
    try {
      for (unsigned i = 1; i < thread_count(options_.threads); ++i)
        others_.emplace_back([this] { work_on_windows(); });
    } catch (const std::system_error&) {
      // Those that there are must do.
    }
  });
}

Result<void> Conversion::convert_window(Window window) {
  return to_.packing() != nullptr ? pack_window(window) : place_window(std::move(window));
}

void Conversion::note_progress(const Window& window) {
  std::lock_guard lock(progress_mutex_);
  for (const auto& extent : window.stored) progress_.done += extent.length;
  if (options_.progress) options_.progress(progress_);
}

Result<void> Conversion::place_window(Window window) {
  Work work;
  work.window = std::move(window);
  TRY_VOID(read_extents(work));
  bool on = turns_.take(work.window.ticket, [&] { return place_blocks(work); });
  if (!on) return {};
  TRY_VOID(move_direct(work));
  TRY_VOID(write_pieces(work));
  note_progress(work.window);
  return note_placed(work);
}

/// Windows end in any order; they are told of in that of the disk.
Result<void> Conversion::note_placed(const Work& work) {
  if (options_.checkpoints == nullptr) return {};
  auto reached = reached_by(work.window);
  auto first = work.window.start / block_size_;
  for (std::size_t i = 0; i < work.places.size(); ++i) {
    if (work.places[i].file != nullptr) reached.placed.push_back({first + i, work.places[i]});
  }
  {
    std::lock_guard lock(reached_mutex_);
    reached_.emplace(work.window.ticket, std::move(reached));
    for (auto next = reached_.begin(); next != reached_.end() && next->first == next_reached_;
         next = reached_.erase(next), ++next_reached_) {
      options_.checkpoints->reached(next->second);
    }
  }
  return options_.checkpoints->settle();
}

Result<void> Conversion::read(std::uint64_t start, Span into) {
  auto done = from_.read(start, into);
  if (done) return {};
  // What was read cannot be looked at again.
  if (dynamic_cast<ReadOnce*>(&from_) != nullptr) return done;
  return std::unexpected(place_of(std::move(done).error(), start, into.size()));
}

/// Looks for the first byte that the source does not give, and tells where it is on the guest's
/// disk; the error as it was when all can be read.
Error Conversion::place_of(Error why, std::uint64_t start, std::uint64_t length) {
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  auto readable = [&](std::uint64_t at, std::uint64_t end, std::uint64_t step) {
    auto part = std::min(step - at % step, end - at);
    return from_.read(at, Span(buffer).first(part)) ? part : 0;
  };
  auto end = start + length, at = start;
  for (auto step : {std::uint64_t{1} << 20, zero_unit, std::uint64_t{512}}) {
    while (at < end) {
      auto part = readable(at, end, step);
      if (part == 0) break;
      at += part;
    }
  }
  if (at == end) return why;
  why.message += fmt::format(" (byte {} of the guest's disk)", at);
  return why;
}

// What cannot go from file to file is read here.
Result<void> Conversion::read_extents(Work& work) {
  for (const auto& extent : work.window.stored) {
    if (direct(extent)) {
      work.direct.push_back(extent);
      continue;
    }
    Piece piece{extent.start, std::make_unique_for_overwrite<std::byte[]>(extent.length),
                extent.length};
    TRY_VOID(read(piece.start, piece.content()));
    if (all_zero(piece.content())) {
      zeroes_ += piece.length;
    } else {
      work.read.push_back(std::move(piece));
    }
  }
  return {};
}

Result<void> Conversion::place_one(Work& work, std::uint64_t index) {
  if (work.places[index].file != nullptr) return {};
  TRY(work.places[index], to_.placing()->place(work.window.start / block_size_ + index));
  return {};
}

Result<void> Conversion::place_blocks(Work& work) {
  const auto& window = work.window;
  work.places.resize(divide_up(window.length, block_size_));
  std::vector<bool> wanted(work.places.size());
  for (const auto& extent : work.direct) {
    auto last = (extent.start + extent.length - 1 - window.start) / block_size_;
    for (auto i = (extent.start - window.start) / block_size_; i <= last; ++i) wanted[i] = true;
  }
  for (const auto& piece : work.read) {
    for (std::size_t at = 0; at < piece.length;) {
      auto index = (piece.start + at - window.start) / block_size_;
      auto block_end = window.start + (index + 1) * block_size_ - piece.start;
      auto end = std::min<std::uint64_t>(piece.length, block_end);
      if (!wanted[index]) wanted[index] = !all_zero(View(piece.content()).subspan(at, end - at));
      at = end;
    }
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) TRY_VOID(place_one(work, i));
  }
  return {};
}

// Calls `each(place, start, length)` for the longest parts of a range whose places are contiguous.
template <class Each>
Result<void> Conversion::in_places(const Work& work, std::uint64_t start, std::uint64_t length,
                                   Each&& each) {
  auto end = start + length;
  while (start < end) {
    auto index = (start - work.window.start) / block_size_;
    auto first = work.places[index];
    auto into = start - work.window.start - index * block_size_;
    auto part = std::min(end - start, block_size_ - into);
    while (start + part < end) {
      const auto& next = work.places[++index];
      if (next.file != first.file || next.offset != first.offset + into + part) break;
      part += std::min(end - start - part, block_size_);
    }
    if (first.file != nullptr) TRY_VOID(each(Place{first.file, first.offset + into}, start, part));
    start += part;
  }
  return {};
}

/// Moves extents between which there is nothing but holes of their file: where the file system
/// shares, with a call for each run of blocks that lie one after another.
Result<void> Conversion::move_run(const Work& work, std::span<const Extent> run) {
  auto move_piece = [&](Place to, std::uint64_t at, std::uint64_t length) -> Result<void> {
    std::vector<Extent> parts;
    std::uint64_t stored = 0;
    for (const auto& extent : run) {
      auto start = std::max(at, extent.start);
      auto end = std::min(at + length, extent.start + extent.length);
      if (start >= end) continue;
      parts.push_back(
          {start, end - start, extent.kind, extent.file, extent.offset + start - extent.start});
      stored += end - start;
    }
    if (parts.size() > 1) {
      TRY(bool shared,
          mover_.share_all({plain_->file, plain_->offset + at, to.file, to.offset, length},
                           stored));
      if (shared) return {};
    }
    for (const auto& part : parts) {
      auto moved =
          mover_.move({part.file, part.offset, to.file, to.offset + part.start - at, part.length});
      if (!moved)
        return std::unexpected(place_of(std::move(moved).error(), part.start, part.length));
    }
    return {};
  };
  auto start = run.front().start;
  return in_places(work, start, run.back().start + run.back().length - start, move_piece);
}

Result<void> Conversion::move_direct(const Work& work) {
  std::span<const Extent> left = work.direct;
  while (!left.empty()) {
    // Those that end in the block in which the next begins, or in the one before.
    std::size_t count = 1;
    while (plain_ && mover_.may_share() && count < left.size()) {
      auto last_block = (left[count - 1].start + left[count - 1].length - 1) / block_size_;
      if (left[count].start / block_size_ > last_block + 1) break;
      ++count;
    }
    TRY_VOID(move_run(work, left.first(count)));
    left = left.subspan(count);
  }
  return {};
}

// Runs of zeros are left as holes, in steps of what file systems allocate.
Result<void> Conversion::write_pieces(const Work& work) {
  for (const auto& piece : work.read) {
    auto write = [&](Place to, std::uint64_t start, std::uint64_t length) -> Result<void> {
      auto content = View(piece.content()).subspan(start - piece.start, length);
      for (std::size_t at = 0; at < content.size();) {
        std::size_t run = 0;
        bool zero = all_zero(content.subspan(at, std::min(zero_unit, content.size() - at)));
        while (at + run < content.size()) {
          auto unit = std::min<std::size_t>(zero_unit, content.size() - at - run);
          if (all_zero(content.subspan(at + run, unit)) != zero) break;
          run += unit;
        }
        if (!zero) TRY_VOID(to.file->write(to.offset + at, content.subspan(at, run)));
        (zero ? zeroes_ : through_) += run;
        at += run;
      }
      return {};
    };
    TRY_VOID(in_places(work, piece.start, piece.length, write));
  }
  return {};
}

// The extents, widened to whole blocks and joined where they touch, as far as a thread may hold
// them.
Result<void> Conversion::pack_window(const Window& window) {
  std::vector<Encoded> encoded;
  auto window_end = window.start + window.length;
  for (std::size_t i = 0; i < window.stored.size();) {
    auto start = window.stored[i].start / block_size_ * block_size_;
    auto end = start;
    auto past = i;
    do {
      const auto& extent = window.stored[past++];
      end = std::min(window_end, round_up(extent.start + extent.length, block_size_));
    } while (past < window.stored.size() &&
             (window.stored[past].start < end ||
              (window.stored[past].start == end && end - start < Windows::held_length)));
    Piece whole{start, std::make_unique_for_overwrite<std::byte[]>(end - start), end - start};
    auto content = Span(whole.bytes.get(), whole.length);
    auto filled = start;
    for (; i < past; ++i) {
      const auto& extent = window.stored[i];
      std::ranges::fill(content.subspan(filled - start, extent.start - filled), std::byte{});
      filled = extent.start + extent.length;
      TRY_VOID(read(extent.start, content.subspan(extent.start - start, extent.length)));
    }
    std::ranges::fill(content.subspan(filled - start), std::byte{});
    TRY_VOID(encode_blocks(start, content, encoded));
  }
  turns_.take(window.ticket, [&]() -> Result<void> {
    for (const auto& one : encoded) TRY_VOID(to_.packing()->append(one.block, one.content));
    note_progress(window);
    if (options_.checkpoints != nullptr) options_.checkpoints->reached(reached_by(window));
    return {};
  });
  return options_.checkpoints == nullptr ? Result<void>{} : options_.checkpoints->settle();
}

Result<void> Conversion::encode_blocks(std::uint64_t start, View content,
                                       std::vector<Encoded>& encoded) {
  for (std::uint64_t at = 0; at < content.size(); at += block_size_) {
    auto part = content.subspan(at, std::min<std::uint64_t>(block_size_, content.size() - at));
    if (all_zero(part)) {
      zeroes_ += part.size();
      continue;
    }
    auto block = (start + at) / block_size_;
    TRY(auto packed, to_.packing()->encode(block, part));
    encoded.push_back({block, std::move(packed)});
    through_ += part.size();
  }
  return {};
}

}  // namespace truce::image
