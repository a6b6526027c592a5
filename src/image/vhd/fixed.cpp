#include "byte_order.h"
#include "vhd/images.h"

namespace truce::image::vhd {
namespace {

class FixedImage final : public VhdImage, public Writable {
 public:
  FixedImage(std::shared_ptr<File> file, FoundFooter found, bool read_write)
      : VhdImage(std::move(file), std::move(found)), read_write_(read_write) {
    if (end_ > footer_.current_size) {
      description_.warnings.push_back(
          fmt::format("{} bytes between the disk's end and the footer are not part of the disk",
                      end_ - footer_.current_size));
    }
  }

  Result<void> read(std::uint64_t offset, Span into) override {
    TRY_VOID(check_range(offset, into.size()));
    return file_->read(offset, into);
  }

  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override {
    if (length == 0) return fail(Code::invalid, "an empty range");
    TRY_VOID(check_range(offset, length));
    TRY(auto run, file_->run(offset, length));
    if (!run.stored) return Extent{offset, run.length, Kind::hole};
    return Extent{offset, run.length, Kind::data, file_.get(), offset};
  }

  // The footer was checked when it was opened; there is nothing else.
  Result<CheckReport> check() override { return CheckReport{}; }

  Writable* writable() override { return read_write_ ? this : nullptr; }

  Result<void> write(std::uint64_t offset, View from) override {
    TRY_VOID(check_range(offset, from.size()));
    return file_->write(offset, from);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    TRY_VOID(check_range(offset, length));
    return file_->write_zeroes(offset, length);
  }
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override { return file_->flush(); }
  Result<void> close() override { return flush(); }

 private:
  bool read_write_;
};

// There is no copy of the footer: one stands at the file's end at all times.
Result<void> FixedImage::resize(std::uint64_t size) {
  if (size % sector_bytes != 0 || size > largest_disk)
    return fail(Code::invalid, "a disk of {} bytes: whole sectors, at most {}", size, largest_disk);
  if (size == footer_.current_size) return {};
  auto changed = footer_;
  set_size(changed, size);
  TRY_VOID(file_->write(size, changed.bytes));
  TRY_VOID(file_->flush());
  if (size > footer_.current_size) {
    // The old footer, and what may lie before it, are now the guest's.
    TRY_VOID(file_->write_zeroes(footer_.current_size,
                                 std::min(size, end_ + footer_bytes) - footer_.current_size));
  }
  if (file_->size() > size + footer_bytes) TRY_VOID(file_->resize(size + footer_bytes));
  TRY_VOID(file_->flush());
  footer_ = changed;
  end_ = size;
  description_.size = size;
  return {};
}

}  // namespace

Result<std::unique_ptr<Image>> open_fixed(std::shared_ptr<File> file, FoundFooter found,
                                          const OpenOptions& options) {
  if (found.footer.current_size > found.end) {
    return fail(Code::corrupt, "a fixed disk of {} bytes in a file with {} before the footer",
                found.footer.current_size, found.end);
  }
  return std::make_unique<FixedImage>(std::move(file), std::move(found), options.read_write);
}

}  // namespace truce::image::vhd
