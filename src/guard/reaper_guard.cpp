// The guard whose reaper is a process: truce-reaper.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "base/sha256.h"
#include "guard/guard.h"
#include "guard/killer.h"
#include "guard/memory.h"

namespace truce::guard {
namespace {

using Path = std::filesystem::path;

constexpr Duration start_limit = 3s;
constexpr Duration open_limit = 2s;
constexpr Duration look_again = 5ms;
constexpr std::uint64_t longest_silence = 5'000'000;  // of a reaper that looks every second
constexpr int starts_in_a_row = 5;

std::uint64_t micros(NodeTime time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.time_since_epoch().count(), 0));
}

NodeTime at(std::uint64_t microseconds) {
  return NodeTime(std::chrono::microseconds(static_cast<std::int64_t>(microseconds)));
}

template <std::size_t Size>
void put_text(char (&into)[Size], std::string_view text) {
  std::memset(into, 0, Size);
  std::memcpy(into, text.data(), std::min(text.size(), Size - 1));
}

std::string boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id", kib(1));
  return text ? text->substr(0, text->find('\n')) : std::string("unknown");
}

Result<Fd> lock(const Path& folder) {
  TRY(auto fd, open_file(folder / lock_file, O_RDWR | O_CREAT));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  return fail(Code::conflict, "{}: another truced has the reaper of this host", folder.string());
}

Result<std::shared_ptr<Memory>> map(const Path& file) {
  TRY(auto fd, open_file(file, O_RDWR | O_CREAT));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "stat " + file.string());
  auto wanted = static_cast<off_t>(sizeof(Memory));
  if (status.st_size != 0 && status.st_size != wanted)
    return fail(Code::unsupported, "{}: it is of another version of truced", file.string());
  if (::ftruncate(fd.get(), wanted) != 0) return fail_errno(errno, "truncate " + file.string());
  void* mapped = ::mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (mapped == MAP_FAILED) return fail_errno(errno, "map " + file.string());
  return std::shared_ptr<Memory>(static_cast<Memory*>(mapped),
                                 [](Memory* memory) { ::munmap(memory, sizeof(Memory)); });
}

// Whether the memory was of this boot and this host. What was not begins anew.
Result<void> prepare(Memory& memory, const std::string& node) {
  auto boot = boot_id();
  if (node.size() >= sizeof memory.node)
    return fail(Code::invalid, "the host name {} is too long", node);
  bool known = memory.mark.load() == memory_mark && boot == memory.boot && node == memory.node;
  if (known) return {};
  if (memory.mark.load() != 0 && memory.mark.load() != memory_mark)
    return fail(Code::unsupported, "the reaper's memory is of another version of truced");
  if (memory.mark.load() == memory_mark && boot == memory.boot && memory.pid.load() != 0)
    return fail(Code::conflict, "the reaper of this host knows it as {}", memory.node);
  memory.~Memory();
  new (&memory) Memory{};
  put_text(memory.boot, boot);
  put_text(memory.node, node);
  memory.mark.store(memory_mark);
  return {};
}

// The groups that protected machines are in, made if they are not there.
struct Groups {
  Path killed;         ///< what the reaper kills
  Path joined, above;  // as StartGate's
};
std::string group_name(const ReaperOptions& options) {
  if (!options.control_group.empty()) return options.control_group;
  if (options.folder == "/run/truce/reaper") return "truce";
  Sha256 hash;
  hash.update(options.folder.string());
  return "truce-" + hash.finish().substr(0, 8);
}

Groups make_groups(const ReaperOptions& options) {
  std::error_code ec;
  const auto& root = options.control_groups;
  auto name = group_name(options);
  auto flat = name + "-protected";
  auto is_group = [&](const Path& folder) {
    std::filesystem::create_directories(folder, ec);
    return !ec && group_at(folder.c_str()).kind != Group::Kind::none;
  };
  if (std::filesystem::exists(root / "cgroup.controllers", ec)) {
    auto above = root / name / "protected";
    auto others = above / "others";  // only groups without groups below have processes
    if (is_group(above) && is_group(others)) return {above, others, above};
  }
  // `unified`: of hosts that have both versions.
  for (const char* hierarchy : {"freezer", "unified"}) {
    auto folder = root / hierarchy / flat;
    if (std::filesystem::exists(root / hierarchy, ec) && is_group(folder))
      return {folder, folder, {}};
  }
  return {};
}

class ReaperGuard final : public Guard {
 public:
  ReaperGuard(asio::any_io_executor loop, ReaperOptions options)
      : options_(std::move(options)), scope_(std::move(loop)) {}

  Async<Result<void>> begin();

  [[nodiscard]] NodeTime now() const override { return at(boot_microseconds()); }
  Async<Result<void>> open(Standing standing) override;
  void extend(const Standing& standing) override;
  void shut() override;
  [[nodiscard]] std::optional<Standing> standing() const override;
  [[nodiscard]] bool cleared() const override {
    return memory_->gate.load() == 0 && memory_->clear.load() != 0;
  }
  [[nodiscard]] StartGate gate(Incarnation incarnation) const override;
  [[nodiscard]] std::string weakness() const override;
  Async<Result<void>> retire() override;
  Async<void> close() override {
    scope_.cancel();
    co_await scope_.join();
  }

 private:
  void adopt();
  Async<Result<void>> start();
  Async<void> watch();
  Async<void> wait_for_end();
  Async<void> wait_for_silence();
  Async<void> be_the_reaper();
  void ring();

  ReaperOptions options_;
  Scope scope_;
  Fd lock_;
  std::shared_ptr<Memory> memory_;
  Groups groups_;
  std::optional<Process> process_;
  bool retired_ = false;
};

Async<Result<void>> ReaperGuard::begin() {
  CO_TRY_VOID(make_folder(options_.folder, 0700));
  CO_TRY(lock_, lock(options_.folder));
  CO_TRY(memory_, map(options_.folder / memory_file));
  CO_TRY_VOID(prepare(*memory_, options_.node));
  auto bell = options_.folder / bell_file;
  if (::mkfifo(bell.c_str(), 0600) != 0 && errno != EEXIST)
    co_return fail_errno(errno, "mkfifo " + bell.string());
  groups_ = make_groups(options_);
  adopt();
  if (!process_) CO_TRY_VOID(co_await start());
  if (auto weak = weakness(); !weak.empty()) spdlog::warn("the reaper of this host: {}", weak);
  scope_.spawn(watch());
  co_return Result<void>{};
}

void ReaperGuard::adopt() {
  auto pid = static_cast<pid_t>(memory_->pid.load());
  if (pid == 0) return;
  auto found = Process::adopt(pid, memory_->start_ticks.load());
  if (!found) return;
  spdlog::info("took over the reaper, process {}", pid);
  process_ = *std::move(found);
}

Async<Result<void>> ReaperGuard::start() {
  memory_->pid.store(0);
  memory_->pulse.store(0);
  memory_->leave.store(0);
  CO_TRY(auto log, open_file(options_.folder / "log", O_WRONLY | O_CREAT | O_TRUNC));
  Command command;
  command.argv = {options_.program.string(), options_.folder.string(),
                  groups_.killed.empty() ? "-" : groups_.killed.string(),
                  options_.watchdog.empty() ? "-" : options_.watchdog.string()};
  command.descriptors = {{log.get(), 2}};
  CO_TRY(auto process, Process::start(command));
  auto pid = process.pid();
  auto ready = [&] {
    return memory_->pid.load() == static_cast<std::uint64_t>(pid) && memory_->pulse.load() != 0;
  };
  auto wait_until_ready = [&]() -> Async<void> {
    auto limit = std::chrono::steady_clock::now() + start_limit;
    while (!ready() && std::chrono::steady_clock::now() < limit) co_await sleep_for(look_again);
  };
  co_await (process.wait() || wait_until_ready());
  if (ready()) {
    spdlog::info("started the reaper, process {}", pid);
    process_ = std::move(process);
    co_return Result<void>{};
  }
  (void)process.signal(SIGKILL);
  (void)co_await process.wait();
  auto words = read_file(options_.folder / "log", kib(64));
  co_return fail(Code::io, "{} does not run: {}", options_.program.string(),
                 words && !words->empty() ? *words : "it said nothing");
}

// Follows the reaper. One that has ended, or that does not look any more, is replaced.
Async<void> ReaperGuard::watch() {
  while (true) {
    co_await (wait_for_end() || wait_for_silence());
    if (scope_.cancelled() || retired_) co_return;
    spdlog::error("the reaper of this host is gone: another one is started");
    if (process_) {
      (void)process_->signal(SIGKILL);
      (void)co_await process_->wait();
    }
    process_.reset();
    for (int tries = 0; !process_ && tries < starts_in_a_row; ++tries) {
      auto started = co_await start();
      if (!started) spdlog::error("{}", started.error().message);
    }
    if (!process_) co_await be_the_reaper();
  }
}

Async<void> ReaperGuard::wait_for_end() {
  auto watched = Process::adopt(process_->pid(), process_->start_ticks());
  if (!watched) co_return;
  (void)co_await watched->wait();
}

Async<void> ReaperGuard::wait_for_silence() {
  while (true) {
    co_await sleep_for(1s);
    if (boot_microseconds() > memory_->pulse.load() + longest_silence) co_return;
  }
}

// Nothing watches the deadline any more: the life is over, and this does a reaper's last work. Then
// another one is tried for.
Async<void> ReaperGuard::be_the_reaper() {
  spdlog::critical("no reaper can be had: all protected machines of this host are killed");
  memory_->deadline.store(0);
  auto group = groups_.killed.empty() ? Group{} : group_at(groups_.killed.c_str());
  while (look(*memory_, boot_microseconds())) {
    if (kill_all(group, memory_->seats, seat_count)) guard::cleared(*memory_);
    co_await sleep_for(10ms);
  }
  while (!process_) {
    co_await sleep_for(5s);
    auto started = co_await start();
    if (!started) spdlog::error("{}", started.error().message);
  }
}

void ReaperGuard::ring() {
  auto bell = open_file(options_.folder / bell_file, O_WRONLY | O_NONBLOCK);
  if (bell && ::write(bell->get(), "!", 1) >= 0) return;
  spdlog::debug("the reaper's bell does not ring");  // it looks by itself within a second
}

Async<Result<void>> ReaperGuard::open(Standing standing) {
  auto& memory = *memory_;
  if (!process_) co_return fail(Code::precondition, "this host has no reaper");
  if (memory.gate.load() != 0)
    co_return fail(Code::precondition, "a life of {} has not ended", options_.node);
  if (memory.clear.load() == 0)
    co_return fail(Code::precondition, "machines of an earlier life may still run");
  auto last = std::max(memory.last.load(), memory.wanted.load());
  if (standing.incarnation <= last)
    co_return fail(Code::precondition, "life {} is not later than {}", standing.incarnation, last);
  if (now() >= standing.deadline)
    co_return fail(Code::precondition, "life {} of {} is over already", standing.incarnation,
                   standing.node);
  memory.deadline.store(micros(standing.deadline));
  memory.claimed.store(static_cast<std::uint64_t>(standing.claimed));
  memory.wanted.store(standing.incarnation);
  ring();
  auto limit = std::chrono::steady_clock::now() + open_limit;
  while (memory.last.load() < standing.incarnation && std::chrono::steady_clock::now() < limit)
    co_await sleep_for(look_again);
  if (admits(standing.incarnation)) co_return Result<void>{};
  memory.deadline.store(0);
  co_return fail(Code::precondition, "the reaper did not open the gate for life {}",
                 standing.incarnation);
}

void ReaperGuard::extend(const Standing& standing) {
  if (!admits(standing.incarnation)) return;
  auto later = micros(standing.deadline);
  if (later > memory_->deadline.load()) memory_->deadline.store(later);
}

void ReaperGuard::shut() {
  memory_->deadline.store(0);
  ring();
}

Async<Result<void>> ReaperGuard::retire() {
  if (!process_) co_return fail(Code::precondition, "this host has no reaper");
  if (!cleared()) co_return fail(Code::precondition, "what it guards still runs");
  retired_ = true;
  memory_->leave.store(1);
  ring();
  for (int looks = 0; looks < 600 && memory_->pid.load() != 0; ++looks)
    co_await sleep_for(look_again);
  if (memory_->pid.load() != 0) co_return fail(Code::timeout, "the reaper does not end");
  spdlog::info("the reaper of this host has ended: it is in no cluster any more");
  co_return remove_tree(options_.folder);
}

std::optional<Standing> ReaperGuard::standing() const {
  auto open_for = memory_->gate.load();
  auto deadline = memory_->deadline.load();
  if (open_for == 0 || deadline == 0) return {};
  return Standing{options_.node, open_for, static_cast<std::int64_t>(memory_->claimed.load()),
                  at(deadline)};
}

StartGate ReaperGuard::gate(Incarnation incarnation) const {
  StartGate gate;
  gate.word = &memory_->gate;
  gate.open_for = incarnation;
  gate.group = groups_.joined;
  gate.above = groups_.above;
  if (groups_.killed.empty()) gate.seats = memory_->seats;
  gate.memory = memory_;
  return gate;
}

std::string ReaperGuard::weakness() const {
  std::vector<std::string> found;
  if (!process_) found.emplace_back("it does not run");
  if (memory_->locked.load() == 0) found.emplace_back("it can be swapped out");
  if (memory_->real_time.load() == 0) found.emplace_back("it has no real-time priority");
  if (groups_.killed.empty())
    found.emplace_back("there are no control groups: it knows each process by its number");
  return fmt::format("{}", fmt::join(found, "; "));
}

}  // namespace

Result<Path> find_reaper() {
  return find_sibling("truce-reaper", "reaper");
}

bool was_guarded(const Path& folder) {
  std::error_code ec;
  return std::filesystem::exists(folder / memory_file, ec);
}

Async<Result<std::unique_ptr<Guard>>> open_reaper(ReaperOptions options) {
  auto guard =
      std::make_unique<ReaperGuard>(co_await asio::this_coro::executor, std::move(options));
  auto begun = co_await guard->begin();
  if (!begun) co_return std::unexpected(std::move(begun).error().within("the reaper"));
  co_return std::unique_ptr<Guard>(std::move(guard));
}

}  // namespace truce::guard
