// Estates as objects of the model, with names instead of places, and back.
#include <algorithm>
#include <cmath>
#include <set>

#include "scheduler/plans.h"

namespace truce::scheduler {
namespace {

std::size_t at(std::int32_t index) {
  return static_cast<std::size_t>(index);
}

std::string name_at(const std::vector<std::string>& names, std::int32_t index) {
  return index == none ? std::string() : names[at(index)];
}

std::vector<std::string> names_at(const std::vector<std::string>& names,
                                  const std::vector<std::int32_t>& indices) {
  std::vector<std::string> found;
  for (auto index : indices) found.push_back(names[at(index)]);
  return found;
}

std::vector<std::int64_t> listed(const Loads& loads) {
  return {loads.begin(), loads.end()};
}

/// Names as places; each may be there once.
class Places {
 public:
  Result<void> add(std::string_view noun, const std::string& name) {
    auto place = static_cast<std::int32_t>(places_.size());
    if (name.empty() || !places_.emplace(name, place).second)
      return fail(Code::invalid, "the {} '{}' is there twice, or has no name", noun, name);
    return {};
  }
  [[nodiscard]] Result<std::int32_t> find(std::string_view noun, const std::string& name) const {
    auto found = places_.find(name);
    if (found == places_.end()) return fail(Code::invalid, "there is no {} '{}'", noun, name);
    return found->second;
  }
  [[nodiscard]] Result<std::vector<std::int32_t>> find_all(
      std::string_view noun, const std::vector<std::string>& names) const {
    std::vector<std::int32_t> found;
    for (const auto& name : names) {
      TRY(auto place, find(noun, name));
      found.push_back(place);
    }
    return found;
  }

 private:
  std::map<std::string, std::int32_t> places_;
};

Result<std::int32_t> small(std::int64_t number) {
  if (number < none || number > std::numeric_limits<std::int32_t>::max())
    return fail(Code::invalid, "{} is out of range", number);
  return static_cast<std::int32_t>(number);
}

Result<Loads> read_loads(const std::vector<std::int64_t>& numbers) {
  if (numbers.size() != load_count)
    return fail(Code::invalid, "there have to be {} numbers", load_count);
  Loads loads;
  for (std::size_t i = 0; i < load_count; ++i) {
    TRY(loads[i], small(numbers[i]));
  }
  return loads;
}

std::int32_t sentence(Estate& estate, std::string text) {
  estate.sentences.push_back(std::move(text));
  return static_cast<std::int32_t>(estate.sentences.size()) - 1;
}

Result<void> read_hosts(const model::Estate& object, Places& places, Estate& estate) {
  Places domains;
  std::set<std::string> seen;
  for (const auto& host : object.hosts) {
    TRY_VOID(places.add("host", host.name));
    HostRow row{.online = host.online, .draining = host.draining};
    auto capacity = read_loads(host.capacity);
    if (!capacity) return std::unexpected(std::move(capacity).error().within(host.name));
    row.capacity = *capacity;
    TRY(row.reservable_cpu, small(host.reservable_cpu));
    if (!host.fault_domain.empty()) {
      if (seen.insert(host.fault_domain).second)
        TRY_VOID(domains.add("fault domain", host.fault_domain));
      TRY(row.domain, domains.find("fault domain", host.fault_domain));
    }
    estate.host_names.push_back(host.name);
    estate.hosts.push_back(row);
  }
  return {};
}

Result<void> read_classes(const model::Estate& object, Places& classes, Estate& estate) {
  for (const auto& one : object.classes) {
    TRY_VOID(classes.add("conflict class", one.name));
    estate.class_names.push_back(one.name);
  }
  std::vector<std::set<std::int32_t>> pairs(object.classes.size());
  for (std::size_t i = 0; i < object.classes.size(); ++i) {
    for (const auto& other : object.classes[i].conflicts_with) {
      TRY(auto place, classes.find("conflict class", other));
      pairs[i].insert(place);
      pairs[at(place)].insert(static_cast<std::int32_t>(i));
    }
  }
  for (const auto& pair : pairs) estate.conflicts.emplace_back(pair.begin(), pair.end());
  return {};
}

Result<void> read_reaches(const model::Estate& object, const Places& hosts, Estate& estate) {
  for (const auto& reach : object.reaches) {
    std::vector<std::int32_t> row(estate.hosts.size(), none);
    for (const auto& [host, why] : reach.refused) {
      TRY(auto place, hosts.find("host", host));
      row[at(place)] = sentence(estate, why);
    }
    estate.reaches.push_back(std::move(row));
  }
  return {};
}

Result<MachineRow> read_machine(const model::EstateMachine& machine, const Places& hosts,
                                const Places& classes, Estate& estate) {
  MachineRow row{.rested = machine.rested};
  TRY(row.demand, read_loads(machine.demand));
  TRY(row.reserved_cpu, small(machine.reserved_cpu));
  TRY(row.reach, small(machine.reach));
  if (!machine.host.empty()) {
    TRY(row.host, hosts.find("host", machine.host));
  }
  if (!machine.conflict_class.empty()) {
    TRY(row.conflict_class, classes.find("conflict class", machine.conflict_class));
  }
  if (!machine.fixed.empty()) row.fixed = sentence(estate, machine.fixed);
  row.weight = static_cast<float>(machine.weight);
  row.seconds = static_cast<float>(machine.seconds);
  return row;
}

}  // namespace

model::Estate to_model(const Estate& estate) {
  model::Estate object{.reserve_hosts = estate.reserve_hosts};
  for (std::size_t i = 0; i < estate.hosts.size(); ++i) {
    const auto& row = estate.hosts[i];
    object.hosts.push_back(
        {.name = estate.host_names[i],
         .capacity = listed(row.capacity),
         .reservable_cpu = row.reservable_cpu,
         .fault_domain = row.domain == none ? std::string() : fmt::format("{}", row.domain),
         .online = row.online,
         .draining = row.draining});
  }
  for (std::size_t i = 0; i < estate.machines.size(); ++i) {
    const auto& row = estate.machines[i];
    object.machines.push_back({.name = estate.machine_names[i],
                               .host = name_at(estate.host_names, row.host),
                               .demand = listed(row.demand),
                               .reserved_cpu = row.reserved_cpu,
                               .conflict_class = name_at(estate.class_names, row.conflict_class),
                               .reach = row.reach,
                               .fixed = name_at(estate.sentences, row.fixed),
                               .weight = row.weight,
                               .seconds = row.seconds,
                               .rested = row.rested});
  }
  for (const auto& reach : estate.reaches) {
    model::EstateReach row;
    for (std::size_t host = 0; host < reach.size(); ++host)
      if (reach[host] != none)
        row.refused[estate.host_names[host]] = estate.sentences[at(reach[host])];
    object.reaches.push_back(std::move(row));
  }
  for (const auto& rule : estate.rules)
    object.rules.push_back({.name = rule.name,
                            .kind = rule.kind,
                            .must = rule.must,
                            .by_fault_domain = rule.by_fault_domain,
                            .machines = names_at(estate.machine_names, rule.machines),
                            .hosts = names_at(estate.host_names, rule.hosts)});
  for (std::size_t i = 0; i < estate.conflicts.size(); ++i) {
    model::ConflictClass row{.name = estate.class_names[i]};
    row.conflicts_with = names_at(estate.class_names, estate.conflicts[i]);
    object.classes.push_back(std::move(row));
  }
  return object;
}

Result<Estate> from_model(const model::Estate& object) {
  Estate estate;
  Places hosts, machines, classes;
  TRY_VOID(read_hosts(object, hosts, estate));
  TRY_VOID(read_classes(object, classes, estate));
  TRY_VOID(read_reaches(object, hosts, estate));
  for (const auto& machine : object.machines) {
    TRY_VOID(machines.add("machine", machine.name));
    auto row = read_machine(machine, hosts, classes, estate);
    if (!row) return std::unexpected(std::move(row).error().within(machine.name));
    estate.machine_names.push_back(machine.name);
    estate.machines.push_back(*row);
  }
  for (const auto& rule : object.rules) {
    PlacementRule row{.name = rule.name,
                      .kind = rule.kind,
                      .must = rule.must,
                      .by_fault_domain = rule.by_fault_domain,
                      .machines = {},
                      .hosts = {}};
    TRY(row.machines, machines.find_all("machine", rule.machines));
    TRY(row.hosts, hosts.find_all("host", rule.hosts));
    estate.rules.push_back(std::move(row));
  }
  TRY(estate.reserve_hosts, small(object.reserve_hosts));
  TRY_VOID(check(estate));
  return estate;
}

Result<Plan> from_model(const Estate& estate, const model::Plan& object) {
  Places hosts, machines;
  for (const auto& name : estate.host_names) TRY_VOID(hosts.add("host", name));
  for (const auto& name : estate.machine_names) TRY_VOID(machines.add("machine", name));
  Plan plan{.kind = object.kind,
            .refusals = object.refusals,
            .score_before = object.score_before,
            .score_after = object.score_after,
            .bound = object.bound,
            .bound_reason = object.bound_reason};
  if (!object.host.empty()) {
    TRY(plan.host, hosts.find("host", object.host));
  }
  for (const auto& move : object.moves) {
    Move row{.reason = move.reason, .score_after = move.score_after, .seconds = move.seconds};
    TRY(row.machine, machines.find("machine", move.vm));
    TRY(row.from, hosts.find("host", move.from));
    TRY(row.to, hosts.find("host", move.to));
    plan.moves.push_back(std::move(row));
  }
  return plan;
}

void to_model(const Estate& estate, const Plan& plan, model::Plan& object) {
  object.kind = plan.kind;
  object.host = name_at(estate.host_names, plan.host);
  object.refusals = plan.refusals;
  object.score_before = plan.score_before;
  object.score_after = plan.score_after;
  object.bound = plan.bound;
  object.bound_reason = plan.bound_reason;
  for (const auto& move : plan.moves)
    object.moves.push_back({.vm = estate.machine_names[at(move.machine)],
                            .from = estate.host_names[at(move.from)],
                            .to = estate.host_names[at(move.to)],
                            .reason = move.reason,
                            .score_after = move.score_after,
                            .seconds = move.seconds});
}

}  // namespace truce::scheduler
