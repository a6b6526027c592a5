// Writing into a disk: its extents do it, each for its part.
#include <algorithm>

#include "base/random.h"
#include "byte_order.h"
#include "chain/backing.h"
#include "vmdk/image.h"
#include "vmdk/layout.h"

namespace truce::image::vmdk {

/// A new content id in as many digits as the old one has: QEMU writes it without leading zeros.
std::string VmdkImage::another_content_id() const {
  auto digits = std::min<std::size_t>(content_id_digits_, 8);
  std::string old(digits, '0');
  for (const auto& [name, value] : description_.details)
    if (name == "CID") old = value.substr(8 - digits);
  auto made = old;
  while (made == old || made.starts_with("fffffff")) made = random_hex(4).substr(8 - digits);
  return std::string(content_id_digits_ - digits, '0') + made;
}

Result<void> VmdkImage::begin_writing() {
  if (writing_) return {};
  // A write through damaged tables would spread the damage: two grains in one place, for one.
  TRY(auto report, check());
  if (report.corruptions != 0)
    return fail(Code::corrupt, "{}: it is damaged and not written: {}", file_->name(),
                report.problems.front());
  // Disks that lie over this one see by the content id that it is no longer what they were made
  // over.
  if (identity_ == Identity::renewed) {
    auto digits = another_content_id();
    TRY_VOID(file_->write(content_id_at_, std::as_bytes(std::span(digits))));
    for (auto& [name, value] : description_.details)
      if (name == content_id_row)
        value = fmt::format("{:0>8}",
                            digits.substr(digits.size() - std::min<std::size_t>(digits.size(), 8)));
  }
  for (auto& part : parts_) TRY_VOID(part.store->begin());
  TRY_VOID(flush_files());
  writing_ = true;
  return {};
}

Result<Layer::Held> VmdkImage::held(std::uint64_t offset, std::uint64_t length) {
  TRY_VOID(check_range(offset, length));
  if (length == 0) return fail(Code::invalid, "{}: an empty range", file_->name());
  TRY(auto piece, find(offset, length));
  return Held{piece.length, piece.state != Piece::State::absent};
}

// One write over the old text, with zeros over what is left of it.
Result<void> VmdkImage::stand_on(const Parent* parent) {
  std::uint32_t id = Descriptor::no_parent;
  std::string name;
  if (parent != nullptr) {
    TRY_VOID(expect_size_of_parent(*parent, description_.size));
    TRY(id, content_id_of(*parent));
    name = parent->name;
    TRY_VOID(check_extent_name(name));
  }
  auto text = with_parent(text_, id, name);
  auto room = text_at_ == 0 ? descriptor_limit : text_room_;
  if (text.size() > room) {
    return fail(Code::limit, "{}: the parent's name does not fit the {} bytes of the descriptor",
                file_->name(), room);
  }
  auto length = text.size();
  text.resize(std::max(text.size(), text_.size()));
  TRY_VOID(file_->write(text_at_, std::as_bytes(std::span(text))));
  if (text_at_ == 0 && file_->size() > length) TRY_VOID(file_->resize(length));
  return file_->flush();
}

Result<void> VmdkImage::forget() {
  if (content_id_at_ == 0) return fail(Code::precondition, "{}: it is only read", file_->name());
  TRY_VOID(begin_writing());
  TRY_VOID(flush());
  for (auto& part : parts_) TRY_VOID(part.store->forget());
  return flush_files();
}

Result<void> VmdkImage::flush_files() {
  for (auto& part : parts_) TRY_VOID(part.store->writable()->flush());
  return file_->flush();
}

Below VmdkImage::below_of(const Part& part) {
  if (!below_) return {};
  return [this, start = part.start](std::uint64_t offset, Span into) {
    return read_below(start + offset, into);
  };
}

Result<void> VmdkImage::write(std::uint64_t offset, View from) {
  TRY_VOID(check_range(offset, from.size()));
  if (!from.empty()) TRY_VOID(begin_writing());
  while (!from.empty()) {
    TRY(auto* part, part_of(offset));
    auto at = offset - part->start;
    auto piece = from.first(std::min<std::uint64_t>(from.size(), part->length - at));
    TRY_VOID(part->store->write(at, piece, below_of(*part)));
    offset += piece.size();
    from = from.subspan(piece.size());
  }
  return {};
}

Result<void> VmdkImage::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  TRY_VOID(check_range(offset, length));
  if (length != 0) TRY_VOID(begin_writing());
  while (length != 0) {
    TRY(auto* part, part_of(offset));
    auto at = offset - part->start;
    auto piece = std::min(length, part->length - at);
    TRY_VOID(part->store->write_zeroes(at, piece, below_of(*part)));
    offset += piece;
    length -= piece;
  }
  return {};
}

/// One write inside one or two sectors: nothing else in the text moves.
Result<void> VmdkImage::put_size(std::size_t index, std::uint64_t bytes) {
  auto room = std::min(descriptor_limit, file_->size() - text_at_);
  std::string text(room, '\0');
  TRY_VOID(file_->read(text_at_, std::as_writable_bytes(std::span(text))));
  text.resize(std::min(text.find('\0'), text.size()));
  TRY(auto change, change_extent_size(text, index, bytes / sector_bytes));
  TRY_VOID(file_->write(text_at_ + change.at, std::as_bytes(std::span(change.text))));
  return file_->flush();
}

// Only the last extent changes: what is before it stays where it is.
Result<void> VmdkImage::resize(std::uint64_t size) {
  if (size == description_.size) return {};
  if (below_)
    return fail(Code::unsupported, "{}: a link over another disk is as large as that one",
                file_->name());
  if (size % sector_bytes != 0)
    return fail(Code::invalid, "{}: a disk of {} bytes is not whole sectors", file_->name(), size);
  if (parts_.empty() || size <= parts_.back().start || !each_listed_)
    return fail(Code::unsupported,
                "{}: a split disk changes its size within its last extent only: convert it",
                file_->name());
  bool split = parts_.size() > 1 || description_.variant.contains("GbMaxExtent");
  auto& part = parts_.back();
  auto bytes = size - part.start;
  if (split && bytes > largest_split_extent)
    return fail(Code::unsupported,
                "{}: the last extent would be larger than {} bytes, and no new one is made: "
                "convert the disk",
                file_->name(), largest_split_extent);
  TRY_VOID(begin_writing());
  TRY_VOID(flush());
  bool grows = size > description_.size;
  // What opens the disk goes by the smaller of the two in between.
  if (grows) TRY_VOID(part.store->resize(bytes));
  TRY_VOID(put_size(parts_.size() - 1, bytes));
  if (!grows) TRY_VOID(part.store->resize(bytes));
  part.length = bytes;
  description_.size = size;
  return {};
}

Result<void> VmdkImage::flush() {
  if (!writing_) return {};
  for (auto& part : parts_) TRY_VOID(part.store->commit());
  return flush_files();
}

Result<void> VmdkImage::close() {
  if (!writing_) return {};
  TRY_VOID(flush());
  for (auto& part : parts_) TRY_VOID(part.store->end());
  TRY_VOID(flush_files());
  writing_ = false;
  return {};
}

}  // namespace truce::image::vmdk
