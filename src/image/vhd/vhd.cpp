// VHD: the disks of Virtual PC, Hyper-V's first generation, Azure and Xen.
#include <algorithm>
#include <array>
#include <cstring>

#include "byte_order.h"
#include "rows.h"
#include "vhd/builder.h"
#include "vhd/images.h"

namespace truce::image {
namespace vhd {
namespace {

std::string_view variant_of(Type type) {
  switch (type) {
    case Type::fixed:
      return "fixed";
    case Type::dynamic:
      return "dynamic";
    case Type::differencing:
      return "differencing";
  }
  return "unknown";
}

// Characters that could do harm on a terminal are shown as dots.
std::string printable(std::string text) {
  for (char& c : text)
    if (c < ' ' || c > '~') c = '.';
  return text;
}

bool matches(const Probe& probe) {
  auto cookie = [](View bytes, std::size_t at) {
    return bytes.size() >= at + 8 && std::memcmp(bytes.data() + at, "conectix", 8) == 0;
  };
  // The last 512 bytes, or 511; else the copy at the head.
  return cookie(probe.tail, 0) || cookie(probe.tail, 1) || cookie(probe.head, 0);
}

Result<std::unique_ptr<Image>> open(std::shared_ptr<File> file, const OpenOptions& options) {
  TRY(auto found, find_footer(*file));
  bool fixed = found.footer.type == Type::fixed;
  return fixed ? open_fixed(std::move(file), std::move(found), options)
               : open_sparse(std::move(file), std::move(found), options);
}

/// Whose Current Size QEMU believes (block/vpc.c); of all others it takes the geometry.
constexpr std::array<std::string_view, 4> believed_creators{"win ", "qem2", "CTXS",
                                                            std::string_view("tap\0", 4)};

constexpr std::array<Option, 4> options{{
    {"subformat", "dynamic", "dynamic|fixed", "blocks that grow, or the whole disk at once"},
    {"block_size", "2M", "2M|512K", "unit of allocation of dynamic disks"},
    {"azure", "off", "off|on", "fixed, and the size rounded up to whole MiB, as Azure takes it"},
    {"creator", "windows", "windows|truce",
     "who made it: QEMU cuts the disk down to its geometry unless it was Windows"},
}};

}  // namespace

VhdImage::VhdImage(std::shared_ptr<File> file, FoundFooter found)
    : file_(std::move(file)), footer_(found.footer), end_(found.end) {
  description_.format = "vhd";
  description_.variant = variant_of(footer_.type);
  description_.size = footer_.current_size;
  const auto& geometry = footer_.geometry;
  auto shape = fmt::format("{}/{}/{}", geometry.cylinders, geometry.heads, geometry.sectors);
  description_.details = {{"creator", printable(footer_.creator)},
                          {std::string(id_row), to_string(footer_.id)},
                          {std::string(time_stamp_row), fmt::format("{}", footer_.time_stamp)},
                          {"geometry", shape}};
  // The largest one says nothing: QEMU writes it where the size counts.
  if (geometry != largest_geometry && geometry != geometry_of(footer_.current_size))
    description_.geometry = shape;
  if (!found.twice) footer_faults_ = found.warnings;
  description_.warnings = std::move(found.warnings);
  bool by_geometry =
      geometry != largest_geometry &&
      std::ranges::find(believed_creators, footer_.creator) == believed_creators.end();
  if (by_geometry && geometry.bytes() != footer_.current_size) {
    description_.warnings.push_back(
        fmt::format("the geometry {} says {} bytes, the footer {}: the footer counts, but some "
                    "programs go by the geometry",
                    shape, geometry.bytes(), footer_.current_size));
  }
  if (footer_.saved_state)
    description_.warnings.push_back("a machine was suspended while it used the disk");
}

Result<void> VhdImage::check_range(std::uint64_t offset, std::uint64_t length) const {
  if (inside(offset, length, footer_.current_size)) return {};
  return fail(Code::invalid, "{}: {} bytes at {} are not in a disk of {}", file_->name(), length,
              offset, footer_.current_size);
}

}  // namespace vhd

const Format vhd_format{.name = "vhd",
                        .title = "VHD (Virtual PC, Hyper-V, Azure, Xen)",
                        .matches = vhd::matches,
                        .open = vhd::open,
                        .build = vhd::build,
                        .options = vhd::options,
                        .stands_on = [](std::string_view format) { return format == "vhd"; },
                        .repair = vhd::repair,
                        .fits = Format::Fits::files_only};

}  // namespace truce::image
