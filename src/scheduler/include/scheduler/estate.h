// All hosts and machines as numbers, in rows without pointers: what plans are computed from.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/model.h"

namespace truce::scheduler {

/// What machines ask of hosts. The first four are what they use; `promised` and `processors` are
/// what running machines were given, whether they use it or not.
enum class Load : std::uint8_t { cpu, memory, disk, net, promised, processors };
inline constexpr std::size_t load_count = 6;

/// By Load: percent of one processor, MiB, KiB a second, KiB a second, MiB, processors.
using Loads = std::array<std::int32_t, load_count>;

constexpr std::int32_t of(const Loads& loads, Load load) {
  return loads[static_cast<std::size_t>(load)];
}
constexpr std::int32_t& of(Loads& loads, Load load) {
  return loads[static_cast<std::size_t>(load)];
}

/// No index.
inline constexpr std::int32_t none = -1;

struct HostRow {
  Loads capacity{};                 ///< 0: not known
  std::int32_t reservable_cpu = 0;  ///< percent of one processor
  std::int32_t domain = none;       ///< fault domain; none: it fails alone
  bool online = true;
  bool draining = false;  ///< machines leave it and none come
};

struct MachineRow {
  Loads demand{};
  std::int32_t host = none;            ///< none: not placed
  std::int32_t reserved_cpu = 0;       ///< percent of one processor
  std::int32_t conflict_class = none;  ///< into Estate::conflicts
  std::int32_t reach = none;           ///< into Estate::reaches; none: it can be on any host
  std::int32_t fixed = none;           ///< into Estate::sentences: why it cannot move; none: it can
  float weight = 1;                    ///< how much its standing still costs, 1 is usual
  float seconds = 0;                   ///< how long a move is expected to take
  bool rested = true;                  ///< false: it has moved lately, and balance leaves it alone
};

/// A placement rule with places in the rows for names. `must`: nothing is moved against it.
struct PlacementRule {
  std::string name;
  model::RuleKind kind = model::RuleKind::apart;
  bool must = false;
  bool by_fault_domain = false;  ///< together and apart count fault domains instead of hosts
  std::vector<std::int32_t> machines, hosts;
};

/// Everything that a plan depends on. Memory that is promised and processor time that is reserved
/// never exceed what a host has; demands may.
struct Estate {
  std::vector<std::string> host_names, machine_names;
  std::vector<HostRow> hosts;
  std::vector<MachineRow> machines;
  /// By reach and host: none when machines of it can be there, else why not, into `sentences`.
  std::vector<std::vector<std::int32_t>> reaches;
  /// By class: the classes that may not be on the same host. Holds both ways.
  std::vector<std::vector<std::int32_t>> conflicts;
  std::vector<std::string> class_names;
  std::vector<PlacementRule> rules;
  std::vector<std::string> sentences;
  std::int32_t reserve_hosts = 0;  ///< so many hosts may fail, and what is promised still fits
};

/// Whether all places are within their rows and no number is negative or too large to be added up.
/// Code::invalid says what is wrong. Every function below needs an estate that passes.
Result<void> check(const Estate& estate);

/// What a machine was seen to demand.
struct Demand {
  std::int32_t cpu = 0;     ///< percent of one processor
  std::int32_t memory = 0;  ///< MiB
  std::int32_t disk = 0;    ///< KiB a second, read and written
  std::int32_t net = 0;     ///< KiB a second, both ways
};

/// Which machines stay where they are because of what was said about them (Vm.balance).
enum class Keep : std::uint8_t {
  none,              ///< nobody: hosts are emptied
  off,               ///< those that are not to be balanced
  all_but_automatic  ///< those too that move only by plans that somebody applies
};

/// Objects of the model that an estate is made of.
struct Objects {
  std::vector<const model::Host*> hosts;
  std::vector<const model::Vm*> vms;
  std::vector<const model::Rule*> rules;
  std::vector<const model::Pool*> pools;
  std::vector<const model::Network*> networks;
  std::vector<const model::ConflictClass*> classes;
  /// By name of the machine. A running machine without one is taken to use all that it has.
  std::map<std::string, Demand> demands;
  Time time{};             ///< now: machines that have moved a short while ago are left alone
  Keep keep = Keep::none;  ///< as machines that cannot move
};

/// The estate of these objects. Names in rules that nobody has are left out.
Estate estate_of(const Objects& objects);

/// The same for people and for others to check; and back. Code::invalid when it is not one.
model::Estate to_model(const Estate& estate);
Result<Estate> from_model(const model::Estate& object);

}  // namespace truce::scheduler
