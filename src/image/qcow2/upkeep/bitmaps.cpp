#include "qcow2/upkeep/bitmaps.h"

#include <algorithm>

#include "byte_order.h"
#include "image/qcow2.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::uint64_t all_ones = 1;  // entry of a bitmap table without a cluster

/// Sets bits [first, last] in bytes; bit 0 is the lowest of byte 0.
void fill_bits(Span bytes, std::uint64_t first, std::uint64_t last) {
  for (auto bit = first; bit <= last;) {
    if (bit % 8 == 0 && last - bit >= 7) {
      bytes[bit / 8] = std::byte{0xFF};
      bit += 8;
    } else {
      bytes[bit / 8] |= static_cast<std::byte>(1U << bit % 8);
      ++bit;
    }
  }
}

Result<std::uint64_t> read_entry(const File& file, std::uint64_t position) {
  std::vector<std::byte> bytes(8);
  TRY_VOID(file.read(position, bytes));
  return be<std::uint64_t>(bytes, 0);
}

Result<void> write_entry(File& file, std::uint64_t position, std::uint64_t value) {
  std::vector<std::byte> bytes(8);
  put_be<std::uint64_t>(bytes, 0, value);
  return file.write(position, bytes);
}

/// Where the content of a bitmap's cluster lies, checked.
Result<std::uint64_t> content_at(const File& file, const Header& header, std::uint64_t entry) {
  auto size = header.geometry.cluster_size();
  auto offset = entry & entry::offset_mask;
  if ((entry & ~entry::offset_mask) != 0 || !header.geometry.aligned(offset) || offset < size ||
      !inside(offset, size, file.size()))
    return fail(Code::corrupt, "a bitmap's cluster is said to lie at {:#x}", entry);
  return offset;
}

}  // namespace

Result<std::unique_ptr<KeptBitmaps>> KeptBitmaps::open(File& file, const Header& header) {
  if (!header.bitmaps_consistent()) return nullptr;
  TRY(auto rows, read_bitmaps(file, header));
  auto made = std::make_unique<KeptBitmaps>(file, header);
  for (auto& row : rows) {
    auto needed = row.entries_for(header.size, header.geometry.cluster_size());
    if (!row.in_use() && row.known() && row.table_entries != needed)
      return fail(Code::corrupt, "bitmap '{}' has {} entries for a disk of {} bytes", row.name,
                  row.table_entries, header.size);
    if (!row.in_use()) made->rows_.push_back({std::move(row)});
  }
  return made;
}

/// Place and size of the table first: a torn write leaves a row that is in use.
Result<void> KeptBitmaps::put_row(const BitmapRow& row) {
  std::vector<std::byte> bytes(12);
  put_be<std::uint64_t>(bytes, 0, row.table_offset);
  put_be<std::uint32_t>(bytes, 8, row.table_entries);
  return file_.write(row.position, bytes);
}

Result<void> KeptBitmaps::mark(Kept& kept) {
  std::vector<std::byte> flags(4);
  put_be<std::uint32_t>(flags, 0, kept.row.flags | bitmap_flag::in_use);
  kept.marked = true;
  return file_.write(kept.row.position + 12, flags);
}

Result<void> KeptBitmaps::begin() {
  bool any = false;
  for (auto& kept : rows_) {
    if (!kept.row.enabled() || kept.marked) continue;
    TRY_VOID(mark(kept));
    any = true;
  }
  return any ? file_.flush() : Result<void>{};
}

void KeptBitmaps::note(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return;
  auto end = offset + length;
  auto found = noted_.upper_bound(offset);
  if (found != noted_.begin() && std::prev(found)->second >= offset) --found;
  while (found != noted_.end() && found->first <= end) {  // joins what it meets
    offset = std::min(offset, found->first);
    end = std::max(end, found->second);
    found = noted_.erase(found);
  }
  noted_[offset] = end;
}

Result<std::uint64_t> KeptBitmaps::entry(const Kept& kept, std::uint64_t index) {
  auto position = kept.row.table_offset + index * 8;
  if (auto found = linked_.find(position); found != linked_.end()) return found->second;
  return read_entry(file_, position);
}

/// Bits of one cluster of the bitmap.
Result<void> KeptBitmaps::set_bits(Kept& kept, std::uint64_t index, std::uint64_t first,
                                   std::uint64_t last, HostClusters& hosts) {
  TRY(auto value, entry(kept, index));
  if (value == all_ones) return {};
  std::vector<std::byte> bits(header_.geometry.cluster_size());
  if (value != 0) {
    TRY(auto offset, content_at(file_, header_, value));
    TRY_VOID(hosts.expect_no_metadata(offset, 1));
    TRY_VOID(file_.read(offset, bits));
    fill_bits(bits, first, last);
    return file_.write(offset, bits);
  }
  TRY(auto offset, hosts.allocate());
  fill_bits(bits, first, last);
  linked_[kept.row.table_offset + index * 8] = offset;
  return file_.write(offset, bits);
}

Result<void> KeptBitmaps::set_range(Kept& kept, std::uint64_t first, std::uint64_t last,
                                    HostClusters& hosts) {
  auto in_cluster = header_.geometry.cluster_size() * 8;
  for (auto index = first / in_cluster; index <= last / in_cluster; ++index) {
    auto begin = std::max(first, index * in_cluster) - index * in_cluster;
    auto end = std::min(last, (index + 1) * in_cluster - 1) - index * in_cluster;
    TRY_VOID(set_bits(kept, index, begin, end, hosts));
  }
  return {};
}

Result<void> KeptBitmaps::store(HostClusters& hosts) {
  for (auto& kept : rows_) {
    if (!kept.row.enabled() || !kept.row.known()) continue;
    // One range of bits for all ranges of bytes that share one.
    auto granularity = kept.row.granularity();
    for (auto next = noted_.begin(); next != noted_.end();) {
      auto first = next->first / granularity, last = (next->second - 1) / granularity;
      for (++next; next != noted_.end() && next->first / granularity <= last + 1; ++next)
        last = (next->second - 1) / granularity;
      TRY_VOID(set_range(kept, first, last, hosts));
    }
  }
  noted_.clear();
  return {};
}

Result<void> KeptBitmaps::link() {
  for (const auto& [position, value] : linked_) TRY_VOID(write_entry(file_, position, value));
  linked_.clear();
  return {};
}

/// Bits behind the disk's end are zero, whatever a larger disk had there.
Result<void> KeptBitmaps::clear_behind(const Kept& kept, std::uint64_t size,
                                       std::uint64_t entries) {
  auto bits = divide_up(size, kept.row.granularity());
  auto in_cluster = header_.geometry.cluster_size() * 8;
  if (entries == 0 || bits % in_cluster == 0) return {};
  TRY(auto value, read_entry(file_, kept.row.table_offset + (entries - 1) * 8));
  if (value == 0 || value == all_ones) return {};
  TRY(auto offset, content_at(file_, header_, value));
  std::vector<std::byte> content(header_.geometry.cluster_size());
  TRY_VOID(file_.read(offset, content));
  auto within = bits % in_cluster;
  for (auto bit = within; bit % 8 != 0; ++bit)
    content[bit / 8] &= ~static_cast<std::byte>(1U << bit % 8);
  std::ranges::fill(Span(content).subspan(divide_up(within, 8)), std::byte{});
  return file_.write(offset, content);
}

Result<void> KeptBitmaps::move_table(Kept& kept, std::uint64_t size, HostClusters& hosts) {
  const auto& geometry = header_.geometry;
  auto old = kept.row;
  auto entries = kept.row.entries_for(size, geometry.cluster_size());
  TRY_VOID(clear_behind(kept, size, std::min<std::uint64_t>(entries, old.table_entries)));
  if (entries == old.table_entries) return {};
  if (entries * 8 > largest_l1_bytes)
    return fail(Code::limit, "bitmap '{}' would need a table of {} bytes", old.name, entries * 8);
  auto bytes = round_up(std::max<std::uint64_t>(entries * 8, 8), geometry.cluster_size());
  TRY(auto offset, hosts.allocate(bytes >> geometry.cluster_bits));
  std::vector<std::byte> table(bytes);
  auto kept_bytes = std::min<std::uint64_t>(entries, old.table_entries) * 8;
  TRY_VOID(file_.read(old.table_offset, Span(table).first(kept_bytes)));
  TRY_VOID(file_.write(offset, table));
  hosts.protect(offset, bytes);
  for (auto index = entries; index < old.table_entries; ++index) {
    TRY(auto value, read_entry(file_, old.table_offset + index * 8));
    if (value == 0 || value == all_ones) continue;
    TRY(auto content, content_at(file_, header_, value));
    hosts.release(content, geometry.cluster_size());
  }
  if (old.table_entries != 0) {
    hosts.release(old.table_offset, std::uint64_t{old.table_entries} * 8);
    hosts.unprotect(old.table_offset, std::uint64_t{old.table_entries} * 8);
  }
  kept.row.table_offset = offset;
  kept.row.table_entries = static_cast<std::uint32_t>(entries);
  return {};
}

Result<void> KeptBitmaps::resize(std::uint64_t size, HostClusters& hosts) {
  for (const auto& kept : rows_) {
    if (!kept.row.known())
      return fail(Code::unsupported, "bitmap '{}' is of a kind that is not known: remove it first",
                  kept.row.name);
  }
  for (auto& kept : rows_)
    if (!kept.marked) TRY_VOID(mark(kept));
  TRY_VOID(file_.flush());
  std::vector<KeptBitmaps::Kept*> moved;
  for (auto& kept : rows_) {
    auto before = kept.row.table_offset;
    TRY_VOID(move_table(kept, size, hosts));
    if (kept.row.table_offset != before) moved.push_back(&kept);
  }
  TRY_VOID(hosts.write_counts());
  TRY_VOID(file_.flush());
  if (hosts.new_blocks()) {
    TRY_VOID(hosts.link_blocks());
    TRY_VOID(file_.flush());
  }
  for (const auto* kept : moved) TRY_VOID(put_row(kept->row));
  return file_.flush();
}

// A row that records and whose kind is not known stays marked: it is out of date.
Result<void> KeptBitmaps::end() {
  std::vector<std::byte> flags(4);
  bool any = false;
  for (auto& kept : rows_) {
    if (!kept.marked || (kept.row.enabled() && !kept.row.known())) continue;
    put_be<std::uint32_t>(flags, 0, kept.row.flags);
    TRY_VOID(file_.write(kept.row.position + 12, flags));
    kept.marked = false;
    any = true;
  }
  return any ? file_.flush() : Result<void>{};
}

namespace {

/// Bitmaps on their way from one image into another, whose clusters may be of another size.
class BitmapCopy {
 public:
  BitmapCopy(const File& from, const Header& from_header, File& to, const Header& to_header,
             HostClusters& hosts)
      : from_(from), from_header_(from_header), to_(to), to_header_(to_header), hosts_(hosts) {}

  Result<BitmapRow> copy(const BitmapRow& row) {
    auto size = to_header_.geometry.cluster_size();
    auto made = row;
    made.flags &= bitmap_flag::enabled;
    made.extra_bytes = 0;
    made.table_entries = static_cast<std::uint32_t>(row.entries_for(to_header_.size, size));
    auto bytes = round_up(std::max<std::uint64_t>(made.table_entries * 8ULL, 8), size);
    TRY(made.table_offset, hosts_.allocate(bytes >> to_header_.geometry.cluster_bits));
    std::vector<std::byte> table(bytes), content(size);
    for (std::uint64_t index = 0; index < made.table_entries; ++index) {
      TRY_VOID(read_bits(row, index * size, content));
      if (all_zero(content)) continue;
      TRY(auto offset, hosts_.allocate());
      TRY_VOID(to_.write(offset, content));
      put_be<std::uint64_t>(table, index * 8, offset);
    }
    TRY_VOID(to_.write(made.table_offset, table));
    return made;
  }

 private:
  /// Bytes of the bitmap from `at` on; what lies behind its end is zero.
  Result<void> read_bits(const BitmapRow& row, std::uint64_t at, Span into) {
    auto size = from_header_.geometry.cluster_size();
    auto bits = divide_up(from_header_.size, row.granularity());
    std::ranges::fill(into, std::byte{});
    for (std::uint64_t done = 0; done < into.size();) {
      auto index = (at + done) / size, within = (at + done) % size;
      if (index >= row.table_entries) break;
      auto part = into.subspan(done, std::min<std::uint64_t>(size - within, into.size() - done));
      TRY(auto value, read_entry(from_, row.table_offset + index * 8));
      if (value == all_ones) {
        std::ranges::fill(part, std::byte{0xFF});
      } else if (value != 0) {
        TRY(auto offset, content_at(from_, from_header_, value));
        TRY_VOID(from_.read(offset + within, part));
      }
      done += part.size();
    }
    for (std::size_t i = 0; i < into.size(); ++i) {
      auto first = (at + i) * 8;
      if (first + 8 <= bits) continue;
      into[i] &= first >= bits ? std::byte{} : static_cast<std::byte>((1U << (bits - first)) - 1);
    }
    return {};
  }

  const File& from_;
  const Header& from_header_;
  File& to_;
  const Header& to_header_;
  HostClusters& hosts_;
};

/// Rows that may be taken over.
Result<std::vector<BitmapRow>> good_rows(const File& from, const Header& header) {
  if (!header.bitmaps) return std::vector<BitmapRow>{};
  TRY(auto rows, read_bitmaps(from, header));
  for (const auto& row : rows) {
    auto needed = row.entries_for(header.size, header.geometry.cluster_size());
    if (!header.bitmaps_consistent() || row.in_use() || row.table_entries != needed)
      return fail(Code::precondition,
                  "bitmap '{}' is out of date: remove it, or convert without --bitmaps", row.name);
    if (!row.known())
      return fail(Code::unsupported, "bitmap '{}' is of a kind that is not known", row.name);
    if (!header.geometry.aligned(row.table_offset) ||
        !inside(row.table_offset, std::uint64_t{row.table_entries} * 8, from.size()))
      return fail(Code::corrupt, "bitmap '{}': its table is not in the file", row.name);
  }
  return rows;
}

}  // namespace

Result<void> copy_bitmaps(const File& from, File& to) {
  TRY(auto from_header, read_header(from));
  TRY(auto rows, good_rows(from, from_header));
  if (rows.empty()) return {};
  TRY(auto header, read_header(to));
  if (header.version == 2) return fail(Code::invalid, "compat=0.10 knows no bitmaps");
  TRY(auto hosts, HostClusters::open(to, header));
  BitmapCopy copy(from, from_header, to, header, *hosts);
  for (auto& row : rows) {
    TRY(row, copy.copy(row));
  }
  auto directory = directory_bytes(rows);
  auto clusters = divide_up(directory.size(), header.geometry.cluster_size());
  TRY(auto offset, hosts->allocate(clusters));
  TRY_VOID(to.write(offset, directory));
  TRY_VOID(hosts->write_counts());
  TRY_VOID(hosts->link_blocks());
  TRY_VOID(hosts->settle());
  if (to.size() < hosts->end()) TRY_VOID(to.resize(hosts->end()));
  header.bitmaps = BitmapsExtension{.count = static_cast<std::uint32_t>(rows.size()),
                                    .directory_size = directory.size(),
                                    .directory_offset = offset};
  header.autoclear |= feature::bitmaps;
  TRY(auto bytes, header_bytes(header));
  return to.write(0, bytes);
}

}  // namespace truce::image::qcow2
