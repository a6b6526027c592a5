// Any bytes as a VHDX: nothing may crash, hang or take much memory.
#include <algorithm>

#include "byte_order.h"
#include "crc32c.h"
#include "image/formats.h"
#include "paged_file.h"

namespace {

using namespace truce::image;

constexpr std::uint64_t file_bytes = 6 << 20;

void sum(File& file, std::uint64_t at, std::size_t length) {
  if (!inside(at, length, file.size())) return;
  std::vector<std::byte> bytes(length), value(4);
  if (!file.read(at, bytes)) return;
  put_le<std::uint32_t>(value, 0, crc32c_without(bytes, 4));
  (void)file.write(at + 4, value);
}

/// Entries of a log that are given somewhere in the file, where the input touches it.
void sum_log_entry(File& file, std::uint64_t at) {
  std::vector<std::byte> head(12);
  if (!inside(at, head.size(), file.size()) || !file.read(at, head)) return;
  auto length = le<std::uint32_t>(head, 8);
  if (le<std::uint32_t>(head, 0) == 0x65676f6c && length >= 64 && length <= 1 << 20)
    sum(file, at, length);
}

/// An image from few bytes: what is not given is a hole. Each piece of the input is `u32 offset,
/// u16 length, bytes`; checksums are made right unless the first byte says otherwise.
void unfold(View input, File& file) {
  auto flags = static_cast<unsigned>(input[0]);
  input = input.subspan(1);
  std::vector<std::uint64_t> touched;
  while (input.size() >= 6) {
    auto at = le<std::uint32_t>(input, 0) % file_bytes;
    auto length =
        std::min<std::uint64_t>({le<std::uint16_t>(input, 4), input.size() - 6, file_bytes - at});
    (void)file.write(at, input.subspan(6, length));
    if (at % 4096 == 0) touched.push_back(at);
    input = input.subspan(6 + length);
  }
  if ((flags & 1) != 0) return;
  for (std::uint64_t at : {65536, 131072}) sum(file, at, 4096);
  for (std::uint64_t at : {196608, 262144}) sum(file, at, 65536);
  for (auto at : touched) sum_log_entry(file, at);
}

void walk(Image& image) {
  std::vector<std::byte> into(512);
  for (std::uint64_t at = 0, steps = 0; at < image.size() && steps < 256; ++steps) {
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
  if (writable == nullptr || image.size() < 8192 || image.size() > 256 << 20 ||
      image.description().block_size > 4 << 20)
    return;
  (void)writable->write(image.size() / 2, std::vector<std::byte>(2048, std::byte{1}));
  (void)writable->write_zeroes(0, std::min<std::uint64_t>(image.size(), 8 << 20));
  (void)writable->resize(image.size() / 2 & ~std::uint64_t{4095});
  (void)writable->close();
}

/// One way of opening it, by the input.
void use(const std::shared_ptr<File>& file, unsigned flags) {
  OpenOptions options;
  options.external = (flags & 2) != 0 ? External::ignore : External::refuse;
  options.read_write = (flags & 4) != 0;
  auto image = open(file, options, "vhdx");
  if (!image) return;
  (void)(*image)->check();
  walk(**image);
  change(**image);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  auto file = std::make_shared<PagedFile>(file_bytes);
  unfold(std::as_bytes(std::span(data, size)), *file);
  use(file, data[0]);
  return 0;
}
