#include "cluster/cluster.h"

#include <algorithm>

#include "pools/places.h"
#include "sleep/controls.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr std::size_t certificates_kept = 2;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

Ref<model::Cluster> the_cluster(const Inventory& inventory) {
  const auto& all = inventory.all<model::Cluster>();
  return all.empty() ? nullptr : all.begin()->second;
}

Result<Ref<model::Cluster>> need_cluster(const Inventory& inventory) {
  auto cluster = the_cluster(inventory);
  if (cluster) return cluster;
  return fail(Code::precondition,
              "this host is not part of a cluster: truce cluster init makes it the first of one");
}

Result<Membership*> membership_of(Rooms& rooms) {
  if (rooms.settings.membership != nullptr) return rooms.settings.membership;
  return fail(Code::unsupported, "this manager cannot be part of a cluster");
}

bool keeps_state(const Inventory& inventory, const std::string& host) {
  auto cluster = the_cluster(inventory);
  if (!cluster || cluster->object.store != model::StoreKind::etcd) return false;
  return std::ranges::any_of(cluster->object.managers,
                             [&](const auto& manager) { return manager.name == host; });
}

Async<Result<void>> take_out_manager(Rooms& rooms, std::string host) {
  const auto& inventory = rooms.ledger.inventory();
  if (!keeps_state(inventory, host)) co_return Result<void>{};
  CO_TRY(auto* membership, membership_of(rooms));
  auto kept = inventory.find<model::Host>(host);
  co_return co_await membership->remove_manager(host, kept ? kept->object.address : "");
}

std::string with_certificate(const std::string& known, const std::string& sha256) {
  auto lines = lines_of(known);
  std::erase(lines, sha256);
  lines.push_back(sha256);
  if (lines.size() > certificates_kept) lines.erase(lines.begin(), lines.end() - certificates_kept);
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

Result<void> admit(const Inventory& inventory, const std::string& host, const std::string& sha256) {
  if (!inventory.find<model::Host>(host))
    return fail(Code::forbidden, "the host '{}' is not in this cluster, or no longer", host);
  auto known = lines_of(inventory.certificates_of(host));
  if (std::ranges::find(known, sha256) != known.end()) return {};
  return fail(Code::forbidden, "the host '{}' shows a certificate that was replaced", host);
}

std::vector<std::string> machines_on(const Inventory& inventory, std::string_view host) {
  std::vector<std::string> names;
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    if (kept->object.host == host) names.push_back(name);
  }
  return names;
}

namespace {

// Machines that were on their way from or to the host stay where the manager says that they are.
void end_moves(const Inventory& inventory, Change& change, const std::string& host) {
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    const auto& job = kept->object;
    if (job.kind != model::JobKind::migrate_vm || (job.from != host && job.host != host)) continue;
    if (change.full()) return;
    change.erase<model::Job>(name);
    auto task = inventory.find<model::Task>(name);
    if (task && !ended(task->object))
      end_task(change, task->object, model::TaskState::failed, host + " left the cluster");
  }
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    if (kept->object.moving_to != host || change.full()) continue;
    auto vm = kept->object;
    vm.moving_to.clear();
    change.put(vm);
  }
}

}  // namespace

Async<Result<void>> forget_belongings(Ledger& ledger, Actor actor, std::string host) {
  for (bool all = false; !all;) {
    CO_TRY_VOID(co_await ledger.change(actor, [&](Change& change) -> Result<void> {
      end_moves(ledger.inventory(), change, host);
      forget_host(ledger.inventory(), change, host);
      all = change.writes.empty();
      return {};
    }));
  }
  co_return Result<void>{};
}

void erase_host(const Inventory& inventory, Change& change, const std::string& host) {
  if (keeps_state(inventory, host)) {
    auto cluster = the_cluster(inventory)->object;
    std::erase_if(cluster.managers, [&](const auto& manager) { return manager.name == host; });
    change.put(cluster);
  }
  change.erase<model::Host>(host);
  change.write(certificates_key(host), std::nullopt);
  change.write(power_secret_key(host), std::nullopt);
  if (inventory.find<model::JoinToken>(host)) change.erase<model::JoinToken>(host);
  if (inventory.find<model::NodeLife>(host)) {
    change.erase<model::NodeLife>(host);
    change.write(availability::beat_key(host), std::nullopt);
  }
}

}  // namespace truce::manager
