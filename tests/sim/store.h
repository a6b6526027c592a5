// A linearizable store, and the way to it.
#pragma once

#include <functional>
#include <memory>
#include <set>

#include "availability/transactions.h"
#include "chance.h"
#include "trace.h"

namespace truce::sim {

using availability::Outcome;
using availability::Revision;
using availability::Transaction;
using availability::View;

/// One commit after the other. Tells of each that breaks a rule that holds for the records alone.
class Store {
 public:
  explicit Store(Trace& trace) : trace_(trace) {}
  std::shared_ptr<const View> read();
  std::pair<Outcome, Revision> commit(const Transaction& transaction);
  [[nodiscard]] const View& state() const { return state_; }
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }
  [[nodiscard]] std::size_t fences() const { return fences_; }

 private:
  [[nodiscard]] Revision modified(const std::string& key) const;
  void write(const std::string& key, const availability::VmRecord& vm);

  Trace& trace_;
  View state_;
  std::shared_ptr<const View> read_;
  std::vector<std::string> faults_;
  std::size_t fences_ = 0;
};

/// Carries requests to the store and answers back: late, or not at all. Nobody is told that
/// something was lost.
class Wire {
 public:
  using Client = std::size_t;
  Wire(Loop& loop, Chance& chance, Store& store) : loop_(loop), chance_(chance), store_(store) {}

  void read(Client client, std::function<void(std::shared_ptr<const View>)> answer);
  void commit(Client client, Transaction transaction,
              std::function<void(Outcome, Revision)> answer);
  /// A message from host to host.
  void message(Client from, Client to, std::function<void()> arrived);

  std::set<Client> cut;      ///< who reaches nobody
  std::set<Client> deposed;  ///< who is connected to a store leader that was deposed and is stuck
  bool quorum = true;
  double loss = 0.01;  ///< of a request, and of an answer
  double late = 0.02;  ///< of a message: takes up to `longest`
  Moment longest{3'000'000};

 private:
  [[nodiscard]] bool reaches(Client client) const {
    return quorum && !cut.contains(client) && !deposed.contains(client);
  }
  Moment delay();

  Loop& loop_;
  Chance& chance_;
  Store& store_;
};

}  // namespace truce::sim
