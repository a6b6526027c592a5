#include "channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

namespace truce::server {
namespace {

constexpr int look_again = 200;  // milliseconds
constexpr auto longest_silence = std::chrono::seconds(60);
constexpr std::size_t longest_line = 4096, most_said = 4096, at_once = 65536;

struct Pair {
  Fd read, write;
};

Result<Pair> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  return Pair{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace

Result<std::unique_ptr<Channel>> Channel::open(const Way& way, const std::string& script,
                                               const std::atomic<bool>& cancelled) {
  TRY(auto in, make_pipe());
  TRY(auto out, make_pipe());
  Fd said(::memfd_create("said", MFD_CLOEXEC));
  if (!said) return fail_errno(errno, "memfd_create");
  auto command = way.command(script);
  command.descriptors = {
      {in.read.get(), STDIN_FILENO}, {out.write.get(), STDOUT_FILENO}, {said.get(), STDERR_FILENO}};
  TRY(auto process, Process::start(command));
  return std::unique_ptr<Channel>(new Channel(std::move(process), std::move(in.write),
                                              std::move(out.read), std::move(said), cancelled));
}

Channel::~Channel() {
  if (reaped_) return;
  (void)process_.signal(SIGKILL);
  ::waitpid(process_.pid(), nullptr, 0);
}

Result<void> Channel::wait(int fd, short events) const {
  auto end = std::chrono::steady_clock::now() + longest_silence;
  pollfd waits{fd, events, 0};
  while (::poll(&waits, 1, look_again) <= 0) {
    if (cancelled_) return fail(Code::cancelled, "cancelled");
    if (std::chrono::steady_clock::now() > end)
      return fail(Code::unavailable, "the server has said nothing for a minute");
  }
  return {};
}

Result<void> Channel::write(std::string_view text) {
  while (!text.empty()) {
    TRY_VOID(wait(in_.get(), POLLOUT));
    auto written = ::write(in_.get(), text.data(), text.size());
    if (written < 0 && errno != EINTR) return std::unexpected(why_ended());
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  return {};
}

Result<std::size_t> Channel::some(std::span<std::byte> into) {
  while (true) {
    TRY_VOID(wait(out_.get(), POLLIN));
    auto got = ::read(out_.get(), into.data(), into.size());
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0 || errno != EINTR) return std::unexpected(why_ended());
  }
}

Result<void> Channel::read(std::span<std::byte> into) {
  auto known = std::min(into.size(), ahead_.size());
  std::memcpy(into.data(), ahead_.data(), known);
  ahead_.erase(0, known);
  for (auto rest = into.subspan(known); !rest.empty();) {
    TRY(auto got, some(rest));
    rest = rest.subspan(got);
  }
  return {};
}

Result<std::string> Channel::read_line() {
  std::size_t end = 0;
  while ((end = ahead_.find('\n')) == ahead_.npos) {
    if (ahead_.size() > longest_line) return fail(Code::corrupt, "the server says no line");
    std::array<std::byte, at_once> buffer;
    TRY(auto got, some(buffer));
    ahead_.append(reinterpret_cast<const char*>(buffer.data()), got);
  }
  auto line = ahead_.substr(0, end);
  ahead_.erase(0, end + 1);
  return line;
}

// Its output has ended, so it has, or does at once.
Error Channel::why_ended() {
  (void)process_.signal(SIGTERM);
  int how = 0;
  ExitStatus status;
  if (!std::exchange(reaped_, true) && ::waitpid(process_.pid(), &how, 0) == process_.pid()) {
    if (WIFEXITED(how)) status.code = WEXITSTATUS(how);
    if (WIFSIGNALED(how)) status.signal = WTERMSIG(how);
  }
  std::string said(most_said, '\0');
  auto size = ::pread(said_.get(), said.data(), said.size(), 0);
  said.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  auto judged = judge_end(status, said);
  if (!judged) return std::move(judged).error();
  return Error{Code::unavailable, "the server's shell has ended", {}};
}

}  // namespace truce::server
