// Bytes in memory of which only what was written takes room: files as large as a header may claim.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "image/file.h"

namespace truce::image {

class PagedFile final : public File {
 public:
  explicit PagedFile(std::uint64_t size = 0) : size_(size) {}
  [[nodiscard]] std::string name() const override { return "disk"; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }

  Result<void> read(std::uint64_t offset, Span into) const override {
    if (offset > size_ || into.size() > size_ - offset)
      return fail(Code::corrupt, "disk: ends before {} bytes at {}", into.size(), offset);
    std::ranges::fill(into, std::byte{});
    for_pages(offset, into.size(), [&](const Page& page, auto within, auto at, auto length) {
      std::copy_n(page.begin() + within, length, into.begin() + at);
    });
    return {};
  }

  Result<void> write(std::uint64_t offset, View from) override {
    size_ = std::max(size_, offset + from.size());
    while (!from.empty()) {
      auto& page = pages_[offset / page_size];
      if (!page) page = std::make_unique<Page>();
      auto within = offset % page_size;
      auto part = std::min<std::uint64_t>(from.size(), page_size - within);
      std::copy_n(from.begin(), part, page->begin() + static_cast<std::ptrdiff_t>(within));
      from = from.subspan(part);
      offset += part;
    }
    return {};
  }

  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    length = std::min(length, size_ - std::min(offset, size_));
    for_pages(offset, length, [&](Page& page, auto within, auto, auto part) {
      std::fill_n(page.begin() + within, part, std::byte{});
    });
    return {};
  }

  Result<void> resize(std::uint64_t size) override {
    if (size < size_) {
      (void)write_zeroes(size, size_ - size);
      pages_.erase(pages_.upper_bound(size / page_size), pages_.end());
    }
    size_ = size;
    return {};
  }
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override {
    auto next = pages_.lower_bound(offset / page_size);
    if (next == pages_.end()) return Run{length, false};
    auto start = next->first * page_size;
    if (start > offset) return Run{std::min(length, start - offset), false};
    return Run{std::min(length, start + page_size - offset), true};
  }

 private:
  static constexpr std::uint64_t page_size = 4096;
  using Page = std::array<std::byte, page_size>;

  /// Calls `each` with every page of the range that is there, where the range begins in it and in
  /// the range, and for how long.
  template <class Each>
  void for_pages(std::uint64_t offset, std::uint64_t length, Each each) const {
    for (auto at = pages_.lower_bound(offset / page_size); at != pages_.end(); ++at) {
      auto start = at->first * page_size;
      if (start >= offset + length) break;
      auto from = std::max(offset, start), to = std::min(offset + length, start + page_size);
      if (from >= to) continue;
      each(*at->second, static_cast<std::ptrdiff_t>(from - start),
           static_cast<std::ptrdiff_t>(from - offset), static_cast<std::ptrdiff_t>(to - from));
    }
  }

  std::uint64_t size_;
  std::map<std::uint64_t, std::unique_ptr<Page>> pages_;
};

}  // namespace truce::image
