#include "scheduler/scheduler.h"

#include <algorithm>
#include <tuple>

#include "model/hardware.h"
#include "scheduler/sleep.h"

namespace truce::scheduler {
namespace {

std::int64_t reserved_cpu(const model::Vm& vm) {
  return vm.resources ? vm.resources->cpu_reservation.value_or(0) : 0;
}

Bytes reserved_memory(const model::Vm& vm) {
  return vm.resources ? vm.resources->memory_reservation.value_or(Bytes()) : Bytes();
}

/// A machine that looks for a host: what does not depend on the host is found out once.
struct Seeker {
  const model::Vm& vm;
  const Conflicts& conflicts;
  const Terms& terms;
  Result<model::Outfit> outfit;
  std::string type;
  std::int64_t reserved = 0;
};

Seeker seeker_of(const model::Vm& vm, const Conflicts& conflicts, const Terms& terms) {
  return {.vm = vm,
          .conflicts = conflicts,
          .terms = terms,
          .outfit = model::outfit(vm),
          .type = std::string(model::to_string(vm.machine)),
          .reserved = reserved_cpu(vm)};
}

std::string room_refusal(const Seeker& seeker, const Candidate& candidate) {
  const auto& host = *candidate.host;
  if (candidate.promised + seeker.vm.memory > host.memory) {
    return fmt::format("{} has {} memory, {} of it promised; {} more do not fit", host.name,
                       to_string(host.memory), to_string(candidate.promised),
                       to_string(seeker.vm.memory));
  }
  auto all = host.cpus * 100;
  if (seeker.reserved > 0 && candidate.reserved_cpu + seeker.reserved > all) {
    return fmt::format("{} has {}% of a processor, {}% of it reserved; {}% more lack {}%",
                       host.name, all, candidate.reserved_cpu, seeker.reserved,
                       candidate.reserved_cpu + seeker.reserved - all);
  }
  return {};
}

// Empty when the host can take the machine.
std::string refusal(const Seeker& seeker, const Candidate& candidate) {
  const auto& host = *candidate.host;
  const auto& vm = seeker.vm;
  if (is_put_to_sleep(host)) return host.name + " sleeps";
  if (host.state != model::HostState::online) return host.name + " is offline";
  if (seeker.terms.reach) {
    if (auto why = seeker.terms.reach(host); !why.empty()) return why;
  }
  if (host.draining) return host.name + " is being emptied";
  if (vm.cpus > host.cpus * 4) {
    return fmt::format(
        "{} has {} processors; a machine may have at most four times as many, not {}", host.name,
        host.cpus, vm.cpus);
  }
  if (std::ranges::find(host.machine_types, seeker.type) == host.machine_types.end()) {
    return fmt::format("{} cannot run machines of type {}", host.name, seeker.type);
  }
  if (!seeker.outfit) return seeker.outfit.error().message;
  if (auto given = model::check_host(*seeker.outfit, host); !given) return given.error().message;
  if (auto why = room_refusal(seeker, candidate); !why.empty()) return why;
  if (auto why = company_refusal(vm, candidate, seeker.conflicts); !why.empty()) return why;
  for (const auto& rule : seeker.terms.rules)
    if (rule.must && broken_on(rule, host.name)) return rule_refusal(rule, host.name);
  return {};
}

std::size_t preferences_broken(const Terms& terms, const std::string& host) {
  return static_cast<std::size_t>(std::ranges::count_if(
      terms.rules, [&](const auto& rule) { return !rule.must && broken_on(rule, host); }));
}

// Empty when what is promised would still fit if hosts failed.
std::string reserve_refusal(const model::Vm& vm, const std::vector<Candidate>& candidates,
                            std::size_t reserve_hosts) {
  if (reserve_hosts == 0) return {};
  std::vector<std::uint64_t> memory;
  auto promised = vm.memory.count;
  for (const auto& candidate : candidates) {
    const auto& host = *candidate.host;
    promised += candidate.promised.count;
    bool usable = host.state == model::HostState::online && !host.draining;
    if (usable) memory.push_back(host.memory.count);
  }
  std::ranges::sort(memory);
  memory.resize(memory.size() - std::min(memory.size(), reserve_hosts));
  std::uint64_t left = 0;
  for (auto one : memory) left += one;
  if (promised <= left) return {};
  return fmt::format(
      "if {} failed, {} memory would be lacking for what is promised",
      reserve_hosts == 1 ? std::string("a host") : fmt::format("{} hosts", reserve_hosts),
      to_string(Bytes{promised - left}));
}

}  // namespace

std::string rule_refusal(const RuleView& rule, const std::string& host) {
  switch (rule.kind) {
    case model::RuleKind::together:
      return fmt::format("{}: the rule '{}' wants it beside '{}'", host, rule.name, rule.other);
    case model::RuleKind::apart:
      return fmt::format("{}: the rule '{}' keeps it apart from '{}'", host, rule.name, rule.other);
    case model::RuleKind::on_hosts:
      return fmt::format("{} is none of the hosts of the rule '{}'", host, rule.name);
    case model::RuleKind::not_on_hosts:
      return fmt::format("the rule '{}' keeps it off {}", rule.name, host);
  }
  return {};
}

std::string company_refusal(const model::Vm& vm, const Candidate& candidate,
                            const Conflicts& conflicts) {
  for (const auto& [name, class_name] : candidate.neighbours) {
    if (!conflicts.between(vm.conflict_class, class_name)) continue;
    return fmt::format("{} has '{}' of the conflict class {}, beside which no machine of {} may be",
                       candidate.host->name, name, class_name, vm.conflict_class);
  }
  return {};
}

std::string pool_refusal(const model::Vm& vm, const std::vector<PoolUse>& pools) {
  for (const auto& [pool, memory, kept, processors] : pools) {
    auto wanted = reserved_memory(vm);
    if (pool.memory_limit.count > 0 && memory + vm.memory > pool.memory_limit) {
      return fmt::format(
          "the resource pool '{}' may have {} memory, {} of it is in use; {} more lack {}",
          pool.name, to_string(pool.memory_limit), to_string(memory), to_string(vm.memory),
          to_string(Bytes{memory.count + vm.memory.count - pool.memory_limit.count}));
    }
    if (wanted.count > 0 && pool.memory_reservation.count > 0 &&
        kept + wanted > pool.memory_reservation) {
      return fmt::format(
          "the resource pool '{}' may reserve {} memory, {} of it are reserved; {} more lack {}",
          pool.name, to_string(pool.memory_reservation), to_string(kept), to_string(wanted),
          to_string(Bytes{kept.count + wanted.count - pool.memory_reservation.count}));
    }
    auto percent = reserved_cpu(vm);
    if (percent > 0 && pool.cpu_reservation > 0 && processors + percent > pool.cpu_reservation) {
      return fmt::format(
          "the resource pool '{}' may reserve {}% of a processor, {}% of it are reserved; {}% more "
          "lack {}%",
          pool.name, pool.cpu_reservation, processors, percent,
          processors + percent - pool.cpu_reservation);
    }
  }
  return {};
}

std::vector<std::string> refusals(const model::Vm& vm, const std::vector<Candidate>& candidates,
                                  const Conflicts& conflicts, const Terms& terms) {
  auto seeker = seeker_of(vm, conflicts, terms);
  std::vector<std::string> all;
  all.reserve(candidates.size());
  for (const auto& candidate : candidates) all.push_back(refusal(seeker, candidate));
  return all;
}

std::string told(const std::vector<std::string>& refusals) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, refusals.size()); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : "; ", refusals[i]);
  if (refusals.size() > most) text += fmt::format("; and {} more", refusals.size() - most);
  return text;
}

Placement place(const model::Vm& vm, const std::vector<Candidate>& candidates,
                const Conflicts& conflicts, const Terms& terms) {
  Placement placement;
  if (auto why = reserve_refusal(vm, candidates, terms.reserve_hosts); !why.empty()) {
    placement.refusals.push_back(std::move(why));
    return placement;
  }
  auto seeker = seeker_of(vm, conflicts, terms);
  std::uint64_t most_left = 0;
  std::size_t least_broken = 0;
  // Whether a host suits takes long to find out: it is asked only of one that would be better.
  for (const auto& candidate : candidates) {
    const auto& host = *candidate.host;
    if (candidate.promised + vm.memory > host.memory) continue;
    auto left = host.memory.count - candidate.promised.count - vm.memory.count;
    auto broken = preferences_broken(terms, host.name);
    bool better = placement.host.empty() || std::tie(broken, most_left, host.name) <
                                                std::tie(least_broken, left, placement.host);
    if (!better || !refusal(seeker, candidate).empty()) continue;
    most_left = left;
    least_broken = broken;
    placement.host = host.name;
  }
  if (!placement.host.empty()) {
    placement.reason = fmt::format("{} has the most memory left{}: {}", placement.host,
                                   terms.rules.empty() ? "" : " of those that suit its rules best",
                                   to_string(Bytes{most_left}));
    return placement;
  }
  for (const auto& candidate : candidates) placement.refusals.push_back(refusal(seeker, candidate));
  if (candidates.empty()) placement.refusals.emplace_back("there is no host");
  return placement;
}

}  // namespace truce::scheduler
