// Random-access bytes that an image lies in. Formats see nothing but this.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace truce::image {

using View = std::span<const std::byte>;
using Span = std::span<std::byte>;

/// A run of bytes that are all stored, or all in a hole (they read as zeros).
struct Run {
  std::uint64_t length = 0;
  bool stored = true;
};

/// Offsets and lengths are in bytes. Reads may go on from several threads at once; so may writes
/// that do not overlap. Errors name the file.
class File {
 public:
  virtual ~File() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Fills all of `into`; Code::corrupt when the file ends before.
  virtual Result<void> read(std::uint64_t offset, Span into) const = 0;
  /// Writes all of `from`; the file grows, and what lies between is a hole.
  virtual Result<void> write(std::uint64_t offset, View from) = 0;
  /// Frees the range where the file system can; it reads as zeros in any case. Does not grow the
  /// file.
  virtual Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) = 0;
  virtual Result<void> resize(std::uint64_t size) = 0;
  /// All that was written survives a loss of power.
  virtual Result<void> flush() = 0;
  /// The run that begins at `offset`, at most `length` long, which must lie in the file. One that
  /// knows of no holes says that all is stored.
  [[nodiscard]] virtual Result<Run> run(std::uint64_t offset, std::uint64_t length) const = 0;
  /// For moves that the kernel does; -1 where there is none.
  [[nodiscard]] virtual int descriptor() const { return -1; }
};

/// Zeros written as any other bytes, in pieces: for files that have no better way.
Result<void> write_zeroes_in_pieces(File& file, std::uint64_t offset, std::uint64_t length);

/// A regular file or a block device.
class DiskFile final : public File {
 public:
  enum class Access { read_only, read_write };
  /// Refuses what is neither a regular file nor a block device.
  static Result<std::shared_ptr<DiskFile>> open(const std::filesystem::path& path, Access access);
  /// A new file; Code::conflict when there is one of that name. `name` is what it says it is
  /// called, when that is not its path.
  static Result<std::shared_ptr<DiskFile>> create(const std::filesystem::path& path,
                                                  std::string name = {});
  /// Takes over a descriptor; `name` is for messages.
  static Result<std::shared_ptr<DiskFile>> adopt(Fd fd, std::string name);

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override;
  Result<void> read(std::uint64_t offset, Span into) const override;
  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override;
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override;
  [[nodiscard]] int descriptor() const override { return fd_.get(); }
  /// Device and inode: the same for two names of one file.
  [[nodiscard]] std::pair<dev_t, ino_t> identity() const { return identity_; }
  [[nodiscard]] bool block_device() const { return device_size_.has_value(); }

 private:
  DiskFile(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  Result<void> look();

  Fd fd_;
  std::string name_;
  std::pair<dev_t, ino_t> identity_{};
  std::optional<std::uint64_t> device_size_;
};

/// Bytes in memory: for tests, fuzzing and small things.
class MemoryFile final : public File {
 public:
  explicit MemoryFile(std::string name = "memory", std::vector<std::byte> content = {})
      : name_(std::move(name)), content_(std::move(content)) {}
  MemoryFile(std::string name, std::string_view content);

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override;
  Result<void> read(std::uint64_t offset, Span into) const override;
  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override;
  [[nodiscard]] const std::vector<std::byte>& content() const { return content_; }

 private:
  std::string name_;
  mutable std::mutex mutex_;
  std::vector<std::byte> content_;
};

}  // namespace truce::image
