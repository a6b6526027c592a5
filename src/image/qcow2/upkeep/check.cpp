#include "qcow2/upkeep/check.h"

#include <algorithm>
#include <limits>

#include "byte_order.h"
#include "qcow2/upkeep/references.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::uint64_t window_clusters = std::uint64_t{2} << 20;
constexpr unsigned most_windows = 1024;
constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

/// Counts references to the clusters of one window of the file.
class Counter final : public ReferenceSink {
 public:
  Counter(std::uint32_t cluster_bits, std::uint64_t clusters, CheckReport& report)
      : cluster_bits_(cluster_bits), clusters_(clusters), report_(report) {
    counts_.resize(std::min(window_clusters, clusters));
    uses_.resize(counts_.size());
  }
  /// Problems are told of in the first window only.
  void begin(std::uint64_t start) {
    telling_ = start == 0;
    start_ = start;
    next_ = none;
    std::ranges::fill(counts_, 0);
    std::ranges::fill(uses_, 0);
  }
  void use(Use use, std::uint64_t offset, std::uint64_t length, std::uint32_t times,
           std::string_view what) override {
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
  void problem(std::string what) override {
    if (telling_) report_.corruption(std::move(what));
  }

  [[nodiscard]] std::uint64_t start() const { return start_; }
  [[nodiscard]] std::uint64_t end() const { return std::min(start_ + counts_.size(), clusters_); }
  [[nodiscard]] std::uint32_t count(std::uint64_t cluster) const {
    return counts_[cluster - start_];
  }
  /// The next cluster behind the window that is referred to.
  [[nodiscard]] std::uint64_t next() const { return next_; }
  /// Whether metadata shares its cluster with anything, or a table with data.
  [[nodiscard]] bool overlap(std::uint64_t cluster) const {
    auto uses = uses_[cluster - start_];
    return (uses & (uses - 1)) != 0 ||
           (uses == static_cast<std::uint8_t>(Use::metadata) && count(cluster) > 1);
  }

 private:
  std::uint32_t cluster_bits_;
  std::uint64_t clusters_, start_ = 0, next_ = none;
  bool telling_ = true;
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint8_t> uses_;
  CheckReport& report_;
};

/// Compares one window with what is stored.
Result<void> compare(const Counter& counter, const Header& header, RefcountReader& refcounts,
                     CheckReport& report) {
  for (auto cluster = counter.start(); cluster < counter.end(); ++cluster) {
    TRY(auto stored, refcounts.at(cluster));
    std::uint64_t counted = counter.count(cluster);
    auto offset = cluster << header.geometry.cluster_bits;
    if (stored < counted) {
      report.corruption(fmt::format("the cluster at {} of the file: refcount {}, references {}",
                                    offset, stored, counted));
    } else if (stored > counted) {
      report.leak(fmt::format("the cluster at {} of the file: refcount {}, references {}", offset,
                              stored, counted));
    }
    if (counter.overlap(cluster))
      report.corruption(fmt::format(
          "the cluster at {} of the file is used for metadata and something else", offset));
  }
  return {};
}

/// The first cluster from `cluster` on that a refcount block speaks of.
Result<std::uint64_t> next_counted(RefcountReader& refcounts, const Header& header,
                                   std::uint64_t cluster) {
  auto entries = header.refcount_block_entries();
  for (auto index = cluster / entries; index < refcounts.blocks(); ++index) {
    auto block = refcounts.block(index);
    if (!block && block.error().code != Code::corrupt) return block;
    if (block && *block != 0) return std::max(cluster, index * entries);
  }
  return none;
}

}  // namespace

Result<CheckReport> check(const File& file, const File* data) {
  TRY(auto header, read_header(file));
  CheckReport report;
  auto clusters = divide_up(file.size(), header.geometry.cluster_size());
  Counter counter(header.geometry.cluster_bits, clusters, report);
  counter.begin(0);
  TRY(auto references, References::collect(file, data, header, counter));
  RefcountReader refcounts(file, header);
  unsigned windows = 0;
  for (std::uint64_t start = 0; start < clusters;) {
    if (++windows > most_windows)
      return fail(Code::limit, "the file's clusters would take more than {} passes over its tables",
                  most_windows);
    counter.begin(start);
    TRY_VOID(references->walk(counter));
    TRY_VOID(compare(counter, header, refcounts, report));
    TRY(auto counted, next_counted(refcounts, header, counter.end()));
    start = std::min(counter.next(), counted);
  }
  return report;
}

}  // namespace truce::image::qcow2
