// The row of VHDX in the table of formats. [MS-VHDX]
#include <algorithm>
#include <array>

#include "rows.h"
#include "vhdx/builder.h"
#include "vhdx/disk.h"

namespace truce::image {
namespace {

bool matches(const Probe& probe) {
  auto magic = std::as_bytes(std::span(vhdx::file_signature));
  return probe.head.size() >= magic.size() &&
         std::ranges::equal(probe.head.first(magic.size()), magic);
}

constexpr std::array<Option, 3> options{{
    {"subformat", "dynamic", "dynamic|fixed", "whether space is taken when it is written to"},
    {"block_size", vhdx::default_block_size, "",
     "unit of allocation, a power of two from 1MiB to 256MiB"},
    {"logical_sector_size", "512", "512|4096", "sectors as the guest sees them"},
}};

}  // namespace

const Format vhdx_format{.name = "vhdx",
                         .title = "Hyper-V virtual hard disk, version 2",
                         .matches = matches,
                         .open = vhdx::Disk::open,
                         .build = vhdx::build,
                         .options = options,
                         .stands_on = [](std::string_view format) { return format == "vhdx"; },
                         .repair = vhdx::Disk::repair,
                         .sectors = Format::Sectors::told};

}  // namespace truce::image
