#include "qcow2/upkeep/check.h"

#include <algorithm>

#include "byte_order.h"
#include "qcow2/upkeep/counter.h"

namespace truce::image::qcow2 {
namespace {

constexpr unsigned most_windows = 1024;

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
