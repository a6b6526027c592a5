// A machine's memory to a file and back, as a migration over a descriptor (QEMU's sandbox forbids
// `exec:`). MIGRATION events tell how it goes, so nothing is polled.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "migration/settings.h"
#include "running.h"

namespace truce::qemu {
namespace {

using hypervisor::suspend_file;

// Memory moves at 16 MiB/s or more, or something is wrong.
Duration limit_for(std::uint64_t bytes) {
  return Duration(60s) + std::chrono::seconds(bytes >> 24);
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  TRY(auto fd, open_file(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return fail_errno(errno, "fsync " + folder.string());
  return {};
}

bool migrated(const Running& vm) {
  return vm.ended || vm.migration == "completed" || vm.migration == "failed" ||
         vm.migration == "cancelled";
}

Async<Result<void>> hand_over(RunningPtr vm, int fd) {
  CO_TRY_VOID(co_await set_capabilities(vm, {}));
  Fd passed(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!passed) co_return fail_errno(errno, "dup");
  CO_TRY_VOID(co_await vm->ask("getfd", {{"fdname", "memory"}}, 10s, std::move(passed)));
  vm->migration.clear();
  co_return Result<void>{};
}

Async<std::string> migration_error(RunningPtr vm) {
  auto answer = co_await vm->ask("query-migrate");
  auto text = answer ? text_in(*answer, "error-desc") : std::string();
  co_return text.empty() ? "QEMU gave no reason" : text;
}

Async<Result<void>> write_memory(RunningPtr vm, int fd) {
  CO_TRY_VOID(co_await hand_over(vm, fd));
  constexpr std::int64_t unbounded = std::int64_t(1) << 40;
  CO_TRY_VOID(co_await vm->ask("migrate-set-parameters", {{"max-bandwidth", unbounded}}));
  CO_TRY(auto memory, co_await vm->ask("query-memory-size-summary"));
  auto bytes = static_cast<std::uint64_t>(integer_in(memory, "base-memory"));
  CO_TRY_VOID(co_await vm->ask("migrate", {{"uri", "fd:memory"}}));
  if (!co_await until(vm, limit_for(bytes), migrated)) {
    (void)co_await vm->ask("migrate_cancel");
    (void)co_await until(vm, 5s, migrated);
    co_return fail(Code::timeout, "{}: writing its memory took too long", vm->record.name);
  }
  if (vm->ended) co_return fail(Code::io, "{} ended while its memory was written", vm->record.name);
  if (vm->migration != "completed") {
    co_return fail(Code::io, "{}: its memory was not written: {}", vm->record.name,
                   co_await migration_error(vm));
  }
  CO_TRY_VOID(co_await clear_of_migration(vm, 10s));
  co_return Result<void>{};
}

}  // namespace

Async<bool> until(RunningPtr vm, Duration limit, std::function<bool(const Running&)> holds) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (!holds(*vm)) {
    auto left = std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
    if (left <= 0ms) co_return false;
    co_await (vm->changed.wait() || sleep_for(left));
  }
  co_return true;
}

Async<Result<void>> save_memory(RunningPtr vm, std::filesystem::path target,
                                asio::thread_pool& blocking) {
  auto beside = target;
  beside += ".new";
  (void)::unlink(beside.c_str());
  CO_TRY(auto file, open_file(beside, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  auto written = co_await write_memory(vm, file.get());
  if (written) {
    auto store = [fd = file.get(), beside, target]() -> Result<void> {
      if (::fsync(fd) != 0) return fail_errno(errno, "fsync " + beside.string());
      if (::rename(beside.c_str(), target.c_str()) != 0)
        return fail_errno(errno, "rename " + beside.string());
      return sync_folder(target.parent_path());
    };
    written = co_await run_blocking(blocking, store);
    if (!written) (void)::unlink(target.c_str());
  }
  (void)::unlink(beside.c_str());
  co_return written;
}

Async<Result<void>> load_memory(RunningPtr vm, asio::thread_pool& blocking) {
  auto path = vm->record.folder / suspend_file;
  CO_TRY(auto file, open_file(path, O_RDONLY | O_NOFOLLOW));
  auto size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0 || ::lseek(file.get(), 0, SEEK_SET) != 0)
    co_return fail_errno(errno, "seek " + path.string());
  CO_TRY_VOID(co_await hand_over(vm, file.get()));
  auto begun = co_await vm->ask("migrate-incoming", {{"uri", "fd:memory"}});
  bool done = begun && co_await until(vm, limit_for(static_cast<std::uint64_t>(size)), migrated);
  if (done && vm->migration == "completed") {
    // Before the first instruction runs: memory that is older than the disks must never come back.
    auto forget = [path]() -> Result<void> {
      if (::unlink(path.c_str()) != 0) return fail_errno(errno, "remove " + path.string());
      return sync_folder(path.parent_path());
    };
    co_return co_await run_blocking(blocking, forget);
  }
  if (!begun) co_return std::unexpected(begun.error());
  // QEMU ends when it cannot load, and its last words are the reason.
  (void)co_await until(vm, 5s, [](const Running& machine) { return machine.ended; });
  if (!done)
    co_return fail(Code::timeout, "{}: loading its suspended memory took too long",
                   vm->record.name);
  if (vm->reason == hypervisor::EndReason::out_of_memory) {
    co_return fail(Code::unavailable, "{}: not enough memory to continue it", vm->record.name);
  }
  auto kept = path;
  kept += ".bad";
  std::error_code ec;
  std::filesystem::rename(path, kept, ec);
  if (ec) co_return fail_errno(ec.value(), "rename " + path.string());
  co_return fail(Code::corrupt,
                 "its suspended memory does not load ({}); it was kept as {}, and the next start "
                 "boots the machine",
                 vm->detail.empty() ? "QEMU gave no reason" : vm->detail, kept.string());
}

}  // namespace truce::qemu
