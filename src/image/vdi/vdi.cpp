// VDI: the disks of VirtualBox.
#include <algorithm>
#include <array>

#include "byte_order.h"
#include "rows.h"
#include "vdi/block_map.h"
#include "vdi/builder.h"
#include "vdi/repair.h"
#include "vdi/writer.h"

namespace truce::image {
namespace vdi {
namespace {

std::string_view variant_of(Type type) {
  switch (type) {
    case Type::dynamic:
      return "dynamic";
    case Type::fixed:
      return "static";
    case Type::undo:
      return "undo";
    case Type::differencing:
      return "differencing";
  }
  return "unknown";
}

// The parent of such a disk is known by its id alone: there is no name to find it by.
bool has_parent(const Header& header) {
  return header.type == Type::undo || header.type == Type::differencing || header.link != Id{} ||
         header.parent != Id{};
}

class VdiImage final : public Image {
 public:
  VdiImage(std::shared_ptr<File> file, const Header& header)
      : file_(std::move(file)), map_(*file_, header), over_parent_(has_parent(header)) {
    description_.format = "vdi";
    description_.variant = variant_of(header.type);
    description_.size = header.disk_size;
    description_.block_size = header.block_bytes;
    description_.details.emplace_back("id", to_string(header.id));
    if (!header.comment.empty()) description_.details.emplace_back("comment", header.comment);
    if (over_parent_) description_.references = {{"parent", to_string(header.link), "vdi"}};
  }

  Result<void> make_writable() {
    auto writer = std::make_unique<Writer>(*file_, map_, description_);
    TRY_VOID(writer->start());
    writer_ = std::move(writer);
    return {};
  }

  [[nodiscard]] const Description& description() const override { return description_; }

  Result<void> read(std::uint64_t offset, Span into) override {
    TRY_VOID(check_range(offset, into.size()));
    while (!into.empty()) {
      TRY(auto piece, piece_at(offset, into.size()));
      auto part = into.first(piece.length);
      if (piece.kind == Kind::data) {
        TRY_VOID(file_->read(piece.offset, part));
      } else {
        std::ranges::fill(part, std::byte{});
      }
      into = into.subspan(piece.length);
      offset += piece.length;
    }
    return {};
  }

  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override {
    if (length == 0) return fail(Code::invalid, "an empty range");
    TRY_VOID(check_range(offset, length));
    TRY(auto piece, piece_at(offset, length));
    const auto* file = piece.kind == Kind::data ? file_.get() : nullptr;
    return Extent{offset, piece.length, piece.kind, file, piece.offset};
  }

  Result<CheckReport> check() override { return map_.check(); }
  Writable* writable() override { return writer_.get(); }

 private:
  [[nodiscard]] Result<void> check_range(std::uint64_t offset, std::uint64_t length) const {
    if (inside(offset, length, description_.size)) return {};
    return fail(Code::invalid, "{}: {} bytes at {} are not in a disk of {}", file_->name(), length,
                offset, description_.size);
  }

  Result<Piece> piece_at(std::uint64_t offset, std::uint64_t length) {
    TRY(auto piece, map_.piece(offset, length));
    if (piece.kind == Kind::hole && over_parent_) {
      return fail(Code::forbidden, "the range at {} comes from the parent, which is not open",
                  offset);
    }
    return piece;
  }

  std::shared_ptr<File> file_;
  BlockMap map_;
  bool over_parent_;
  Description description_;
  std::unique_ptr<Writer> writer_;
};

Result<std::unique_ptr<Image>> open(std::shared_ptr<File> file, const OpenOptions& options) {
  TRY(auto header, read_header(*file));
  if (has_parent(header) && options.external != External::ignore) {
    return fail(Code::unsupported,
                "{} disk over the parent {}, which is named by its id only: merge it in VirtualBox",
                variant_of(header.type), to_string(header.link));
  }
  auto image = std::make_unique<VdiImage>(std::move(file), header);
  if (options.read_write && !has_parent(header)) TRY_VOID(image->make_writable());
  return image;
}

constexpr std::array<Option, 1> options{
    {{"subformat", "dynamic", "dynamic|static", "blocks that grow, or a place for all at once"}}};

}  // namespace
}  // namespace vdi

const Format vdi_format{
    .name = "vdi",
    .title = "VDI (VirtualBox)",
    .matches = [](const Probe& probe) { return vdi::has_signature(probe.head); },
    .open = vdi::open,
    .build = vdi::build,
    .options = vdi::options,
    .repair = vdi::repair};

}  // namespace truce::image
