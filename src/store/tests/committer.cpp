// store_committer FILE WORKERS: commits to a store until it is killed. Each worker K writes the
// next number to the keys /K/a and /K/b in one commit, and prints `K number revision` once it is
// answered.
#include <unistd.h>

#include "store/sqlite.h"

namespace truce::store {

namespace {

Async<void> work(Store& store, int worker) {
  auto a = fmt::format("/{}/a", worker);
  auto b = fmt::format("/{}/b", worker);
  auto before = (co_await store.get(a)).value();
  int number = before ? std::stoi(before->value) : 0;
  auto modified = before ? before->modified : 0;
  while (true) {
    auto text = std::to_string(++number);
    // Some transactions are of one page, some of many.
    auto filling = std::string(number % 7 == 0 ? 100'000 : 10, 'f');
    std::vector<Condition> conditions{{a, modified}, {b, modified}};
    std::vector<Write> writes{{a, text}, {b, text}, {fmt::format("/{}/filling", worker), filling}};
    modified = (co_await store.commit(std::move(conditions), std::move(writes))).value();
    auto line = fmt::format("{} {} {}\n", worker, number, modified);
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(2);
  }
}

}  // namespace

}  // namespace truce::store

int main(int argc, char** argv) {
  using namespace truce;
  if (argc != 3) return 64;
  asio::io_context loop;
  auto store = store::SqliteStore::open(loop.get_executor(), argv[1]);
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().message);
    return 1;
  }
  Scope scope(loop.get_executor());
  for (int i = 0; i < std::stoi(argv[2]); ++i) scope.spawn(store::work(**store, i));
  loop.run();
  return 1;
}
