// A copy of all that etcd keeps, as a file.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/file.h"
#include "base/random.h"
#include "base/sha256.h"
#include "membership_inner.h"
#include "messages.h"

namespace truce::etcd {

namespace {

constexpr std::size_t write_size = 1U << 20;
constexpr std::size_t digest_size = 32;

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) return fail_errno(errno, "write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> put_in_place(Fd file, const std::filesystem::path& from,
                          const std::filesystem::path& to) {
  if (::fsync(file.get()) != 0) return fail_errno(errno, "fsync " + from.string());
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno(errno, "rename " + from.string());
  auto above = to.has_parent_path() ? to.parent_path() : std::filesystem::path(".");
  TRY(auto folder, open_file(above, O_RDONLY));
  if (::fsync(folder.get()) != 0) return fail_errno(errno, "fsync " + above.string());
  return {};
}

/// The file that comes piece by piece. Its last bytes are the SHA-256 of all before them, which are
/// held back until it is known that they are the last.
class Incoming {
 public:
  Result<void> add(std::string bytes, int fd) {
    held_ += bytes;
    if (held_.size() < write_size + digest_size) return {};
    return flush(fd);
  }
  Result<Bytes> end(int fd) {
    TRY_VOID(flush(fd));
    auto told = to_hex_of(held_);
    if (held_.size() != digest_size || digest_.finish() != told || size_ == 0) {
      return fail(Code::corrupt, "etcd's copy has another digest than it says");
    }
    TRY_VOID(write_all(fd, held_));
    return Bytes{size_ + digest_size};
  }

 private:
  static std::string to_hex_of(std::string_view bytes) {
    return to_hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
  }
  Result<void> flush(int fd) {
    if (held_.size() <= digest_size) return {};
    auto now = std::string_view(held_).substr(0, held_.size() - digest_size);
    digest_.update(now);
    TRY_VOID(write_all(fd, now));
    size_ += now.size();
    held_.erase(0, now.size());
    return {};
  }
  std::string held_;
  Sha256 digest_;
  std::uint64_t size_ = 0;
};

Async<Result<std::optional<std::string>>> next_of(std::shared_ptr<Stream> stream) {
  co_return co_await stream->read();
}

Async<Result<Bytes>> receive(std::shared_ptr<Stream> stream, int fd, Duration limit,
                             asio::thread_pool& blocking) {
  Incoming incoming;
  while (true) {
    CO_TRY(auto message, co_await within(limit, next_of(stream), "etcd"));
    if (!message) break;
    CO_TRY(auto piece, parse_piece(*message));
    CO_TRY_VOID(
        co_await run_blocking(blocking, [&] { return incoming.add(std::move(piece.bytes), fd); }));
  }
  auto ended = co_await stream->end();
  if (ended.status != Status::ok) {
    co_return fail(Code::unavailable, "etcd: the copy broke off: {}", ended.text);
  }
  co_return co_await run_blocking(blocking, [&] { return incoming.end(fd); });
}

}  // namespace

Async<Result<Bytes>> Membership::save(std::filesystem::path file, asio::thread_pool& blocking) {
  auto inner = inner_;
  auto beside = std::filesystem::path(file.string() + ".new");
  Error last{Code::unavailable, "etcd: no member is known", {}};
  for (std::size_t member = 0; member < inner->members->count(); ++member) {
    CO_TRY(auto fd, open_file(beside, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    auto stream = co_await inner->members->stream(member, "/etcdserverpb.Maintenance/Snapshot", {});
    auto size = stream ? co_await receive(*stream, fd.get(), inner->options.limit, blocking)
                       : std::unexpected(std::move(stream).error());
    if (stream) (*stream)->cancel();
    if (size) {
      CO_TRY_VOID(co_await run_blocking(blocking,
                                        [&] { return put_in_place(std::move(fd), beside, file); }));
      co_return size;
    }
    last = std::move(size).error();
    ::unlink(beside.c_str());
    if (last.code == Code::io) break;
  }
  co_return std::unexpected(std::move(last));
}

}  // namespace truce::etcd
