#include "storage/copy_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/file.h"
#include "base/random.h"
#include "base/revert.h"
#include "pools/copy_blocks.h"
#include "tree.h"
#include "watched.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

constexpr off_t step = 16 << 20;

// Where the kernel cannot copy between two file systems.
Result<off_t> copy_through_us(int from, int to, off_t at, std::size_t length) {
  std::vector<char> buffer(std::min<std::size_t>(length, 1 << 20));
  auto got = ::pread(from, buffer.data(), buffer.size(), at);
  if (got < 0) return fail_errno(errno, "read");
  for (ssize_t put = 0; put < got;) {
    auto wrote = ::pwrite(to, buffer.data() + put, static_cast<std::size_t>(got - put), at + put);
    if (wrote < 0) return fail_errno(errno, "write");
    put += wrote;
  }
  return got;
}

// How much was copied; less than `length` is no error.
Result<off_t> copy_some(int from, int to, off_t at, std::size_t length) {
  off_t in = at, out = at;
  auto copied = ::copy_file_range(from, &in, to, &out, length, 0);
  if (copied >= 0) return copied;
  if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
    return fail_errno(errno, "copy");
  return copy_through_us(from, to, at, length);
}

// What nobody has written stays a hole.
Result<void> copy_data(int from, int to, off_t size, Watch& watch) {
  for (off_t at = 0; at < size;) {
    if (watch.cancelled) return fail(Code::cancelled, "cancelled");
    auto data = ::lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // the rest is a hole
    if (data < 0) return fail_errno(errno, "look for data");
    auto hole = ::lseek(from, data, SEEK_HOLE);
    if (hole < 0) return fail_errno(errno, "look for holes");
    auto length = static_cast<std::size_t>(std::min(hole, data + step) - data);
    TRY(auto copied, copy_some(from, to, data, length));
    if (copied == 0) return fail(Code::io, "the file became shorter");
    at = data + copied;
    watch.fraction = static_cast<double>(at) / static_cast<double>(size);
  }
  return {};
}

}  // namespace

Result<void> copy_blocks(const fs::path& from, const fs::path& to, Watch& watch) {
  TRY(auto source, open_file(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
  if (::fstat(source.get(), &status) != 0) return fail_errno(errno, "stat " + from.string());
  if (!S_ISREG(status.st_mode))
    return fail(Code::forbidden, "{} is not a regular file", from.string());
  TRY(auto target, open_file(to, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  if (::ioctl(target.get(), FICLONE, source.get()) == 0) return {};
  if (::ftruncate(target.get(), status.st_size) != 0)
    return fail_errno(errno, "make " + to.string());
  auto copied = copy_data(source.get(), target.get(), status.st_size, watch);
  if (!copied) return std::unexpected(copied.error().within(to.string()));
  return {};
}

Async<Result<void>> copy_file(asio::thread_pool& copies, fs::path from, fs::path to,
                              std::string what, Progress progress) {
  auto made = to.parent_path() / (".new-" + random_hex(8));
  Revert revert;
  revert.add([made] { static_cast<void>(remove_tree(made)); });
  auto work = [=](Watch& watch) -> Result<void> {
    TRY_VOID(copy_blocks(from, made, watch));
    TRY_VOID(sync_path(made));
    std::error_code ec;
    fs::rename(made, to, ec);
    if (ec) return fail_errno(ec.value(), "rename to " + to.string());
    return sync_path(to.parent_path());
  };
  co_return co_await run_watched(copies, work, [&progress, what](double fraction) {
    if (progress) progress(fraction, what);
  });
}

}  // namespace truce::storage
