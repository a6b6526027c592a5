#include "image/convert.h"

#include "convert/conversion.h"
#include "image/stream.h"

namespace truce::image {

Result<Usage> usage(Image& image) {
  Usage usage;
  for (std::uint64_t at = 0; at < image.size();) {
    TRY(auto extent, image.extent(at, image.size() - at));
    if (extent.kind == Kind::data || extent.kind == Kind::compressed) usage.stored += extent.length;
    if (extent.kind == Kind::zero) usage.zeroes += extent.length;
    at += extent.length;
  }
  return usage;
}

Result<Moved> convert(Image& from, Builder& to, const ConvertOptions& options) {
  Usage used;  // only progress asks for it, and it is a walk through all tables
  if (dynamic_cast<ReadOnce*>(&from) != nullptr) {
    used.stored = from.size();
  } else if (options.progress) {
    TRY(used, usage(from));
  }
  Conversion conversion(from, to, options, used.stored);
  return conversion.run();
}

std::vector<std::string> losses(const Description& from, std::string_view format,
                                std::uint32_t sector_size) {
  std::vector<std::string> lost;
  // No target keeps these: a conversion writes the disk as it is now.
  for (const auto& snapshot : from.snapshots)
    lost.push_back(fmt::format("snapshot '{}' is not taken over", snapshot.name));
  for (const auto& bitmap : from.bitmaps)
    lost.push_back(fmt::format("bitmap '{}' is not taken over", bitmap.name));
  if (from.sector_size != sector_size) {
    lost.push_back(
        fmt::format("the disk has sectors of {} bytes, in {} it will have {}: partition "
                    "tables and file systems may not be found",
                    from.sector_size, format, sector_size));
  }
  if (!from.geometry.empty())
    lost.push_back(fmt::format(
        "the geometry {} (cylinders/heads/sectors) is not taken over: old systems that were "
        "installed with it may not start",
        from.geometry));
  return lost;
}

}  // namespace truce::image
