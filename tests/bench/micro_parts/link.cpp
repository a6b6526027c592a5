// Bytes between two hosts: encrypted by relays' threads, and plainly.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/random.h"
#include "link/dial.h"
#include "link/listener.h"

namespace truce::bench {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "bench_micro: {}\n", result.error().message);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

constexpr std::size_t amount = 64UL << 20;

/// Sends `amount` bytes in each round, from this thread to another that reads them; what comes back
/// is one byte when all have arrived.
void carry(benchmark::State& state, int from, int to) {
  std::thread reader([to] {
    std::string piece(1UL << 20, '\0');
    std::size_t have = 0;
    while (true) {
      auto got = ::read(to, piece.data(), piece.size());
      if (got <= 0) return;
      have += static_cast<std::size_t>(got);
      for (; have >= amount; have -= amount) {
        if (::write(to, "x", 1) != 1) return;
      }
    }
  });
  std::string piece = random_bytes(1UL << 20);
  char answer = 0;
  for (auto _ : state) {
    for (std::size_t sent = 0; sent < amount;) {
      auto size = ::write(from, piece.data(), std::min(piece.size(), amount - sent));
      if (size <= 0) break;
      sent += static_cast<std::size_t>(size);
    }
    if (::read(from, &answer, 1) != 1) state.SkipWithError("it broke");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(amount));
  ::shutdown(from, SHUT_WR);
  reader.join();
}

std::shared_ptr<link::Identity> identity(const std::filesystem::path& folder,
                                         const link::Authority& authority, const char* host) {
  auto asked = must(link::make_request(host));
  link::Identity::Files files{folder / host, folder / "authority"};
  must(link::write_identity(files.identity, must(authority.sign(asked.pem, {.host = host})),
                            *asked.key));
  must(write_file_durably(files.authority, authority.pem()));
  return must(link::Identity::open(files));
}

void carry_over_a_link(benchmark::State& state) {
  auto folder = std::filesystem::temp_directory_path() / ("truce-link-" + random_hex(6));
  must(make_folder(folder, 0700));
  auto authority = must(link::Authority::make("bench"));
  auto h1 = identity(folder, authority, "h1");
  auto h2 = identity(folder, authority, "h2");
  must(remove_tree(folder));
  asio::io_context loop;
  link::Relays here({.threads = 1});
  link::Relays there({.threads = 1});
  std::optional<UnixSocket> arrived;
  auto listener = must(link::Listener::open(
      loop.get_executor(), there, h2, {.address = "127.0.0.1:0"},
      {{link::peer_service, [&](link::Incoming in) { arrived = std::move(in.socket); }}}));
  std::optional<Result<UnixSocket>> dialled;
  auto keep = [&]() -> Async<void> {
    dialled.emplace(co_await link::dial(here, h1,
                                        {.address = fmt::format("127.0.0.1:{}", listener->port()),
                                         .host = "h2",
                                         .service = link::peer_service}));
  };
  asio::co_spawn(loop, keep(), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  while (!arrived || !dialled) loop.run_one();
  auto socket = must(*std::move(dialled));
  carry(state, socket.native_handle(), arrived->native_handle());
  here.stop();
  there.stop();
}

void carry_over_tcp(benchmark::State& state) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Fd from(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(listener.get(), raw, size) != 0 || ::listen(listener.get(), 1) != 0 ||
      ::getsockname(listener.get(), raw, &size) != 0 || ::connect(from.get(), raw, size) != 0) {
    state.SkipWithError("no connection");
    return;
  }
  Fd to(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  carry(state, from.get(), to.get());
}

BENCHMARK(carry_over_a_link)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(carry_over_tcp)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace truce::bench
