#include "digest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/sha256.h"

namespace truce::storage {

namespace {

class FileDigest {
 public:
  static Result<FileDigest> open(const std::filesystem::path& path) {
    FileDigest digest;
    TRY(digest.file_, open_file(path, O_RDONLY));
    struct stat status{};
    if (::fstat(digest.file_.get(), &status) != 0)
      return fail_errno(errno, "stat " + path.string());
    digest.size_ = static_cast<double>(status.st_size);
    return digest;
  }

  /// Reads the next part; false when the end was reached.
  Result<bool> step() {
    constexpr std::size_t buffer_size = 1 << 20;
    constexpr int buffers_a_step = 64;
    std::string buffer(buffer_size, '\0');
    for (int i = 0; i < buffers_a_step; ++i) {
      auto got = ::read(file_.get(), buffer.data(), buffer.size());
      if (got < 0) return fail_errno(errno, "read");
      if (got == 0) return false;
      done_ += static_cast<double>(got);
      sum_.update(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
    }
    return true;
  }

  [[nodiscard]] double fraction() const { return size_ > 0 ? std::min(done_ / size_, 1.0) : 1.0; }

  std::string finish() { return sum_.finish(); }

 private:
  Fd file_;
  Sha256 sum_;
  double size_ = 0, done_ = 0;
};

}  // namespace

Async<Result<std::string>> sha256_file(asio::thread_pool& pool, std::filesystem::path path,
                                       std::function<void(double)> progress) {
  CO_TRY(auto digest, FileDigest::open(path));
  while (true) {
    auto more = co_await run_blocking(pool, [&digest] { return digest.step(); });
    if (!more) co_return std::unexpected(std::move(more).error().within(path.string()));
    if (progress) progress(digest.fraction());
    if (!*more) co_return digest.finish();
  }
}

}  // namespace truce::storage
