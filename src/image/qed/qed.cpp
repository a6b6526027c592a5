// QED: QEMU's disks of 2010 to 2012. They are read, not written.
#include "byte_order.h"
#include "qed/layout.h"
#include "rows.h"
#include "two_level.h"

namespace truce::image {
namespace qed {
namespace {

class QedImage final : public TwoLevelImage {
 public:
  QedImage(std::shared_ptr<File> file, const Header& header)
      : TwoLevelImage(std::move(file),
                      {.order = std::endian::little,
                       .size = header.size,
                       .cluster_bytes = header.cluster_bytes,
                       .l1_offset = header.l1_offset,
                       .l1_entries = header.l1_used(),
                       .l2_entries = header.table_entries},
                      described(header)),
        header_(header) {}

 private:
  static Description described(const Header& header) {
    Description described{.format = "qed"};
    if ((header.features & needs_check) != 0) {
      described.warnings.emplace_back(
          "it was not closed cleanly: clusters may be lost to no use, the content is whole");
    }
    return described;
  }

  [[nodiscard]] Result<void> check_place(std::uint64_t offset, std::uint64_t length) const {
    bool on_l1 = offset < header_.l1_offset + header_.table_bytes() &&
                 header_.l1_offset < offset + header_.cluster_bytes;
    if (offset % header_.cluster_bytes == 0 && offset >= header_.header_end && !on_l1 &&
        inside(offset, length, file().size())) {
      return {};
    }
    return fail(Code::corrupt, "a place of {} bytes at {}, in a file of {}", length, offset,
                file().size());
  }

  // [QED] Tables: an offset in the file, or 0.
  [[nodiscard]] Result<void> check_table_place(std::uint64_t offset) const override {
    return check_place(offset, header_.table_bytes());
  }
  // [QED] L2 table entries: 0 is not allocated, 1 is zero, else an offset in the file.
  [[nodiscard]] Result<Piece> cluster(std::uint64_t entry, std::uint64_t seen) const override {
    if (entry == zero_entry) return Piece{0, Kind::zero};
    TRY_VOID(check_place(entry, seen));
    return Piece{0, Kind::data, entry};
  }

  Header header_;
};

Result<std::unique_ptr<Image>> open(std::shared_ptr<File> file, const OpenOptions& options) {
  TRY(auto header, read_header(*file));
  auto image = std::make_unique<QedImage>(file, header);
  if ((header.features & has_backing) != 0) {
    TRY(auto name, backing_name(*file, header));
    bool raw = (header.features & backing_is_raw) != 0;
    TRY_VOID(image->stand_on({"backing file", name, raw ? "raw" : ""}, options));
  }
  return image;
}

}  // namespace
}  // namespace qed

const Format qed_format{.name = "qed",
                        .title = "QED (QEMU, old)",
                        .matches = [](const Probe& probe) { return qed::has_magic(probe.head); },
                        .open = qed::open,
                        .build = nullptr,
                        .options = {}};

}  // namespace truce::image
