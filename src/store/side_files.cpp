#include "side_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <thread>

#include "base/log.h"
#include "base/random.h"

namespace truce::store {

namespace {

std::string read_start(const Fd& fd) {
  std::string text(128, '\0');
  auto got = ::pread(fd.get(), text.data(), text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

// All texts have one length, so that a new one replaces the old one whole.
std::string mark_text(Revision revision) {
  auto text = fmt::format("answered {:020}", revision);
  return fmt::format("{} {}\n", text, sha256_hex(text).substr(0, 16));
}

std::optional<Revision> parse_mark(std::string_view text) {
  constexpr std::size_t number_at = 9;
  constexpr std::size_t digits = 20;
  if (text.size() < number_at + digits) return std::nullopt;
  Revision revision = 0;
  std::from_chars(text.data() + number_at, text.data() + number_at + digits, revision);
  return text == mark_text(revision) ? std::optional(revision) : std::nullopt;
}

// False with errno when it is still another's after `patience`.
bool locked(const Fd& lock, std::chrono::milliseconds patience) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace

Result<Hold> Hold::take(const std::filesystem::path& file) {
  // A program that was killed while it started another leaves it a copy of its lock until that one
  // has begun.
  constexpr std::chrono::seconds patience(3);
  TRY(auto lock, open_file(file.string() + ".lock", O_RDWR | O_CREAT));
  if (!locked(lock, patience)) {
    if (errno != EWOULDBLOCK) return fail_errno(errno, "lock " + file.string() + ".lock");
    auto pid = read_start(lock);
    while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.pop_back();
    return fail(Code::conflict, "{} is in use by {}: a store is opened by one program at a time",
                file.string(), pid.empty() ? "another program" : "process " + pid);
  }
  auto pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock.get(), 0) != 0 || ::pwrite(lock.get(), pid.data(), pid.size(), 0) < 0) {
    spdlog::warn("{}.lock: {}", file.string(), std::generic_category().message(errno));
  }
  return Hold(std::move(lock));
}

Result<AnsweredMark> AnsweredMark::open(const std::filesystem::path& file) {
  auto path = file.string() + ".answered";
  TRY(auto fd, open_file(path, O_RDWR | O_CREAT));
  auto text = read_start(fd);
  auto revision = parse_mark(text);
  if (!revision && !text.empty()) spdlog::warn("{}: not readable, it will be written anew", path);
  return AnsweredMark(std::move(fd), revision.value_or(0));
}

Result<void> AnsweredMark::set(Revision revision) {
  auto text = mark_text(revision);
  auto written = ::pwrite(fd_.get(), text.data(), text.size(), 0);
  if (written != static_cast<ssize_t>(text.size())) return fail_errno(errno, "write the mark");
  revision_ = revision;
  return {};
}

}  // namespace truce::store
