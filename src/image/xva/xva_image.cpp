#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "byte_order.h"
#include "xva/xva.h"

namespace truce::image::package {
namespace {

class XvaDisk final : public Image {
 public:
  XvaDisk(std::shared_ptr<File> file, std::string name, std::uint64_t size,
          std::shared_ptr<const std::vector<XvaChunk>> chunks)
      : file_(std::move(file)), name_(std::move(name)), chunks_(std::move(chunks)) {
    description_.format = "xva";
    description_.variant = "chunks";
    description_.size = size;
    description_.block_size = xva_chunk_size;
    description_.details.emplace_back("chunks", fmt::to_string(chunks_->size()));
  }

  [[nodiscard]] const Description& description() const override { return description_; }

  Result<void> read(std::uint64_t offset, Span into) override {
    if (!inside(offset, into.size(), description_.size))
      return fail(Code::invalid, "{}: a read beyond the disk's end", name_);
    while (!into.empty()) {
      TRY(auto found, extent(offset, into.size()));
      auto part = into.first(found.length);
      if (found.kind == Kind::data) {
        TRY_VOID(file_->read(found.offset, part));
      } else {
        std::memset(part.data(), 0, part.size());
      }
      into = into.subspan(part.size());
      offset += part.size();
    }
    return {};
  }

  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override {
    if (length == 0 || !inside(offset, length, description_.size))
      return fail(Code::invalid, "{}: a range beyond the disk's end", name_);
    auto after = std::ranges::upper_bound(*chunks_, offset, {}, &XvaChunk::start);
    if (after != chunks_->begin()) {
      const auto& chunk = *std::prev(after);
      auto in_chunk = offset - chunk.start;
      if (in_chunk < chunk.length) {
        return Extent{offset, std::min(length, chunk.length - in_chunk), Kind::data, file_.get(),
                      chunk.offset + in_chunk};
      }
    }
    if (after != chunks_->end()) length = std::min(length, after->start - offset);
    return Extent{offset, length, Kind::hole};
  }

  Result<CheckReport> check() override {
    return fail(Code::unsupported, "{}: the checksums are the package's: verify that", name_);
  }

 private:
  std::shared_ptr<File> file_;
  std::string name_;
  std::shared_ptr<const std::vector<XvaChunk>> chunks_;
  Description description_;
};

}  // namespace

std::unique_ptr<Image> open_xva_disk(std::shared_ptr<File> file, std::string name,
                                     std::uint64_t size,
                                     std::shared_ptr<const std::vector<XvaChunk>> chunks) {
  return std::make_unique<XvaDisk>(std::move(file), std::move(name), size, std::move(chunks));
}

std::optional<XvaName> parse_xva_name(std::string_view name) {
  auto slash = name.rfind('/');
  if (slash == name.npos || slash == 0) return std::nullopt;
  XvaName parts{.disk = std::string(name.substr(0, slash))};
  auto rest = name.substr(slash + 1);
  auto dot = rest.find('.');
  if (dot != rest.npos) {
    parts.checksum = rest.substr(dot + 1);
    if (parts.checksum != "checksum" && parts.checksum != "xxhash") return std::nullopt;
    rest = rest.substr(0, dot);
  }
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), parts.number);
  if (error != std::errc{} || end != rest.data() + rest.size()) return std::nullopt;
  return parts;
}

}  // namespace truce::image::package
