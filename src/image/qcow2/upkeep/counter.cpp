#include "qcow2/upkeep/counter.h"

#include <algorithm>

namespace truce::image::qcow2 {
namespace {

constexpr unsigned most_windows = 1024;

}  // namespace

Counter::Counter(std::uint32_t cluster_bits, std::uint64_t clusters, CheckReport& report)
    : cluster_bits_(cluster_bits), clusters_(clusters), report_(report) {
  counts_.resize(std::min(window_clusters, clusters));
  uses_.resize(counts_.size());
}

void Counter::begin(std::uint64_t start) {
  telling_ = start == 0;
  start_ = start;
  next_ = none;
  std::ranges::fill(counts_, 0);
  std::ranges::fill(uses_, 0);
}

void Counter::use(Use use, std::uint64_t offset, std::uint64_t length, std::uint32_t times,
                  std::string_view what) {
  auto last = (offset + length - 1) >> cluster_bits_;
  if (last >= clusters_)
    problem(fmt::format("{} at {} reaches beyond the file's end", what, offset));
  last = std::min(last, clusters_ - 1);
  for (auto cluster = std::max(offset >> cluster_bits_, start_); cluster <= last; ++cluster) {
    if (cluster >= end()) {
      next_ = std::min(next_, cluster);
      return;
    }
    auto& count = counts_[cluster - start_];
    count += std::min(times, std::numeric_limits<std::uint32_t>::max() - count);
    uses_[cluster - start_] |= static_cast<std::uint8_t>(use);
  }
}

void Counter::problem(std::string what) {
  if (telling_) report_.corruption(std::move(what));
}

std::uint64_t Counter::end() const {
  return std::min(start_ + counts_.size(), clusters_);
}

bool Counter::overlap(std::uint64_t cluster) const {
  auto uses = uses_[cluster - start_];
  return (uses & (uses - 1)) != 0 ||
         (uses == static_cast<std::uint8_t>(Use::metadata) && count(cluster) > 1);
}

Result<void> each_window(Counter& counter, References& references, RefcountReader& refcounts,
                         const Header& header, References::Refcounts told,
                         const std::function<Result<void>()>& look) {
  unsigned windows = 0;
  for (std::uint64_t start = 0; start < counter.clusters();) {
    if (++windows > most_windows)
      return fail(Code::limit, "the file's clusters would take more than {} passes over its tables",
                  most_windows);
    counter.begin(start);
    TRY_VOID(references.walk(counter, told));
    TRY_VOID(look());
    TRY(auto counted, next_counted(refcounts, header, counter.end()));
    auto next = std::min(counter.next(), counted);
    if (next >= counter.clusters()) break;
    start = next & ~(Counter::window_clusters - 1);
  }
  return {};
}

Result<std::uint64_t> next_counted(RefcountReader& refcounts, const Header& header,
                                   std::uint64_t cluster) {
  auto entries = header.refcount_block_entries();
  for (auto index = cluster / entries; index < refcounts.blocks(); ++index) {
    auto block = refcounts.block(index);
    if (!block && block.error().code != Code::corrupt) return block;
    if (block && *block != 0) return std::max(cluster, index * entries);
  }
  return Counter::none;
}

}  // namespace truce::image::qcow2
