#include "qcow2/upkeep/references.h"

#include <algorithm>
#include <unordered_map>

#include "byte_order.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::size_t most_tables = std::size_t{4} << 20;
constexpr std::uint64_t most_l1_entries = std::uint64_t{64} << 20;

}  // namespace

Result<std::unique_ptr<References>> References::collect(const File& file, const File* data,
                                                        const Header& header, ReferenceSink& sink) {
  auto made = std::make_unique<References>(file, data, header);
  made->regions_.push_back({0, header.geometry.cluster_size(), "the header"});
  if (const auto& luks = header.encryption)
    made->regions_.push_back({luks->offset, luks->length, "the header of LUKS"});
  TRY_VOID(made->collect_tables(sink));
  TRY_VOID(made->collect_bitmaps(sink));
  return made;
}

Result<void> References::collect_tables(ReferenceSink& sink) {
  TRY(auto snapshots, read_snapshots(file_, header_));
  if (snapshots.bytes != 0)
    regions_.push_back({header_.snapshots_offset, snapshots.bytes, "the snapshot table"});
  SnapshotRow active;
  active.l1_offset = header_.l1_offset;
  active.l1_entries = header_.l1_entries;
  snapshots.rows.insert(snapshots.rows.begin(), active);
  std::unordered_map<std::uint64_t, Table> found;
  std::uint64_t seen = 0;
  RefcountReader refcounts(file_, header_);
  for (std::size_t i = 0; i < snapshots.rows.size(); ++i) {
    const auto& row = snapshots.rows[i];
    auto what =
        i == 0 ? "the L1 table" : fmt::format("the L1 table of snapshot '{}'", row.about.name);
    if (auto may = usable(row, header_, file_.size()); i != 0 && !may) {
      sink.problem(may.error().message);
      continue;
    }
    if (row.l1_entries != 0)
      regions_.push_back({row.l1_offset, std::uint64_t{row.l1_entries} * 8, what});
    if ((seen += row.l1_entries) > most_l1_entries)
      return fail(Code::limit, "more than {} L1 entries in all snapshots", most_l1_entries);
    mapping_.place(row.l1_offset, row.l1_entries);
    for (std::uint64_t index = 0; index < row.l1_entries; ++index) {
      auto table = mapping_.table(index);
      if (!table && table.error().code != Code::corrupt) return std::unexpected(table.error());
      if (!table) {
        sink.problem(fmt::format("{}: {}", what, table.error().message));
        continue;
      }
      if (table->offset == 0) continue;
      auto& entry = found.try_emplace(table->offset, Table{.offset = table->offset}).first->second;
      ++entry.times;
      if (found.size() > most_tables)
        return fail(Code::limit, "more than {} L2 tables", most_tables);
      if (i != 0) continue;
      entry.active = true;
      entry.index = index;
      TRY(auto count, refcounts.at(table->offset >> header_.geometry.cluster_bits));
      if ((count == 1) != table->copied) {
        sink.problem(fmt::format(
            "L1 entry {}: its copied flag is {}, but the refcount of the L2 table is {}", index,
            table->copied ? "set" : "not set", count));
      }
    }
  }
  for (const auto& [offset, table] : found) tables_.push_back(table);
  std::ranges::sort(tables_, {}, &Table::offset);
  return {};
}

Result<void> References::collect_bitmaps(ReferenceSink& sink) {
  // Bitmaps that are out of date belong to nobody, so that their clusters are leaks: as QEMU has
  // it.
  if (!header_.bitmaps_consistent()) return {};
  auto bitmaps = read_bitmaps(file_, header_);
  if (!bitmaps) {
    sink.problem("the list of bitmaps: " + bitmaps.error().message);
    return {};
  }
  regions_.push_back(
      {header_.bitmaps->directory_offset, header_.bitmaps->directory_size, "the bitmap directory"});
  for (const auto& row : *bitmaps) {
    auto bytes = std::uint64_t{row.table_entries} * 8;
    if (!header_.geometry.aligned(row.table_offset) ||
        row.table_offset < header_.geometry.cluster_size() ||
        !inside(row.table_offset, bytes, file_.size())) {
      sink.problem(
          fmt::format("bitmap '{}': its table ({} bytes at {}) is not aligned or not in the file",
                      row.name, bytes, row.table_offset));
      continue;
    }
    if (bytes != 0) regions_.push_back({row.table_offset, bytes, "the table of a bitmap"});
    bitmaps_.push_back(row);
  }
  return {};
}

Result<void> References::walk_metadata(ReferenceSink& sink, Refcounts refcounts) {
  for (const auto& region : regions_)
    sink.use(Use::metadata, region.offset, region.length, 1, region.what);
  if (refcounts == Refcounts::told) {
    sink.use(Use::metadata, header_.refcount_table_offset, header_.refcount_table_bytes(), 1,
             "the refcount table");
    TRY_VOID(walk_refcounts(sink));
  }
  for (const auto& table : tables_)
    sink.use(Use::table, table.offset, header_.geometry.cluster_size(), table.times, "an L2 table");
  return {};
}

Result<void> References::walk(ReferenceSink& sink, Refcounts told) {
  TRY_VOID(walk_metadata(sink, told));
  RefcountReader refcounts(file_, header_);
  for (const auto& table : tables_) TRY_VOID(walk_table(table, refcounts, sink));
  return walk_bitmaps(sink);
}

Result<void> References::walk_refcounts(ReferenceSink& sink) {
  RefcountReader refcounts(file_, header_);
  for (std::uint64_t i = 0; i < refcounts.blocks(); ++i) {
    auto block = refcounts.block(i);
    if (!block && block.error().code != Code::corrupt) return std::unexpected(block.error());
    if (!block) {
      sink.problem(block.error().message);
    } else if (*block != 0) {
      sink.use(Use::metadata, *block, header_.geometry.cluster_size(), 1, "a refcount block");
    }
  }
  return {};
}

Result<void> References::walk_table(const Table& table, RefcountReader& refcounts,
                                    ReferenceSink& sink) {
  const auto& geometry = header_.geometry;
  for (std::uint64_t at = 0; at < geometry.cluster_size();) {
    TRY(auto page, mapping_.cache().page(table.offset + at));
    auto entries = page.from(table.offset + at);
    entries = entries.first(std::min(entries.size(), geometry.cluster_size() - at));
    for (std::size_t i = 0; i < entries.size(); i += geometry.entry_bytes()) {
      RawEntry raw{be<std::uint64_t>(entries, i),
                   geometry.extended ? be<std::uint64_t>(entries, i + 8) : 0};
      if (raw.entry == 0 && raw.bitmap == 0) continue;
      auto guest = table.index * geometry.table_span() +
                   ((at + i) / geometry.entry_bytes() << geometry.cluster_bits);
      TRY_VOID(walk_entry(table, raw, guest, refcounts, sink));
    }
    at += entries.size();
  }
  return {};
}

Result<void> References::walk_entry(const Table& table, const RawEntry& raw, std::uint64_t guest,
                                    RefcountReader& refcounts, ReferenceSink& sink) {
  const auto& geometry = header_.geometry;
  auto bounds = mapping_.bounds();
  auto decoded = decode(raw, guest, bounds);
  if (!decoded) {
    sink.problem(decoded.error().message);
    return {};
  }
  if (decoded->state == State::compressed) {
    if ((raw.entry & entry::copied) != 0)
      sink.problem(fmt::format("the cluster at {} is compressed and has the copied flag", guest));
    sink.use(Use::data, decoded->host, decoded->stored, table.times, "a compressed cluster");
    return {};
  }
  if (decoded->host == 0 || bounds.external) return {};
  if (!geometry.aligned(decoded->host) || decoded->host >= bounds.data_size) {
    sink.problem(
        fmt::format("the cluster at {}: {} is reserved for it, not aligned or not in the file",
                    guest, decoded->host));
    return {};
  }
  sink.use(Use::data, decoded->host, geometry.cluster_size(), table.times, "a cluster");
  if (!table.active) return {};
  TRY(auto count, refcounts.at(decoded->host >> geometry.cluster_bits));
  if ((count == 1) != decoded->copied) {
    sink.problem(fmt::format("the cluster at {}: its copied flag is {}, but its refcount is {}",
                             guest, decoded->copied ? "set" : "not set", count));
  }
  return {};
}

// [qcow2] Bitmap table.
Result<void> References::walk_bitmaps(ReferenceSink& sink) {
  for (const auto& row : bitmaps_) {
    for (std::uint64_t i = 0; i < row.table_entries; ++i) {
      TRY(auto value, mapping_.cache().be<std::uint64_t>(row.table_offset + i * 8));
      auto offset = value & entry::offset_mask;
      if ((value & ~entry::offset_mask & ~std::uint64_t{1}) != 0 ||
          (offset != 0 && (value & 1) != 0)) {
        sink.problem(
            fmt::format("bitmap '{}': entry {}: reserved bits are set: {:#x}", row.name, i, value));
      } else if (!header_.geometry.aligned(offset) || offset >= file_.size()) {
        sink.problem(fmt::format("bitmap '{}': entry {}: {} is not aligned or not in the file",
                                 row.name, i, offset));
      } else if (offset != 0) {
        sink.use(Use::data, offset, header_.geometry.cluster_size(), 1, "a bitmap");
      }
    }
  }
  return {};
}

}  // namespace truce::image::qcow2
