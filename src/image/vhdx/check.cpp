// Follows the whole block allocation table.
#include <algorithm>
#include <vector>

#include "byte_order.h"
#include "vhdx/disk.h"

namespace truce::image::vhdx {
namespace {

/// Which mebibytes of the file belong to something. One bit each: 1 MiB for a file of 8 TiB.
class Owned {
 public:
  explicit Owned(std::uint64_t file_size) : bits_(divide_up(file_size, mebibyte)) {}
  /// False when part of the range was taken before.
  bool take(const Range& range) {
    bool free = true;
    auto end = std::min<std::uint64_t>(divide_up(range.end(), mebibyte), bits_.size());
    for (auto i = range.offset / mebibyte; i < end; ++i) {
      if (bits_[i]) free = false;
      bits_[i] = true;
    }
    return free;
  }
  /// Runs that nobody took.
  void leaks(CheckReport& report) const {
    for (std::size_t i = 0; i < bits_.size();) {
      auto begin = i;
      while (i < bits_.size() && !bits_[i]) ++i;
      if (i != begin)
        report.leak(fmt::format("{} MiB at {} belong to nothing", i - begin, begin * mebibyte));
      while (i < bits_.size() && bits_[i]) ++i;
    }
  }

 private:
  std::vector<bool> bits_;
};

class Checker {
 public:
  Checker(Tables& tables, std::uint64_t file_size) : tables_(tables), owned_(file_size) {}

  Result<CheckReport> run(bool keeps_blocks) {
    for (const auto& range : tables_.regions().reserved) owned_.take(range);
    const auto& shape = tables_.shape();
    auto blocks = shape.blocks(), ratio = shape.chunk_ratio();
    for (std::uint64_t block = 0; block < blocks; ++block) {
      TRY(auto passed, pass_over(block, blocks, ratio));
      block += passed;
      TRY_VOID(payload(block));
      if (shape.has_parent && (block % ratio == ratio - 1 || block == blocks - 1))
        TRY_VOID(bitmap(block));
    }
    owned_.leaks(report_);
    if (keeps_blocks && without_place_ != 0 &&
        report_.problems.size() < CheckReport::listed_limit) {
      report_.problems.push_back(
          fmt::format("note: the disk is fixed, and {} of {} blocks have no place in the file",
                      without_place_, blocks));
    }
    return std::move(report_);
  }

 private:
  /// How many blocks from `block` on need no look: they have no place, all alike. Those that a
  /// bitmap is looked at with are not among them.
  Result<std::uint64_t> pass_over(std::uint64_t block, std::uint64_t blocks, std::uint64_t ratio) {
    auto most = blocks - 1 - block;
    TRY(auto raw, tables_.raw(tables_.shape().index(block)));
    if (tables_.shape().has_parent && raw != 0) most = std::min(most, ratio - 1 - block % ratio);
    if (partial_ || most == 0 || (raw & state_mask) > static_cast<std::uint64_t>(State::unmapped))
      return 0;
    TRY(auto alike, tables_.alike(block, most));
    without_place_ += alike;
    return alike;
  }

  Result<void> payload(std::uint64_t block) {
    const auto& shape = tables_.shape();
    TRY(auto raw, tables_.raw(shape.index(block)));
    auto entry = tables_.checked(block, raw);
    if (!entry) {
      report_.corruption(std::move(entry).error().message);
      return {};
    }
    if (!entry->placed()) {
      ++without_place_;
    } else if (!owned_.take({entry->offset, shape.block_size})) {
      report_.corruption(
          fmt::format("block {}: its place at {} is another's, too", block, entry->offset));
    }
    partial_ |= entry->state == State::partial;
    return {};
  }

  /// Of the chunk that ends with `block`. Only where there is a parent: elsewhere nobody reads it.
  Result<void> bitmap(std::uint64_t block) {
    bool wanted = std::exchange(partial_, false);
    const auto& shape = tables_.shape();
    TRY(auto raw, tables_.raw(shape.bitmap_index(block)));
    auto entry = tables_.checked_bitmap(block, raw);
    if (!entry) {
      report_.corruption(std::move(entry).error().message);
    } else if (entry->placed() && !owned_.take({entry->offset, mebibyte})) {
      report_.corruption(
          fmt::format("the sector bitmap of block {}: its place at {} is another's, too", block,
                      entry->offset));
    } else if (!entry->placed() && wanted) {
      report_.corruption(fmt::format("the sector bitmap of block {} is missing", block));
    }
    return {};
  }

  Tables& tables_;
  Owned owned_;
  CheckReport report_;
  std::uint64_t without_place_ = 0;
  bool partial_ = false;  ///< some block of the chunk is partly here
};

}  // namespace

Result<CheckReport> Disk::check() {
  TRY(auto report, check_blocks());
  if (writer_) return report;
  for (const auto& single : singles_) report.corruption(single);
  return report;
}

Result<CheckReport> Disk::check_blocks() {
  if (view_->size() > file_limit)
    return fail(Code::limit, "{}: a file of {} bytes", file_->name(), view_->size());
  TRY(auto report, Checker(*tables_, view_->size()).run(metadata_.keeps_blocks));
  for (const auto& warning : description_.warnings) {
    if (std::ranges::find(singles_, warning) != singles_.end()) continue;
    if (report.problems.size() < CheckReport::listed_limit)
      report.problems.push_back("note: " + warning);
  }
  return report;
}

}  // namespace truce::image::vhdx
