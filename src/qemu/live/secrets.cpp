#include "live/secrets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "confinement.h"

namespace truce::qemu {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view before_disk = "key-";
constexpr Duration look_again = 2ms;
constexpr Duration feed_limit = 60s;

// Nobody but QEMU reads from there; a file in its place would keep the key.
Result<void> write_key(int fd, const fs::path& path, const Secret& key) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return fail_errno(errno, "stat " + path.string());
  if (!S_ISFIFO(status.st_mode)) return fail(Code::forbidden, "{} is no pipe", path.string());
  auto text = key.text();
  auto put = ::write(fd, text.data(), text.size());  // at once, or not: it is shorter than PIPE_BUF
  if (put == static_cast<ssize_t>(text.size())) return {};
  return fail_errno(put < 0 ? errno : EIO, "write to " + path.string());
}

// Whoever waits for a key, or is about to, gets none: with an end that is open for both ways a
// reader that waits goes on, and once all ends are closed it has read all there is.
void drop_pipe(const fs::path& path) {
  Fd both(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  (void)::unlink(path.c_str());
}

}  // namespace

std::string secret_of(const std::string& disk) {
  return std::string(before_disk) + disk;
}

fs::path key_pipe(const fs::path& folder, const std::string& disk) {
  return folder / secret_of(disk);
}

json::object encryption_of(const std::string& disk) {
  return {{"format", "luks"}, {"key-secret", secret_of(disk)}};
}

Result<void> make_key_pipe(const Runtime& runtime, const std::string& disk, const User& user) {
  auto path = key_pipe(runtime.own(), disk);
  TRY_VOID(remove_tree(path));
  if (::mkfifo(path.c_str(), 0600) != 0) return fail_errno(errno, "make " + path.string());
  if (user && ::lchown(path.c_str(), user->first, user->second) != 0)
    return fail_errno(errno, "give to the machine's user: " + path.string());
  return {};
}

// A pipe can be opened for writing without waiting only while somebody reads it.
Async<Result<void>> feed_key(RunningPtr vm, std::string disk, SecretPtr key) {
  auto path = key_pipe(vm->runtime.own(), disk);
  auto deadline = std::chrono::steady_clock::now() + feed_limit;
  auto done = Result<void>{};
  while (true) {
    if (vm->ended) {
      done = fail(Code::io, "{}", vm->detail);
      break;
    }
    Fd pipe(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    if (pipe) {
      done = write_key(pipe.get(), path, *key);
      break;
    }
    if (errno != ENXIO) {
      done = fail_errno(errno, "open " + path.string());
      break;
    }
    if (std::chrono::steady_clock::now() > deadline) {
      done = fail(Code::timeout, "{}: QEMU does not ask for the key of {}", vm->record.name, disk);
      break;
    }
    co_await sleep_for(look_again);
  }
  drop_pipe(path);
  co_return done;
}

void drop_key_pipes(const Runtime& runtime) {
  std::error_code ec;
  std::vector<fs::path> pipes;
  for (const auto& entry : fs::directory_iterator(runtime.own(), ec)) {
    if (entry.path().filename().string().starts_with(before_disk) && entry.is_fifo(ec))
      pipes.push_back(entry.path());
  }
  for (const auto& pipe : pipes) drop_pipe(pipe);
}

Async<Result<void>> add_secret(RunningPtr vm, std::string disk, SecretPtr key) {
  co_await drop_secret(vm, disk);
  CO_TRY_VOID(make_key_pipe(vm->runtime, disk, user_of(vm->runtime)));
  json::object wish{{"qom-type", "secret"},
                    {"id", secret_of(disk)},
                    {"file", key_pipe(vm->runtime.own(), disk).string()}};
  auto asked = vm->ask("object-add", std::move(wish), feed_limit);
  CO_TRY_VOID(co_await feed_key(vm, disk, std::move(key)));
  CO_TRY_VOID(co_await std::move(asked));
  co_return Result<void>{};
}

Async<void> drop_secret(RunningPtr vm, std::string disk) {
  (void)co_await vm->ask("object-del", {{"id", secret_of(disk)}});
}

}  // namespace truce::qemu
