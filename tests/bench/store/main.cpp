// bench_store FOLDER|URL...: the same work on a store, in a file of FOLDER or on etcd's members.
// Prints the samples of each measure as JSON, in microseconds.
#include <boost/json.hpp>
#include <chrono>

#include "etcd/etcd_store.h"
#include "machines.h"
#include "store/sqlite.h"

namespace truce::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Samples = std::vector<double>;

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bench_store: {}\n", why);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().message);
  return *std::move(result);
}

double since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

constexpr int repetitions = 200;
constexpr int rounds = 5;

std::string key_of(int number) {
  return "vms/" + machine_name(number);
}

Async<Samples> commit_alone(store::Store& store, std::string text) {
  Samples samples;
  for (int i = 0; i < repetitions; ++i) {
    auto start = Clock::now();
    must(co_await store.commit({}, {{key_of(i), text}}));
    samples.push_back(since(start));
  }
  co_return samples;
}

Async<void> commit_some(store::Store& store, std::string text, int worker, int count) {
  for (int i = 0; i < count; ++i) must(co_await store.commit({}, {{key_of(worker), text}}));
}

// Of 64 at once, what each takes of the time.
Async<Samples> commit_together(store::Store& store, std::string text) {
  constexpr int workers = 64, each = 10;
  Samples samples;
  for (int round = 0; round < rounds; ++round) {
    auto start = Clock::now();
    Scope scope(co_await asio::this_coro::executor);
    for (int i = 0; i < workers; ++i) scope.spawn(commit_some(store, text, i, each));
    co_await scope.join();
    samples.push_back(since(start) / (workers * each));
  }
  co_return samples;
}

Async<Samples> get(store::Store& store) {
  Samples samples;
  for (int i = 0; i < repetitions; ++i) {
    auto start = Clock::now();
    must(co_await store.get(key_of(i % 64)));
    samples.push_back(since(start));
  }
  co_return samples;
}

// From the call of commit to the change that a watch has.
Async<Samples> watch(store::Store& store, std::string text) {
  auto listing = must(co_await store.list("none/"));
  auto watch = store.watch("vms/", listing.revision + 1);
  Samples samples;
  for (int i = 0; i < repetitions; ++i) {
    auto start = Clock::now();
    Scope scope(co_await asio::this_coro::executor);
    scope.spawn(commit_some(store, text, i, 1));
    must(co_await watch->next());
    samples.push_back(since(start));
    co_await scope.join();
  }
  co_return samples;
}

Async<Samples> list(store::Store& store, std::string text) {
  constexpr int objects = 40'000, at_once = 100;
  for (int first = 0; first < objects; first += at_once) {
    std::vector<store::Write> writes;
    for (int i = first; i < first + at_once; ++i)
      writes.push_back({"list/" + machine_name(i), text});
    must(co_await store.commit({}, std::move(writes)));
  }
  Samples samples;
  for (int round = 0; round < rounds; ++round) {
    auto start = Clock::now();
    auto listing = must(co_await store.list("list/"));
    if (listing.entries.size() != objects) give_up("the listing is not whole");
    samples.push_back(since(start));
  }
  co_return samples;
}

Async<std::unique_ptr<store::Store>> open(asio::any_io_executor loop,
                                          std::vector<std::string> where) {
  if (where.front().starts_with("http")) {
    etcd::Options options{.urls = std::move(where), .client = "bench"};
    co_return must(co_await etcd::EtcdStore::open(std::move(loop), std::move(options)));
  }
  co_return must(store::SqliteStore::open(std::move(loop), where.front() + "/truce.db"));
}

Async<void> measure(asio::any_io_executor loop, std::vector<std::string> where) {
  auto store = co_await open(std::move(loop), std::move(where));
  auto text = model::to_text(machine(7, "bench"));
  boost::json::object all;
  all["commit alone"] = boost::json::value_from(co_await commit_alone(*store, text));
  all["commit together"] = boost::json::value_from(co_await commit_together(*store, text));
  all["get"] = boost::json::value_from(co_await get(*store));
  all["watch"] = boost::json::value_from(co_await watch(*store, text));
  all["list"] = boost::json::value_from(co_await list(*store, text));
  fmt::print("{}\n", boost::json::serialize(all));
}

}  // namespace
}  // namespace truce::bench

int main(int count, char** words) {
  if (count < 2) return 64;
  truce::asio::io_context loop(1);
  truce::asio::co_spawn(loop,
                        truce::bench::measure(loop.get_executor(), {words + 1, words + count}),
                        [](std::exception_ptr e) {
                          if (e) std::rethrow_exception(e);
                        });
  loop.run();
}
