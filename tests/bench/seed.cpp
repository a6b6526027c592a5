// bench_seed: fills the store and the pool of a truced that is not running, faster than its API
// could. With --touch it only makes the last machine's state wrong, so that the node's report of
// the truth shows when it has gone through its whole assignment.
#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/file.h"
#include "base/random.h"
#include "machines.h"
#include "store/sqlite.h"

namespace truce::bench {
namespace {

constexpr int writes_at_once = 100;

struct Options {
  std::string state_dir;
  std::string host = "bench";
  std::string token;
  int machines = 0;
  int hosts = 0;       ///< more of them, whose machines these are; 0: they are of `host`
  std::string shared;  ///< a pool that all hosts have, for their disks
  bool touch = false;
};

template <class T>
store::Write write_of(std::string_view folder, const T& object) {
  return {fmt::format("{}/{}", folder, object.name), model::to_text(object)};
}

model::Network first_network() {
  model::Network network;
  network.name = "default";
  network.mode = model::NetworkMode::user;
  network.created = now();
  return network;
}

model::Token token_of(const std::string& secret) {
  model::Token token;
  token.name = "bench";
  token.kind = model::TokenKind::bearer;
  token.role = model::Role::admin;
  token.sha256 = sha256_hex(secret);
  token.created = now();
  return token;
}

// What a node looks for when it is told of a machine that it has made before.
Result<void> make_folder_of(const Options& options, int number) {
  auto folder = std::filesystem::path(options.state_dir) / "pool" / "vms" / machine_uuid(number);
  TRY_VOID(make_folder(folder, 0755));
  TRY(auto mark, open_file(folder / "provisioned", O_WRONLY | O_CREAT, 0644));
  return {};
}

model::Pool shared_pool(const std::string& folder) {
  model::Pool pool;
  pool.name = "shared";
  pool.source = pool.path = folder;
  pool.shared = true;
  pool.total = pool.free = gib(1'000'000);
  pool.created = now();
  return pool;
}

std::string host_name(int number) {
  return fmt::format("h{:05}", number);
}

// One that is let in, and is away.
model::Host host_of_many(int number) {
  model::Host host;
  host.name = host_name(number);
  host.state = model::HostState::offline;
  return host;
}

// One that is to run on one of many hosts, with nothing on its disk.
model::Vm machine_of_many(const Options& options, int number) {
  auto vm = machine(number, host_name(number % options.hosts));
  vm.wanted = model::Wanted::running;
  vm.template_.clear();
  vm.disks.at(0).template_.clear();
  vm.disks.at(0).pool = "shared";
  return vm;
}

Async<Result<void>> fill(store::Store& store, Options options) {
  std::vector<store::Write> writes = {write_of("networks", first_network())};
  if (!options.shared.empty()) writes.push_back(write_of("pools", shared_pool(options.shared)));
  if (!options.token.empty()) writes.push_back(write_of("tokens", token_of(options.token)));
  for (int number = 0; number < options.hosts; ++number) {
    writes.push_back(write_of("hosts", host_of_many(number)));
    if (writes.size() == writes_at_once)
      CO_TRY_VOID(co_await store.commit({}, std::exchange(writes, {})));
  }
  for (int number = 0; number < options.machines; ++number) {
    bool many = options.hosts > 0;
    auto vm = many ? machine_of_many(options, number) : machine(number, options.host);
    writes.push_back(write_of("vms", vm));
    if (!many) CO_TRY_VOID(make_folder_of(options, number));
    if (writes.size() < writes_at_once) continue;
    CO_TRY_VOID(co_await store.commit({}, std::exchange(writes, {})));
  }
  if (!writes.empty()) CO_TRY_VOID(co_await store.commit({}, std::move(writes)));
  co_return Result<void>{};
}

Async<Result<void>> touch(store::Store& store, Options options) {
  auto last = machine(options.machines - 1, options.host);
  last.observed = model::Observed::running;
  CO_TRY_VOID(co_await store.commit({}, {write_of("vms", last)}));
  co_return Result<void>{};
}

Async<Result<void>> run(asio::any_io_executor loop, Options options) {
  auto folder = std::filesystem::path(options.state_dir);
  CO_TRY_VOID(make_folder(folder, 0711));
  CO_TRY_VOID(make_folder(folder / "store", 0700));
  CO_TRY_VOID(make_folder(folder / "pool" / "vms", 0711));
  CO_TRY(auto store, store::SqliteStore::open(loop, folder / "store" / "truce.db"));
  co_return options.touch ? co_await touch(*store, options) : co_await fill(*store, options);
}

int main_with(Options options) {
  asio::io_context context(1);
  Result<void> done;
  asio::co_spawn(context, run(context.get_executor(), std::move(options)),
                 [&](std::exception_ptr e, Result<void> result) {
                   if (e) std::rethrow_exception(e);
                   done = std::move(result);
                 });
  context.run();
  if (done) return 0;
  std::cerr << "bench_seed: " << done.error().message << '\n';
  return 1;
}

}  // namespace
}  // namespace truce::bench

int main(int argc, char** argv) {
  truce::bench::Options options;
  CLI::App app("Fills the store of a truced that is not running", "bench_seed");
  app.add_option("--state-dir", options.state_dir, "As truced's")->required();
  app.add_option("--host", options.host, "As truced's --name");
  app.add_option("--token", options.token, "Lets a bearer of this token in");
  app.add_option("--machines", options.machines, "How many")->required();
  app.add_option("--hosts", options.hosts, "Of how many others they are, running");
  app.add_option("--shared", options.shared, "Folder of a pool that these share");
  app.add_flag("--touch", options.touch, "Only make the last machine's state wrong");
  CLI11_PARSE(app, argc, argv);
  return truce::bench::main_with(std::move(options));
}
