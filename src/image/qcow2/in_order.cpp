#include "qcow2/in_order.h"

#include <algorithm>
#include <array>

#include "byte_order.h"
#include "qcow2/header.h"
#include "stream/units.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::uint64_t clusters_in_block = 16;

/// Where everything lies: it follows from which clusters of the disk hold something.
class Plan {
 public:
  static Result<Plan> of(Image& from) {
    Plan plan;
    auto& header = plan.header;
    header.size = from.size();
    constexpr std::uint64_t sector = 512;
    if (header.size == 0 || header.size % sector != 0)
      return fail(Code::invalid, "a disk of {} bytes cannot be a qcow2: whole sectors can",
                  header.size);
    auto entries = divide_up(header.size, header.geometry.table_span());
    if (entries > largest_l1_bytes / 8)
      return fail(Code::invalid, "a disk of {} bytes is too large for a qcow2", header.size);
    TRY(plan.held, held_units(from, header.geometry.cluster_size()));
    plan.tables.resize(entries);
    plan.place(entries);
    return plan;
  }

  Header header;
  std::vector<bool> held;    ///< clusters of the disk that have a place
  std::vector<bool> tables;  ///< parts of the disk that have an L2 table
  std::uint64_t blocks = 0, table_clusters = 0, l1_clusters = 0;
  std::uint64_t first_table = 0, first_data = 0, all = 0;  ///< in clusters

 private:
  void place(std::uint64_t entries) {
    auto cluster = header.geometry.cluster_size();
    auto in_table = header.geometry.table_entries();
    std::uint64_t data = 0;
    for (std::uint64_t i = 0; i < held.size(); ++i) {
      if (!held[i]) continue;
      ++data;
      tables[i / in_table] = true;
    }
    auto l2 = static_cast<std::uint64_t>(std::ranges::count(tables, true));
    l1_clusters = divide_up(entries * 8, cluster);
    // What counts clusters is counted, too.
    for (auto before = ~std::uint64_t{0}; before != all;) {
      before = all;
      all = 1 + table_clusters + blocks + l1_clusters + l2 + data;
      blocks = divide_up(all, header.refcount_block_entries());
      table_clusters = divide_up(blocks * 8, cluster);
    }
    header.l1_entries = static_cast<std::uint32_t>(entries);
    header.refcount_table_offset = cluster;
    header.refcount_table_clusters = static_cast<std::uint32_t>(table_clusters);
    header.l1_offset = (1 + table_clusters + blocks) * cluster;
    first_table = 1 + table_clusters + blocks + l1_clusters;
    first_data = first_table + l2;
  }
};

class InOrderBuilder final : public UnitsInOrder {
 public:
  InOrderBuilder(InOrder& to, Plan plan)
      : UnitsInOrder(to, std::move(plan.held), plan.header.geometry.cluster_size(),
                     clusters_in_block),
        plan_(std::move(plan)) {}

 private:
  Result<void> write_head(InOrder& to) override {
    TRY(auto head, header_bytes(plan_.header));
    head.resize(cluster_);
    TRY_VOID(to.write(head));
    TRY_VOID(write_counts(to));
    return write_tables(to);
  }
  Result<void> write_counts(InOrder& to);
  Result<void> write_tables(InOrder& to);
  /// Whole clusters of big-endian numbers: `count` of them, of which `number(i)` is each.
  template <class T, class Number>
  Result<void> write_numbers(InOrder& to, std::uint64_t count, Number number);

  Plan plan_;
  std::uint64_t cluster_ = plan_.header.geometry.cluster_size();
};

template <class T, class Number>
Result<void> InOrderBuilder::write_numbers(InOrder& to, std::uint64_t count, Number number) {
  auto in_cluster = cluster_ / sizeof(T);
  std::vector<std::byte> bytes(cluster_);
  for (std::uint64_t start = 0; start < count; start += in_cluster) {
    std::ranges::fill(bytes, std::byte{});
    for (std::uint64_t i = start; i < std::min(count, start + in_cluster); ++i)
      put_be<T>(bytes, (i - start) * sizeof(T), number(i));
    TRY_VOID(to.write(bytes));
  }
  return {};
}

Result<void> InOrderBuilder::write_counts(InOrder& to) {
  auto first = 1 + plan_.table_clusters;
  auto block = [&](std::uint64_t i) { return (first + i) * cluster_; };
  TRY_VOID(write_numbers<std::uint64_t>(to, plan_.blocks, block));
  return write_numbers<std::uint16_t>(to, plan_.all, [](std::uint64_t) { return 1; });
}

Result<void> InOrderBuilder::write_tables(InOrder& to) {
  auto table = plan_.first_table, data = plan_.first_data;
  auto own = [&](std::uint64_t& next) { return (next++ * cluster_) | entry::copied; };
  TRY_VOID(write_numbers<std::uint64_t>(to, plan_.tables.size(), [&](std::uint64_t i) {
    return plan_.tables[i] ? own(table) : std::uint64_t{0};
  }));
  auto in_table = plan_.header.geometry.table_entries();
  for (std::uint64_t t = 0; t < plan_.tables.size(); ++t) {
    if (!plan_.tables[t]) continue;
    auto first = t * in_table;
    auto count = std::min(in_table, held().size() - first);
    TRY_VOID(write_numbers<std::uint64_t>(to, count, [&](std::uint64_t i) {
      return held()[first + i] ? own(data) : std::uint64_t{0};
    }));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Builder>> build_in_order(InOrder& to, Image& from) {
  TRY(auto plan, Plan::of(from));
  return std::make_unique<InOrderBuilder>(to, std::move(plan));
}

}  // namespace truce::image::qcow2
