#include "cluster/rotation.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace truce::manager {
namespace {

using model::AuthorityRotation;
using model::RotationStage;

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

bool is_all(const std::vector<std::string>& all, const std::string& one) {
  return all.size() == 1 && all.front() == one;
}

}  // namespace

bool has_done(const AuthorityRotation& rotation, const model::AuthorityReport& report,
              bool is_manager) {
  bool etcd = is_manager && !rotation.etcd_fresh.empty();
  switch (rotation.stage) {
    case RotationStage::trust:
      return has(report.believed, rotation.fresh) &&
             (!is_manager || has(report.keys, rotation.fresh)) &&
             (!etcd || (has(report.keys, rotation.etcd_fresh) &&
                        has(report.etcd_believed, rotation.etcd_fresh)));
    case RotationStage::issue:
      return report.signed_by == rotation.fresh &&
             (!etcd || report.etcd_signed_by == rotation.etcd_fresh);
    case RotationStage::forget:
      return is_all(report.believed, rotation.fresh) &&
             (!etcd || is_all(report.etcd_believed, rotation.etcd_fresh));
  }
  return false;
}

AuthorityRotation with_report(AuthorityRotation rotation, const model::AuthorityReport& report,
                              bool is_manager) {
  std::erase(rotation.done, report.host);
  if (!has_done(rotation, report, is_manager)) return rotation;
  rotation.done.push_back(report.host);
  std::ranges::sort(rotation.done);
  if (rotation.turn == report.host) rotation.turn.clear();
  return rotation;
}

std::vector<std::string> missing(const AuthorityRotation& rotation,
                                 const std::vector<std::string>& hosts) {
  std::vector<std::string> left;
  for (const auto& host : hosts)
    if (!has(rotation.done, host)) left.push_back(host);
  return left;
}

std::optional<AuthorityRotation> next_stage(AuthorityRotation rotation) {
  if (rotation.stage == RotationStage::forget) return std::nullopt;
  rotation.stage =
      rotation.stage == RotationStage::trust ? RotationStage::issue : RotationStage::forget;
  rotation.done.clear();
  rotation.turn.clear();
  return rotation;
}

std::string turn_of(const AuthorityRotation& rotation, const std::string& own,
                    const std::vector<std::string>& managers,
                    const std::map<std::string, SeatState>& states) {
  // A certificate needs no new start.
  if (rotation.etcd_fresh.empty() || rotation.stage == RotationStage::issue) return {};
  if (has(managers, rotation.turn)) return rotation.turn;
  bool well = std::ranges::all_of(managers, [&](const auto& manager) {
    auto state = states.find(manager);
    return state != states.end() && state->second.votes && state->second.problem.empty();
  });
  if (!well) return {};
  auto left = missing(rotation, managers);
  if (has(left, own)) return own;
  return left.empty() ? std::string() : left.front();
}

bool may_follow(const AuthorityRotation& rotation, const std::string& host,
                const std::string& own) {
  return host == own || has(rotation.done, own);
}

std::string what_it_waits_for(const AuthorityRotation& rotation, const Inventory& inventory) {
  std::vector<std::string> hosts;
  for (const auto& [name, kept] : inventory.all<model::Host>()) hosts.push_back(name);
  auto left = missing(rotation, hosts);
  std::vector<std::string> offline;
  for (const auto& name : left) {
    if (inventory.find<model::Host>(name)->object.state == model::HostState::offline)
      offline.push_back(name);
  }
  if (left.empty()) return {};
  auto text = fmt::format("the new authority waits for {}", fmt::join(left, ", "));
  if (offline.empty()) return text;
  return text +
         fmt::format(
             "; {} offline: start them, or take them out (truce cluster remove HOST --force)",
             offline.size() == 1 ? offline.front() + " is"
                                 : fmt::format("{} are", fmt::join(offline, ", ")));
}

}  // namespace truce::manager
