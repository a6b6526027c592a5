#include "sleep/phases.h"

#include <algorithm>

#include "cluster/cluster.h"
#include "moves/moves.h"
#include "tasks.h"

namespace truce::manager {
namespace {

using model::HostSleep;
using model::TaskState;

constexpr std::string_view sleep_task = "host.sleep", wake_task = "host.wake";
// A certificate is renewed when 30 of its 90 days are left: a host that is awake has more.
constexpr auto certificate_left = std::chrono::days(20);

std::string target_of(const model::Host& host) {
  return "hosts/" + host.name;
}

void end_host_task(const Inventory& inventory, Change& change, const std::string& host,
                   std::string_view kind, TaskState state, const std::string& error = {}) {
  if (auto task = host_task(inventory, host, kind)) end_task(change, task->object, state, error);
}

void note_in_task(const Inventory& inventory, Change& change, const std::string& host,
                  std::string_view kind, const std::string& step, double progress) {
  auto kept = host_task(inventory, host, kind);
  if (!kept) return;
  auto task = kept->object;
  note_step(task, step, progress);
  change.put(task);
}

void become(model::Host& host, HostSleep phase) {
  host.sleep = phase;
  host.sleep_since = now();
  if (phase == HostSleep::awake) host.sleep_since.reset();
  if (phase != HostSleep::waking) host.wake_tries = 0;
}

}  // namespace

bool is_under_way(const model::Host& host) {
  return host.sleep == HostSleep::emptying || host.sleep == HostSleep::going ||
         host.sleep == HostSleep::waking;
}

std::string held_by(const Inventory& inventory, const std::string& host) {
  if (auto count = inventory.uses().of(host).machines; count > 0)
    return fmt::format("has {} machines, or they are on their way to it", count);
  if (auto count = inventory.tenancies_of(host).size(); count > 0)
    return fmt::format("may still run {} machines", count);
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    const auto& job = kept->object;
    if (job.host == host || job.from == host) return "has not ended the task " + name;
  }
  for (const auto& [name, kept] : inventory.all<model::Upload>())
    if (kept->object.host == host) return fmt::format("has the upload '{}'", name);
  return {};
}

std::string duty_of(const Inventory& inventory, const model::Host& host) {
  if (auto cluster = the_cluster(inventory); cluster && cluster->object.rotation)
    return "is needed while the authority is replaced";
  if (host.certificate_expires && *host.certificate_expires < now() + certificate_left)
    return "has to renew its certificate";
  for (const auto& [name, kept] : inventory.all<model::Template>()) {
    const auto& hosts = kept->object.hosts;
    if (hosts.size() == 1 && hosts.front() == host.name) return "alone has the template " + name;
  }
  for (const auto& [name, kept] : inventory.all<model::Upload>())
    if (kept->object.host == host.name) return fmt::format("has the upload '{}'", name);
  return {};
}

bool is_member(const Inventory& inventory, const model::Host& host, const std::string& own) {
  return host.name == own || host.role == model::HostRole::manager ||
         keeps_state(inventory, host.name);
}

Ref<model::Task> host_task(const Inventory& inventory, const std::string& host,
                           std::string_view kind) {
  auto target = "hosts/" + host;
  for (const auto& name : inventory.live_tasks()) {
    auto kept = inventory.find<model::Task>(name);
    if (kept->object.kind == kind && kept->object.target == target) return kept;
  }
  return nullptr;
}

Result<model::Task> begin_sleep(Ledger& ledger, Change& change, const model::Host& host,
                                const model::DrainOptions& wish, const std::string& own) {
  const auto& inventory = ledger.inventory();
  TRY_VOID(need_cluster(inventory));
  if (host.sleep != HostSleep::awake)
    return fail(Code::precondition, "'{}' is not awake: it is {}", host.name,
                model::to_string(host.sleep));
  if (is_member(inventory, host, own))
    return fail(Code::precondition, "'{}' manages the cluster: it never sleeps", host.name);
  if (host.power.empty())
    return fail(Code::precondition,
                "nothing could wake '{}': truce host set {} --power says what switches it",
                host.name, host.name);
  if (host.state != model::HostState::online)
    return fail(Code::precondition, "'{}' is offline", host.name);
  if (auto duty = duty_of(inventory, host); !duty.empty())
    return fail(Code::precondition, "'{}' {}", host.name, duty);
  auto changed = host;
  become(changed, HostSleep::emptying);
  return begin_drain(ledger, change, changed, wish, std::string(sleep_task));
}

void begin_going(const Inventory& inventory, Change& change, model::Host host) {
  if (host.sleep != HostSleep::emptying) return;
  become(host, HostSleep::going);
  change.put(host);
  change.event("host.going_to_sleep", target_of(host), "",
               "nothing is on it any more: it is switched off");
  note_in_task(inventory, change, host.name, sleep_task, "it is switched off", 0.9);
}

void fall_asleep(const Inventory& inventory, Change& change, model::Host host) {
  if (host.sleep != HostSleep::going) return;
  become(host, HostSleep::asleep);
  host.state = model::HostState::offline;
  change.put(host);
  change.event("host.asleep", target_of(host), "", "it is off, until it is woken");
  end_host_task(inventory, change, host.name, sleep_task, TaskState::succeeded);
}

void give_up_sleep(const Inventory& inventory, Change& change, model::Host host,
                   const std::string& why) {
  if (host.sleep != HostSleep::emptying && host.sleep != HostSleep::going) return;
  bool lost = host.sleep == HostSleep::going && host.state == model::HostState::offline;
  become(host, lost ? HostSleep::failed : HostSleep::awake);
  if (lost) {
    host.problem = "it was to be switched off, and nobody knows whether it is: " + why;
    host.power_tried = false;
  } else {
    host.draining = false;
  }
  change.put(host);
  change.event("host.sleep_failed", target_of(host), "", why);
  end_host_task(inventory, change, host.name, sleep_task, TaskState::failed, why);
  // What is still on its way from it may go on; no more machines leave.
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    auto job = kept->object;
    if (job.kind != model::JobKind::drain_host || job.from != host.name || job.cancel) continue;
    job.cancel = true;
    change.put_job(job);
  }
}

Result<model::Task> begin_wake(Ledger& ledger, Change& change, model::Host host) {
  if (host.sleep == HostSleep::emptying)
    return fail(Code::precondition, "'{}' is still being emptied: truce host undrain {} ends that",
                host.name, host.name);
  if (host.sleep == HostSleep::going)
    return fail(Code::precondition, "'{}' is just being switched off: try again when it sleeps",
                host.name);
  if (host.sleep == HostSleep::waking)
    return fail(Code::conflict, "'{}' is being woken already", host.name);
  if (host.sleep == HostSleep::awake) return fail(Code::precondition, "'{}' is awake", host.name);
  if (host.power.empty())
    return fail(Code::precondition, "'{}' has no power control: switch it on by hand", host.name);
  become(host, HostSleep::waking);
  host.wake_tries = 1;
  host.problem.clear();
  change.put(host);
  return begin_task(ledger, change, std::string(wake_task), target_of(host), "", 0);
}

void try_again(const Inventory& inventory, Change& change, model::Host host,
               const std::string& why) {
  if (host.sleep != HostSleep::waking) return;
  ++host.wake_tries;
  change.put(host);
  note_in_task(inventory, change, host.name, wake_task,
               fmt::format("try {}: {}", host.wake_tries, why), 0.5);
}

void fail_to_wake(const Inventory& inventory, Change& change, model::Host host,
                  const std::string& why) {
  if (host.sleep != HostSleep::waking) return;
  auto tries = host.wake_tries;
  become(host, HostSleep::failed);
  host.power_tried = false;  // until somebody has shown again that it can be woken
  host.problem = fmt::format("it was to wake and did not, in {} tries: {}", tries, why);
  change.put(host);
  change.event("host.wake_failed", target_of(host), "", host.problem);
  end_host_task(inventory, change, host.name, wake_task, TaskState::failed, host.problem);
}

void note_awake(const Inventory& inventory, Change& change, const model::Host& known,
                model::Host& told) {
  bool slept = known.sleep == HostSleep::asleep || known.sleep == HostSleep::waking ||
               known.sleep == HostSleep::failed;
  if (!slept) return;
  auto time = now();
  bool was_woken = known.sleep == HostSleep::waking;
  auto took = std::chrono::duration_cast<std::chrono::seconds>(
                  time - std::min(known.sleep_since.value_or(time), time))
                  .count();
  become(told, HostSleep::awake);
  told.draining = false;
  told.woken = time;
  if (was_woken) {
    told.power_tried = true;
    told.wake_seconds = std::max<std::int64_t>({told.wake_seconds, took, 1});
    end_host_task(inventory, change, known.name, wake_task, TaskState::succeeded);
  }
  change.event("host.awake", "hosts/" + known.name, "",
               was_woken ? fmt::format("woken in {} s", took)
                         : std::string("it was switched on by somebody"));
}

}  // namespace truce::manager
