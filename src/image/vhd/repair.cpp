#include <algorithm>

#include "byte_order.h"
#include "vhd/images.h"

namespace truce::image::vhd {
namespace {

/// The end of the header, the table and all blocks.
Result<std::uint64_t> end_of_content(BlockMap& map, const Header& header, const Footer& footer) {
  auto end = std::max(footer.data_offset + header_bytes,
                      header.table_offset + round_up(std::uint64_t{header.entries} * 4, 512));
  for (std::uint64_t block = 0; block < map.blocks(); ++block) {
    TRY(auto place, map.place(block));
    if (place) end = std::max(end, *place + map.whole_bytes());
  }
  return end;
}

/// Where the footer at the end belongs: over the damaged one, if no block reaches there.
Result<std::uint64_t> place_of_footer(const File& file, BlockMap& map, const Header& header,
                                      const Footer& footer) {
  TRY(auto end, end_of_content(map, header, footer));
  auto size = file.size();
  bool over = size % sector_bytes == 0 && size >= footer_bytes && size - footer_bytes >= end;
  return over ? size - footer_bytes : std::max(round_up(size, sector_bytes), end);
}

}  // namespace

// One of the two is whole at any time: the other is written, and nothing else.
Result<Repaired> repair(std::shared_ptr<File> file, const RepairOptions&) {
  Repaired report;
  TRY(auto found, find_footer(*file));
  if (found.footer.type == Type::fixed) return report;  // there is one footer, and it is right
  TRY(auto header, read_header(*file, found.footer, found.end));
  BlockMap map(*file, found.footer, header, found.end);
  TRY(auto blocks, check_blocks(map));
  for (auto& problem : blocks.problems) report.remains(std::move(problem));
  if (found.twice) return report;
  if (found.at_end) {
    TRY_VOID(file->write(0, found.footer.bytes));
    report.mended("the copy of the footer at the head was written anew from the footer");
  } else if (blocks.corruptions != 0) {
    report.remains("the footer at the end: it is not known where the blocks end");
    return report;
  } else {
    TRY(auto place, place_of_footer(*file, map, header, found.footer));
    TRY_VOID(file->write(place, found.footer.bytes));
    report.mended("the footer at the end was written anew from its copy at the head");
  }
  TRY_VOID(file->flush());
  return report;
}

}  // namespace truce::image::vhd
