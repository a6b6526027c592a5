// Windows into files: members of an archive as files of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "image/file.h"

namespace truce::image::package {

/// A part of another file that cannot be written.
class SliceFile final : public File {
 public:
  /// The part must lie in the file.
  SliceFile(std::shared_ptr<File> file, std::uint64_t offset, std::uint64_t size, std::string name)
      : file_(std::move(file)), offset_(offset), size_(size), name_(std::move(name)) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, Span into) const override;
  Result<void> write(std::uint64_t, View) override { return read_only(); }
  Result<void> write_zeroes(std::uint64_t, std::uint64_t) override { return read_only(); }
  Result<void> resize(std::uint64_t) override { return read_only(); }
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override;

 private:
  [[nodiscard]] std::unexpected<Error> read_only() const;

  std::shared_ptr<File> file_;
  std::uint64_t offset_, size_;
  std::string name_;
};

/// Files one after another as one that cannot be written.
class JoinedFile final : public File {
 public:
  JoinedFile(std::vector<std::shared_ptr<File>> parts, std::string name);
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return starts_.back(); }
  Result<void> read(std::uint64_t offset, Span into) const override;
  Result<void> write(std::uint64_t, View) override { return read_only(); }
  Result<void> write_zeroes(std::uint64_t, std::uint64_t) override { return read_only(); }
  Result<void> resize(std::uint64_t) override { return read_only(); }
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override;

 private:
  [[nodiscard]] std::unexpected<Error> read_only() const;
  [[nodiscard]] std::size_t part_at(std::uint64_t offset) const;

  std::vector<std::shared_ptr<File>> parts_;
  std::vector<std::uint64_t> starts_;  // one more than parts: the last is the end
  std::string name_;
};

}  // namespace truce::image::package
