// QED: QEMU's disks of 2010 to 2012. They are read, not written.
#include <algorithm>

#include "backing.h"
#include "byte_order.h"
#include "qed/layout.h"
#include "rows.h"
#include "table_cache.h"

namespace truce::image {
namespace qed {
namespace {

/// A range of the guest's disk that is of one kind; a hole is the backing file's, where there is
/// one.
struct Piece {
  std::uint64_t length = 0;
  Kind kind = Kind::hole;
  std::uint64_t offset = 0;  ///< of data, in the file
};

class QedImage final : public Image {
 public:
  QedImage(std::shared_ptr<File> file, const Header& header)
      : file_(std::move(file)), header_(header), tables_(*file_) {
    description_.format = "qed";
    description_.size = header.size;
    description_.block_size = header.cluster_bytes;
    if ((header.features & needs_check) != 0) {
      description_.warnings.emplace_back(
          "it was not closed cleanly: clusters may be lost to no use, the content is whole");
    }
  }

  Result<void> stand_on_backing(const OpenOptions& options);

  [[nodiscard]] const Description& description() const override { return description_; }
  Result<void> read(std::uint64_t offset, Span into) override;
  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override;
  Result<CheckReport> check() override;

 private:
  [[nodiscard]] Result<void> check_range(std::uint64_t offset, std::uint64_t length) const;
  [[nodiscard]] Result<void> check_place(std::uint64_t offset, std::uint64_t length) const;
  Result<std::uint64_t> l2_table(std::uint64_t number);
  Result<Piece> piece(std::uint64_t offset, std::uint64_t length);
  [[nodiscard]] Result<Piece> missing_tables(std::uint64_t offset, std::uint64_t length);
  [[nodiscard]] Result<Piece> one_cluster(std::uint64_t cluster, std::uint64_t entry) const;
  Result<void> check_table(std::uint64_t number, std::uint64_t table, CheckReport& report,
                           std::vector<std::uint64_t>& places);

  std::shared_ptr<File> file_;
  Header header_;
  TableCache tables_;
  Description description_;
  Backing backing_;
};

Result<void> QedImage::stand_on_backing(const OpenOptions& options) {
  TRY(auto name, backing_name(*file_, header_));
  bool raw = (header_.features & backing_is_raw) != 0;
  description_.references = {{"backing file", name, raw ? "raw" : ""}};
  return backing_.stand_on(description_.references.front(), options);
}

Result<void> QedImage::check_range(std::uint64_t offset, std::uint64_t length) const {
  if (inside(offset, length, header_.size)) return {};
  return fail(Code::invalid, "{}: {} bytes at {} are not in a disk of {}", file_->name(), length,
              offset, header_.size);
}

Result<void> QedImage::check_place(std::uint64_t offset, std::uint64_t length) const {
  bool on_l1 = offset < header_.l1_offset + header_.table_bytes() &&
               header_.l1_offset < offset + header_.cluster_bytes;
  if (offset % header_.cluster_bytes == 0 && offset >= header_.header_end && !on_l1 &&
      inside(offset, length, file_->size())) {
    return {};
  }
  return fail(Code::corrupt, "a place of {} bytes at {}, in a file of {}", length, offset,
              file_->size());
}

// [QED] Tables: an offset in the file, or 0.
Result<std::uint64_t> QedImage::l2_table(std::uint64_t number) {
  TRY(auto offset, tables_.le<std::uint64_t>(header_.l1_offset + number * 8));
  if (offset == 0) return 0;
  if (auto good = check_place(offset, header_.table_bytes()); !good)
    return std::unexpected(std::move(good).error().within(fmt::format("table {}", number)));
  return offset;
}

// [QED] L2 table entries: 0 is not allocated, 1 is zero, else an offset in the file.
Result<Piece> QedImage::one_cluster(std::uint64_t cluster, std::uint64_t entry) const {
  if (entry == 0) return Piece{};
  if (entry == zero_entry) return Piece{0, Kind::zero};
  auto seen = std::min(header_.cluster_bytes, header_.size - cluster * header_.cluster_bytes);
  if (auto good = check_place(entry, seen); !good)
    return std::unexpected(std::move(good).error().within(fmt::format("cluster {}", cluster)));
  return Piece{0, Kind::data, entry};
}

// Missing tables are skipped together, as far as the page of the first level goes.
Result<Piece> QedImage::missing_tables(std::uint64_t offset, std::uint64_t length) {
  auto number = offset / header_.l2_reach();
  auto at = header_.l1_offset + number * 8;
  TRY(auto page, tables_.page(at));
  auto entries = page.from(at);
  auto count = std::min<std::uint64_t>((offset + length - 1) / header_.l2_reach() - number + 1,
                                       entries.size() / 8);
  std::uint64_t same = 1;
  while (same < count && le<std::uint64_t>(entries, same * 8) == 0) ++same;
  return Piece{std::min(length, (number + same) * header_.l2_reach() - offset)};
}

Result<Piece> QedImage::piece(std::uint64_t offset, std::uint64_t length) {
  auto bytes = header_.cluster_bytes;
  TRY(auto table, l2_table(offset / header_.l2_reach()));
  if (table == 0) return missing_tables(offset, length);
  auto cluster = offset / bytes, within = offset % bytes;
  auto index = cluster % header_.table_entries;
  TRY(auto page, tables_.page(table + index * 8));
  auto entries = page.from(table + index * 8);
  auto first = le<std::uint64_t>(entries, 0);
  TRY(auto found, one_cluster(cluster, first));
  auto count = std::min({(offset + length - 1) / bytes - cluster + 1, header_.table_entries - index,
                         std::uint64_t{entries.size() / 8}});
  std::uint64_t same = 1;
  for (; same < count; ++same) {
    auto next = le<std::uint64_t>(entries, same * 8);
    if (next != (found.kind == Kind::data ? first + same * bytes : first)) break;
    if (!one_cluster(cluster + same, next)) break;
  }
  found.length = std::min(length, same * bytes - within);
  if (found.kind == Kind::data) found.offset += within;
  return found;
}

Result<void> QedImage::read(std::uint64_t offset, Span into) {
  TRY_VOID(check_range(offset, into.size()));
  while (!into.empty()) {
    TRY(auto found, piece(offset, into.size()));
    auto part = into.first(found.length);
    if (found.kind == Kind::data) {
      TRY_VOID(file_->read(found.offset, part));
    } else if (found.kind == Kind::zero) {
      std::ranges::fill(part, std::byte{});
    } else {
      TRY_VOID(backing_.read(offset, part));
    }
    into = into.subspan(found.length);
    offset += found.length;
  }
  return {};
}

Result<Extent> QedImage::extent(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return fail(Code::invalid, "an empty range");
  TRY_VOID(check_range(offset, length));
  TRY(auto found, piece(offset, length));
  if (found.kind == Kind::data)
    return Extent{offset, found.length, Kind::data, file_.get(), found.offset};
  if (found.kind == Kind::zero) return Extent{offset, found.length, Kind::zero};
  return backing_.extent(offset, found.length);
}

// Tables that lie on one another are told and not followed, so that the work is bounded by the
// file.
Result<CheckReport> QedImage::check() {
  CheckReport report;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> tables;  // offset, number
  for (std::uint64_t number = 0; number < header_.l1_used(); ++number) {
    auto table = l2_table(number);
    if (!table) {
      report.corruption(table.error().message);
    } else if (*table != 0) {
      tables.emplace_back(*table, number);
    }
  }
  std::ranges::sort(tables);
  std::vector<std::uint64_t> places;  // of clusters: as many as stand in the file's tables
  std::uint64_t end = 0;
  for (auto [offset, number] : tables) {
    if (offset < end) {
      report.corruption(fmt::format("table {} at {} lies on another", number, offset));
      continue;
    }
    end = offset + header_.table_bytes();
    for (auto at = offset; at < end; at += header_.cluster_bytes) places.push_back(at);
    TRY_VOID(check_table(number, offset, report, places));
  }
  std::ranges::sort(places);
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (places[i] == places[i - 1])
      report.corruption(fmt::format("two clusters lie at {}", places[i]));
  }
  return report;
}

Result<void> QedImage::check_table(std::uint64_t number, std::uint64_t table, CheckReport& report,
                                   std::vector<std::uint64_t>& places) {
  auto clusters = divide_up(header_.size, header_.cluster_bytes);
  for (std::uint64_t index = 0; index < header_.table_entries; ++index) {
    auto cluster = number * header_.table_entries + index;
    if (cluster >= clusters) break;
    TRY(auto entry, tables_.le<std::uint64_t>(table + index * 8));
    auto found = one_cluster(cluster, entry);
    if (!found) {
      report.corruption(found.error().message);
    } else if (found->kind == Kind::data) {
      places.push_back(entry);
    }
  }
  return {};
}

Result<std::unique_ptr<Image>> open(std::shared_ptr<File> file, const OpenOptions& options) {
  TRY(auto header, read_header(*file));
  auto image = std::make_unique<QedImage>(std::move(file), header);
  if ((header.features & has_backing) != 0) TRY_VOID(image->stand_on_backing(options));
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
