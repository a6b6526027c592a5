// bench_micro: the parts that everything waits for, each beside a peer that does only what must be
// done. Files go to the folder that TRUCE_BENCH_FOLDER names (default: the working folder).
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <memory>
#include <unordered_map>

#include "base/file.h"
#include "base/process.h"
#include "base/random.h"
#include "http/router.h"
#include "machines.h"
#include "metrics/history.h"
#include "model/operations.h"
#include "storage/folder_pool.h"
#include "store/sqlite.h"

namespace truce::bench {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bench_micro: {}\n", why);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// A folder on a real disk that goes away with its object.
class Folder {
 public:
  Folder() {
    const char* above = std::getenv("TRUCE_BENCH_FOLDER");
    path_ = std::filesystem::path(above ? above : ".") / ("micro-" + random_hex(6));
    must(make_folder(path_));
  }
  ~Folder() { static_cast<void>(remove_tree(path_)); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string text_of(int number) {
  return model::to_text(machine(number, "bench"));
}

// --- commits ---------------------------------------------------------------------------------

// As many commits at once as the argument says, each of one machine; until all are durable.
void commit_to_the_store(benchmark::State& state) {
  Folder folder;
  asio::io_context context(1);
  auto store = must(store::SqliteStore::open(context.get_executor(), folder / "truce.db"));
  auto text = text_of(7);
  int number = 0;
  auto put = [](store::Store& into, std::string key, std::string value) -> Async<void> {
    must(co_await into.commit({}, {{std::move(key), std::move(value)}}));
  };
  for (auto _ : state) {
    for (int i = 0; i < state.range(0); ++i) {
      asio::co_spawn(context, put(*store, "vms/" + machine_name(number++ % 1000), text),
                     [](std::exception_ptr e) {
                       if (e) std::rethrow_exception(e);
                     });
    }
    context.restart();
    context.run();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  store.reset();
}

// The least that can make a commit durable: one write at the end of a file, and its sync.
void append_and_sync(benchmark::State& state) {
  Folder folder;
  auto file = must(open_file(folder / "log", O_WRONLY | O_CREAT | O_APPEND));
  std::string page(4096, 'x');
  for (auto _ : state) {
    if (::write(file.get(), page.data(), page.size()) != 4096) give_up("write");
    if (::fdatasync(file.get()) != 0) give_up("fdatasync");
  }
  state.SetItemsProcessed(state.iterations());
}

void execute(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    give_up(sqlite3_errmsg(database));
  }
}

// SQLite by itself with the same promises, one row in a transaction.
void insert_with_sqlite(benchmark::State& state) {
  Folder folder;
  sqlite3* database = nullptr;
  if (sqlite3_open((folder / "plain.db").c_str(), &database) != SQLITE_OK) give_up("sqlite3_open");
  execute(database, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL");
  execute(database, "PRAGMA synchronous = FULL");
  execute(database, "CREATE TABLE entry (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID");
  sqlite3_stmt* put = nullptr;
  sqlite3_prepare_v2(database, "REPLACE INTO entry VALUES (?1, ?2)", -1, &put, nullptr);
  auto text = text_of(7);
  int number = 0;
  for (auto _ : state) {
    auto key = "vms/" + machine_name(number++ % 1000);
    sqlite3_bind_blob(put, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    sqlite3_bind_blob(put, 2, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
    if (sqlite3_step(put) != SQLITE_DONE) give_up(sqlite3_errmsg(database));
    sqlite3_reset(put);
  }
  sqlite3_finalize(put);
  sqlite3_close(database);
  state.SetItemsProcessed(state.iterations());
}

// --- JSON ------------------------------------------------------------------------------------

void count_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void read_vm(benchmark::State& state) {
  auto text = text_of(7);
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(model::from_text<model::Vm>(text, model::Unknown::ignore)));
  }
  count_bytes(state, text.size());
}

void read_json_alone(benchmark::State& state) {
  auto text = text_of(7);
  for (auto _ : state) benchmark::DoNotOptimize(boost::json::parse(text));
  count_bytes(state, text.size());
}

void write_vm(benchmark::State& state) {
  auto vm = machine(7, "bench");
  auto size = model::to_text(vm).size();
  for (auto _ : state) benchmark::DoNotOptimize(model::to_text(vm));
  count_bytes(state, size);
}

void write_json_alone(benchmark::State& state) {
  auto value = boost::json::parse(text_of(7));
  auto size = boost::json::serialize(value).size();
  for (auto _ : state) benchmark::DoNotOptimize(boost::json::serialize(value));
  count_bytes(state, size);
}

// --- routes ----------------------------------------------------------------------------------

// One path for each operation, with the holes filled.
std::vector<std::pair<std::string, std::string>> all_requests() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& row : model::operations) {
    std::string path(row.path);
    for (auto hole = path.find('{'); hole != path.npos; hole = path.find('{')) {
      path.replace(hole, path.find('}') - hole + 1, "vm-00007");
    }
    all.emplace_back(row.method, path);
  }
  return all;
}

void find_route(benchmark::State& state) {
  http::Router router;
  for (const auto& row : model::operations) {
    router.add(row.method, row.path, static_cast<std::size_t>(row.operation));
  }
  auto requests = all_requests();
  std::size_t next = 0;
  for (auto _ : state) {
    const auto& [method, path] = requests[next++ % requests.size()];
    benchmark::DoNotOptimize(must(router.find(method, path)));
  }
  state.SetItemsProcessed(state.iterations());
}

// What a table of fixed paths would cost.
void find_in_hash_table(benchmark::State& state) {
  auto requests = all_requests();
  std::unordered_map<std::string, std::size_t> table;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    table[requests[i].first + " " + requests[i].second] = i;
  }
  std::size_t next = 0;
  for (auto _ : state) {
    const auto& [method, path] = requests[next++ % requests.size()];
    benchmark::DoNotOptimize(table.find(method + " " + path));
  }
  state.SetItemsProcessed(state.iterations());
}

// --- disks -----------------------------------------------------------------------------------

template <class T>
T run_to_end(asio::io_context& context, Async<Result<T>> work) {
  std::optional<Result<T>> result;
  asio::co_spawn(
      context,
      [](Async<Result<T>> inner, std::optional<Result<T>>& into) -> Async<void> {
        into.emplace(co_await std::move(inner));
      }(std::move(work), result),
      [](std::exception_ptr e) {
        if (e) std::rethrow_exception(e);
      });
  context.restart();
  context.run();
  return must(*std::move(result));
}

/// A pool with one template, whose disk holds 64 MiB that do not compress.
struct PoolOfOne {
  PoolOfOne() {
    must(pool.recover());
    auto raw = random_hex(16 << 20);
    raw += raw;
    raw[510] = '\x55';
    raw[511] = '\xaa';
    std::ranges::fill_n(raw.begin() + 446, 64, '\0');
    must(write_file_durably(folder / "disk.raw", raw));
    run_to_end(context, pool.import_template("base@1", folder / "disk.raw", {}));
  }
  static PoolOfOne& get() {
    static PoolOfOne one;
    return one;
  }
  std::string next_id() { return fmt::format("vm{}/disk0", ++number); }
  void clone(storage::CloneKind kind) {
    run_to_end(context, pool.clone_disk(next_id(), "base@1", {0}, kind, {}));
  }
  Folder folder;
  asio::io_context context{1};
  asio::thread_pool threads{2};
  storage::FolderPool pool{threads, std::filesystem::absolute(folder / "pool"),
                           storage::this_program()};
  int number = 0;
};

void create_disk(benchmark::State& state) {
  auto& of = PoolOfOne::get();
  for (auto _ : state) run_to_end(of.context, of.pool.create_disk(of.next_id(), gib(20)));
}

void clone_disk_linked(benchmark::State& state) {
  for (auto _ : state) PoolOfOne::get().clone(storage::CloneKind::linked);
}

void clone_disk_full(benchmark::State& state) {
  for (auto _ : state) PoolOfOne::get().clone(storage::CloneKind::full);
}

// What starting qemu-img for it costs, without any sync.
void create_with_qemu_img(benchmark::State& state) {
  auto& of = PoolOfOne::get();
  for (auto _ : state) {
    Command command;
    auto path = of.folder / fmt::format("q{}", ++of.number).c_str();
    command.argv = {
        "qemu-img", "create", "-q", "-f", "qcow2", std::filesystem::absolute(path).string(), "20G"};
    run_to_end(of.context, run_checked(std::move(command), 60s));
  }
}

// --- metrics ---------------------------------------------------------------------------------

/// A history of so many machines with nine quantities.
struct Kept {
  explicit Kept(std::size_t machines) {
    metrics::Kind kind{.name = "vms", .quantities = {}};
    for (int i = 0; i < 9; ++i) kind.quantities.push_back(std::to_string(i));
    history = must(metrics::History::open(folder / "metrics", {kind}));
    for (std::size_t i = 0; i < machines; ++i) {
      auto value = static_cast<float>(i);
      round.push_back({"4f1c2d3e-0000-4000-8000-" + std::to_string(100'000'000'000 + i),
                       std::vector<float>(9, value)});
    }
  }
  void add() {
    history->add(0, time, round);
    time += 10s;
  }
  void read(metrics::Level level) {
    run_to_end(context, read_one(*history, round.front().object, level, time));
  }
  static Async<Result<metrics::Series>> read_one(metrics::History& from, std::string object,
                                                 metrics::Level level, Time now) {
    co_return co_await from.series(0, std::move(object), level, now);
  }
  Folder folder;
  asio::io_context context{1};
  std::unique_ptr<metrics::History> history;
  std::vector<metrics::Sample> round;
  Time time{std::chrono::seconds(1'700'000'000)};
};

// One round of so many machines into all five levels, and one read that waits for it.
void keep_a_round(benchmark::State& state) {
  Kept kept(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    kept.add();
    kept.read(metrics::Level::hour);
  }
  state.counters["file_MiB"] =
      static_cast<double>(std::filesystem::file_size(kept.folder / "metrics/vms.db") >> 20);
}

void read_a_series(benchmark::State& state) {
  Kept kept(1000);
  for (int i = 0; i < 400; ++i) {
    kept.add();
    kept.read(metrics::Level::hour);  // waits: the thread takes a few rounds at once, no more
  }
  for (auto _ : state) kept.read(metrics::Level::month);
}

BENCHMARK(commit_to_the_store)->Arg(1)->Arg(20)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(append_and_sync)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(insert_with_sqlite)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(read_vm);
BENCHMARK(read_json_alone);
BENCHMARK(write_vm);
BENCHMARK(write_json_alone);
BENCHMARK(find_route);
BENCHMARK(find_in_hash_table);
BENCHMARK(keep_a_round)->Arg(1000)->Arg(40'000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(read_a_series)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(create_disk)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(create_with_qemu_img)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(clone_disk_linked)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(clone_disk_full)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace truce::bench

int main(int count, char** words) {
  truce::storage::run_as_import_process(count, words);
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
