// The files of one image behind one TableCache.
#pragma once

#include <memory>
#include <vector>

#include "image/file.h"

namespace truce::image::vmdk {

/// Files side by side, each from a multiple of `place_bytes`: one cache and its budget of memory
/// serve all extents of a disk. What lies beyond a file's end reads as zeros. Only read() and
/// write().
class Shelf final : public File {
 public:
  static constexpr std::uint64_t place_bytes = std::uint64_t{1} << 48;
  /// Where the file's first byte stands.
  std::uint64_t add(std::shared_ptr<File> file) {
    files_.push_back(std::move(file));
    return (files_.size() - 1) * place_bytes;
  }

  [[nodiscard]] std::string name() const override { return "tables"; }
  [[nodiscard]] std::uint64_t size() const override { return files_.size() * place_bytes; }
  Result<void> read(std::uint64_t offset, Span into) const override;
  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t, std::uint64_t) override { return no(); }
  Result<void> resize(std::uint64_t) override { return no(); }
  Result<void> flush() override { return no(); }
  [[nodiscard]] Result<Run> run(std::uint64_t, std::uint64_t) const override { return no(); }

 private:
  static std::unexpected<Error> no() {
    return fail(Code::internal, "tables are only read and written");
  }
  std::vector<std::shared_ptr<File>> files_;
};

}  // namespace truce::image::vmdk
