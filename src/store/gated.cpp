#include "store/gated.h"

#include "base/file.h"
#include "base/revert.h"
#include "store/copy.h"
#include "store/memory.h"
#include "store/sqlite.h"

namespace truce::store {

struct GatedStore::Gate {
  explicit Gate(asio::any_io_executor loop) : moved(std::move(loop)) {
    moved.expires_at(asio::steady_timer::time_point::max());
  }
  void tell() {
    moved.cancel();
    moved.expires_at(asio::steady_timer::time_point::max());
  }

  bool is_shut = false;
  std::size_t under_way = 0;
  asio::steady_timer moved;  ///< cancelled when one of the two has changed
};

GatedStore::GatedStore(asio::any_io_executor loop, Store& inner, Duration patience)
    : inner_(inner), patience_(patience), gate_(std::make_shared<Gate>(std::move(loop))) {}

GatedStore::~GatedStore() {
  gate_->tell();
}

Async<void> GatedStore::shut() {
  auto gate = gate_;
  gate->is_shut = true;
  while (gate->under_way > 0) co_await gate->moved.async_wait(as_result);
}

void GatedStore::open() {
  gate_->is_shut = false;
  gate_->tell();
}

Async<Result<std::optional<Entry>>> GatedStore::get(std::string key) {
  return inner_.get(std::move(key));
}

Async<Result<Listing>> GatedStore::list(std::string prefix) {
  return inner_.list(std::move(prefix));
}

std::unique_ptr<Watch> GatedStore::watch(std::string prefix, Revision from) {
  return inner_.watch(std::move(prefix), from);
}

Async<Result<Revision>> GatedStore::commit(std::vector<Condition> conditions,
                                           std::vector<Write> writes) {
  auto gate = gate_;
  if (gate->is_shut) {
    auto until_open = [](std::shared_ptr<Gate> g) -> Async<Result<void>> {
      while (g->is_shut) co_await g->moved.async_wait(as_result);
      co_return Result<void>{};
    };
    auto opened = co_await within(patience_, until_open(gate), "the gate");
    if (!opened)
      co_return fail(Code::unavailable, "the state moves to another store: try again in a moment");
  }
  ++gate->under_way;
  Revert leave;
  leave.add([gate] {
    --gate->under_way;
    gate->tell();
  });
  co_return co_await inner_.commit(std::move(conditions), std::move(writes));
}

namespace {

// copy() demands that its source stays as it is, and this one does.
Async<Result<void>> remember(Store& memory, Listing listing) {
  std::vector<Write> some;
  for (auto& entry : listing.entries) {
    some.push_back({std::move(entry.key), std::move(entry.value)});
    if (some.size() == max_writes_in_commit) {
      CO_TRY_VOID(co_await memory.commit({}, std::exchange(some, {})));
    }
  }
  if (!some.empty()) {
    CO_TRY_VOID(co_await memory.commit({}, std::move(some)));
  }
  co_return Result<void>{};
}

}  // namespace

Async<Result<void>> write_copy(asio::any_io_executor loop, Store& from,
                               std::filesystem::path file) {
  CO_TRY(auto listing, co_await from.list(""));
  MemoryStore memory(loop);
  CO_TRY_VOID(co_await remember(memory, std::move(listing)));
  auto folder = file;
  folder += ".making";
  CO_TRY_VOID(make_folder(folder, 0700));
  Revert revert;
  revert.add([folder] { (void)remove_tree(folder); });
  CO_TRY(auto made, SqliteStore::open(loop, folder / "truce.db"));
  CO_TRY_VOID(co_await copy(memory, *made));
  co_return co_await made->backup(file);
}

}  // namespace truce::store
