// Changes to a file that are not in it: a log that was replayed in memory, metadata that has not
// been committed yet.
#pragma once

#include <array>
#include <map>
#include <memory>

#include "vhdx/headers.h"

namespace truce::image::vhdx {

/// A file as it would be with the changes made. write() goes to memory, 4 KiB at a time; the file
/// below is never changed but by apply(). Readers may be several while nobody writes.
class Overlay final : public File {
 public:
  using Sector = std::array<std::byte, sector>;
  /// 8 MiB and as many ranges of zeros as a log of 1 MiB can hold, at most: Code::limit.
  static constexpr std::size_t most_sectors = 2048, most_zero_ranges = 32768;

  explicit Overlay(std::shared_ptr<File> below) : below_(std::move(below)) {}
  [[nodiscard]] std::string name() const override { return below_->name(); }
  [[nodiscard]] std::uint64_t size() const override { return std::max(below_->size(), size_); }
  Result<void> read(std::uint64_t offset, Span into) const override;
  Result<void> write(std::uint64_t offset, View from) override;
  /// Whole sectors.
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  /// Only grows.
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t, std::uint64_t length) const override {
    return Run{length, true};
  }

  /// Where the bytes of a range can be read: the file below unless something in it was changed.
  [[nodiscard]] const File& holder(const Range& range) const;
  [[nodiscard]] const std::map<std::uint64_t, std::unique_ptr<Sector>>& sectors() const {
    return sectors_;
  }
  [[nodiscard]] bool empty() const { return sectors_.empty() && zeros_.empty(); }
  /// Makes the changes in the file below, which does not flush them, and forgets them.
  Result<void> apply();

 private:
  [[nodiscard]] bool touches(const Range& range) const;

  std::shared_ptr<File> below_;
  std::uint64_t size_ = 0;
  // A sector hides zeros, zeros hide what is below.
  std::map<std::uint64_t, std::unique_ptr<Sector>> sectors_;  // by offset
  std::map<std::uint64_t, std::uint64_t> zeros_;              // end, by offset; apart
};

}  // namespace truce::image::vhdx
