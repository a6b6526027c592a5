#include "scheduler/rules.h"

#include <algorithm>

namespace truce::scheduler {
namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool about_others(model::RuleKind kind) {
  return kind == model::RuleKind::together || kind == model::RuleKind::apart;
}

// The hosts that count as one with `name`.
void add_place(const model::Rule& rule, const std::string& name,
               const std::vector<const model::Host*>& hosts, std::set<std::string>& places) {
  places.insert(name);
  if (!rule.by_fault_domain) return;
  auto found = std::ranges::find(hosts, name, &model::Host::name);
  if (found == hosts.end() || (*found)->fault_domain.empty()) return;
  for (const auto* host : hosts)
    if (host->fault_domain == (*found)->fault_domain) places.insert(host->name);
}

}  // namespace

bool has_label(const std::map<std::string, std::string>& labels, std::string_view label) {
  auto equal = std::min(label.find('='), label.size());
  auto found = labels.find(std::string(label.substr(0, equal)));
  if (found == labels.end()) return false;
  return equal == label.size() || found->second == label.substr(equal + 1);
}

bool is_about(const model::Rule& rule, const model::Vm& vm) {
  return has(rule.vms, vm.name) || (!rule.vm_label.empty() && has_label(vm.labels, rule.vm_label));
}

bool is_about(const model::Rule& rule, const model::Host& host) {
  return has(rule.hosts, host.name) ||
         (!rule.host_label.empty() && has_label(host.labels, rule.host_label));
}

std::vector<RuleView> rules_about(const model::Vm& vm, const std::vector<const model::Rule*>& rules,
                                  const std::vector<const model::Vm*>& vms,
                                  const std::vector<const model::Host*>& hosts) {
  std::vector<RuleView> views;
  for (const auto* rule : rules) {
    if (!is_about(*rule, vm)) continue;
    RuleView view{
        .name = rule->name, .kind = rule->kind, .must = rule->must, .hosts = {}, .other = {}};
    if (about_others(rule->kind)) {
      for (const auto* other : vms) {
        if (other->uuid == vm.uuid || other->host.empty() || !is_about(*rule, *other)) continue;
        if (view.other.empty()) view.other = other->name;
        add_place(*rule, other->host, hosts, view.hosts);
      }
    } else {
      for (const auto* host : hosts)
        if (is_about(*rule, *host)) view.hosts.insert(host->name);
    }
    views.push_back(std::move(view));
  }
  return views;
}

bool broken_on(const RuleView& rule, const std::string& host) {
  bool there = rule.hosts.contains(host);
  switch (rule.kind) {
    case model::RuleKind::together:
      return !rule.other.empty() && !there;
    case model::RuleKind::on_hosts:
      return !there;
    case model::RuleKind::apart:
    case model::RuleKind::not_on_hosts:
      return there;
  }
  return false;
}

}  // namespace truce::scheduler
