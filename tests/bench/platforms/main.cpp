// bench_platforms: connects to a vSphere server and prints, as one JSON object, how long the first
// picture took and what it needed, and how long changes took that another connection made.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <fstream>

#include "http/client.h"
#include "platform/inventory.h"
#include "vsphere/vsphere.h"

namespace truce::bench {
namespace {

using platform::Inventory;
using platform::Platform;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// The most that it has had since it was started; getrusage() counts who has started it, too.
double peak_mebibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes / 1024;
  }
  return 0;
}

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  throw std::runtime_error(result.error().message);
}
void must(Result<void> result) {
  if (!result) throw std::runtime_error(result.error().message);
}

Async<void> until_state(Platform& platform, Inventory& all, std::string id, model::Observed state) {
  while (all.machines().at(id).state != state) all.apply(must(co_await platform.next(20s)));
}

Async<void> measure(platform::Account account, int changes) {
  auto loop = co_await asio::this_coro::executor;
  account.trust.fingerprint = must(co_await http::server_fingerprint(loop, account.url));
  auto platform = vsphere::open(loop, account);
  auto other = vsphere::open(loop, account);
  must(co_await other->connect());
  boost::json::object found;
  found["memory_before"] = peak_mebibytes();
  auto processor = processor_seconds();
  auto start = Clock::now();
  Inventory all;
  all.apply(must(co_await platform->next(20s)));
  found["picture"] = seconds_since(start);
  found["processor"] = processor_seconds() - processor;
  found["memory"] = peak_mebibytes();
  found["machines"] = all.machines().size();
  auto id = all.machines().begin()->first;
  // once before it is counted: some servers begin to listen after the first picture only
  must(co_await other->kill(id));
  co_await until_state(*platform, all, id, model::Observed::off);
  boost::json::array seen;
  for (int i = 0; i < changes; ++i) {
    bool on = i % 2 == 0;
    start = Clock::now();
    must(co_await (on ? other->start(id) : other->kill(id)));
    co_await until_state(*platform, all, id, on ? model::Observed::running : model::Observed::off);
    seen.emplace_back(seconds_since(start));
  }
  found["changes"] = std::move(seen);
  fmt::print("{}\n", boost::json::serialize(found));
  co_await platform->close();
  co_await other->close();
}

}  // namespace
}  // namespace truce::bench

int main(int count, char** words) {
  CLI::App app("Measures the inventory of a vSphere server.");
  truce::platform::Account account;
  std::string password;
  int changes = 5;
  app.add_option("--url", account.url)->required();
  app.add_option("--user", account.user)->required();
  app.add_option("--password", password)->required();
  app.add_option("--changes", changes);
  CLI11_PARSE(app, count, words);
  account.password = std::make_shared<truce::Secret>(password);
  truce::asio::io_context loop(1);
  truce::asio::co_spawn(loop, truce::bench::measure(std::move(account), changes),
                        [](std::exception_ptr e) {
                          if (e) std::rethrow_exception(e);
                        });
  loop.run();
}
