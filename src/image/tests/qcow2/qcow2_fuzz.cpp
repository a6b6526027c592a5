// Bytes as a qcow2 image: opened with nothing else followed, described, walked, read and checked.
#include <cstddef>
#include <cstdint>

#include "image/formats.h"
#include "image/qcow2.h"

namespace {

using namespace truce::image;

void use(Image& image) {
  auto size = image.size();
  std::vector<std::byte> buffer(65536);
  std::uint64_t at = 0;
  for (unsigned step = 0; step < 1024 && at < size; ++step) {
    auto extent = image.extent(at, size - at);
    if (!extent) {
      at += 65536;
      continue;
    }
    if (extent->length == 0 || extent->length > size - at || extent->start != at) __builtin_trap();
    if (step < 64) {
      auto part = std::min<std::uint64_t>(extent->length, buffer.size());
      (void)image.read(at, std::span(buffer).first(part));
      (void)image.read(at, std::span(buffer).first(1));
    }
    at += extent->length;
  }
  (void)image.read(
      size / 2, std::span(buffer).first(std::min<std::uint64_t>(size - size / 2, buffer.size())));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = std::as_bytes(std::span(data, size));
  auto file =
      std::make_shared<MemoryFile>("fuzz", std::vector<std::byte>(bytes.begin(), bytes.end()));
  for (auto external : {External::refuse, External::ignore}) {
    OpenOptions options{.external = external};
    auto image = open(file, options, "qcow2");
    if (!image) continue;
    use(**image);
    (void)(*image)->check();
    for (const auto& snapshot : (*image)->description().snapshots) {
      if (auto opened = qcow2::open_snapshot(file, options, snapshot.id)) use(**opened);
      break;
    }
  }
  return 0;
}
