#include "cutter.h"
#include "moving/changes.h"
#include "picture.h"

// Whatever a server sends as an answer to WaitForUpdatesEx, in pieces of any size: the first byte.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  if (size == 0) return 0;
  std::size_t piece = std::size_t{bytes[0]} + 1;
  std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  truce::vsphere::Picture picture;
  truce::vsphere::Cutter cutter("objectSet", [&](std::string_view element) -> truce::Result<void> {
    TRY(auto update, truce::vsphere::read_object(element));
    return picture.take(update);
  });
  bool well = true;
  for (std::size_t at = 0; at < text.size() && well; at += piece)
    well = cutter.feed(text.substr(at, piece)).has_value();
  if (!well) return 0;
  if (auto rest = cutter.finish()) {
    TRUCE_ASSERT(rest->size() <= text.size(), "more than there was");
    constexpr std::uint64_t disk = std::uint64_t{1} << 40;
    std::vector<truce::platform::Range> areas;
    auto answer = truce::vsphere::Answer::read(*rest);
    if (answer && truce::vsphere::take_changes(answer->returned(), 0, disk, areas)) {
      std::uint64_t least = 0;
      for (const auto& area : areas) {
        TRUCE_ASSERT(area.start >= least && area.length <= disk - area.start, "areas of the disk");
        least = area.start + area.length;
      }
    }
  }
  for (const auto& place : picture.unread())
    TRUCE_ASSERT(!place.path.empty(), "a place without a path");
  auto update = picture.collect(truce::platform::Update::Extent::whole);
  TRUCE_ASSERT(update.machines.seen.size() <= size, "more machines than bytes");
  return 0;
}
