#include "vhd/builder.h"

#include <array>

#include "byte_order.h"
#include "chain/backing.h"
#include "table_writer.h"
#include "vhd/layout.h"
#include "vhd/parent.h"

namespace truce::image::vhd {
namespace {

constexpr std::uint64_t alignment = 4096;  // of data in the file: what file systems can share
constexpr std::uint64_t table_offset = footer_bytes + header_bytes;

class FixedBuilder final : public Builder, public Placing {
 public:
  FixedBuilder(std::shared_ptr<File> file, const Footer& footer)
      : file_(std::move(file)), footer_(footer) {}
  [[nodiscard]] std::uint64_t block_size() const override { return 65536; }
  Placing* placing() override { return this; }
  Result<Place> place(std::uint64_t block) override {
    return Place{file_.get(), block * block_size()};
  }
  std::optional<Place> whole() override { return Place{file_.get(), 0}; }
  Result<void> finish(Durability durability) override {
    if (file_->size() < footer_.current_size) TRY_VOID(file_->resize(footer_.current_size));
    if (durability == Durability::durable) TRY_VOID(file_->flush());
    return file_->write(footer_.current_size, footer_.bytes);
  }

 private:
  std::shared_ptr<File> file_;
  Footer footer_;
};

class DynamicBuilder final : public Builder, public Placing {
 public:
  DynamicBuilder(std::shared_ptr<File> file, const Footer& footer, std::uint32_t block_bytes)
      : file_(std::move(file)),
        footer_(footer),
        header_(make_header(table_offset,
                            static_cast<std::uint32_t>(divide_up(footer.current_size, block_bytes)),
                            block_bytes)),
        table_(*file_, table_offset, round_up(std::uint64_t{header_.entries} * 4, sector_bytes) / 4,
               4, std::byte{0xFF}),
        end_(round_up(table_offset + std::uint64_t{header_.entries} * 4, sector_bytes)),
        bitmap_(bitmap_bytes(block_bytes)) {
    std::fill_n(bitmap_.begin(), block_bytes / sector_bytes / 8, std::byte{0xFF});
  }

  [[nodiscard]] std::uint64_t block_size() const override { return header_.block_bytes; }
  Placing* placing() override { return this; }

  // The bitmap stands right before the data, which are aligned; the gap that this leaves before
  // the next bitmap is where the footer fits in.
  Result<Place> place(std::uint64_t block) override {
    auto data = round_up(end_ + bitmap_.size(), alignment);
    auto start = data - bitmap_.size();
    std::array<std::byte, 4> entry;
    put_be<std::uint32_t>(entry, 0, static_cast<std::uint32_t>(start / sector_bytes));
    TRY_VOID(table_.set(block, entry));
    TRY_VOID(file_->write(start, bitmap_));
    end_ = data + header_.block_bytes;
    return Place{file_.get(), data};
  }

  /// Blocks that are placed hide the parent's; all others show them.
  Result<void> stand_on(const Parent& parent) {
    auto at = end_;
    TRY(names_, set_parent(header_, parent, at));
    end_ += names_.size();
    return file_->write(at, names_);
  }

  Result<void> finish(Durability durability) override {
    TRY_VOID(table_.finish());
    if (file_->size() < end_) TRY_VOID(file_->resize(end_));
    if (durability == Durability::durable) TRY_VOID(file_->flush());
    TRY_VOID(file_->write(footer_bytes, header_.bytes));
    TRY_VOID(file_->write(end_, footer_.bytes));
    return file_->write(0, footer_.bytes);
  }

 private:
  std::shared_ptr<File> file_;
  Footer footer_;
  Header header_;
  TableWriter table_;
  std::uint64_t end_;
  std::vector<std::byte> bitmap_, names_;
};

}  // namespace

Result<std::unique_ptr<Builder>> build(std::shared_ptr<File> file, const BuildOptions& options) {
  bool azure = options.get("azure", "off") == "on";
  bool fixed = options.get("subformat", azure ? "fixed" : "dynamic") == "fixed";
  if (azure && !fixed)
    return fail(Code::invalid, "azure=on: Azure takes no dynamic disks, leave out the subformat");
  if (options.sector_size != sector_bytes) {
    return fail(Code::unsupported, "sectors of {} bytes: the format has {} only",
                options.sector_size, sector_bytes);
  }
  if (options.size % sector_bytes != 0)
    return fail(Code::invalid, "a disk of {} bytes is not whole sectors", options.size);
  if (options.size > largest_disk) {
    return fail(Code::limit, "a disk of {} bytes: the format ends at 2040 GiB; VHDX goes further",
                options.size);
  }
  auto size = azure ? round_up(options.size, 1 << 20) : options.size;
  // QEMU believes the geometry and not the size of every creator but a few, `win ` among them.
  std::string creator = options.get("creator", "windows") == "windows" ? "win " : "truc";
  if (fixed && options.parent)
    return fail(Code::invalid, "a fixed disk stands on none: leave out the subformat");
  auto type = fixed ? Type::fixed : options.parent ? Type::differencing : Type::dynamic;
  auto footer = make_footer(type, size, creator);
  if (fixed) return std::make_unique<FixedBuilder>(std::move(file), footer);
  std::uint32_t block = options.get("block_size", "2M") == "512K" ? 512 << 10 : 2 << 20;
  auto made = std::make_unique<DynamicBuilder>(std::move(file), footer, block);
  if (options.parent) {
    TRY_VOID(expect_size_of_parent(*options.parent, size));
    TRY_VOID(made->stand_on(*options.parent));
  }
  return made;
}

}  // namespace truce::image::vhd
