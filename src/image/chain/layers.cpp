#include <algorithm>
#include <cstring>

#include "byte_order.h"
#include "image/chain.h"

namespace truce::image {
namespace {

constexpr std::uint64_t step = std::uint64_t{1} << 20, largest_unit = 65536;

bool stored(const Extent& extent) {
  return extent.kind == Kind::data || extent.kind == Kind::compressed;
}

/// The disk in steps that begin and end on multiples of a step.
class Walk {
 public:
  Walk(std::uint64_t size, const LayerOptions& options) : size_(size), options_(options) {}
  [[nodiscard]] bool more() const { return at_ < size_; }
  [[nodiscard]] std::uint64_t at() const { return at_; }
  [[nodiscard]] std::uint64_t most() const { return std::min(size_ - at_, step - at_ % step); }
  [[nodiscard]] std::uint64_t rest() const { return size_ - at_; }
  Result<void> pass(std::uint64_t length) {
    at_ += length;
    if (options_.cancelled != nullptr && *options_.cancelled)
      return fail(Code::cancelled, "cancelled");
    if (options_.progress) options_.progress({at_, size_});
    return {};
  }

 private:
  std::uint64_t size_, at_ = 0;
  const LayerOptions& options_;
};

/// What an image has at a place, zeros beyond its end and where there is no image.
Result<Extent> extent_of(Image* image, std::uint64_t offset, std::uint64_t length) {
  if (image == nullptr || offset >= image->size()) return Extent{offset, length, Kind::hole};
  return image->extent(offset, std::min(length, image->size() - offset));
}

Result<void> read_of(Image* image, std::uint64_t offset, Span into) {
  auto end = image == nullptr ? 0 : image->size();
  auto there = offset < end ? std::min<std::uint64_t>(into.size(), end - offset) : 0;
  std::ranges::fill(into.subspan(there), std::byte{});
  return there == 0 ? Result<void>{} : image->read(offset, into.first(there));
}

/// Zeros are freed only by an image that stands where they must hide something.
enum class Zeros { freed, written };

Result<void> put(Writable& to, std::uint64_t offset, View bytes, Zeros zeros) {
  if (zeros == Zeros::freed && all_zero(bytes)) return to.write_zeroes(offset, bytes.size());
  return to.write(offset, bytes);
}

/// Two disks side by side.
class Differences {
 public:
  Differences(Image& from, Image* parent, Image& to, Zeros zeros)
      : from_(from), parent_(parent), to_(*to.writable()), zeros_(zeros) {
    unit_ = std::clamp<std::uint64_t>(to.description().block_size, 4096, largest_unit);
  }

  /// The length of the range at `offset`, at most `most`, that was dealt with.
  Result<std::uint64_t> pass(std::uint64_t offset, std::uint64_t most, std::uint64_t rest) {
    TRY(auto a, extent_of(&from_, offset, rest));
    TRY(auto b, extent_of(parent_, offset, rest));
    auto length = std::min(a.length, b.length);
    if (!stored(a) && !stored(b)) return length;
    length = std::min(length, most);
    ours_.resize(length);
    theirs_.resize(length);
    TRY_VOID(read_of(&from_, offset, ours_));
    TRY_VOID(read_of(parent_, offset, theirs_));
    TRY_VOID(write_units(offset));
    return length;
  }
  [[nodiscard]] std::uint64_t written() const { return written_; }

 private:
  [[nodiscard]] std::uint64_t unit_end(std::uint64_t offset, std::uint64_t at) const {
    return std::min<std::uint64_t>(ours_.size(), at + unit_ - (offset + at) % unit_);
  }
  [[nodiscard]] bool differ(std::uint64_t at, std::uint64_t end) const {
    return std::memcmp(ours_.data() + at, theirs_.data() + at, end - at) != 0;
  }
  // Units that follow one another in one write, apart from those that are zero.
  Result<void> write_units(std::uint64_t offset) {
    for (std::uint64_t at = 0; at < ours_.size();) {
      auto end = unit_end(offset, at);
      if (!differ(at, end)) {
        at = end;
        continue;
      }
      auto bytes = View(ours_);
      bool zero = all_zero(bytes.subspan(at, end - at));
      while (end < ours_.size()) {
        auto next = unit_end(offset, end);
        if (!differ(end, next) || all_zero(bytes.subspan(end, next - end)) != zero) break;
        end = next;
      }
      TRY_VOID(put(to_, offset + at, bytes.subspan(at, end - at), zeros_));
      written_ += end - at;
      at = end;
    }
    return {};
  }

  Image& from_;
  Image* parent_;
  Writable& to_;
  Zeros zeros_;
  std::uint64_t unit_ = largest_unit, written_ = 0;
  std::vector<std::byte> ours_, theirs_;
};

Result<void> expect_writable(Image& image) {
  if (image.writable() != nullptr) return {};
  return fail(Code::unsupported, "{} {} cannot be written in place: convert it",
              image.description().format, image.description().variant);
}

Result<Layer*> layer_of(Image& image) {
  if (auto* layer = image.layer()) return layer;
  return fail(Code::invalid, "it is {} {}, which stands on no other image",
              image.description().format, image.description().variant);
}

}  // namespace

Result<std::uint64_t> write_differences(Image& from, Image* parent, Image& to,
                                        const LayerOptions& options) {
  TRY_VOID(expect_writable(to));
  Differences differences(from, parent, to, Zeros::freed);
  for (Walk walk(from.size(), options); walk.more();) {
    TRY(auto length, differences.pass(walk.at(), walk.most(), walk.rest()));
    TRY_VOID(walk.pass(length));
  }
  return differences.written();
}

Result<std::uint64_t> rebase(Image& image, Image* new_parent, const Parent* name,
                             const LayerOptions& options) {
  TRY_VOID(expect_writable(image));
  TRY(auto* layer, layer_of(image));
  // Zeros are written: the parent of now need not have what the new one has, and that is hidden.
  Differences differences(image, new_parent, image, Zeros::written);
  for (Walk walk(image.size(), options); walk.more();) {
    TRY(auto held, layer->held(walk.at(), walk.rest()));
    auto length = held.length;
    if (!held.here) {
      TRY(length, differences.pass(walk.at(), std::min(walk.most(), held.length), held.length));
    }
    TRY_VOID(walk.pass(length));
  }
  TRY_VOID(image.writable()->close());
  TRY_VOID(layer->stand_on(name));
  return differences.written();
}

Result<std::uint64_t> commit_into(Image& image, Image& parent, const LayerOptions& options) {
  TRY(auto* layer, layer_of(image));
  TRY_VOID(expect_writable(parent));
  auto& to = *parent.writable();
  TRY_VOID(layer->announce_change(parent));
  if (parent.size() < image.size()) TRY_VOID(to.resize(image.size()));
  std::vector<std::byte> bytes;
  std::uint64_t written = 0;
  for (Walk walk(image.size(), options); walk.more();) {
    TRY(auto held, layer->held(walk.at(), walk.rest()));
    if (!held.here) {
      TRY_VOID(walk.pass(held.length));
      continue;
    }
    TRY(auto extent, image.extent(walk.at(), held.length));
    auto length = extent.length;
    if (stored(extent)) {
      length = std::min(length, walk.most());
      bytes.resize(length);
      TRY_VOID(image.read(walk.at(), bytes));
      TRY_VOID(put(to, walk.at(), bytes, Zeros::freed));
    } else {
      TRY_VOID(to.write_zeroes(walk.at(), length));
    }
    written += length;
    TRY_VOID(walk.pass(length));
  }
  TRY_VOID(to.close());
  return written;
}

}  // namespace truce::image
