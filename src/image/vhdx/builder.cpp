// A new VHDX, dynamic or fixed.
#include "vhdx/builder.h"

#include <algorithm>
#include <bit>

#include "base/bytes.h"
#include "byte_order.h"
#include "chain/backing.h"
#include "table_writer.h"
#include "vhdx/tables.h"

namespace truce::image::vhdx {
namespace {

/// What is moved at once; a part of a payload block, which may be far larger than what is stored.
constexpr std::uint64_t piece_size = mebibyte;
constexpr Range log_range{mebibyte, mebibyte}, metadata_range{2 * mebibyte, mebibyte};
constexpr std::uint64_t bat_at = 3 * mebibyte;
constexpr std::string_view creator = "Truce";

class DiskBuilder final : public Builder, public Placing {
 public:
  DiskBuilder(std::shared_ptr<File> file, const Metadata& metadata)
      : file_(std::move(file)),
        metadata_(metadata),
        shape_{metadata.block_size, metadata.size, metadata.sector_size, metadata.has_parent},
        bat_{bat_at, round_up(std::max<std::uint64_t>(1, shape_.entries()) * 8, mebibyte)},
        table_(*file_, bat_.offset, shape_.entries(), 8),
        end_(bat_.end()) {}

  Result<void> begin() {
    return file_->resize(metadata_.keeps_blocks ? place_of_fixed(shape_.blocks()) : end_);
  }

  [[nodiscard]] std::uint64_t block_size() const override { return piece_size; }
  Placing* placing() override { return this; }

  Result<Place> place(std::uint64_t piece) override {
    auto block = piece * piece_size / shape_.block_size;
    if (piece >= divide_up(shape_.disk_size, piece_size))
      return fail(Code::invalid, "{}: a block beyond the disk's end", file_->name());
    auto within = piece * piece_size % shape_.block_size;
    if (metadata_.keeps_blocks) return Place{file_.get(), place_of_fixed(block) + within};
    if (block + 1 != next_) {
      TRY_VOID(skip_to(block));
      last_place_ = end_;
      end_ += shape_.block_size;
      TRY_VOID(set(block, {State::present, last_place_}));
      next_ = block + 1;
    }
    return Place{file_.get(), last_place_ + within};
  }

  Result<void> finish(Durability durability) override {
    TRY_VOID(skip_to(shape_.blocks()));
    TRY_VOID(table_.finish());
    if (file_->size() < end_) TRY_VOID(file_->resize(end_));
    TRY_VOID(write_metadata(*file_, metadata_range, metadata_));
    TRY_VOID(
        write_regions(*file_, {{bat_region, bat_, true}, {metadata_region, metadata_range, true}}));
    Header header{.sequence = 1,
                  .file_write = Guid::random(),
                  .data_write = Guid::random(),
                  .log_id = {},
                  .log = log_range};
    for (std::size_t slot = 0; slot < 2; ++slot, ++header.sequence)
      TRY_VOID(write_header(*file_, slot, header));
    if (durability == Durability::durable) TRY_VOID(file_->flush());
    return write_identifier();
  }

 private:
  [[nodiscard]] std::uint64_t place_of_fixed(std::uint64_t block) const {
    return bat_.end() + block * shape_.block_size;
  }
  Result<void> set(std::uint64_t block, const Entry& entry) {
    std::array<std::byte, 8> bytes{};
    put_le<std::uint64_t>(bytes, 0, encode(entry));
    return table_.set(shape_.index(block), bytes);
  }
  /// The blocks before `block` that were not placed: zeros, for what is not present is undefined by
  /// the letter of [MS-VHDX] 2.5.1.1. A fixed disk has all blocks, and all of them are placed.
  Result<void> skip_to(std::uint64_t block) {
    for (; next_ < block; ++next_) {
      // Over a parent it shows what is there: nothing to say, a new table says so.
      if (metadata_.has_parent) continue;
      TRY_VOID(set(next_, metadata_.keeps_blocks ? Entry{State::present, place_of_fixed(next_)}
                                                 : Entry{State::zero, 0}));
    }
    return {};
  }
  /// [MS-VHDX] 2.2.1. It comes last: a file without it is no disk.
  Result<void> write_identifier() {
    std::vector<std::byte> bytes(file_signature.size() + 512);
    std::ranges::copy(std::as_bytes(std::span(file_signature)), bytes.begin());
    for (std::size_t i = 0; i < creator.size(); ++i)
      bytes[file_signature.size() + 2 * i] = static_cast<std::byte>(creator[i]);
    return file_->write(0, bytes);
  }

  std::shared_ptr<File> file_;
  Metadata metadata_;
  Shape shape_;
  Range bat_;
  TableWriter table_;
  std::uint64_t end_;       ///< of what is placed
  std::uint64_t next_ = 0;  ///< the first block whose entry is not set
  std::uint64_t last_place_ = 0;
};

}  // namespace

Result<std::unique_ptr<Builder>> build(std::shared_ptr<File> file, const BuildOptions& options) {
  Metadata metadata;
  metadata.keeps_blocks = options.get("subformat", "dynamic") == "fixed";
  auto sectors = options.get("logical_sector_size", fmt::format("{}", options.sector_size));
  if (sectors != "512" && sectors != "4096")
    return fail(Code::invalid, "sectors of {} bytes: 512 and 4096 are legal", sectors);
  metadata.sector_size = sectors == "512" ? 512 : 4096;
  TRY(auto block_size, parse_bytes(options.get("block_size", default_block_size)));
  if (!std::has_single_bit(block_size.count) || block_size.count < least_block ||
      block_size.count > most_block) {
    return fail(Code::invalid, "block_size {}: a power of two from 1MiB to 256MiB is legal",
                to_string(block_size));
  }
  metadata.block_size = static_cast<std::uint32_t>(block_size.count);
  if (options.size > most_disk)
    return fail(Code::limit, "a disk of {} bytes: no more than 64 TiB fit the format",
                options.size);
  if (options.size == 0 || options.size % metadata.sector_size != 0)
    return fail(Code::invalid, "a disk of {} bytes: it must have whole sectors of {}", options.size,
                metadata.sector_size);
  metadata.size = options.size;
  metadata.disk = Guid::random();
  if (options.parent) {
    if (metadata.keeps_blocks)
      return fail(Code::invalid, "a fixed disk stands on none: leave out the subformat");
    TRY_VOID(expect_size_of_parent(*options.parent, options.size));
    if (options.parent->description.sector_size != metadata.sector_size)
      return fail(Code::invalid, "the parent has sectors of {} bytes, the disk is to have {}",
                  options.parent->description.sector_size, metadata.sector_size);
    TRY_VOID(set_parent(metadata, *options.parent));
  }
  auto builder = std::make_unique<DiskBuilder>(std::move(file), metadata);
  TRY_VOID(builder->begin());
  return builder;
}

}  // namespace truce::image::vhdx
