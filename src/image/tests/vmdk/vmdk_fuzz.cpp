// Bytes as the file that is opened, and as any file that it names.
#include <algorithm>
#include <cstdlib>

#include "byte_order.h"
#include "image/formats.h"

namespace truce::image {
namespace {

/// Every name is the same small file: what stands behind the first of the bytes.
class FuzzNeighbours final : public Neighbours {
 public:
  explicit FuzzNeighbours(std::shared_ptr<File> file) : file_(std::move(file)) {}
  Result<std::shared_ptr<File>> open(const std::string&) override {
    if (++opened_ > 100) return fail(Code::limit, "enough");
    return file_;
  }
  Result<std::shared_ptr<File>> create(const std::string&) override {
    return fail(Code::forbidden, "nothing is made");
  }

 private:
  std::shared_ptr<File> file_;
  int opened_ = 0;
};

void walk(Image& image) {
  std::vector<std::byte> buffer(100000);
  std::uint64_t at = 0;
  for (int steps = 0; steps < 4096 && at < image.size(); ++steps) {
    auto extent = image.extent(at, image.size() - at);
    if (!extent) {
      at += 65536;
      continue;
    }
    if (extent->length == 0 || extent->start != at || extent->length > image.size() - at)
      std::abort();
    if (extent->kind == Kind::data && !inside(extent->offset, extent->length, extent->file->size()))
      std::abort();
    if (steps < 32) {
      auto length = std::min<std::uint64_t>(buffer.size(), extent->length);
      (void)image.read(at, Span(buffer).first(length));
    }
    at += extent->length;
  }
  (void)image.check();
}

/// What opens and is written must open again and hold what was written.
void write_into(const std::shared_ptr<MemoryFile>& file, Neighbours& neighbours) {
  OpenOptions options{.external = External::follow, .neighbours = &neighbours, .read_write = true};
  options.limits.chain = 3;
  auto image = open(file, options, "vmdk");
  if (!image || (*image)->writable() == nullptr || (*image)->size() < 5000) return;
  auto& writable = *(*image)->writable();
  std::vector<std::byte> text(700, std::byte{'t'}), got(700);
  auto last = (*image)->size() - text.size();
  bool written = writable.write(4000, text) && writable.write_zeroes(last / 2, last / 2 - 4000) &&
                 writable.write(last, text) && writable.close();
  if (!written) return;
  auto again = open(file, options, "vmdk");
  if (!again) std::abort();
  auto read = (*again)->read(last, got);
  if (read && got != text) std::abort();
}

}  // namespace
}  // namespace truce::image

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace truce::image;
  View bytes = std::as_bytes(std::span(data, size));
  // A text is split at the first NUL: what follows is the file that it names.
  auto first = static_cast<std::size_t>(std::ranges::find(bytes, std::byte{}) - bytes.begin());
  bool text = size >= 4 && le<std::uint32_t>(bytes, 0) != 0x564d444b && first < size;
  auto whole = std::make_shared<MemoryFile>("fuzz", std::vector(bytes.begin(), bytes.end()));
  auto head = whole, rest = whole;
  if (text) {
    auto split = bytes.begin() + static_cast<std::ptrdiff_t>(first);
    head = std::make_shared<MemoryFile>("fuzz", std::vector(bytes.begin(), split));
    rest = std::make_shared<MemoryFile>("rest", std::vector(split + 1, bytes.end()));
  }
  FuzzNeighbours neighbours(rest);
  for (auto external : {External::ignore, External::refuse, External::follow}) {
    OpenOptions options{.external = external, .neighbours = &neighbours};
    options.limits.chain = 3;
    auto image = open(head, options, "vmdk");
    if (image) walk(**image);
  }
  write_into(head, neighbours);
  return 0;
}
