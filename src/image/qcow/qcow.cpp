// QCOW version 1: QEMU's disks before 2008.
#include <libdeflate.h>

#include <algorithm>
#include <mutex>

#include "byte_order.h"
#include "qcow/builder.h"
#include "qcow/layout.h"
#include "rows.h"
#include "two_level.h"

namespace truce::image {
namespace qcow {
namespace {

class QcowImage final : public TwoLevelImage {
 public:
  QcowImage(std::shared_ptr<File> file, const Header& header)
      : TwoLevelImage(std::move(file),
                      {.order = std::endian::big,
                       .size = header.size,
                       .cluster_bytes = header.cluster_bytes(),
                       .l1_offset = header.l1_offset,
                       .l1_entries = header.l1_entries(),
                       .l2_entries = header.l2_entries()},
                      {.format = "qcow", .variant = "version 1"}),
        header_(header) {}

 private:
  // [QCOW] L1 table: an offset in the file, or 0.
  [[nodiscard]] Result<void> check_table_place(std::uint64_t offset) const override {
    if (offset % 8 == 0 && offset >= header_.l1_end() &&
        inside(offset, header_.l2_entries() * 8, file().size())) {
      return {};
    }
    return fail(Code::corrupt, "lies at {}, in a file of {} bytes", offset, file().size());
  }
  // [QCOW] L2 tables: an offset in the file, or 0; for compressed clusters their size stands above
  // it.
  [[nodiscard]] Result<Piece> cluster(std::uint64_t entry, std::uint64_t seen) const override {
    if ((entry & compressed_flag) != 0) return Piece{0, Kind::compressed, entry};
    if (entry % 512 == 0 && entry >= header_.l1_end() && inside(entry, seen, file().size()))
      return Piece{0, Kind::data, entry};
    return fail(Code::corrupt, "lies at {}, in a file of {} bytes", entry, file().size());
  }
  Result<void> decode(std::uint64_t entry, std::uint64_t within, Span into) override;
  Result<void> decode_whole(std::uint64_t entry);

  Header header_;
  std::mutex last_mutex_;
  std::uint64_t last_entry_ = 0;  // of the cluster that was decoded last
  std::vector<std::byte> last_;
};

Result<void> QcowImage::decode(std::uint64_t entry, std::uint64_t within, Span into) {
  std::lock_guard lock(last_mutex_);
  if (entry != last_entry_) TRY_VOID(decode_whole(entry));
  std::ranges::copy(View(last_).subspan(within, into.size()), into.begin());
  return {};
}

// A raw deflate stream that gives exactly one cluster.
Result<void> QcowImage::decode_whole(std::uint64_t entry) {
  auto size_shift = 63 - header_.cluster_bits;
  auto offset = entry & ((1ULL << size_shift) - 1);
  auto size = entry >> size_shift & (header_.cluster_bytes() - 1);
  if (size == 0 || !inside(offset, size, file().size())) {
    return fail(Code::corrupt, "a compressed cluster of {} bytes lies at {}, in a file of {}", size,
                offset, file().size());
  }
  last_entry_ = 0;
  std::vector<std::byte> packed(size);
  last_.resize(header_.cluster_bytes());
  TRY_VOID(file().read(offset, packed));
  auto* decoder = libdeflate_alloc_decompressor();
  if (decoder == nullptr) return fail(Code::internal, "no memory to decode");
  auto result = libdeflate_deflate_decompress(decoder, packed.data(), packed.size(), last_.data(),
                                              last_.size(), nullptr);
  libdeflate_free_decompressor(decoder);
  if (result != LIBDEFLATE_SUCCESS) {
    return fail(Code::corrupt, "the compressed cluster at {} does not give {} bytes", offset,
                last_.size());
  }
  last_entry_ = entry;
  return {};
}

Result<std::unique_ptr<Image>> open(std::shared_ptr<File> file, const OpenOptions& options) {
  TRY(auto header, read_header(*file));
  auto image = std::make_unique<QcowImage>(file, header);
  if (header.name_offset != 0) {
    TRY(auto name, backing_name(*file, header));
    // The format is not recorded in this version.
    TRY_VOID(image->stand_on({"backing file", name, ""}, options));
  }
  return image;
}

}  // namespace
}  // namespace qcow

const Format qcow_format{.name = "qcow",
                         .title = "QCOW version 1 (QEMU, old)",
                         .matches = [](const Probe& probe) { return qcow::has_magic(probe.head); },
                         .open = qcow::open,
                         .build = qcow::build,
                         .options = {}};

}  // namespace truce::image
