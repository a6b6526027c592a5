#include "two_level.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image {

TwoLevelImage::TwoLevelImage(std::shared_ptr<File> file, const Geometry& geometry,
                             Description described)
    : file_(std::move(file)),
      geometry_(geometry),
      tables_(*file_),
      description_(std::move(described)) {
  description_.size = geometry.size;
  description_.block_size = geometry.cluster_bytes;
}

Result<void> TwoLevelImage::stand_on(Reference backing_file, const OpenOptions& options) {
  description_.references = {std::move(backing_file)};
  return backing_.stand_on(description_.references.front(), options);
}

Result<void> TwoLevelImage::decode(std::uint64_t, std::uint64_t, Span) {
  return fail(Code::internal, "a compressed cluster, in a format that has none");
}

std::uint64_t TwoLevelImage::number(View entries, std::uint64_t index) const {
  return geometry_.order == std::endian::little ? le<std::uint64_t>(entries, index * 8)
                                                : be<std::uint64_t>(entries, index * 8);
}

Result<void> TwoLevelImage::check_range(std::uint64_t offset, std::uint64_t length) const {
  if (inside(offset, length, geometry_.size)) return {};
  return fail(Code::invalid, "{}: {} bytes at {} are not in a disk of {}", file_->name(), length,
              offset, geometry_.size);
}

/// Where the table lies; 0 when there is none.
Result<std::uint64_t> TwoLevelImage::l2_table(std::uint64_t index) {
  auto at = geometry_.l1_offset + index * 8;
  TRY(auto page, tables_.page(at));
  auto entries = page.from(at);
  if (entries.size() < 8) return fail(Code::corrupt, "the table of tables is cut off");
  auto offset = number(entries, 0);
  if (offset == 0) return 0;
  if (auto good = check_table_place(offset); !good)
    return std::unexpected(std::move(good).error().within(fmt::format("table {}", index)));
  return offset;
}

Result<TwoLevelImage::Piece> TwoLevelImage::one_cluster(std::uint64_t index,
                                                        std::uint64_t entry) const {
  if (entry == 0) return Piece{};
  auto start = index * geometry_.cluster_bytes;
  auto found = cluster(entry, std::min(geometry_.cluster_bytes, geometry_.size - start));
  if (!found)
    return std::unexpected(std::move(found).error().within(fmt::format("cluster {}", index)));
  return found;
}

// Missing tables are skipped together, as far as the page of the first level goes.
Result<TwoLevelImage::Piece> TwoLevelImage::missing_tables(std::uint64_t offset,
                                                           std::uint64_t length) {
  auto index = offset / geometry_.l2_reach();
  auto at = geometry_.l1_offset + index * 8;
  TRY(auto page, tables_.page(at));
  auto entries = page.from(at);
  auto count = std::min<std::uint64_t>((offset + length - 1) / geometry_.l2_reach() - index + 1,
                                       entries.size() / 8);
  std::uint64_t same = 1;
  while (same < count && number(entries, same) == 0) ++same;
  return Piece{std::min(length, (index + same) * geometry_.l2_reach() - offset)};
}

Result<TwoLevelImage::Piece> TwoLevelImage::piece(std::uint64_t offset, std::uint64_t length) {
  auto bytes = geometry_.cluster_bytes;
  TRY(auto table, l2_table(offset / geometry_.l2_reach()));
  if (table == 0) return missing_tables(offset, length);
  auto index = offset / bytes, within = offset % bytes;
  auto in_table = index % geometry_.l2_entries;
  TRY(auto page, tables_.page(table + in_table * 8));
  auto entries = page.from(table + in_table * 8);
  if (entries.size() < 8) return fail(Code::corrupt, "the table at {} is cut off", table);
  auto first = number(entries, 0);
  TRY(auto found, one_cluster(index, first));
  auto count = std::min({(offset + length - 1) / bytes - index + 1, geometry_.l2_entries - in_table,
                         std::uint64_t{entries.size() / 8}});
  std::uint64_t same = 1;
  for (; same < count && found.kind != Kind::compressed; ++same) {
    auto next = number(entries, same);
    if (next != (found.kind == Kind::data ? first + same * bytes : first)) break;
    if (!one_cluster(index + same, next)) break;
  }
  found.length = std::min(length, same * bytes - within);
  if (found.kind == Kind::data) found.entry += within;
  return found;
}

Result<void> TwoLevelImage::read(std::uint64_t offset, Span into) {
  TRY_VOID(check_range(offset, into.size()));
  while (!into.empty()) {
    TRY(auto found, piece(offset, into.size()));
    auto part = into.first(found.length);
    switch (found.kind) {
      case Kind::data:
        TRY_VOID(file_->read(found.entry, part));
        break;
      case Kind::compressed:
        TRY_VOID(decode(found.entry, offset % geometry_.cluster_bytes, part));
        break;
      case Kind::zero:
        std::ranges::fill(part, std::byte{});
        break;
      case Kind::hole:
        TRY_VOID(backing_.read(offset, part));
        break;
    }
    into = into.subspan(found.length);
    offset += found.length;
  }
  return {};
}

Result<Extent> TwoLevelImage::extent(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return fail(Code::invalid, "an empty range");
  TRY_VOID(check_range(offset, length));
  TRY(auto found, piece(offset, length));
  if (found.kind == Kind::hole) return backing_.extent(offset, found.length);
  if (found.kind == Kind::data)
    return Extent{offset, found.length, Kind::data, file_.get(), found.entry};
  return Extent{offset, found.length, found.kind};
}

// Tables that lie on one another are told and not followed, so that the work is bounded by the
// file.
Result<CheckReport> TwoLevelImage::check() {
  CheckReport report;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> tables;  // offset, index
  for (std::uint64_t index = 0; index < geometry_.l1_entries; ++index) {
    auto table = l2_table(index);
    if (!table) {
      report.corruption(table.error().message);
    } else if (*table != 0) {
      tables.emplace_back(*table, index);
    }
  }
  std::ranges::sort(tables);
  std::vector<Range> taken;  // as many as stand in the file's tables
  std::uint64_t end = 0;
  for (auto [offset, index] : tables) {
    if (offset < end) {
      report.corruption(fmt::format("table {} at {} lies on another", index, offset));
      continue;
    }
    end = offset + geometry_.l2_bytes();
    taken.emplace_back(offset, end);
    TRY_VOID(check_table(index, offset, report, taken));
  }
  std::ranges::sort(taken);
  for (std::size_t i = 1; i < taken.size(); ++i) {
    if (taken[i].first < taken[i - 1].second)
      report.corruption(fmt::format("what lies at {} and what lies at {} overlap",
                                    taken[i - 1].first, taken[i].first));
  }
  return report;
}

Result<void> TwoLevelImage::check_table(std::uint64_t index, std::uint64_t table,
                                        CheckReport& report, std::vector<Range>& taken) {
  auto clusters = divide_up(geometry_.size, geometry_.cluster_bytes);
  auto first = index * geometry_.l2_entries;
  auto count = std::min(geometry_.l2_entries, clusters - first);
  for (std::uint64_t i = 0; i < count; ++i) {
    auto at = table + i * 8;
    TRY(auto page, tables_.page(at));
    auto entries = page.from(at);
    if (entries.size() < 8) return fail(Code::corrupt, "the table at {} is cut off", table);
    auto found = one_cluster(first + i, number(entries, 0));
    if (!found) {
      report.corruption(found.error().message);
    } else if (found->kind == Kind::data) {
      taken.emplace_back(found->entry, found->entry + geometry_.cluster_bytes);
    }
  }
  return {};
}

}  // namespace truce::image
