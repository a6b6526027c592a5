// What the machines on each host take of it, kept from change to change.
#pragma once

#include <map>
#include <string>

#include "base/bytes.h"
#include "model/model.h"

namespace truce::manager {

/// Whether a machine takes memory of its host: it is to run, or to be ready to.
bool needs_memory(const model::Vm& vm);

struct HostUse {
  Bytes promised;                 ///< memory of the machines there that are wanted running
  std::int64_t reserved_cpu = 0;  ///< of these, in percent of one processor
  std::size_t machines = 0;
  /// Machines that have a conflict class: class by name.
  std::map<std::string, std::string> classes;
  bool operator==(const HostUse&) const = default;
};

/// By host. One that moves has its room on both.
class HostUses {
 public:
  void add(const model::Vm& vm) { count(vm, 1); }
  void remove(const model::Vm& vm) { count(vm, -1); }
  /// What else is taken of a host.
  void add(const std::string& host, const HostUse& more);
  [[nodiscard]] bool empty() const { return uses_.empty(); }
  [[nodiscard]] const HostUse& of(const std::string& host) const;

 private:
  void count(const model::Vm& vm, int times);

  std::map<std::string, HostUse, std::less<>> uses_;
};

/// Adds what one takes to what another does.
void add(HostUse& use, const HostUse& more);

/// Counts a machine in or out (-1).
void count(HostUse& use, const model::Vm& vm, int times);

}  // namespace truce::manager
