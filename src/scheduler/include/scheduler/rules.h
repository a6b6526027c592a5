// Placement rules as one machine meets them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/model.h"

namespace truce::scheduler {

/// A rule that a machine is in, when it is placed.
struct RuleView {
  std::string name;
  model::RuleKind kind = model::RuleKind::apart;
  bool must = false;
  /// Hosts that the rule names; for together and apart, those where the others are, or whose fault
  /// domain has one of them.
  std::set<std::string> hosts;
  std::string other;  ///< one of the others; empty: there is none, or the rule is not about others
};

/// The rules that are about a machine, as the others are placed now.
std::vector<RuleView> rules_about(const model::Vm& vm, const std::vector<const model::Rule*>& rules,
                                  const std::vector<const model::Vm*>& vms,
                                  const std::vector<const model::Host*>& hosts);

/// Whether the rule is broken when the machine is on this host.
bool broken_on(const RuleView& rule, const std::string& host);

/// Whether a rule is about the machine, by its name or by its label.
bool is_about(const model::Rule& rule, const model::Vm& vm);
bool is_about(const model::Rule& rule, const model::Host& host);

/// Whether labels have KEY=VALUE, or KEY.
bool has_label(const std::map<std::string, std::string>& labels, std::string_view label);

}  // namespace truce::scheduler
