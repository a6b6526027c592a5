#include <algorithm>
#include <cstring>
#include <mutex>

#include "byte_order.h"
#include "convert/turns.h"
#include "image/convert.h"

namespace truce::image {
namespace {

constexpr std::uint64_t step = std::uint64_t{256} << 10;

bool stored(const Extent& extent) {
  return extent.kind == Kind::data || extent.kind == Kind::compressed;
}

/// A range of both disks in which at least one holds something.
struct Range {
  std::uint64_t start = 0, length = 0;
  bool in_a = false, in_b = false;
};

class Comparison {
 public:
  Comparison(Image& a, Image& b, const CompareOptions& options)
      : a_(a), b_(b), options_(options), size_(std::max(a.size(), b.size())) {}

  Result<std::optional<std::uint64_t>> run() {
    in_threads(thread_count(options_.threads), [this] { work(); });
    if (error_) return std::unexpected(*error_);
    if (first_ == none) return std::nullopt;
    return first_.load();
  }

 private:
  static constexpr std::uint64_t none = ~std::uint64_t{0};

  void work() {
    std::vector<std::byte> a(step), b(step);
    while (true) {
      auto range = next();
      if (!range) return stop(std::move(range).error());
      if (range->length == 0) return;
      auto differs = look(*range, a, b);
      if (!differs) return stop(std::move(differs).error());
      for (auto seen = first_.load(); *differs < seen;)
        if (first_.compare_exchange_weak(seen, *differs)) break;
    }
  }

  void stop(Error error) {
    std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
  }

  // The extent of one side from at_ on; beyond its end there is a hole.
  static Result<Extent> side(Image& image, std::uint64_t at, std::uint64_t size, Extent& known) {
    if (at < known.start + known.length && at >= known.start) return known;
    if (at >= image.size()) {
      known = {at, size - at, Kind::hole};
    } else {
      TRY(known, image.extent(at, image.size() - at));
    }
    return known;
  }

  /// Length 0 at the end, after a failure and beyond a difference that was found.
  Result<Range> next() {
    std::lock_guard lock(mutex_);
    if (options_.cancelled != nullptr && *options_.cancelled)
      return fail(Code::cancelled, "cancelled");
    while (!error_ && at_ < size_ && at_ < first_) {
      TRY(auto a, side(a_, at_, size_, ahead_a_));
      TRY(auto b, side(b_, at_, size_, ahead_b_));
      auto end = std::min({a.start + a.length, b.start + b.length, size_});
      if (stored(a) || stored(b)) {
        Range range{at_, std::min(end - at_, step - at_ % step), stored(a), stored(b)};
        at_ += range.length;
        if (options_.progress) options_.progress({at_, size_});
        return range;
      }
      at_ = end;
    }
    return Range{};
  }

  Result<std::uint64_t> look(const Range& range, Span a, Span b) {
    a = a.first(range.length);
    b = b.first(range.length);
    if (range.in_a) TRY_VOID(a_.read(range.start, a));
    if (range.in_b) TRY_VOID(b_.read(range.start, b));
    if (!range.in_a || !range.in_b) {
      auto one = range.in_a ? a : b;
      if (all_zero(one)) return none;
      auto at = std::ranges::find_if(one, [](std::byte byte) { return byte != std::byte{}; });
      return range.start + static_cast<std::uint64_t>(at - one.begin());
    }
    if (std::memcmp(a.data(), b.data(), a.size()) == 0) return none;
    auto at = std::ranges::mismatch(a, b).in1;
    return range.start + static_cast<std::uint64_t>(at - a.begin());
  }

  Image& a_;
  Image& b_;
  const CompareOptions& options_;
  std::uint64_t size_;
  std::mutex mutex_;
  std::uint64_t at_ = 0;
  Extent ahead_a_, ahead_b_;
  std::optional<Error> error_;
  std::atomic<std::uint64_t> first_ = none;
};

}  // namespace

Result<std::optional<std::uint64_t>> compare(Image& a, Image& b, const CompareOptions& options) {
  return Comparison(a, b, options).run();
}

}  // namespace truce::image
