// What the tests of this module share: a view that transactions are applied to.
#pragma once

#include <gtest/gtest.h>

#include "availability/transactions.h"

namespace truce::availability {

/// A store of the simplest kind.
class Records {
 public:
  View view;

  /// A node that lives.
  Standing join(const std::string& node) {
    const auto* last = find(view.nodes, node);
    auto revision = commit(claim(node, last ? std::optional(*last) : std::nullopt, NodeTime()));
    return {node, view.nodes.at(node).value.incarnation, revision,
            NodeTime(std::chrono::seconds(8))};
  }
  /// A machine that is wanted; nobody runs it.
  void add(const std::string& vm, const Policy& policy = {}) {
    VmRecord record;
    record.policy = policy;
    view.vms[vm] = {record, ++view.revision};
  }
  void add_running(const std::string& vm, const Standing& on, const Policy& policy = {}) {
    add(vm, policy);
    commit(assign(view, vm, on.node));
    commit(accept(view, vm, on));
  }
  [[nodiscard]] const VmRecord& vm(const std::string& name) const {
    return view.vms.at(name).value;
  }

  /// The revision, or 0 when a condition does not hold.
  Revision commit(const Transaction& transaction) {
    for (const auto& condition : transaction.conditions)
      if (modified(condition.key) != condition.modified) return 0;
    ++view.revision;
    for (const auto& [key, value] : transaction.writes) {
      auto name = key.substr(5);
      if (const auto* node = std::get_if<NodeRecord>(&value)) {
        view.nodes[name] = {*node, view.revision};
      } else if (const auto* beat = std::get_if<Beat>(&value)) {
        view.beats[name] = {*beat, view.revision};
      } else {
        view.vms[key.substr(3)] = {std::get<VmRecord>(value), view.revision};
      }
    }
    return view.revision;
  }
  Revision commit(const Result<Transaction>& transaction) {
    EXPECT_TRUE(transaction) << transaction.error().message;
    return transaction ? commit(*transaction) : 0;
  }

 private:
  [[nodiscard]] Revision modified(const std::string& key) const {
    auto of = [](const auto& all, const std::string& name) {
      const auto* found = find(all, name);
      return found ? found->modified : 0;
    };
    if (key.starts_with("node/")) return of(view.nodes, key.substr(5));
    if (key.starts_with("beat/")) return of(view.beats, key.substr(5));
    return of(view.vms, key.substr(3));
  }
};

}  // namespace truce::availability
