// A disk's bytes and nothing else.
#include <algorithm>

#include "byte_order.h"
#include "rows.h"

namespace truce::image {
namespace {

class RawImage final : public Image, public Writable {
 public:
  RawImage(std::shared_ptr<File> file, bool read_write)
      : file_(std::move(file)), read_write_(read_write) {
    description_.format = "raw";
    description_.size = file_->size();
  }

  [[nodiscard]] const Description& description() const override { return description_; }

  Result<void> read(std::uint64_t offset, Span into) override {
    if (!inside(offset, into.size(), description_.size))
      return fail(Code::invalid, "{}: a read beyond the disk's end", file_->name());
    return file_->read(offset, into);
  }

  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override {
    if (length == 0 || !inside(offset, length, description_.size))
      return fail(Code::invalid, "{}: a range beyond the disk's end", file_->name());
    TRY(auto run, file_->run(offset, length));
    if (!run.stored) return Extent{offset, run.length, Kind::hole};
    return Extent{offset, run.length, Kind::data, file_.get(), offset};
  }

  [[nodiscard]] std::optional<Extent> whole() const override {
    return Extent{0, description_.size, Kind::data, file_.get(), 0};
  }

  Result<CheckReport> check() override {
    return fail(Code::unsupported, "{}: a raw disk has no tables that could be checked",
                file_->name());
  }

  Writable* writable() override { return read_write_ ? this : nullptr; }

  Result<void> write(std::uint64_t offset, View from) override {
    if (!inside(offset, from.size(), description_.size))
      return fail(Code::invalid, "{}: a write beyond the disk's end", file_->name());
    return file_->write(offset, from);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    if (!inside(offset, length, description_.size))
      return fail(Code::invalid, "{}: a write beyond the disk's end", file_->name());
    return file_->write_zeroes(offset, length);
  }
  Result<void> resize(std::uint64_t size) override {
    TRY_VOID(file_->resize(size));
    description_.size = size;
    return {};
  }
  Result<void> flush() override { return file_->flush(); }
  Result<void> close() override { return flush(); }

 private:
  std::shared_ptr<File> file_;
  bool read_write_;
  Description description_;
};

class RawBuilder final : public Builder, public Placing {
 public:
  RawBuilder(std::shared_ptr<File> file, std::uint64_t size)
      : file_(std::move(file)), size_(size) {}
  [[nodiscard]] std::uint64_t block_size() const override { return 65536; }
  Placing* placing() override { return this; }
  Result<Place> place(std::uint64_t block) override {
    return Place{file_.get(), block * block_size()};
  }
  std::optional<Place> whole() override { return Place{file_.get(), 0}; }
  Result<void> finish(Durability) override {
    return file_->size() == size_ ? Result<void>{} : file_->resize(size_);
  }

 private:
  std::shared_ptr<File> file_;
  std::uint64_t size_;
};

Result<std::unique_ptr<Image>> open_raw(std::shared_ptr<File> file, const OpenOptions& options) {
  return std::make_unique<RawImage>(std::move(file), options.read_write);
}

Result<std::unique_ptr<Builder>> build_raw(std::shared_ptr<File> file,
                                           const BuildOptions& options) {
  TRY_VOID(file->resize(options.size));
  return std::make_unique<RawBuilder>(std::move(file), options.size);
}

}  // namespace

// It matches nothing: raw is what is left when no other format is found.
const Format raw_format{.name = "raw",
                        .title = "raw disk",
                        .matches = [](const Probe&) { return false; },
                        .open = open_raw,
                        .build = build_raw,
                        .options = {}};

}  // namespace truce::image
