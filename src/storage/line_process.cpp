#include "line_process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <charconv>

namespace truce::storage {

namespace {

using Pipe = asio::posix::stream_descriptor;
constexpr std::size_t line_limit = 4096;

Result<std::pair<Fd, Fd>> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  return std::pair(Fd(ends[0]), Fd(ends[1]));
}

Async<void> follow(Pipe& pipe, const OnLine& on_line) {
  std::array<char, 4096> buffer{};
  std::string line;
  while (true) {
    auto [ec, size] = co_await pipe.async_read_some(asio::buffer(buffer), as_result);
    for (char c : std::string_view(buffer.data(), size)) {
      if (c == '\n' || c == '\r') {
        on_line(line);
        line.clear();
      } else if (line.size() < line_limit) {
        line += c;
      }
    }
    if (ec) co_return;
  }
}

bool is_alive(pid_t pid) {
  auto status = read_file(fmt::format("/proc/{}/stat", pid));
  if (!status) return false;
  auto at = status->rfind(") ");
  return at != std::string::npos && !std::string_view("ZX").contains((*status)[at + 2]);
}

// Signals every process of a session; how many there were. (Killing the group alone would miss
// children in groups of their own.)
int signal_session(pid_t session, int number) {
  int found = 0;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ec)) {
    auto name = entry.path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    if (::getsid(pid) != session || !is_alive(pid)) continue;
    ::kill(pid, number);
    ++found;
  }
  return found;
}

// Waits for the end of the program, kills what it left behind, and gives the last output a moment:
// a child that went into a session of its own may hold the pipes for ever.
Async<void> after_exit(Process& process, std::optional<Result<ExitStatus>>& status) {
  status = co_await process.wait();
  if (!*status) co_return;
  signal_session(process.pid(), SIGKILL);
  co_await sleep_for(2s);
}

Async<Result<ExitStatus>> talk(Process& process, Pipe& out, Pipe& err, const OnLine& on_out,
                               const OnLine& on_err) {
  std::optional<Result<ExitStatus>> status;
  co_await ((follow(out, on_out) && follow(err, on_err)) || after_exit(process, status));
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    co_return fail(Code::cancelled, "cancelled");
  if (status && *status) co_return *status;
  status = co_await process.wait();
  if (*status) signal_session(process.pid(), SIGKILL);
  co_return *status;
}

Async<void> end_session(Process& process) {
  signal_session(process.pid(), SIGTERM);
  auto ended = co_await within(5s, process.wait(), "clean-up");
  // Until nobody is left who could still write: a killed process takes a moment to go.
  constexpr int tries = 500;
  for (int i = 0; i < tries && signal_session(process.pid(), SIGKILL) > 0; ++i) {
    co_await sleep_for(10ms);
  }
  if (!ended) co_await process.wait();
}

}  // namespace

Async<Result<void>> run_with_lines(Command command, Duration limit, OnLine on_line,
                                   std::string name) {
  CO_TRY(auto out_pipe, make_pipe());
  CO_TRY(auto err_pipe, make_pipe());
  command.descriptors.emplace_back(out_pipe.second.get(), 1);
  command.descriptors.emplace_back(err_pipe.second.get(), 2);
  CO_TRY(auto process, Process::start(command));
  out_pipe.second = Fd();
  err_pipe.second = Fd();
  auto loop = co_await asio::this_coro::executor;
  Pipe out(loop, out_pipe.first.release());
  Pipe err(loop, err_pipe.first.release());
  std::string last_error;
  const OnLine on_err = [&last_error](std::string_view line) {
    if (line.find_first_not_of(" \t") != line.npos) last_error = line;
  };
  if (name.empty()) name = std::filesystem::path(command.argv[0]).filename().string();
  auto status = co_await within(limit, talk(process, out, err, on_line, on_err), name);
  if (!status) {
    bool cancelled =
        (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
    co_await asio::this_coro::reset_cancellation_state();
    co_await end_session(process);
    if (cancelled) co_return fail(Code::cancelled, "{}: cancelled", name);
    co_return std::unexpected(std::move(status).error());
  }
  if (status->success()) co_return Result<void>();
  if (last_error.empty()) last_error = to_string(*status);
  if (last_error.starts_with(name + ": ")) co_return fail(Code::io, "{}", last_error);
  co_return fail(Code::io, "{}: {}", name, last_error);
}

}  // namespace truce::storage
