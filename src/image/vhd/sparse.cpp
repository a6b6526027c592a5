#include <algorithm>

#include "byte_order.h"
#include "chain/backing.h"
#include "vhd/images.h"
#include "vhd/parent.h"
#include "vhd/writer.h"

namespace truce::image::vhd {
namespace {

class SparseImage final : public VhdImage, public Layer {
 public:
  SparseImage(std::shared_ptr<File> file, FoundFooter found, const Header& header)
      : VhdImage(std::move(file), std::move(found)),
        header_(header),
        map_(*file_, footer_, header_, end_) {
    description_.block_size = header.block_bytes;
  }

  /// Refuses an image whose tables are damaged; writes footers that are lost anew.
  Result<void> make_writable(bool footer_twice);

  /// Finds the parent by the names in the header, and opens it unless it is to be ignored.
  Result<void> stand_on_parent(const OpenOptions& options);

  Result<void> read(std::uint64_t offset, Span into) override;
  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override;
  Result<CheckReport> check() override {
    TRY(auto report, check_blocks(map_));
    if (writer_) return report;  // who writes has mended the footers
    for (const auto& fault : footer_faults_) report.corruption(fault);
    return report;
  }
  Writable* writable() override { return writer_.get(); }
  Layer* layer() override { return footer_.type == Type::differencing ? this : nullptr; }
  Result<Held> held(std::uint64_t offset, std::uint64_t length) override;
  Result<void> stand_on(const Parent* parent) override;
  Result<void> forget() override;

 private:
  Result<void> put_names(const Parent& parent);
  Result<void> put_header();
  /// How much of the range the parent has; the rest is beyond its end and zero.
  Result<std::uint64_t> in_parent(std::uint64_t offset, std::uint64_t length) const;
  Result<void> read_absent(std::uint64_t offset, Span into);
  Result<void> check_parent(const Image& parent);

  Header header_;
  BlockMap map_;
  std::shared_ptr<Image> parent_;
  std::unique_ptr<Writer> writer_;
};

Result<void> SparseImage::make_writable(bool footer_twice) {
  Parts parts{*file_, *this, map_, footer_, header_, description_};
  auto writer = std::make_unique<Writer>(parts);
  TRY_VOID(writer->start(footer_twice));
  writer_ = std::move(writer);
  return {};
}

Result<void> SparseImage::stand_on_parent(const OpenOptions& options) {
  TRY(description_.references, parent_names(*file_, header_, description_.warnings));
  description_.details.emplace_back("parent id", to_string(header_.parent_id));
  if (options.external == External::ignore) return {};
  TRY(parent_, open_first(description_.references, options));
  return check_parent(*parent_);
}

// [VHD] Implementing a Differencing Hard Disk: Identification of the Parent Hard Disk Image.
Result<void> SparseImage::check_parent(const Image& parent) {
  const auto* vhd = dynamic_cast<const VhdImage*>(&parent);
  TRUCE_ASSERT(vhd != nullptr, "the parent was opened as a VHD");
  const auto& footer = vhd->footer();
  if (footer.id != header_.parent_id) {
    return fail(Code::corrupt, "the parent '{}' has the id {}, {} is wanted: it is another disk",
                description_.references.front().name, to_string(footer.id),
                to_string(header_.parent_id));
  }
  // Programs put the time of the parent's file there as often as that of its footer.
  if (footer.time_stamp != header_.parent_time_stamp) {
    description_.warnings.push_back(fmt::format(
        "the parent was made at {} (seconds since 2000), the disk says {}: it may have changed",
        footer.time_stamp, header_.parent_time_stamp));
  }
  for (const auto& warning : parent.description().warnings)
    description_.warnings.push_back("parent: " + warning);
  return {};
}

Result<std::uint64_t> SparseImage::in_parent(std::uint64_t offset, std::uint64_t length) const {
  if (footer_.type != Type::differencing) return 0;
  if (!parent_)
    return fail(Code::forbidden, "the range at {} comes from the parent, which is not open",
                offset);
  return offset < parent_->size() ? std::min(length, parent_->size() - offset) : 0;
}

Result<void> SparseImage::read_absent(std::uint64_t offset, Span into) {
  TRY(auto there, in_parent(offset, into.size()));
  std::ranges::fill(into.subspan(there), std::byte{});
  if (there == 0) return {};
  return parent_->read(offset, into.first(there));
}

Result<void> SparseImage::read(std::uint64_t offset, Span into) {
  TRY_VOID(check_range(offset, into.size()));
  while (!into.empty()) {
    TRY(auto piece, map_.piece(offset, into.size()));
    auto part = into.first(piece.length);
    if (piece.offset) {
      TRY_VOID(file_->read(*piece.offset, part));
    } else {
      TRY_VOID(read_absent(offset, part));
    }
    into = into.subspan(piece.length);
    offset += piece.length;
  }
  return {};
}

Result<Extent> SparseImage::extent(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return fail(Code::invalid, "an empty range");
  TRY_VOID(check_range(offset, length));
  TRY(auto piece, map_.piece(offset, length));
  if (piece.offset) return Extent{offset, piece.length, Kind::data, file_.get(), *piece.offset};
  TRY(auto there, in_parent(offset, piece.length));
  if (there == 0) return Extent{offset, piece.length, Kind::hole};
  return parent_->extent(offset, there);
}

Result<Layer::Held> SparseImage::held(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return fail(Code::invalid, "an empty range");
  TRY_VOID(check_range(offset, length));
  TRY(auto piece, map_.piece(offset, length));
  return Held{piece.length, piece.offset.has_value()};
}

Result<void> SparseImage::put_header() {
  TRY_VOID(file_->write(footer_.data_offset, header_.bytes));
  return file_->flush();
}

// New names are put behind all there is, with a footer behind them before anything else; the header
// points at them when they are on the disk.
Result<void> SparseImage::put_names(const Parent& parent) {
  TRY_VOID(expect_size_of_parent(parent, footer_.current_size));
  auto at = round_up(map_.end() + footer_bytes, sector_bytes);
  TRY(auto names, set_parent(header_, parent, at));
  TRY_VOID(file_->write(at + names.size(), footer_.bytes));
  TRY_VOID(file_->flush());
  TRY_VOID(file_->write(at, names));
  TRY_VOID(file_->flush());
  return put_header();
}

Result<void> SparseImage::stand_on(const Parent* parent) {
  if (parent != nullptr) return put_names(*parent);
  // The footer at the end decides.
  set_type(footer_, Type::dynamic);
  TRY_VOID(file_->write(map_.end(), footer_.bytes));
  TRY_VOID(file_->flush());
  TRY_VOID(file_->write(0, footer_.bytes));
  clear_parent(header_);
  return put_header();
}

Result<void> SparseImage::forget() {
  if (!writer_) return fail(Code::precondition, "{}: it is only read", file_->name());
  return writer_->forget();
}

}  // namespace

Result<std::unique_ptr<Image>> open_sparse(std::shared_ptr<File> file, FoundFooter found,
                                           const OpenOptions& options) {
  TRY(auto header, read_header(*file, found.footer, found.end));
  bool twice = found.twice;
  bool stands_on_parent = found.footer.type == Type::differencing;
  auto image = std::make_unique<SparseImage>(std::move(file), std::move(found), header);
  if (stands_on_parent) TRY_VOID(image->stand_on_parent(options));
  if (options.read_write && options.external != External::ignore)
    TRY_VOID(image->make_writable(twice));
  return image;
}

}  // namespace truce::image::vhd
