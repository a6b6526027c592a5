#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>

#include "base/process.h"
#include "keys/key_text.h"
#include "storage/keys.h"

namespace truce::storage {

namespace {

using Pipe = asio::posix::stream_descriptor;
constexpr std::size_t words_limit = 4096;

struct Ends {
  Fd ours, theirs;
};

Result<Ends> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  return Ends{Fd(ends[0]), Fd(ends[1])};
}

// What does not fit is not read: the program gets to know it when it writes on.
Async<void> read_key(Pipe& pipe, Secret& into) {
  std::size_t size = 0;
  while (size < into.bytes().size()) {
    auto rest = into.bytes().subspan(size);
    auto [ec, got] =
        co_await pipe.async_read_some(asio::buffer(rest.data(), rest.size()), as_result);
    size += got;
    if (ec) break;
  }
  into.shorten(size);
  pipe.close();
}

Async<void> read_words(Pipe& pipe, std::string& into) {
  std::array<char, 1024> buffer{};
  while (true) {
    auto [ec, got] = co_await pipe.async_read_some(asio::buffer(buffer), as_result);
    into.append(buffer.data(), std::min(got, words_limit - into.size()));
    if (ec) co_return;
  }
}

struct Talk {
  std::unique_ptr<Secret> key = std::make_unique<Secret>(longest_key + 2);
  std::string words;
};

Async<Result<ExitStatus>> talk(Process& process, Pipe& out, Pipe& err, Talk& said) {
  co_await (read_key(out, *said.key) && read_words(err, said.words));
  co_return co_await process.wait();
}

// Its standard error on one line; what it prints is the key and is shown to nobody.
std::string one_line(std::string_view words) {
  while (words.ends_with('\n')) words.remove_suffix(1);
  std::string line(words.substr(words.rfind('\n') + 1));
  for (auto& c : line) {
    if (c < ' ' || c > '~') c = '?';
  }
  return line;
}

Async<Result<SecretPtr>> ask(std::string program, std::string name, Duration limit) {
  CO_TRY(auto out, make_pipe());
  CO_TRY(auto err, make_pipe());
  Command command;
  command.argv = {program, std::move(name)};
  command.descriptors = {{out.theirs.get(), 1}, {err.theirs.get(), 2}};
  CO_TRY(auto process, Process::start(command));
  out.theirs = Fd();
  err.theirs = Fd();
  auto loop = co_await asio::this_coro::executor;
  Pipe out_pipe(loop, out.ours.release());
  Pipe err_pipe(loop, err.ours.release());
  Talk said;
  auto status = co_await within(limit, talk(process, out_pipe, err_pipe, said), program);
  if (!status) {
    ::kill(-process.pid(), SIGKILL);
    ::waitpid(process.pid(), nullptr, 0);
    co_return std::unexpected(std::move(status).error());
  }
  if (said.key->bytes().size() > longest_key + 1)
    co_return fail(Code::limit, "{}: it prints more than {} characters", program, longest_key);
  if (!status->success()) {
    co_return fail(Code::unavailable, "{}: {}: {}", program, to_string(*status),
                   said.words.empty() ? "it says nothing" : one_line(said.words));
  }
  auto key = as_key(std::move(said.key));
  if (!key) co_return std::unexpected(std::move(key).error().within("what " + program + " prints"));
  co_return key;
}

}  // namespace

std::string CommandKeys::place(const std::string& name) const {
  return program_ + " " + name;
}

Async<Result<SecretPtr>> CommandKeys::find(std::string name) {
  CO_TRY_VOID(check_key_name(name));
  auto key = co_await ask(program_, name, limit_);
  if (!key) co_return std::unexpected(std::move(key).error().within(fmt::format("key '{}'", name)));
  co_return key;
}

}  // namespace truce::storage
