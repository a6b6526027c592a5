#include "qcow2/new_clusters.h"

#include <algorithm>
#include <span>

#include "byte_order.h"
#include "qcow2/refcounts.h"

namespace truce::image::qcow2 {

NewClusters::NewClusters(File& file, const Header& header)
    : file_(&file),
      cluster_bits_(header.geometry.cluster_bits),
      order_(header.refcount_order),
      cluster_size_(header.geometry.cluster_size()),
      chunk_size_(std::max(cluster_size_, smallest_chunk)),
      entries_(header.refcount_block_entries()) {}

/// A refcount block of `range` in which the clusters of [from, to) are used once.
std::vector<std::byte> NewClusters::ones(std::uint64_t range, std::uint64_t from,
                                         std::uint64_t to) const {
  std::vector<std::byte> block(cluster_size_);
  auto first = range * entries_;
  for (auto cluster = std::max(from, first); cluster < std::min(to, first + entries_); ++cluster)
    put_refcount(block, cluster - first, order_, 1);
  return block;
}

Result<NewClusters> NewClusters::begin(File& file, const Header& header, std::uint64_t front) {
  NewClusters made(file, header);
  made.next_ = round_up(front << made.cluster_bits_, made.chunk_size_);
  auto ranges = made.range_of(made.next_);
  made.range_ = ranges;
  made.block_ = made.ones(ranges, 0, front);
  made.blocks_.resize(ranges);
  for (std::uint64_t range = 0; range < ranges; ++range) {
    TRY(auto at, made.single());
    made.blocks_[range] = at;
    TRY_VOID(file.write(at, made.ones(range, 0, front)));
  }
  return made;
}

void NewClusters::count(std::uint64_t offset, std::uint64_t bytes) {
  auto first = range_ * entries_;
  for (auto cluster = offset >> cluster_bits_; cluster <= (offset + bytes - 1) >> cluster_bits_;
       ++cluster)
    put_refcount(block_, cluster - first, order_, refcount_in(block_, cluster - first, order_) + 1);
}

bool NewClusters::full(std::uint64_t offset) const {
  auto index = (offset >> cluster_bits_) - range_ * entries_;
  return refcount_in(block_, index, order_) == largest_refcount(order_);
}

/// A chunk that is not counted yet.
Result<std::uint64_t> NewClusters::take() {
  auto at = next_;
  next_ += chunk_size_;
  if (range_of(at) == range_) return at;
  TRY_VOID(file_->write(at, block_));
  blocks_.resize(range_ + 1);
  blocks_[range_] = at;
  range_ = range_of(at);
  std::ranges::fill(block_, std::byte{});
  count(at, cluster_size_);
  single_ = at + cluster_size_;
  single_end_ = at + chunk_size_;
  packed_ = packed_end_ = 0;
  at = next_;
  next_ += chunk_size_;
  return at;
}

Result<std::uint64_t> NewClusters::chunk(std::uint64_t used) {
  TRY(auto at, take());
  count(at, used << cluster_bits_);
  return at;
}

Result<std::uint64_t> NewClusters::single() {
  if (single_ == single_end_) {
    TRY(auto at, take());
    single_ = at;
    single_end_ = at + chunk_size_;
  }
  auto at = single_;
  single_ += cluster_size_;
  count(at, cluster_size_);
  return at;
}

Result<std::uint64_t> NewClusters::packed(std::uint64_t bytes) {
  if (packed_ != packed_end_ && full(packed_)) packed_ = packed_end_ = 0;
  if (bytes > packed_end_ - packed_) {
    TRY(auto at, take());
    if (at != packed_end_) packed_ = at;
    packed_end_ = at + chunk_size_;
  }
  auto at = packed_;
  packed_ += bytes;
  count(at, bytes);
  return at;
}

void NewClusters::save(SealedWriter& writer) const {
  for (auto number : {next_, range_, single_, single_end_, packed_, packed_end_})
    writer.number(number);
  writer.bytes(block_);
  writer.bytes(std::as_bytes(std::span(blocks_)));
}

Result<void> NewClusters::restore(SealedReader& reader) {
  constexpr std::uint64_t most_unwritten = 8;  // chunks that were handed out, and not yet filled
  for (auto* number : {&next_, &range_, &single_, &single_end_, &packed_, &packed_end_}) {
    TRY(*number, reader.number());
  }
  TRY(auto block, reader.bytes(cluster_size_));
  TRY(auto blocks, reader.bytes(largest_refcount_table_bytes));
  if (block.size() != cluster_size_ || blocks.size() % 8 != 0 || range_of(next_) < range_ ||
      range_of(next_) > range_ + 1 || blocks.size() / 8 > range_ || single_ > single_end_ ||
      next_ > file_->size() + most_unwritten * chunk_size_ || packed_ > packed_end_ ||
      single_end_ > next_ || packed_end_ > next_ ||
      (single_ < single_end_ && range_of(single_) != range_) ||
      (packed_ < packed_end_ && range_of(packed_) != range_)) {
    return fail(Code::corrupt, "its refcounts contradict one another");
  }
  block_.assign(block.begin(), block.end());
  blocks_.resize(blocks.size() / 8);
  std::ranges::copy(blocks, std::as_writable_bytes(std::span(blocks_)).begin());
  return {};
}

Result<NewClusters::Finished> NewClusters::finish() {
  auto end = next_ >> cluster_bits_;
  // Blocks and table lie at the end and are counted, too.
  auto ranges = range_ + 1;
  std::uint64_t table_clusters = 0, total = 0;
  while (true) {
    table_clusters = divide_up(ranges * 8, cluster_size_);
    total = end + (ranges - range_) + table_clusters;
    if (total <= ranges * entries_) break;
    ranges = divide_up(total, entries_);
  }
  if (table_clusters * cluster_size_ > largest_refcount_table_bytes)
    return fail(Code::limit, "the image needs a refcount table of {} bytes, QEMU opens {}",
                table_clusters * cluster_size_, largest_refcount_table_bytes);
  blocks_.resize(ranges);
  auto at = next_;
  for (auto range = range_; range < ranges; ++range, at += cluster_size_) {
    auto block = ones(range, end, total);
    if (range == range_)
      std::ranges::transform(block, block_, block.begin(),
                             [](std::byte a, std::byte b) { return a | b; });
    TRY_VOID(file_->write(at, block));
    blocks_[range] = at;
  }
  std::vector<std::byte> table(table_clusters * cluster_size_);
  for (std::uint64_t range = 0; range < ranges; ++range)
    put_be<std::uint64_t>(table, range * 8, blocks_[range]);
  TRY_VOID(file_->write(at, table));
  return Finished{at, static_cast<std::uint32_t>(table_clusters)};
}

}  // namespace truce::image::qcow2
