#include "qcow2/host_clusters.h"

#include <algorithm>

#include "byte_order.h"
#include "qcow2/refcounts.h"
#include "qcow2/upkeep/references.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::uint64_t held_bytes = std::uint64_t{4} << 20;

/// Notes the clusters of metadata; two uses of one cluster are a problem.
class MetadataSink final : public ReferenceSink {
 public:
  MetadataSink(std::unordered_set<std::uint64_t>& clusters, std::uint32_t cluster_bits)
      : clusters_(clusters), cluster_bits_(cluster_bits) {}
  void use(Use, std::uint64_t offset, std::uint64_t length, std::uint32_t,
           std::string_view what) override {
    for (auto cluster = offset >> cluster_bits_; cluster <= (offset + length - 1) >> cluster_bits_;
         ++cluster) {
      if (!clusters_.insert(cluster).second)
        problem(fmt::format("{} at {} lies over other metadata", what, offset));
    }
  }
  void problem(std::string what) override {
    if (first_problem.empty()) first_problem = std::move(what);
  }
  std::string first_problem;

 private:
  std::unordered_set<std::uint64_t>& clusters_;
  std::uint32_t cluster_bits_;
};

}  // namespace

Result<std::unique_ptr<HostClusters>> HostClusters::open(File& file, Header& header) {
  auto made = std::make_unique<HostClusters>(file, header);
  MetadataSink sink(made->metadata_, header.geometry.cluster_bits);
  TRY(auto references, References::collect(file, nullptr, header, sink));
  TRY_VOID(references->walk_metadata(sink));
  if (!sink.first_problem.empty()) return fail(Code::corrupt, "{}", sink.first_problem);
  made->end_ = divide_up(file.size(), header.geometry.cluster_size());
  return made;
}

std::unexpected<Error> HostClusters::mark_corrupt(std::string why) {
  if (header_.version == 3) {
    header_.incompatible |= feature::corrupt;
    std::vector<std::byte> bits(8);
    put_be<std::uint64_t>(bits, 0, header_.incompatible);
    if (auto marked = file_.write(field::incompatible, bits); marked) marked = file_.flush();
  }
  return fail(Code::corrupt, "{}: {}: nothing more is written to it", file_.name(), why);
}

void HostClusters::protect(std::uint64_t offset, std::uint64_t bytes) {
  auto bits = header_.geometry.cluster_bits;
  for (auto cluster = offset >> bits; cluster <= (offset + bytes - 1) >> bits; ++cluster)
    metadata_.insert(cluster);
}

void HostClusters::unprotect(std::uint64_t offset, std::uint64_t bytes) {
  auto bits = header_.geometry.cluster_bits;
  for (auto cluster = offset >> bits; cluster <= (offset + bytes - 1) >> bits; ++cluster)
    metadata_.erase(cluster);
}

Result<void> HostClusters::expect_no_metadata(std::uint64_t offset, std::uint64_t bytes) {
  auto bits = header_.geometry.cluster_bits;
  for (auto cluster = offset >> bits; cluster <= (offset + bytes - 1) >> bits; ++cluster) {
    if (metadata_.contains(cluster)) {
      return mark_corrupt(fmt::format(
          "a cluster of the disk is said to lie at {}, where its metadata is", cluster << bits));
    }
  }
  return {};
}

Result<std::uint64_t> HostClusters::block_offset(std::uint64_t index) {
  if (auto found = unlinked_.find(index); found != unlinked_.end()) return found->second;
  if (index >= header_.refcount_table_bytes() / 8) return 0;
  TRY(auto value, cache_.be<std::uint64_t>(header_.refcount_table_offset + index * 8));
  auto size = header_.geometry.cluster_size();
  if (value != 0 &&
      (!header_.geometry.aligned(value) || value < size || !inside(value, size, file_.size())))
    return mark_corrupt(fmt::format("refcount block {} is said to lie at {}", index, value));
  return value;
}

/// Null where there is no block: all its counts are zero.
Result<HostClusters::Block*> HostClusters::block(std::uint64_t index) {
  if (auto found = blocks_.find(index); found != blocks_.end()) return &found->second;
  TRY(auto offset, block_offset(index));
  if (offset == 0) return nullptr;
  TRY_VOID(make_room());
  Block made{offset, false, std::vector<std::byte>(header_.geometry.cluster_size())};
  TRY_VOID(file_.read(offset, made.counts));
  return &blocks_.emplace(index, std::move(made)).first->second;
}

/// Gives up blocks that are not changed; changed ones are written where that is too many.
Result<void> HostClusters::make_room() {
  auto most = std::max<std::uint64_t>(held_bytes >> header_.geometry.cluster_bits, 2);
  if (blocks_.size() < most) return {};
  if (dirty_ >= most) TRY_VOID(write_counts());
  std::erase_if(blocks_, [](const auto& held) { return !held.second.dirty; });
  return {};
}

Result<std::uint64_t> HostClusters::count_of(std::uint64_t cluster) {
  auto entries = header_.refcount_block_entries();
  TRY(auto* held, block(cluster / entries));
  return held == nullptr ? 0 : refcount_in(held->counts, cluster % entries, header_.refcount_order);
}

Result<std::uint64_t> HostClusters::refcount(std::uint64_t offset) {
  return count_of(offset >> header_.geometry.cluster_bits);
}

Result<void> HostClusters::set_count(std::uint64_t cluster, std::uint64_t value) {
  auto entries = header_.refcount_block_entries();
  TRY(auto* held, block(cluster / entries));
  if (held == nullptr)
    return mark_corrupt(
        fmt::format("the cluster at {} is in use, and no refcount block speaks of it",
                    cluster << header_.geometry.cluster_bits));
  put_refcount(held->counts, cluster % entries, header_.refcount_order, value);
  if (!held->dirty) ++dirty_;
  held->dirty = true;
  return {};
}

Result<void> HostClusters::add(std::uint64_t offset, std::uint64_t bytes, int change) {
  auto bits = header_.geometry.cluster_bits;
  for (auto cluster = offset >> bits; cluster <= (offset + bytes - 1) >> bits; ++cluster) {
    TRY(auto count, count_of(cluster));
    if (change > 0 && count >= largest_refcount(header_.refcount_order))
      return fail(Code::limit, "refcounts of {} bits cannot count more than {} references",
                  header_.refcount_bits(), count);
    if (count == 0)
      return mark_corrupt(
          fmt::format("the cluster at {} is in use, its refcount is 0", cluster << bits));
    TRY_VOID(set_count(cluster, change > 0 ? count + 1 : count - 1));
    if (change < 0 && count == 1) hint_ = std::min(hint_, cluster);
  }
  return {};
}

/// A free cluster before the end; the end when there is none.
Result<std::uint64_t> HostClusters::find_free() {
  auto entries = header_.refcount_block_entries();
  while (hint_ < end_) {
    TRY(auto* held, block(hint_ / entries));
    if (held == nullptr) {
      hint_ =
          (hint_ / entries + 1) * entries;  // its block would have to be made: the end is simpler
      continue;
    }
    if (refcount_in(held->counts, hint_ % entries, header_.refcount_order) == 0) return hint_;
    ++hint_;
  }
  return end_;
}

Result<std::uint64_t> HostClusters::allocate(std::uint64_t count) {
  auto bits = header_.geometry.cluster_bits;
  auto start = end_;
  if (count == 1) {
    TRY(start, find_free());
  }
  if (start < end_) {
    TRY_VOID(expect_no_metadata(start << bits, 1));
    TRY_VOID(set_count(start, 1));
    ++hint_;
    return start << bits;
  }
  TRY(start, reserve_at_end(count));
  if (!unlinked_.empty()) TRY_VOID(grow_table(unlinked_.rbegin()->first + 1));
  return start << bits;
}

Result<std::vector<std::uint64_t>> HostClusters::missing_blocks(std::uint64_t first,
                                                                std::uint64_t last) {
  std::vector<std::uint64_t> missing;
  for (auto index = first; index <= last; ++index) {
    TRY(auto offset, block_offset(index));
    if (offset == 0) missing.push_back(index);
  }
  return missing;
}

/// Moves the end behind clusters that are counted although the file does not reach them.
Result<void> HostClusters::skip_counted(std::uint64_t count) {
  for (auto cluster = end_; cluster < end_ + count; ++cluster) {
    TRY(auto had, count_of(cluster));
    if (had != 0) end_ = cluster + 1;
  }
  return {};
}

/// `count` clusters at the end, and behind them the refcount blocks that are needed for all of
/// them.
Result<std::uint64_t> HostClusters::reserve_at_end(std::uint64_t count) {
  auto entries = header_.refcount_block_entries();
  auto bits = header_.geometry.cluster_bits;
  std::vector<std::uint64_t> missing;
  std::uint64_t extra = 0;
  TRY_VOID(skip_counted(count));
  while (true) {
    TRY(missing, missing_blocks(end_ / entries, (end_ + count + extra - 1) / entries));
    if (missing.size() == extra) break;
    extra = missing.size();
    TRY_VOID(skip_counted(count + extra));
  }
  auto start = end_;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    auto offset = (start + count + i) << bits;
    TRY_VOID(make_room());
    unlinked_[missing[i]] = offset;
    blocks_[missing[i]] = {offset, true, std::vector<std::byte>(header_.geometry.cluster_size())};
    ++dirty_;
    protect(offset, 1);
  }
  end_ = start + count + extra;
  for (auto cluster = start; cluster < end_; ++cluster) TRY_VOID(set_count(cluster, 1));
  return start;
}

/// Sees to it that the refcount table has room for `blocks` entries: a larger one is written, and
/// the header pointed at it at once.
Result<void> HostClusters::grow_table(std::uint64_t blocks) {
  auto old_bytes = header_.refcount_table_bytes();
  if (blocks * 8 <= old_bytes) return {};
  auto bits = header_.geometry.cluster_bits;
  auto clusters = divide_up((blocks + blocks / 2 + 8) * 8, header_.geometry.cluster_size());
  TRY(auto start, reserve_at_end(clusters));
  if (clusters << bits > largest_refcount_table_bytes ||
      (unlinked_.rbegin()->first + 1) * 8 > clusters << bits)
    return fail(Code::limit, "the refcount table would grow beyond {} bytes",
                largest_refcount_table_bytes);
  std::vector<std::byte> table(clusters << bits);
  TRY_VOID(file_.read(header_.refcount_table_offset, Span(table).first(old_bytes)));
  for (const auto& [index, offset] : unlinked_) put_be<std::uint64_t>(table, index * 8, offset);
  TRY_VOID(write_counts());
  TRY_VOID(file_.write(start << bits, table));
  TRY_VOID(file_.flush());
  std::vector<std::byte> fields(12);
  put_be<std::uint64_t>(fields, 0, start << bits);
  put_be<std::uint32_t>(fields, 8, static_cast<std::uint32_t>(clusters));
  TRY_VOID(file_.write(field::refcount_table_offset, fields));
  TRY_VOID(file_.flush());
  release(header_.refcount_table_offset, old_bytes);
  unprotect(header_.refcount_table_offset, old_bytes);
  protect(start << bits, clusters << bits);
  header_.refcount_table_offset = start << bits;
  header_.refcount_table_clusters = static_cast<std::uint32_t>(clusters);
  cache_.forget(0, ~std::uint64_t{0});
  unlinked_.clear();
  return {};
}

Result<void> HostClusters::write_counts() {
  if (dirty_ == 0) return {};
  for (auto& [index, held] : blocks_) {
    if (!held.dirty) continue;
    TRY_VOID(file_.write(held.offset, held.counts));
    held.dirty = false;
  }
  dirty_ = 0;
  return {};
}

Result<void> HostClusters::link_blocks() {
  std::vector<std::byte> value(8);
  for (const auto& [index, offset] : unlinked_) {
    put_be<std::uint64_t>(value, 0, offset);
    TRY_VOID(cache_.put(file_, header_.refcount_table_offset + index * 8, value));
  }
  unlinked_.clear();
  return {};
}

Result<void> HostClusters::settle() {
  auto bits = header_.geometry.cluster_bits;
  std::vector<std::uint64_t> freed;
  for (const auto& range : released_) {
    TRY_VOID(add(range.offset, range.bytes, -1));
    for (auto cluster = range.offset >> bits; cluster <= (range.offset + range.bytes - 1) >> bits;
         ++cluster) {
      TRY(auto left, count_of(cluster));
      if (left == 0) freed.push_back(cluster);
    }
  }
  released_.clear();
  TRY_VOID(write_counts());
  std::ranges::sort(freed);
  for (std::size_t i = 0; i < freed.size();) {
    std::size_t n = 1;
    while (i + n < freed.size() && freed[i + n] == freed[i] + n) ++n;
    TRY_VOID(file_.write_zeroes(freed[i] << bits, n << bits));
    i += n;
  }
  return {};
}

}  // namespace truce::image::qcow2
