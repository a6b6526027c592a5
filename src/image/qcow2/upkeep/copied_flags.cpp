#include "qcow2/upkeep/copied_flags.h"

#include "byte_order.h"
#include "qcow2/mapping.h"

namespace truce::image::qcow2 {
namespace {

Result<std::uint64_t> mend_table(File& file, const Header& header, std::uint64_t offset,
                                 const RefcountAt& refcount) {
  const auto& geometry = header.geometry;
  std::vector<std::byte> table(geometry.cluster_size());
  TRY_VOID(file.read(offset, table));
  std::uint64_t changed = 0;
  for (std::size_t i = 0; i < table.size(); i += geometry.entry_bytes()) {
    auto value = be<std::uint64_t>(table, i);
    auto host = value & entry::offset_mask;
    auto mended = value & ~entry::copied;
    if ((value & entry::compressed) == 0) {
      if (host == 0) continue;
      TRY(auto count, refcount(host));
      if (count == 1) mended |= entry::copied;
    }
    if (mended == value) continue;
    put_be<std::uint64_t>(table, i, mended);
    ++changed;
  }
  if (changed != 0) TRY_VOID(file.write(offset, table));
  return changed;
}

}  // namespace

Result<std::uint64_t> mend_copied_flags(File& file, const Header& header,
                                        const RefcountAt& refcount) {
  Mapping mapping(file, &file, header, header.l1_offset, header.l1_entries);
  std::vector<std::byte> value(8);
  std::uint64_t changed = 0;
  for (std::uint64_t index = 0; index < header.l1_entries; ++index) {
    TRY(auto table, mapping.table(index));
    if (table.offset == 0) continue;
    TRY(auto count, refcount(table.offset));
    if ((count == 1) != table.copied) {
      put_be<std::uint64_t>(value, 0, table.offset | (count == 1 ? entry::copied : 0));
      TRY_VOID(mapping.cache().put(file, header.l1_offset + index * 8, value));
      ++changed;
    }
    if (header.external_data()) continue;  // clusters of the data file are not counted
    TRY(auto in_table, mend_table(file, header, table.offset, refcount));
    changed += in_table;
  }
  return changed;
}

}  // namespace truce::image::qcow2
