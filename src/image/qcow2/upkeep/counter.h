// Counting who refers to the clusters of a file.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "qcow2/upkeep/references.h"

namespace truce::image::qcow2 {

/// Counts references to the clusters of one window of the file: memory stays at 10 MiB.
class Counter final : public ReferenceSink {
 public:
  static constexpr std::uint64_t window_clusters = std::uint64_t{2} << 20;
  static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

  Counter(std::uint32_t cluster_bits, std::uint64_t clusters, CheckReport& report);
  /// Problems are told of in the first window only.
  void begin(std::uint64_t start);
  void use(Use use, std::uint64_t offset, std::uint64_t length, std::uint32_t times,
           std::string_view what) override;
  void problem(std::string what) override;

  [[nodiscard]] std::uint64_t start() const { return start_; }
  [[nodiscard]] std::uint64_t end() const;
  /// Of the whole file.
  [[nodiscard]] std::uint64_t clusters() const { return clusters_; }
  [[nodiscard]] std::uint32_t count(std::uint64_t cluster) const {
    return counts_[cluster - start_];
  }
  /// The next cluster behind the window that is referred to.
  [[nodiscard]] std::uint64_t next() const { return next_; }
  /// Whether metadata shares its cluster with anything, or a table with data.
  [[nodiscard]] bool overlap(std::uint64_t cluster) const;

 private:
  std::uint32_t cluster_bits_;
  std::uint64_t clusters_, start_ = 0, next_ = none;
  bool telling_ = true;
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint8_t> uses_;
  CheckReport& report_;
};

/// Counts window by window, and calls `look` for each: every cluster that is referred to or counted
/// is in one. Windows begin at multiples of Counter::window_clusters. Code::limit when the file
/// takes more than 1,024 of them.
Result<void> each_window(Counter& counter, References& references, RefcountReader& refcounts,
                         const Header& header, References::Refcounts told,
                         const std::function<Result<void>()>& look);

/// The first cluster from `cluster` on that a refcount block speaks of; Counter::none for none.
Result<std::uint64_t> next_counted(RefcountReader& refcounts, const Header& header,
                                   std::uint64_t cluster);

}  // namespace truce::image::qcow2
