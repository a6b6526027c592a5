#pragma once

#include <list>
#include <map>
#include <string>
#include <unordered_map>
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
  void add(model::Pool pool);
  /// All templates that are here.
  void add(std::vector<model::Template> templates);
  /// Forgets everything: after a new connection all is told anew.
  void clear();
  [[nodiscard]] bool empty() const;
  /// Until there is something. Takes nothing, so that it can be cancelled or raced at any time.
  Async<void> wait();
  /// Everything there is, or as much as one message holds.
  model::Report take();

 private:
  std::list<model::VmReport> vms_;  ///< in their order
  std::unordered_map<std::string, std::list<model::VmReport>::iterator> newest_;  ///< by uuid
  std::map<std::string, model::JobReport> jobs_;
  std::map<std::string, model::NetworkReport> networks_;
  std::optional<model::Host> host_;
  std::map<std::string, model::Pool> pools_;
  std::optional<std::vector<model::Template>> templates_;
  Wakeup added_;
};

}  // namespace truce::node
