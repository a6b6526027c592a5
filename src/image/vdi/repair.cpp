#include "vdi/repair.h"

#include <algorithm>
#include <array>

#include "byte_order.h"
#include "vdi/block_map.h"

namespace truce::image::vdi {
namespace {

/// Blocks that are moved between two flushes.
constexpr std::size_t at_once = 64;

class Compaction {
 public:
  Compaction(File& file, BlockMap& map) : file_(file), map_(map) {}
  /// Notes who uses which place; false when the map is damaged beyond the count.
  Result<bool> look();
  /// QEMU and VirtualBox put their next block where the count says.
  Result<void> raise_count();
  /// Entries beyond the disk's end, which shrinking leaves.
  Result<void> clear_stale();
  Result<void> fill_gaps();
  Result<void> lower_count();

  [[nodiscard]] std::uint32_t used() const { return used_; }
  [[nodiscard]] std::uint32_t reach() const { return static_cast<std::uint32_t>(owners_.size()); }
  [[nodiscard]] std::uint64_t moved() const { return moved_; }

 private:
  static constexpr std::uint32_t nobody = 0xFFFFFFFF;
  struct Move {
    std::uint32_t block, to;
  };
  Result<void> copy(std::uint32_t from, std::uint32_t to);
  Result<void> settle(std::vector<Move>& moves);
  Result<void> put(std::uint64_t at, std::uint32_t value);
  [[nodiscard]] std::uint64_t place(std::uint32_t entry) const {
    return map_.header().data_offset + std::uint64_t{entry} * map_.header().block_bytes;
  }

  File& file_;
  BlockMap& map_;
  std::vector<std::uint32_t> owners_;  // block of the disk, by place in the file
  std::uint32_t used_ = 0;
  std::uint64_t moved_ = 0;
};

Result<bool> Compaction::look() {
  for (std::uint64_t block = 0; block < map_.used_blocks(); ++block) {
    TRY(auto entry, map_.entry(block));
    if (entry >= zero_entry) continue;
    auto where = map_.locate(block, entry);
    if (!where || entry >= map_.header().blocks) return false;
    if (entry >= owners_.size()) owners_.resize(entry + 1, nobody);
    if (owners_[entry] != nobody) return false;
    owners_[entry] = static_cast<std::uint32_t>(block);
    ++used_;
  }
  return true;
}

Result<void> Compaction::put(std::uint64_t at, std::uint32_t value) {
  std::array<std::byte, 4> bytes;
  put_le<std::uint32_t>(bytes, 0, value);
  return file_.write(at, bytes);
}

Result<void> Compaction::raise_count() {
  TRY_VOID(put(at_allocated, reach()));
  return file_.flush();
}

Result<void> Compaction::clear_stale() {
  for (auto block = map_.used_blocks(); block < map_.header().blocks; ++block) {
    TRY(auto entry, map_.entry(block));
    if (entry < zero_entry) TRY_VOID(put(map_.entry_offset(block), free_entry));
  }
  return file_.flush();
}

Result<void> Compaction::copy(std::uint32_t from, std::uint32_t to) {
  auto left = std::min<std::uint64_t>(map_.header().block_bytes, file_.size() - place(from));
  std::vector<std::byte> bytes(std::min<std::uint64_t>(left, 1 << 20));
  for (std::uint64_t at = 0; at < left; at += bytes.size()) {
    bytes.resize(std::min<std::uint64_t>(bytes.size(), left - at));
    TRY_VOID(file_.read(place(from) + at, bytes));
    TRY_VOID(file_.write(place(to) + at, bytes));
  }
  return {};
}

/// The copies are on the disk before the map speaks of them; the places they leave are not used
/// before the map has forgotten them.
Result<void> Compaction::settle(std::vector<Move>& moves) {
  TRY_VOID(file_.flush());
  for (const auto& [block, to] : moves) TRY_VOID(put(map_.entry_offset(block), to));
  moves.clear();
  return file_.flush();
}

Result<void> Compaction::fill_gaps() {
  std::vector<Move> moves;
  std::uint32_t gap = 0;
  for (auto last = reach(); last > used_; --last) {
    auto block = owners_[last - 1];
    if (block == nobody) continue;
    while (owners_[gap] != nobody) ++gap;
    TRY_VOID(copy(last - 1, gap));
    owners_[gap] = block;
    moves.push_back({block, gap});
    ++moved_;
    if (moves.size() == at_once) TRY_VOID(settle(moves));
  }
  return settle(moves);
}

Result<void> Compaction::lower_count() {
  TRY_VOID(put(at_allocated, used_));
  TRY_VOID(file_.flush());
  if (map_.header().type == Type::fixed || file_.size() <= place(used_)) return {};
  TRY_VOID(file_.resize(place(used_)));
  return file_.flush();
}

}  // namespace

Result<Repaired> repair(std::shared_ptr<File> file, const RepairOptions&) {
  TRY(auto header, read_header(*file));
  BlockMap map(*file, header);
  TRY(auto before, map.check());
  Repaired report;
  if (before.leaks == 0 && before.corruptions == 0) return report;
  Compaction compaction(*file, map);
  TRY(bool sound, compaction.look());
  if (!sound) {
    for (auto& problem : before.problems) report.remains(std::move(problem));
    return report;
  }
  if (compaction.reach() > header.allocated) {
    TRY_VOID(compaction.raise_count());
    report.mended(fmt::format("the header counted {} blocks in the file, there are {}",
                              header.allocated, compaction.reach()));
  }
  TRY_VOID(compaction.clear_stale());
  TRY_VOID(compaction.fill_gaps());
  TRY_VOID(compaction.lower_count());
  auto most = std::max(header.allocated, compaction.reach());
  if (most > compaction.used()) {
    report.mended(fmt::format("{} blocks that nothing used were given back ({} were moved)",
                              most - compaction.used(), compaction.moved()));
  }
  return report;
}

}  // namespace truce::image::vdi
