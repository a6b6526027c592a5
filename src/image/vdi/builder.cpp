#include "vdi/builder.h"

#include <array>

#include "byte_order.h"
#include "table_writer.h"
#include "vdi/layout.h"

namespace truce::image::vdi {
namespace {

constexpr std::uint64_t alignment = 1 << 20;  // of data in the file

class VdiBuilder final : public Builder, public Placing {
 public:
  VdiBuilder(std::shared_ptr<File> file, const Header& header)
      : file_(std::move(file)),
        header_(header),
        map_(*file_, header.map_offset, header.blocks, 4, std::byte{0xFF}) {}

  [[nodiscard]] std::uint64_t block_size() const override { return header_.block_bytes; }
  Placing* placing() override { return this; }

  // Of a static disk every block has its place, also those that hold nothing.
  Result<Place> place(std::uint64_t block) override {
    if (header_.type == Type::fixed) {
      TRY_VOID(assign_until(block + 1));
    } else {
      TRY_VOID(assign(block));
    }
    return Place{file_.get(), header_.data_offset + (header_.allocated - 1) * block_size()};
  }

  Result<void> finish(Durability durability) override {
    if (header_.type == Type::fixed) TRY_VOID(assign_until(header_.blocks));
    TRY_VOID(map_.finish());
    auto end = header_.data_offset + header_.allocated * block_size();
    if (file_->size() < end) TRY_VOID(file_->resize(end));
    if (durability == Durability::durable) TRY_VOID(file_->flush());
    return file_->write(0, make_header(header_));
  }

 private:
  Result<void> assign(std::uint64_t block) {
    std::array<std::byte, 4> entry;
    put_le<std::uint32_t>(entry, 0, header_.allocated++);
    return map_.set(block, entry);
  }
  Result<void> assign_until(std::uint64_t end) {
    while (header_.allocated < end) TRY_VOID(assign(header_.allocated));
    return {};
  }

  std::shared_ptr<File> file_;
  Header header_;
  TableWriter map_;
};

}  // namespace

Result<std::unique_ptr<Builder>> build(std::shared_ptr<File> file, const BuildOptions& options) {
  if (options.sector_size != 512) {
    return fail(Code::unsupported, "sectors of {} bytes: the format has 512 only",
                options.sector_size);
  }
  if (options.size % 512 != 0)
    return fail(Code::invalid, "a disk of {} bytes is not whole sectors", options.size);
  auto blocks = divide_up(options.size, usual_block);
  if (blocks > most_blocks) {
    return fail(Code::limit, "a disk of {} bytes: no more than {}", options.size,
                std::uint64_t{most_blocks} * usual_block);
  }
  auto map_end = header_bytes + blocks * 4;
  Header header{
      .type = options.get("subformat", "dynamic") == "static" ? Type::fixed : Type::dynamic,
      .map_offset = header_bytes,
      .data_offset = static_cast<std::uint32_t>(round_up(map_end, alignment)),
      .disk_size = options.size,
      .block_bytes = usual_block,
      .blocks = static_cast<std::uint32_t>(blocks)};
  return std::make_unique<VdiBuilder>(std::move(file), header);
}

}  // namespace truce::image::vdi
