// A new VHDX that is written from its first byte to its last.
#include "stream/units.h"
#include "vhdx/builder.h"
#include "vhdx/metadata.h"

namespace truce::image::vhdx {
namespace {

// What stands between things that are stored goes along as zeros, so blocks are small; the table is
// in memory, so it is no larger than 16 MiB.
constexpr std::uint64_t most_entries = std::uint64_t{2} << 20;

std::uint64_t block_for(std::uint64_t size) {
  auto block = least_block;
  while (divide_up(size, block) > most_entries) block *= 2;
  return block;
}

/// What a builder writes, of a file that is as large as it likes, before its blocks.
class Head final : public File {
 public:
  [[nodiscard]] std::string name() const override { return "the beginning of a VHDX"; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t, Span) const override {
    return fail(Code::internal, "{} is not read", name());
  }
  Result<void> write(std::uint64_t offset, View from) override {
    if (offset + from.size() > bytes_.size()) bytes_.resize(offset + from.size());
    std::ranges::copy(from, bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  }
  Result<void> write_zeroes(std::uint64_t, std::uint64_t) override {
    return fail(Code::internal, "{} has no holes", name());
  }
  Result<void> resize(std::uint64_t size) override {
    size_ = size;
    return {};
  }
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t, std::uint64_t length) const override {
    return Run{length, true};
  }
  std::vector<std::byte> take(std::uint64_t length) {
    bytes_.resize(length);
    return std::move(bytes_);
  }

 private:
  std::uint64_t size_ = 0;
  std::vector<std::byte> bytes_;
};

/// All that stands before the first block.
Result<std::vector<std::byte>> head_of(const std::vector<bool>& held, std::uint64_t disk_size,
                                       std::uint64_t block) {
  auto file = std::make_shared<Head>();
  BuildOptions options{.size = disk_size};
  options.options["block_size"] = std::to_string(block);
  TRY(auto builder, build(file, options));
  auto length = file->size();
  auto pieces = block / builder->block_size();
  for (std::uint64_t i = 0; i < held.size(); ++i)
    if (held[i]) TRY_VOID(builder->placing()->place(i * pieces));
  TRY_VOID(builder->finish(Builder::Durability::none));
  return file->take(length);
}

class InOrderBuilder final : public UnitsInOrder {
 public:
  InOrderBuilder(InOrder& to, std::vector<bool> held, std::uint64_t block,
                 std::vector<std::byte> head)
      : UnitsInOrder(to, std::move(held), block), head_(std::move(head)) {}

 private:
  Result<void> write_head(InOrder& to) override {
    auto head = std::move(head_);
    return to.write(head);
  }
  std::vector<std::byte> head_;
};

}  // namespace

Result<std::unique_ptr<Builder>> build_in_order(InOrder& to, Image& from) {
  auto block = block_for(from.size());
  TRY(auto held, held_units(from, block));
  TRY(auto head, head_of(held, from.size(), block));
  return std::make_unique<InOrderBuilder>(to, std::move(held), block, std::move(head));
}

}  // namespace truce::image::vhdx
