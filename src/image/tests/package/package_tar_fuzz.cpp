// An OVA of any bytes; header checksums are made right, so that what lies behind them is reached.
#include <algorithm>
#include <cstring>

#include "package/ovf_package.h"
#include "tar/tar_layout.h"
#include "walk_fuzzed.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace truce::image;
  auto given = std::as_bytes(std::span(data, size));
  std::vector<std::byte> bytes(given.begin(), given.end());
  for (std::size_t at = 0; at + 512 <= bytes.size(); at += 512) {
    auto header = Span(bytes).subspan(at, 512);
    if (std::memcmp(header.data() + 257, "ustar", 5) != 0) continue;
    auto sum = fmt::format("{:06o}", package::tar::sums(header).of_unsigned);
    std::memcpy(header.data() + 148, sum.c_str(), 7);
    header[155] = std::byte{' '};
  }
  auto file = std::make_shared<MemoryFile>("fuzzed", bytes);
  (void)package::Members::read(file, 1000);
  auto opened = read_package(file);
  if (!opened) return 0;
  (void)(*opened)->verify({});
  for (std::size_t i = 0; i < (*opened)->appliance().disks.size() && i < 4; ++i) {
    (void)(*opened)->disk_file(i);
    if (auto image = (*opened)->open_disk(i)) walk(**image);
  }
  return 0;
}
