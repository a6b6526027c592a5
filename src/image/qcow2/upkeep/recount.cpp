#include "qcow2/upkeep/recount.h"

#include <algorithm>

#include "byte_order.h"
#include "qcow2/upkeep/counter.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::size_t most_freed_ranges = 65536;

class Recount {
 public:
  Recount(File& file, Header& header)
      : file_(file),
        header_(header),
        cluster_size_(header.geometry.cluster_size()),
        entries_(header.refcount_block_entries()),
        old_end_(divide_up(file.size(), cluster_size_)),
        next_(old_end_),
        held_(cluster_size_) {}

  Result<void> count();
  Result<void> point_at_new();
  Result<void> give_back();
  [[nodiscard]] std::uint64_t freed() const { return freed_; }

 private:
  struct Placed {
    std::uint64_t range, cluster;
  };
  struct Freed {
    std::uint64_t cluster, count;
  };

  Result<void> take_window(const Counter& counter, RefcountReader& old);
  Result<void> put(std::uint64_t cluster, std::uint64_t count);
  Result<void> write_held();
  void note_freed(std::uint64_t cluster);
  Result<void> finish();
  [[nodiscard]] std::vector<std::byte> block_of(std::uint64_t range, std::uint64_t total) const;

  File& file_;
  Header& header_;
  std::uint64_t cluster_size_, entries_;
  std::uint64_t old_end_, next_;  // clusters: the file's end, the next one to be written
  std::uint64_t range_ = 0;       // whose block is held
  bool any_ = false;              // whether it counts anything
  std::vector<std::byte> held_;
  std::vector<Placed> placed_;
  std::vector<Freed> freed_ranges_;
  std::uint64_t freed_ = 0, table_ = 0, table_clusters_ = 0;
};

Result<void> Recount::count() {
  CheckReport ignored;
  Counter counter(header_.geometry.cluster_bits, old_end_, ignored);
  TRY(auto references, References::collect(file_, nullptr, header_, counter));
  RefcountReader old(file_, header_);
  // Refcount blocks are whole windows, or parts of one.
  TRY_VOID(each_window(counter, *references, old, header_, References::Refcounts::left_out,
                       [&] { return take_window(counter, old); }));
  return finish();
}

Result<void> Recount::take_window(const Counter& counter, RefcountReader& old) {
  for (auto cluster = counter.start(); cluster < counter.end(); ++cluster) {
    if (auto count = counter.count(cluster); count != 0) {
      TRY_VOID(put(cluster, count));
      continue;
    }
    TRY(auto stored, old.at(cluster));
    if (stored != 0) note_freed(cluster);
  }
  return {};
}

void Recount::note_freed(std::uint64_t cluster) {
  ++freed_;
  if (!freed_ranges_.empty()) {
    auto& last = freed_ranges_.back();
    if (last.cluster + last.count == cluster) {
      ++last.count;
      return;
    }
  }
  if (freed_ranges_.size() < most_freed_ranges) freed_ranges_.push_back({cluster, 1});
}

/// Clusters come in ascending order: one block is held at a time.
Result<void> Recount::put(std::uint64_t cluster, std::uint64_t count) {
  if (count > largest_refcount(header_.refcount_order))
    return fail(Code::limit,
                "refcounts of {} bits cannot count the {} references to the cluster at {}",
                header_.refcount_bits(), count, cluster << header_.geometry.cluster_bits);
  if (cluster / entries_ != range_) {
    TRY_VOID(write_held());
    range_ = cluster / entries_;
  }
  put_refcount(held_, cluster % entries_, header_.refcount_order, count);
  any_ = true;
  return {};
}

Result<void> Recount::write_held() {
  if (any_) {
    if ((range_ + 1) * 8 > largest_refcount_table_bytes)
      return fail(Code::limit, "the refcount table would be larger than {} bytes",
                  largest_refcount_table_bytes);
    TRY_VOID(file_.write(next_ << header_.geometry.cluster_bits, held_));
    placed_.push_back({range_, next_++});
  }
  any_ = false;
  std::ranges::fill(held_, std::byte{});
  return {};
}

/// The block of a range that new blocks and the new table lie in.
std::vector<std::byte> Recount::block_of(std::uint64_t range, std::uint64_t total) const {
  auto block = range == range_ && any_ ? held_ : std::vector<std::byte>(cluster_size_);
  auto first = range * entries_;
  for (auto cluster = std::max(old_end_, first); cluster < std::min(total, first + entries_);
       ++cluster)
    put_refcount(block, cluster - first, header_.refcount_order, 1);
  return block;
}

/// What counts the new blocks themselves is placed last, then the table.
Result<void> Recount::finish() {
  auto first = old_end_ / entries_;
  if (range_ < first) TRY_VOID(write_held());
  std::uint64_t total = next_, ranges = 0;
  while (true) {
    ranges = divide_up(std::max(total, old_end_ + 1), entries_);
    table_clusters_ = divide_up(ranges * 8, cluster_size_);
    auto needed = next_ + (ranges - first) + table_clusters_;
    if (needed <= total) break;
    total = needed;
  }
  if (table_clusters_ * cluster_size_ > largest_refcount_table_bytes)
    return fail(Code::limit, "the refcount table would be larger than {} bytes",
                largest_refcount_table_bytes);
  auto bits = header_.geometry.cluster_bits;
  for (auto range = first; range < ranges; ++range) {
    TRY_VOID(file_.write(next_ << bits, block_of(range, total)));
    placed_.push_back({range, next_++});
  }
  std::vector<std::byte> table(table_clusters_ * cluster_size_);
  for (const auto& [range, cluster] : placed_)
    put_be<std::uint64_t>(table, range * 8, cluster << bits);
  table_ = next_ << bits;
  TRY_VOID(file_.write(table_, table));
  return file_.flush();
}

Result<void> Recount::point_at_new() {
  std::vector<std::byte> fields(12);
  put_be<std::uint64_t>(fields, 0, table_);
  put_be<std::uint32_t>(fields, 8, static_cast<std::uint32_t>(table_clusters_));
  TRY_VOID(file_.write(field::refcount_table_offset, fields));
  TRY_VOID(file_.flush());
  header_.refcount_table_offset = table_;
  header_.refcount_table_clusters = static_cast<std::uint32_t>(table_clusters_);
  return {};
}

Result<void> Recount::give_back() {
  auto bits = header_.geometry.cluster_bits;
  for (const auto& [cluster, count] : freed_ranges_)
    TRY_VOID(file_.write_zeroes(cluster << bits, count << bits));
  return {};
}

}  // namespace

Result<std::uint64_t> recount(File& file, Header& header) {
  auto size = file.size();
  Recount recount(file, header);
  if (auto counted = recount.count(); !counted) {
    if (auto cut = file.resize(size); !cut) return std::unexpected(std::move(cut).error());
    return std::unexpected(std::move(counted).error());
  }
  TRY_VOID(recount.point_at_new());
  TRY_VOID(recount.give_back());
  return recount.freed();
}

}  // namespace truce::image::qcow2
