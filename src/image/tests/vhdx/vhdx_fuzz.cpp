// Any bytes as a VHDX: nothing may crash, hang or take much memory.
#include <algorithm>

#include "byte_order.h"
#include "crc32c.h"
#include "image/formats.h"

namespace {

using namespace truce::image;

void sum(Span bytes, std::size_t at, std::size_t length) {
  if (inside(at, length, bytes.size()))
    put_le<std::uint32_t>(bytes, at + 4, crc32c_without(bytes.subspan(at, length), 4));
}

/// An image from few bytes: what is not given is as the seed says, for the file is mostly holes.
/// Each piece of the input is `u32 offset, u16 length, bytes`; checksums are made right unless the
/// first byte says otherwise.
std::vector<std::byte> unfold(View input) {
  constexpr std::size_t file_bytes = 6 << 20;
  std::vector<std::byte> bytes(file_bytes);
  auto flags = static_cast<unsigned>(input[0]);
  input = input.subspan(1);
  while (input.size() >= 6) {
    auto at = le<std::uint32_t>(input, 0) % file_bytes;
    auto length =
        std::min({std::size_t{le<std::uint16_t>(input, 4)}, input.size() - 6, file_bytes - at});
    std::ranges::copy(input.subspan(6, length), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    input = input.subspan(6 + length);
  }
  if (flags & 1) return bytes;
  for (std::size_t at : {65536, 131072}) sum(bytes, at, 4096);
  for (std::size_t at : {196608, 262144}) sum(bytes, at, 65536);
  for (std::size_t at = 1 << 20; at < 2 << 20; at += 4096) {
    if (le<std::uint32_t>(bytes, at) == 0x65676f6c && le<std::uint32_t>(bytes, at + 8) >= 64)
      sum(bytes, at, le<std::uint32_t>(bytes, at + 8));
  }
  return bytes;
}

void walk(Image& image) {
  std::vector<std::byte> into(512);
  for (std::uint64_t at = 0, steps = 0; at < image.size() && steps < 4096; ++steps) {
    auto extent = image.extent(at, image.size() - at);
    auto part = std::min<std::uint64_t>(into.size(), image.size() - at);
    (void)image.read(at, Span(into).first(part));
    if (extent && extent->kind == Kind::data && extent->file != nullptr)
      (void)extent->file->read(extent->offset, Span(into).first(std::min(part, extent->length)));
    at += extent ? extent->length : image.description().block_size;
  }
}

void change(Image& image) {
  auto* writable = image.writable();
  if (writable == nullptr || image.size() < 8192 || image.description().block_size > 4 << 20)
    return;
  (void)writable->write(image.size() / 2, std::vector<std::byte>(2048, std::byte{1}));
  (void)writable->write_zeroes(0, std::min<std::uint64_t>(image.size(), 8 << 20));
  (void)writable->resize(image.size() / 2 & ~std::uint64_t{4095});
  (void)writable->close();
}

void use(std::vector<std::byte> bytes) {
  auto file = std::make_shared<MemoryFile>("fuzz", std::move(bytes));
  for (auto [external, read_write] :
       {std::pair{External::ignore, false}, {External::refuse, false}, {External::refuse, true}}) {
    OpenOptions options;
    options.external = external;
    options.read_write = read_write;
    auto image = open(file, options, "vhdx");
    if (!image) continue;
    (void)(*image)->check();
    walk(**image);
    change(**image);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  auto input = std::as_bytes(std::span(data, size));
  use(unfold(input));
  return 0;
}
