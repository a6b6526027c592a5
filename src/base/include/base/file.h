#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace truce {

/// An owned file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// open(2) with O_CLOEXEC.
Result<Fd> open_file(const std::filesystem::path& path, int flags, unsigned mode = 0600);

/// The whole file; refuses one larger than `limit`.
Result<std::string> read_file(const std::filesystem::path& path, Bytes limit = mib(64));

/// Replaces the file so that a crash leaves the old content or the new one, never a part:
/// written beside it, synced, renamed, and the folder synced.
Result<void> write_file_durably(const std::filesystem::path& path, std::string_view content,
                                unsigned mode = 0600);

/// Makes a folder and its parents; the last one gets `mode`. An existing one is left as it is.
Result<void> make_folder(const std::filesystem::path& path, unsigned mode = 0755);

/// Removes a file or a folder with all that it holds; absent is success.
Result<void> remove_tree(const std::filesystem::path& path);

}  // namespace truce
