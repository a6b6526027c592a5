#include "etcd/member.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/log.h"
#include "beginning.h"
#include "find.h"

namespace truce::etcd {

namespace {

constexpr off_t log_limit = 8 << 20;
constexpr Duration first_wait = 500ms;
constexpr Duration longest_wait = 30s;
/// One that has run so long has not failed to start.
constexpr Duration well = 60s;

}  // namespace

struct Member::Inner {
  Inner(asio::any_io_executor loop, MemberSettings s)
      : settings(std::move(s)), scope(loop), ended(loop) {}

  [[nodiscard]] std::filesystem::path log_file() const { return settings.folder / "etcd.log"; }
  [[nodiscard]] std::string last_words() const;
  void bound_log() const;
  Result<void> start();
  static Async<void> watch(std::shared_ptr<Inner> self);
  static Async<void> look_after_log(std::shared_ptr<Inner> self);
  Async<Result<void>> end();

  MemberSettings settings;
  Beginning beginning;
  Others others = Others::kept;  ///< of the next start
  std::optional<Process> process;
  int starts = 0;
  std::string problem;
  bool leaving = false;  ///< an end of the process is not mended
  Scope scope;
  Wakeup ended;  ///< the process has
};

/// The last line of the log, which says why it ended; zap's are objects.
std::string Member::Inner::last_words() const {
  auto file = open_file(log_file(), O_RDONLY);
  if (!file) return {};
  constexpr off_t tail = 4096;
  auto size = ::lseek(file->get(), 0, SEEK_END);
  std::string text(tail, '\0');
  auto got = ::pread(file->get(), text.data(), text.size(), std::max<off_t>(size - tail, 0));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  while (text.ends_with('\n')) text.pop_back();
  auto line = text.rfind('\n');
  if (line != text.npos) text.erase(0, line + 1);
  return text.substr(0, 500);
}

/// It appends, so what is cut off is not written again.
void Member::Inner::bound_log() const {
  struct stat status{};
  if (::stat(log_file().c_str(), &status) != 0 || status.st_size <= log_limit) return;
  auto old = log_file().string() + ".old";
  std::error_code ec;
  std::filesystem::copy_file(log_file(), old, std::filesystem::copy_options::overwrite_existing,
                             ec);
  if (ec || ::truncate(log_file().c_str(), 0) != 0) {
    spdlog::warn("etcd: its log {} grows, and cannot be cut", log_file().string());
  }
}

Result<void> Member::Inner::start() {
  TRY_VOID(make_folders(settings));
  TRY_VOID(copy_identity(settings));
  TRY(auto log, open_file(log_file(), O_WRONLY | O_CREAT | O_APPEND, 0600));
  Command command;
  command.argv = command_line(settings, beginning, others);
  command.descriptors = {{log.get(), 1}, {log.get(), 2}};
  command.user = settings.user;
  command.folder = data_folder(settings);
  TRY(process, Process::start(command));
  others = Others::kept;
  problem.clear();
  ++starts;
  spdlog::info("etcd: member {} started, process {}", settings.name, process->pid());
  return {};
}

// From the start, or the adoption, of one process to the next.
Async<void> Member::Inner::watch(std::shared_ptr<Inner> self) {
  Duration wait = first_wait;
  while (!self->leaving) {
    auto begun = std::chrono::steady_clock::now();
    if (self->process) {
      auto status = co_await self->process->wait();
      self->process.reset();
      self->ended.wake();
      if (self->leaving) co_return;
      self->problem =
          fmt::format("etcd has ended: {}: {}",
                      status ? to_string(*status) : status.error().message, self->last_words());
      spdlog::warn("{}", self->problem);
    }
    if (std::chrono::steady_clock::now() - begun > well) wait = first_wait;
    co_await sleep_for(wait);
    if (self->leaving) co_return;
    wait = std::min(wait * 2, longest_wait);
    if (auto started = self->start(); !started) {
      self->problem = started.error().message;
      spdlog::warn("etcd: {}", self->problem);
    }
  }
}

Async<void> Member::Inner::look_after_log(std::shared_ptr<Inner> self) {
  while (!self->leaving) {
    self->bound_log();
    co_await sleep_for(1min);
  }
}

// etcd takes its leave of the others on SIGTERM.
Async<Result<void>> Member::Inner::end() {
  leaving = true;
  if (process) {
    static_cast<void>(process->signal(SIGTERM));  // it may just have gone
    asio::steady_timer kill(co_await asio::this_coro::executor, 15s);
    kill.async_wait([this](boost::system::error_code ec) {
      if (!ec && process) static_cast<void>(process->signal(SIGKILL));
    });
    while (process) co_await ended.wait();
  }
  co_return Result<void>{};
}

Member::Member(std::shared_ptr<Inner> inner) : inner_(std::move(inner)) {}
Member::~Member() = default;

Async<Result<std::unique_ptr<Member>>> Member::open(asio::any_io_executor loop,
                                                    MemberSettings settings, Others others) {
  auto inner = std::make_shared<Inner>(loop, std::move(settings));
  auto text = read_file(beginning_file(inner->settings), kib(64));
  if (!text) {
    co_return fail(Code::precondition, "etcd: {} has no member: {}",
                   inner->settings.folder.string(), text.error().message);
  }
  CO_TRY(inner->beginning, parse_beginning(*text));
  CO_TRY_VOID(find_program("etcd"));
  auto user = inner->settings.user ? std::optional(inner->settings.user->first) : std::nullopt;
  CO_TRY(inner->process, find_process(data_word(inner->settings), user));
  inner->others = others;
  if (inner->process && others == Others::given_up) {
    co_return fail(Code::precondition, "etcd: the member still runs, process {}",
                   inner->process->pid());
  }
  if (inner->process) {
    spdlog::info("etcd: member {} runs already, process {}", inner->settings.name,
                 inner->process->pid());
    // Another authority than it was started with, which an earlier life had no time to tell it.
    CO_TRY(auto other, copy_identity(inner->settings));
    if (other) CO_TRY_VOID(inner->process->signal(SIGTERM));
  } else {
    CO_TRY_VOID(inner->start());
  }
  inner->scope.spawn(Inner::watch(inner));
  inner->scope.spawn(Inner::look_after_log(inner));
  co_return std::unique_ptr<Member>(new Member(std::move(inner)));
}

pid_t Member::pid() const {
  return inner_->process ? inner_->process->pid() : 0;
}
int Member::starts() const {
  return inner_->starts;
}
std::string Member::problem() const {
  return inner_->problem;
}

Async<Result<void>> Member::refresh() {
  auto inner = inner_;
  CO_TRY(auto other, copy_identity(inner->settings));
  if (other && inner->process) {
    // Started anew by who watches it.
    CO_TRY_VOID(inner->process->signal(SIGTERM));
  }
  co_return Result<void>{};
}

Async<void> Member::close() {
  auto inner = inner_;
  inner->leaving = true;
  inner->scope.cancel();
  co_await inner->scope.join();
}

Async<Result<void>> Member::stop() {
  auto inner = inner_;
  CO_TRY_VOID(co_await inner->end());
  inner->scope.cancel();
  co_await inner->scope.join();
  co_return Result<void>{};
}

}  // namespace truce::etcd
