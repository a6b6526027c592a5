#include "vmdk/image.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image::vmdk {

using State = Piece::State;

Result<void> VmdkImage::check_range(std::uint64_t offset, std::uint64_t length) const {
  if (inside(offset, length, description_.size)) return {};
  return fail(Code::invalid, "{}: a range beyond the disk's end", file_->name());
}

Result<Part*> VmdkImage::part_of(std::uint64_t offset) {
  auto after = std::ranges::upper_bound(parts_, offset, {}, &Part::start);
  TRUCE_ASSERT(after != parts_.begin(), "the first part begins at 0");
  auto* part = &*std::prev(after);
  if (!part->store)
    return fail(Code::forbidden, "{}: the extent '{}' was not opened", file_->name(), part->name);
  return part;
}

Result<Piece> VmdkImage::find(std::uint64_t offset, std::uint64_t length) {
  TRY(auto* part, part_of(offset));
  auto at = offset - part->start;
  return part->store->find(at, std::min(length, part->length - at));
}

Result<void> VmdkImage::check_parent_is_open() const {
  if (parent_) return {};
  return fail(Code::forbidden, "{}: the {} '{}', which has this part of the disk, was not opened",
              file_->name(), below_->role, below_->name);
}

Result<void> VmdkImage::read_below(std::uint64_t offset, Span into) {
  if (below_) {
    TRY_VOID(check_parent_is_open());
    // The parent may be smaller: beyond its end are zeros.
    auto there = offset < parent_->size()
                     ? std::min<std::uint64_t>(into.size(), parent_->size() - offset)
                     : 0;
    if (there != 0) TRY_VOID(parent_->read(offset, into.first(there)));
    into = into.subspan(there);
  }
  std::ranges::fill(into, std::byte{});
  return {};
}

Result<void> VmdkImage::read_piece(const Piece& piece, std::uint64_t offset, Span into) {
  switch (piece.state) {
    case State::stored:
      return piece.file->read(piece.offset, into);
    case State::compressed: {
      TRY(auto* part, part_of(offset));
      return part->store->decode(offset - part->start, into);
    }
    case State::zero:
      std::ranges::fill(into, std::byte{});
      return {};
    case State::absent:
      return read_below(offset, into);
  }
  return fail(Code::internal, "a piece of no known state");
}

Result<void> VmdkImage::read(std::uint64_t offset, Span into) {
  TRY_VOID(check_range(offset, into.size()));
  while (!into.empty()) {
    TRY(auto piece, find(offset, into.size()));
    TRY_VOID(read_piece(piece, offset, into.first(piece.length)));
    offset += piece.length;
    into = into.subspan(piece.length);
  }
  return {};
}

Result<Extent> VmdkImage::extent_below(std::uint64_t offset, std::uint64_t length) {
  if (!below_) return Extent{offset, length, Kind::hole};
  TRY_VOID(check_parent_is_open());
  if (offset >= parent_->size()) return Extent{offset, length, Kind::hole};
  return parent_->extent(offset, std::min(length, parent_->size() - offset));
}

Result<Extent> VmdkImage::extent(std::uint64_t offset, std::uint64_t length) {
  TRY_VOID(check_range(offset, length));
  if (length == 0) return fail(Code::invalid, "{}: an empty range", file_->name());
  TRY(auto piece, find(offset, length));
  switch (piece.state) {
    case State::stored: {
      // What a grain or a flat extent does not store is zero, whatever the parent has.
      TRY(auto run, piece.file->run(piece.offset, piece.length));
      if (!run.stored) return Extent{offset, run.length, below_ ? Kind::zero : Kind::hole};
      return Extent{offset, run.length, Kind::data, piece.file, piece.offset};
    }
    case State::compressed:
      return Extent{offset, piece.length, Kind::compressed};
    case State::zero:
      return Extent{offset, piece.length, Kind::zero};
    case State::absent:
      return extent_below(offset, piece.length);
  }
  return fail(Code::internal, "a piece of no known state");
}

Result<CheckReport> VmdkImage::check_to(Store::Depth depth) {
  CheckReport report;
  for (const auto& what : disagreements_) report.corruption(what);
  for (auto& part : parts_) {
    TRY(auto* opened, part_of(part.start));
    TRY_VOID(opened->store->check(depth, report));
  }
  return report;
}

}  // namespace truce::image::vmdk
