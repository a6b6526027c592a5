#include "wal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>

#include "base/file.h"

namespace truce::store {

namespace {

constexpr std::size_t header_size = 32;
constexpr std::size_t frame_header_size = 24;
constexpr std::uint32_t magic = 0x377f0682;  // the lowest bit: words are summed as big-endian

using ByteSpan = std::span<const unsigned char>;

struct Sums {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  bool operator==(const Sums&) const = default;
};

std::uint32_t big_endian(ByteSpan bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | std::uint32_t{bytes[at + 3]};
}

Sums add(Sums sums, ByteSpan bytes, bool big_endian_words) {
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    auto first = big_endian(bytes, i);
    auto second = big_endian(bytes, i + 4);
    sums.a += (big_endian_words ? first : __builtin_bswap32(first)) + sums.b;
    sums.b += (big_endian_words ? second : __builtin_bswap32(second)) + sums.a;
  }
  return sums;
}

struct Header {
  std::uint32_t page_size = store::page_size;
  bool big_endian_words = std::endian::native == std::endian::big;
  std::uint64_t salts = 0;
  Sums sums;
  bool sound = false;
};

struct Frame {
  std::uint32_t page = 0;
  std::uint32_t commit_pages = 0;  ///< not 0: ends a transaction
  std::uint64_t salts = 0;
  Sums sums;                         ///< as stored
  std::vector<unsigned char> bytes;  ///< with its header

  /// What `sums` must be when the frame before has the sums `before`.
  [[nodiscard]] Sums expected(Sums before, bool big_endian_words) const {
    auto sums_of_header = add(before, ByteSpan(bytes).first(8), big_endian_words);
    return add(sums_of_header, ByteSpan(bytes).subspan(frame_header_size), big_endian_words);
  }
};

class Log {
 public:
  Log(Fd file, std::uint64_t size, std::string name)
      : file_(std::move(file)), size_(size), name_(std::move(name)) {}

  Result<void> read_header() {
    std::vector<unsigned char> bytes(header_size);
    TRY_VOID(read_at(0, bytes));
    auto sums = Sums{big_endian(bytes, 24), big_endian(bytes, 28)};
    auto big = (big_endian(bytes, 0) & 1) != 0;
    if ((big_endian(bytes, 0) & ~1U) != magic) return {};
    if (add({}, ByteSpan(bytes).first(24), big) != sums) return {};
    auto size_of_page = big_endian(bytes, 8);
    if (!std::has_single_bit(size_of_page) || size_of_page < 512 || size_of_page > 65'536)
      return {};
    header_ = {.page_size = size_of_page,
               .big_endian_words = big,
               .salts = std::uint64_t{big_endian(bytes, 16)} << 32 | big_endian(bytes, 20),
               .sums = sums,
               .sound = true};
    return {};
  }

  [[nodiscard]] const Header& header() const { return header_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t frames() const { return (size_ - header_size) / frame_size(); }
  [[nodiscard]] std::uint64_t offset(std::uint64_t index) const {
    return header_size + index * frame_size();
  }

  Result<Frame> read_frame(std::uint64_t index) const {
    Frame frame;
    frame.bytes.resize(frame_size());
    TRY_VOID(read_at(offset(index), frame.bytes));
    frame.page = big_endian(frame.bytes, 0);
    frame.commit_pages = big_endian(frame.bytes, 4);
    frame.salts = std::uint64_t{big_endian(frame.bytes, 8)} << 32 | big_endian(frame.bytes, 12);
    frame.sums = {big_endian(frame.bytes, 16), big_endian(frame.bytes, 20)};
    return frame;
  }

  /// Whether `frame` was written after one with the sums `before`.
  [[nodiscard]] bool follows(const Frame& frame, Sums before, std::uint64_t salts) const {
    return frame.page != 0 && frame.salts == salts &&
           frame.expected(before, header_.big_endian_words) == frame.sums;
  }

 private:
  [[nodiscard]] std::size_t frame_size() const { return frame_header_size + header_.page_size; }

  Result<void> read_at(std::uint64_t offset, std::span<unsigned char> into) const {
    while (!into.empty()) {
      auto got = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
      if (got < 0) return fail_errno(errno, "read " + name_);
      if (got == 0) return fail(Code::io, "read {}: it became shorter", name_);
      offset += static_cast<std::uint64_t>(got);
      into = into.subspan(static_cast<std::size_t>(got));
    }
    return {};
  }

  Fd file_;
  std::uint64_t size_;
  std::string name_;
  Header header_;
};

// The header is synced before the first frame: two frames that follow each other prove it was
// sound.
Result<std::uint64_t> judge_damaged_header(const Log& log) {
  for (std::uint64_t i = 1; i < log.frames(); ++i) {
    TRY(auto before, log.read_frame(i - 1));
    TRY(auto frame, log.read_frame(i));
    if (before.page == 0 || !log.follows(frame, before.sums, before.salts)) continue;
    return fail(Code::corrupt, "{}: its header is damaged, and transactions follow it", log.name());
  }
  return 0;
}

// Frames are linked through their stored sums, so what comes after a damaged one can be judged. A
// frame that follows a commit was written only once that commit, and all before it, was synced.
Result<void> judge_rest(const Log& log, std::uint64_t unsound, Sums before) {
  TRY(auto previous, log.read_frame(unsound));
  auto computed = previous.expected(before, log.header().big_endian_words);
  for (auto i = unsound + 1; i < log.frames(); ++i) {
    TRY(auto frame, log.read_frame(i));
    auto linked = log.follows(frame, previous.sums, log.header().salts) ||
                  (i == unsound + 1 && log.follows(frame, computed, log.header().salts));
    if (linked && previous.commit_pages != 0) {
      return fail(Code::corrupt,
                  "{}: frame {} of {} (at byte {}) is damaged, and later transactions follow it",
                  log.name(), unsound + 1, log.frames(), log.offset(unsound));
    }
    previous = std::move(frame);
  }
  return {};
}

}  // namespace

Result<std::uint64_t> count_wal_frames(const std::filesystem::path& log_path) {
  std::error_code ec;
  if (!std::filesystem::exists(log_path, ec)) return 0;
  TRY(auto file, open_file(log_path, O_RDONLY));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "stat " + log_path.string());
  if (status.st_size < static_cast<off_t>(header_size)) return 0;
  Log log(std::move(file), static_cast<std::uint64_t>(status.st_size), log_path.string());
  TRY_VOID(log.read_header());
  if (!log.header().sound) return judge_damaged_header(log);

  std::uint64_t committed = 0;
  auto sums = log.header().sums;
  for (std::uint64_t i = 0; i < log.frames(); ++i) {
    TRY(auto frame, log.read_frame(i));
    if (!log.follows(frame, sums, log.header().salts)) {
      TRY_VOID(judge_rest(log, i, sums));
      break;
    }
    sums = frame.sums;
    if (frame.commit_pages != 0) committed = i + 1;
  }
  return committed;
}

}  // namespace truce::store
