// An inventory without a store.
#pragma once

#include <gtest/gtest.h>

#include "ledger.h"

namespace truce::manager {

/// An inventory that a test fills.
class FilledInventory {
 public:
  template <class T>
  void put(const T& object) {
    store::Entry entry{key_of<T>(object.name), model::to_text(object), ++revision_, revision_};
    EXPECT_TRUE(inventory.apply({revision_, {{entry.key, entry}}}));
  }
  /// As if it had been stored.
  void take(const Change& change) {
    store::Batch batch{++revision_, {}};
    for (const auto& write : change.writes) {
      store::Change one{write.key, {}};
      if (write.value) one.entry = store::Entry{write.key, *write.value, revision_, revision_};
      batch.changes.push_back(std::move(one));
    }
    EXPECT_TRUE(inventory.apply(batch));
  }
  void put_host(std::string name) {
    model::Host host;
    host.name = std::move(name);
    host.state = model::HostState::online;
    put(host);
  }
  asio::io_context loop;
  Inventory inventory{loop.get_executor()};

 private:
  store::Revision revision_ = 0;
};

}  // namespace truce::manager
