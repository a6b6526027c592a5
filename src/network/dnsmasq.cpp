#include "dnsmasq.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "base/random.h"

namespace truce::network {
namespace {

constexpr Duration poll_interval = 5ms;
constexpr int start_polls = 2000;
constexpr int stop_polls = 600;

// Whether it runs. A child of ours that has ended is reaped: until then its pid looks alive.
bool is_running(pid_t pid) {
  auto stat = read_file(fmt::format("/proc/{}/stat", pid), kib(64));
  if (!stat) return false;
  auto at = stat->rfind(')');  // the name before it may hold anything
  if (at == std::string::npos || at + 2 >= stat->size()) return false;
  char state = (*stat)[at + 2];
  if (state != 'Z' && state != 'X') return true;
  ::waitpid(pid, nullptr, WNOHANG);
  return false;
}

Async<Result<void>> end_process(pid_t pid, std::uint64_t start_ticks) {
  auto process = Process::adopt(pid, start_ticks);
  if (!process) co_return Result<void>{};
  for (int polls = 0; is_running(pid); ++polls) {
    if (polls == 0) CO_TRY_VOID(process->signal(SIGTERM));
    if (polls == stop_polls / 2) CO_TRY_VOID(process->signal(SIGKILL));
    if (polls == stop_polls)
      co_return fail(Code::timeout, "dnsmasq (process {}) does not end", pid);
    co_await sleep_for(poll_interval);
  }
  co_return Result<void>{};
}

struct Record {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::string config_hash;
};

Result<Record> read_record(const std::filesystem::path& path) {
  TRY(auto text, read_file(path, kib(4)));
  Record record;
  const char* end = text.data() + text.size();
  auto pid = std::from_chars(text.data(), end, record.pid);
  if (pid.ec != std::errc() || pid.ptr == end) return fail(Code::corrupt, "{}", path.string());
  auto ticks = std::from_chars(pid.ptr + 1, end, record.start_ticks);
  if (ticks.ec != std::errc() || ticks.ptr == end) return fail(Code::corrupt, "{}", path.string());
  record.config_hash.assign(ticks.ptr + 1, end);
  if (record.config_hash.ends_with('\n')) record.config_hash.pop_back();
  return record;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> found;
  std::error_code ec;
  for (auto at = std::filesystem::directory_iterator("/proc", ec);
       !ec && at != std::filesystem::directory_iterator(); at.increment(ec)) {
    auto name = at->path().filename().string();
    pid_t pid = 0;
    auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size()) found.push_back(pid);
  }
  return found;
}

std::string last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

}  // namespace

Dnsmasq::Dnsmasq(std::string program, std::filesystem::path folder)
    : program_(std::move(program)), folder_(std::move(folder)) {}

std::vector<std::string> Dnsmasq::argv() const {
  return {program_, "--conf-file=" + config_file().string()};
}

std::optional<pid_t> Dnsmasq::pid() const {
  return process_ && is_running(process_->pid()) ? std::optional(process_->pid()) : std::nullopt;
}

// A server that an earlier daemon started with this very configuration.
Result<void> Dnsmasq::adopt(const std::string& config_hash) {
  TRY(auto record, read_record(folder_ / "process"));
  if (record.config_hash != config_hash) return fail(Code::not_found, "its configuration is older");
  TRY(auto process, Process::adopt(record.pid, record.start_ticks));
  if (!is_running(record.pid)) return fail(Code::not_found, "it has ended");
  process_ = std::move(process);
  return {};
}

Async<Result<void>> Dnsmasq::ensure(std::string config, Present present) {
  auto hash = sha256_hex(config);
  if (present == Present::keep && adopt(hash)) co_return Result<void>{};
  CO_TRY_VOID(co_await stop());
  co_return co_await start(std::move(config), std::move(hash));
}

Async<Result<void>> Dnsmasq::start(std::string config, std::string config_hash) {
  auto pid_file = folder_ / "dnsmasq.pid";
  auto error_file = folder_ / "dnsmasq.err";
  CO_TRY_VOID(write_file_durably(config_file(), config, 0644));
  CO_TRY_VOID(truce::remove_tree(pid_file));
  CO_TRY(auto errors, open_file(error_file, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  Command command;
  command.argv = argv();
  command.descriptors = {{errors.get(), 2}};
  CO_TRY(auto process, Process::start(command));
  process_ = std::move(process);
  auto pid = process_->pid();
  auto record = fmt::format("{} {} {}\n", pid, process_->start_ticks(), config_hash);
  CO_TRY_VOID(write_file_durably(folder_ / "process", record, 0644));
  // It writes its pid file once its sockets are open.
  for (int polls = 0; polls < start_polls; ++polls) {
    auto written = read_file(pid_file, kib(1));
    if (written && *written == fmt::format("{}\n", pid)) co_return Result<void>{};
    if (!is_running(pid)) {
      process_.reset();
      auto said = read_file(error_file, mib(1));
      co_return fail(Code::io, "{}",
                     said && !said->empty() ? last_line(*said) : "dnsmasq ended at once");
    }
    co_await sleep_for(poll_interval);
  }
  co_return fail(Code::timeout, "dnsmasq did not become ready");
}

Result<void> Dnsmasq::reload() {
  if (!process_) return {};
  return process_->signal(SIGHUP);
}

Async<Result<void>> Dnsmasq::stop() {
  if (auto record = read_record(folder_ / "process")) {
    CO_TRY_VOID(co_await end_process(record->pid, record->start_ticks));
  }
  process_.reset();
  CO_TRY_VOID(co_await stop_strays());
  co_return truce::remove_tree(folder_ / "process");
}

// One that was started just before a daemon died has left no record, but its command line names
// our folder.
Async<Result<void>> Dnsmasq::stop_strays() {
  std::string mark(1, '\0');
  mark += argv()[1] + '\0';
  for (auto pid : all_processes()) {
    auto ticks = start_ticks_of(pid);
    auto line = read_file(fmt::format("/proc/{}/cmdline", pid), mib(4));
    if (!ticks || !line || !line->contains(mark)) continue;
    spdlog::info("ending a stray dnsmasq, process {}", pid);
    CO_TRY_VOID(co_await end_process(pid, *ticks));
  }
  co_return Result<void>{};
}

}  // namespace truce::network
