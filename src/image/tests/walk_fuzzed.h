// What a fuzz target does with an image of any bytes: nothing may crash, hang or take much memory.
#pragma once

#include <algorithm>
#include <vector>

#include "image/formats.h"

namespace truce::image {

inline void walk(Image& image) {
  (void)image.description();
  std::uint64_t at = 0;
  for (int steps = 0; at < image.size() && steps < 1024; ++steps) {
    auto extent = image.extent(at, image.size() - at);
    if (!extent) break;
    TRUCE_ASSERT(extent->start == at && extent->length > 0 && extent->length <= image.size() - at,
                 "an extent of the range that was asked for");
    at += extent->length;
  }
  std::vector<std::byte> into(8192);
  for (auto from : {std::uint64_t{0}, at, image.size() / 2, image.size() - 1}) {
    auto part = from < image.size() ? std::min<std::uint64_t>(into.size(), image.size() - from) : 0;
    (void)image.read(from, Span(into).first(part));
  }
  (void)image.check();
}

/// Opens the bytes as the format under the policies that open nothing else, and walks the image.
inline int walk_fuzzed(const Format& format, const unsigned char* data, std::size_t size) {
  auto bytes = std::as_bytes(std::span(data, size));
  for (auto external : {External::ignore, External::refuse}) {
    auto file =
        std::make_shared<MemoryFile>("fuzzed", std::vector<std::byte>(bytes.begin(), bytes.end()));
    (void)detect(*file);
    auto image = open(file, {.external = external}, format.name);
    if (image) walk(**image);
  }
  return 0;
}

}  // namespace truce::image
