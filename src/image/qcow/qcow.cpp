// QCOW version 1: QEMU's disks before 2008.
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "backing.h"
#include "byte_order.h"
#include "qcow/builder.h"
#include "qcow/layout.h"
#include "rows.h"
#include "table_cache.h"

namespace truce::image {
namespace qcow {
namespace {

/// A range of the guest's disk that is of one kind; a hole is the backing file's, where there is
/// one.
struct Piece {
  std::uint64_t length = 0;
  Kind kind = Kind::hole;
  std::uint64_t entry = 0;  ///< of a compressed cluster; of data: the offset in the file
};

class QcowImage final : public Image {
 public:
  QcowImage(std::shared_ptr<File> file, const Header& header)
      : file_(std::move(file)), header_(header), tables_(*file_) {
    description_.format = "qcow";
    description_.variant = "version 1";
    description_.size = header.size;
    description_.block_size = header.cluster_bytes();
  }

  Result<void> stand_on_backing(const OpenOptions& options);

  [[nodiscard]] const Description& description() const override { return description_; }
  Result<void> read(std::uint64_t offset, Span into) override;
  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override;
  Result<CheckReport> check() override;

 private:
  [[nodiscard]] Result<void> check_range(std::uint64_t offset, std::uint64_t length) const;
  Result<std::uint64_t> l2_table(std::uint64_t number);
  Result<Piece> piece(std::uint64_t offset, std::uint64_t length);
  [[nodiscard]] Result<Piece> one_cluster(std::uint64_t cluster, std::uint64_t entry) const;
  Result<void> check_table(std::uint64_t number, std::uint64_t table, CheckReport& report,
                           std::vector<std::uint64_t>& places);
  Result<void> read_compressed(std::uint64_t entry, std::uint64_t within, Span into);

  std::shared_ptr<File> file_;
  Header header_;
  TableCache tables_;
  Description description_;
  Backing backing_;
  std::mutex last_mutex_;
  std::uint64_t last_entry_ = 0;  // of the cluster that was decoded last
  std::vector<std::byte> last_;
};

Result<void> QcowImage::stand_on_backing(const OpenOptions& options) {
  TRY(auto name, backing_name(*file_, header_));
  // The format is not recorded in this version.
  description_.references = {{"backing file", name, ""}};
  return backing_.stand_on(description_.references.front(), options);
}

Result<void> QcowImage::check_range(std::uint64_t offset, std::uint64_t length) const {
  if (inside(offset, length, header_.size)) return {};
  return fail(Code::invalid, "{}: {} bytes at {} are not in a disk of {}", file_->name(), length,
              offset, header_.size);
}

// [QCOW] L1 table: an offset in the file, or 0.
Result<std::uint64_t> QcowImage::l2_table(std::uint64_t number) {
  TRY(auto offset, tables_.be<std::uint64_t>(header_.l1_offset + number * 8));
  if (offset == 0) return 0;
  if (offset % 8 != 0 || offset < header_.l1_end() ||
      !inside(offset, header_.l2_entries() * 8, file_->size())) {
    return fail(Code::corrupt, "table {} lies at {}, in a file of {} bytes", number, offset,
                file_->size());
  }
  return offset;
}

// [QCOW] L2 tables: an offset in the file, or 0; for compressed clusters their size stands above
// it.
Result<Piece> QcowImage::one_cluster(std::uint64_t cluster, std::uint64_t entry) const {
  if (entry == 0) return Piece{};
  if ((entry & compressed_flag) != 0) return Piece{0, Kind::compressed, entry};
  auto seen = std::min(header_.cluster_bytes(), header_.size - cluster * header_.cluster_bytes());
  if (entry % 512 != 0 || entry < header_.l1_end() || !inside(entry, seen, file_->size())) {
    return fail(Code::corrupt, "cluster {} lies at {}, in a file of {} bytes", cluster, entry,
                file_->size());
  }
  return Piece{0, Kind::data, entry};
}

Result<Piece> QcowImage::piece(std::uint64_t offset, std::uint64_t length) {
  auto bytes = header_.cluster_bytes();
  auto number = offset / header_.l2_reach();
  TRY(auto table, l2_table(number));
  if (table == 0) {
    // Missing tables are skipped together, as far as the page of the first level goes.
    auto at = header_.l1_offset + number * 8;
    TRY(auto page, tables_.page(at));
    auto entries = page.from(at);
    auto count = std::min<std::uint64_t>((offset + length - 1) / header_.l2_reach() - number + 1,
                                         entries.size() / 8);
    std::uint64_t same = 1;
    while (same < count && be<std::uint64_t>(entries, same * 8) == 0) ++same;
    return Piece{std::min(length, (number + same) * header_.l2_reach() - offset)};
  }
  auto cluster = offset / bytes, within = offset % bytes;
  auto index = cluster % header_.l2_entries();
  TRY(auto page, tables_.page(table + index * 8));
  auto entries = page.from(table + index * 8);
  if (entries.size() < 8) return fail(Code::corrupt, "table {} is cut off", number);
  auto first = be<std::uint64_t>(entries, 0);
  TRY(auto found, one_cluster(cluster, first));
  auto count = std::min({(offset + length - 1) / bytes - cluster + 1, header_.l2_entries() - index,
                         std::uint64_t{entries.size() / 8}});
  std::uint64_t same = 1;
  for (; same < count && found.kind != Kind::compressed; ++same) {
    auto next = be<std::uint64_t>(entries, same * 8);
    if (next != (found.kind == Kind::data ? first + same * bytes : 0)) break;
    if (!one_cluster(cluster + same, next)) break;
  }
  found.length = std::min(length, same * bytes - within);
  if (found.kind == Kind::data) found.entry += within;
  return found;
}

// A raw deflate stream that gives exactly one cluster.
Result<void> QcowImage::read_compressed(std::uint64_t entry, std::uint64_t within, Span into) {
  std::lock_guard lock(last_mutex_);
  if (entry != last_entry_) {
    auto size_shift = 63 - header_.cluster_bits;
    auto offset = entry & ((1ULL << size_shift) - 1);
    auto size = entry >> size_shift & (header_.cluster_bytes() - 1);
    if (size == 0 || !inside(offset, size, file_->size())) {
      return fail(Code::corrupt, "a compressed cluster of {} bytes lies at {}, in a file of {}",
                  size, offset, file_->size());
    }
    last_entry_ = 0;
    std::vector<std::byte> packed(size);
    last_.resize(header_.cluster_bytes());
    TRY_VOID(file_->read(offset, packed));
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
  }
  std::ranges::copy(View(last_).subspan(within, into.size()), into.begin());
  return {};
}

Result<void> QcowImage::read(std::uint64_t offset, Span into) {
  TRY_VOID(check_range(offset, into.size()));
  while (!into.empty()) {
    TRY(auto found, piece(offset, into.size()));
    auto part = into.first(found.length);
    if (found.kind == Kind::data) {
      TRY_VOID(file_->read(found.entry, part));
    } else if (found.kind == Kind::compressed) {
      TRY_VOID(read_compressed(found.entry, offset % header_.cluster_bytes(), part));
    } else {
      TRY_VOID(backing_.read(offset, part));
    }
    into = into.subspan(found.length);
    offset += found.length;
  }
  return {};
}

Result<Extent> QcowImage::extent(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return fail(Code::invalid, "an empty range");
  TRY_VOID(check_range(offset, length));
  TRY(auto found, piece(offset, length));
  if (found.kind == Kind::data)
    return Extent{offset, found.length, Kind::data, file_.get(), found.entry};
  if (found.kind == Kind::compressed) return Extent{offset, found.length, Kind::compressed};
  return backing_.extent(offset, found.length);
}

// Tables that lie on one another are told and not followed, so that the work is bounded by the
// file.
Result<CheckReport> QcowImage::check() {
  CheckReport report;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> tables;  // offset, number
  for (std::uint64_t number = 0; number < header_.l1_entries(); ++number) {
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
    end = offset + header_.l2_entries() * 8;
    TRY_VOID(check_table(number, offset, report, places));
  }
  std::ranges::sort(places);
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (places[i] - places[i - 1] < header_.cluster_bytes())
      report.corruption(
          fmt::format("clusters at {} and {} lie on one another", places[i - 1], places[i]));
  }
  return report;
}

Result<void> QcowImage::check_table(std::uint64_t number, std::uint64_t table, CheckReport& report,
                                    std::vector<std::uint64_t>& places) {
  auto clusters = divide_up(header_.size, header_.cluster_bytes());
  for (std::uint64_t index = 0; index < header_.l2_entries(); ++index) {
    auto cluster = number * header_.l2_entries() + index;
    if (cluster >= clusters) break;
    TRY(auto entry, tables_.be<std::uint64_t>(table + index * 8));
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
  auto image = std::make_unique<QcowImage>(std::move(file), header);
  if (header.name_offset != 0) TRY_VOID(image->stand_on_backing(options));
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
