#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/async.h"
#include "model/model.h"

namespace truce::node {

/// What the manager is still to be told. A newer state replaces an older one of the same machine;
/// an end, an event or a failure is never replaced.
class News {
 public:
  explicit News(asio::any_io_executor loop) : added_(std::move(loop)) {}

  void add(model::VmReport report);
  void add(model::JobReport report);
  void add(model::NetworkReport report);
  void add(model::Host host);
  void add(std::vector<model::Pool> pools);
  /// Forgets everything: after a new connection all is told anew.
  void clear();
  /// Everything there is; waits until there is something.
  Async<model::Report> take();

 private:
  [[nodiscard]] bool empty() const;
  std::deque<model::VmReport> vms_;
  std::map<std::string, model::JobReport> jobs_;
  std::map<std::string, model::NetworkReport> networks_;
  std::optional<model::Host> host_;
  std::vector<model::Pool> pools_;
  Wakeup added_;
};

}  // namespace truce::node
