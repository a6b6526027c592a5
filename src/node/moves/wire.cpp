#include "moves/wire.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/random.h"
#include "base/revert.h"

namespace truce::node {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration probe_time = 200ms;
constexpr std::uint64_t probe_pieces = 64;  // MiB: a tenth of a second at 5 Gbit/s

struct Piece {
  std::uint64_t at = 0;
  std::string data;
};

// Where a piece lies counts as its bytes do.
void add_to(Sha256& sum, const Piece& piece) {
  sum.update(std::to_string(piece.at) + ":");
  sum.update(piece.data);
}

// The next bytes that somebody has written, from `at` on; none: the rest is a hole.
Result<Piece> read_piece(int fd, std::uint64_t at, std::uint64_t size) {
  if (at >= size) return Piece{size, {}};
  auto data = ::lseek(fd, static_cast<off_t>(at), SEEK_DATA);
  if (data < 0 && errno == ENXIO) return Piece{size, {}};
  if (data < 0) return fail_errno(errno, "look for data");
  auto hole = ::lseek(fd, data, SEEK_HOLE);
  if (hole < 0) return fail_errno(errno, "look for holes");
  auto end = std::min(static_cast<std::uint64_t>(hole), size);
  Piece piece{static_cast<std::uint64_t>(data), {}};
  if (piece.at >= end) return Piece{size, {}};
  piece.data.resize(std::min(end - piece.at, stream_piece.count));
  for (std::size_t have = 0; have < piece.data.size();) {
    auto got = ::pread(fd, piece.data.data() + have, piece.data.size() - have,
                       data + static_cast<off_t>(have));
    if (got < 0) return fail_errno(errno, "read");
    if (got == 0) return fail(Code::io, "the file became shorter");
    have += static_cast<std::size_t>(got);
  }
  return piece;
}

Result<void> write_piece(int fd, const Piece& piece) {
  for (std::size_t have = 0; have < piece.data.size();) {
    auto put = ::pwrite(fd, piece.data.data() + have, piece.data.size() - have,
                        static_cast<off_t>(piece.at + have));
    if (put < 0 && (errno == ENOSPC || errno == EDQUOT))
      return fail(Code::limit, "the pool of the other host is full");
    if (put < 0) return fail_errno(errno, "write");
    have += static_cast<std::size_t>(put);
  }
  return {};
}

// What somebody else made of the name is not followed.
Result<Fd> open_to_read(const fs::path& path, std::uint64_t& size) {
  TRY(auto file, open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "stat " + path.string());
  if (!S_ISREG(status.st_mode))
    return fail(Code::forbidden, "{} is not a regular file", path.string());
  size = static_cast<std::uint64_t>(status.st_size);
  return file;
}

Result<void> publish(int fd, const fs::path& made, const fs::path& to) {
  if (::fsync(fd) != 0) return fail_errno(errno, "fsync " + made.string());
  std::error_code ec;
  fs::rename(made, to, ec);
  if (ec) return fail_errno(ec.value(), "rename to " + to.string());
  TRY(auto folder, open_file(to.parent_path(), O_RDONLY | O_DIRECTORY));
  if (::fsync(folder.get()) != 0) return fail_errno(errno, "fsync " + to.parent_path().string());
  return {};
}

// A new file as large, with what there is of an older one.
Result<Fd> make_file(const fs::path& made, const fs::path& old, std::uint64_t size) {
  TRY(auto file, open_file(made, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0)
    return fail_errno(errno, "make " + made.string());
  auto before = read_file(old, mib(4));
  if (before && before->size() <= size) TRY_VOID(write_piece(file.get(), {0, *before}));
  return file;
}

}  // namespace

Async<Result<void>> Wire::say(Word word) {
  co_return co_await write_frame(socket_, to_text(word));
}

Async<Result<Word>> Wire::hear() {
  CO_TRY(auto text, co_await read_frame(socket_, word_limit));
  co_return parse_word(text);
}

Async<Result<Word>> Wire::hear(Word::Kind wanted) {
  CO_TRY(auto word, co_await hear());
  if (word.kind == wanted) co_return word;
  if (word.kind == Word::Kind::refused)
    co_return std::unexpected(Error{parse_code(word.code), word.error, {}});
  co_return fail(Code::invalid, "the other node says what it should not say now");
}

Async<Result<std::string>> Wire::bytes() {
  return read_frame(socket_, stream_piece);
}

Async<Result<Bytes>> Wire::probe() {
  auto begun = Clock::now();
  Bytes sent;
  std::string piece(stream_piece.count, '\0');
  for (std::uint64_t i = 0; i < probe_pieces && Clock::now() - begun < probe_time; ++i) {
    CO_TRY_VOID(co_await say({.kind = Word::Kind::probe}));
    CO_TRY_VOID(co_await write_frame(socket_, piece));
    sent.count += piece.size();
  }
  CO_TRY_VOID(co_await say({.kind = Word::Kind::count}));
  CO_TRY_VOID(co_await hear(Word::Kind::counted));
  auto seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  co_return Bytes{static_cast<std::uint64_t>(static_cast<double>(sent.count) / seconds)};
}

Async<Result<void>> Wire::send_file(fs::path path, Word header, Sent sent, Bytes bandwidth,
                                    std::uint64_t from) {
  std::uint64_t size = 0;
  CO_TRY(auto file, open_to_read(path, size));
  header.kind = Word::Kind::file;
  header.size = size;
  CO_TRY_VOID(co_await say(header));
  auto sum = std::make_shared<Sha256>();
  auto begun = Clock::now();
  std::uint64_t so_far = 0;
  for (auto at = from; at < size;) {
    auto read = [fd = file.get(), at, size, sum]() -> Result<Piece> {
      TRY(auto piece, read_piece(fd, at, size));
      if (!piece.data.empty()) add_to(*sum, piece);
      return piece;
    };
    CO_TRY(auto piece, co_await run_blocking(files_, read));
    if (piece.data.empty()) break;
    at = piece.at + piece.data.size();
    so_far += piece.data.size();
    sent({piece.data.size()});
    CO_TRY_VOID(co_await say({.kind = Word::Kind::piece, .at = piece.at}));
    CO_TRY_VOID(co_await write_frame(socket_, std::move(piece.data)));
    if (bandwidth.count == 0) continue;
    auto due = begun + std::chrono::milliseconds(so_far * 1000 / bandwidth.count);
    if (due > Clock::now())
      co_await sleep_for(std::chrono::duration_cast<Duration>(due - Clock::now()));
  }
  co_return co_await say({.kind = Word::Kind::file_end, .sha256 = sum->finish()});
}

Async<Result<void>> Wire::take_file(Word header, fs::path to) {
  auto made = to.parent_path() / (".new-" + random_hex(8));
  Revert revert;
  revert.add([made] { static_cast<void>(remove_tree(made)); });
  CO_TRY_VOID(make_folder(to.parent_path(), 0711));
  auto old = header.disk ? fs::path() : to;
  CO_TRY(auto file, make_file(made, old, header.size));
  auto sum = std::make_shared<Sha256>();
  while (true) {
    CO_TRY(auto word, co_await hear());
    if (word.kind == Word::Kind::file_end) {
      if (word.sha256 != sum->finish())
        co_return fail(Code::corrupt, "{}: what came is not what was sent", header.name);
      break;
    }
    if (word.kind != Word::Kind::piece)
      co_return fail(Code::invalid, "{}: the other node did not send it to its end", header.name);
    CO_TRY(auto data, co_await bytes());
    if (word.at > header.size || data.size() > header.size - word.at)
      co_return fail(Code::invalid, "{}: more comes than was said", header.name);
    auto write = [fd = file.get(), sum, piece = Piece{word.at, std::move(data)}]() -> Result<void> {
      add_to(*sum, piece);
      return write_piece(fd, piece);
    };
    CO_TRY_VOID(co_await run_blocking(files_, std::move(write)));
  }
  co_return co_await run_blocking(files_,
                                  [fd = file.get(), made, to] { return publish(fd, made, to); });
}

void Wire::close() {
  boost::system::error_code ignored;
  socket_.shutdown(UnixSocket::shutdown_both, ignored);
}

}  // namespace truce::node
