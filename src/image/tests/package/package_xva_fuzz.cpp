// An ova.xml of any bytes, then chunks: the input is cut at its first NUL.
#include <algorithm>

#include "tar/tar_writer.h"
#include "walk_fuzzed.h"
#include "xva/xva.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace truce::image;
  auto bytes = std::as_bytes(std::span(data, size));
  auto cut = static_cast<std::size_t>(std::ranges::find(bytes, std::byte{}) - bytes.begin());
  auto file = std::make_shared<MemoryFile>("fuzzed");
  FileSink sink(*file);
  package::TarWriter tar(sink, 0);
  (void)tar.file("ova.xml", bytes.first(cut));
  auto rest = bytes.subspan(std::min(cut + 1, bytes.size()));
  while (rest.size() >= 3) {  // disk, number, length, content
    auto name = fmt::format("Ref:{}/{:08}", std::to_integer<unsigned>(rest[0]) % 4,
                            std::to_integer<unsigned>(rest[1]));
    auto length = std::min<std::size_t>(std::to_integer<unsigned>(rest[2]), rest.size() - 3);
    (void)tar.file(name, rest.subspan(3, length));
    (void)tar.file(name + ".xxhash", rest.subspan(3, std::min<std::size_t>(length, 16)));
    rest = rest.subspan(3 + length);
  }
  (void)tar.finish();
  auto opened = read_package(file);
  if (!opened) return 0;
  (void)(*opened)->verify({});
  for (std::size_t i = 0; i < (*opened)->appliance().disks.size() && i < 4; ++i)
    if (auto image = (*opened)->open_disk(i)) walk(**image);
  return 0;
}
