#include <algorithm>

#include "byte_order.h"
#include "vhd/images.h"

namespace truce::image::vhd {

Result<CheckReport> check_blocks(BlockMap& map) {
  CheckReport report;
  std::vector<std::uint32_t> places;  // as many as the table in the file has entries in use
  for (std::uint64_t block = 0; block < map.blocks(); ++block) {
    TRY(auto entry, map.cache().be<std::uint32_t>(map.entry_offset(block)));
    if (entry == unused_entry) continue;
    if (auto place = map.verify(block, entry); place) {
      places.push_back(entry);
    } else {
      report.corruption(place.error().message);
    }
  }
  std::ranges::sort(places);
  auto sectors = map.whole_bytes() / sector_bytes;
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (places[i] - places[i - 1] >= sectors) continue;
    report.corruption(fmt::format("blocks at {} and {} lie on one another",
                                  places[i - 1] * sector_bytes, places[i] * sector_bytes));
  }
  return report;
}

}  // namespace truce::image::vhd
