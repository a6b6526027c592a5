#include "qcow2/upkeep/check.h"

#include <algorithm>

#include "byte_order.h"
#include "qcow2/upkeep/counter.h"

namespace truce::image::qcow2 {
namespace {

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
  TRY_VOID(each_window(counter, *references, refcounts, header, References::Refcounts::told,
                       [&] { return compare(counter, header, refcounts, report); }));
  return report;
}

}  // namespace truce::image::qcow2
