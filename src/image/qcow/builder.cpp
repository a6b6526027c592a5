#include "qcow/builder.h"

#include <array>
#include <optional>

#include "byte_order.h"
#include "qcow/layout.h"
#include "table_writer.h"

namespace truce::image::qcow {
namespace {

// libqcow reads no more than 27 in all, and only tables that are as large as a cluster.
constexpr std::uint32_t cluster_bits = 15, l2_bits = cluster_bits - 3;
constexpr std::uint64_t largest_disk = 64ULL << 40;

class QcowBuilder final : public Builder, public Placing {
 public:
  QcowBuilder(std::shared_ptr<File> file, const Header& header)
      : file_(std::move(file)),
        header_(header),
        l1_(*file_, header.l1_offset, header.l1_entries(), 8),
        end_(round_up(header.l1_end(), header.cluster_bytes())) {}

  [[nodiscard]] std::uint64_t block_size() const override { return header_.cluster_bytes(); }
  Placing* placing() override { return this; }

  Result<Place> place(std::uint64_t block) override {
    auto table = block / header_.l2_entries();
    if (table != l2_number_) TRY_VOID(begin_l2(table));
    auto offset = take(block_size());
    TRY_VOID(l2_->set(block % header_.l2_entries(), entry_of(offset)));
    return Place{file_.get(), offset};
  }

  Result<void> finish(Durability durability) override {
    if (l2_) TRY_VOID(l2_->finish());
    TRY_VOID(l1_.finish());
    if (file_->size() < end_) TRY_VOID(file_->resize(end_));
    if (durability == Durability::durable) TRY_VOID(file_->flush());
    return file_->write(0, make_header(header_));
  }

 private:
  static std::array<std::byte, 8> entry_of(std::uint64_t offset) {
    std::array<std::byte, 8> entry;
    put_be<std::uint64_t>(entry, 0, offset);
    return entry;
  }
  std::uint64_t take(std::uint64_t bytes) {
    auto offset = end_;
    end_ += bytes;
    return offset;
  }
  Result<void> begin_l2(std::uint64_t table) {
    if (l2_) TRY_VOID(l2_->finish());
    auto offset = take(header_.l2_entries() * 8);
    l2_.emplace(*file_, offset, header_.l2_entries(), 8);
    l2_number_ = table;
    return l1_.set(table, entry_of(offset));
  }

  std::shared_ptr<File> file_;
  Header header_;
  TableWriter l1_;
  std::uint64_t end_;
  std::optional<TableWriter> l2_;
  std::optional<std::uint64_t> l2_number_;
};

}  // namespace

Result<std::unique_ptr<Builder>> build(std::shared_ptr<File> file, const BuildOptions& options) {
  if (options.sector_size != 512)
    return fail(Code::unsupported, "sectors of {} bytes: the format has 512 only",
                options.sector_size);
  if (options.size % 512 != 0)
    return fail(Code::invalid, "a disk of {} bytes is not whole sectors", options.size);
  if (options.size > largest_disk)
    return fail(Code::limit, "a disk of {} bytes: no more than {}", options.size, largest_disk);
  Header header{.size = options.size,
                .cluster_bits = cluster_bits,
                .l2_bits = l2_bits,
                .l1_offset = 1ULL << cluster_bits};
  return std::make_unique<QcowBuilder>(std::move(file), header);
}

}  // namespace truce::image::qcow
