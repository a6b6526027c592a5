#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace truce {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Fd> open_file(const std::filesystem::path& path, int flags, unsigned mode) {
  int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return fail_errno(errno, "open " + path.string());
  return Fd(fd);
}

Result<std::string> read_file(const std::filesystem::path& path, Bytes limit) {
  TRY(auto fd, open_file(path, O_RDONLY));
  std::string content;
  constexpr std::size_t step = 64 * 1024;
  while (true) {
    auto old_size = content.size();
    if (old_size > limit.count) {
      return fail(Code::limit, "{}: larger than {}", path.string(), to_string(limit));
    }
    content.resize(old_size + step);
    auto got = ::read(fd.get(), content.data() + old_size, step);
    if (got < 0) return fail_errno(errno, "read " + path.string());
    content.resize(old_size + static_cast<std::size_t>(got));
    if (got == 0) return content;
  }
}

namespace {
Result<void> write_all(int fd, std::string_view content, const std::string& what) {
  while (!content.empty()) {
    auto written = ::write(fd, content.data(), content.size());
    if (written < 0) return fail_errno(errno, "write " + what);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) return fail_errno(errno, "fsync " + what);
  return {};
}
}  // namespace

Result<void> write_file_durably(const std::filesystem::path& path, std::string_view content,
                                unsigned mode) {
  auto beside = path.string() + ".new";
  TRY(auto fd, open_file(beside, O_WRONLY | O_CREAT | O_TRUNC, mode));
  auto written = write_all(fd.get(), content, beside);
  if (!written) {
    ::unlink(beside.c_str());
    return written;
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return fail_errno(errno, "rename " + beside);
  TRY(auto folder, open_file(path.parent_path().empty() ? "." : path.parent_path(), O_RDONLY));
  if (::fsync(folder.get()) != 0) return fail_errno(errno, "fsync " + path.parent_path().string());
  return {};
}

Result<void> make_folder(const std::filesystem::path& path, unsigned mode) {
  std::error_code ec;
  if (std::filesystem::is_directory(path, ec)) return {};
  if (path.has_parent_path()) TRY_VOID(make_folder(path.parent_path()));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return fail_errno(errno, "mkdir " + path.string());
  }
  return {};
}

Result<void> remove_tree(const std::filesystem::path& path) {
  std::error_code ec;
  std::filesystem::remove_all(path, ec);
  if (ec) return fail_errno(ec.value(), "remove " + path.string());
  return {};
}

}  // namespace truce
