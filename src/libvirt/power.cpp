// Power and snapshots of a machine.
#include "verbs.h"

namespace truce::libvirt {

namespace {

/// A machine, and how it is.
struct There {
  Domain domain;
  int state = VIR_DOMAIN_NOSTATE;
  bool saved = false;  ///< its memory lies in a file of libvirt's
  [[nodiscard]] bool off() const { return state == VIR_DOMAIN_SHUTOFF; }
  [[nodiscard]] bool runs() const {
    return state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED ||
           state == VIR_DOMAIN_SHUTDOWN;
  }
};

Result<There> look(Connection& on, const std::string& machine) {
  TRY(auto domain, on.find(machine));
  There there{std::move(domain)};
  if (on.lib().virDomainGetState(there.domain.get(), &there.state, nullptr, 0) != 0)
    return failed(on.lib(), machine);
  if (there.off() && on.driver().suspend)
    there.saved = on.lib().virDomainHasManagedSaveImage(there.domain.get(), 0) == 1;
  return there;
}

std::unexpected<Error> not_running(const std::string& machine) {
  return fail(Code::precondition, "{} does not run", machine);
}

// Somebody may have been quicker: what libvirt refuses because it is so is success.
template <class So>
Result<void> unless(Connection& on, const std::string& machine, So so) {
  auto error = last_error(on.lib());
  if (error.code == Code::precondition) {
    auto there = look(on, machine);
    if (there && so(*there)) return {};
  }
  return std::unexpected(std::move(error).within(machine));
}

bool is_running(const There& there) {
  return there.runs();
}
bool is_off(const There& there) {
  return there.off() && !there.saved;
}

}  // namespace

Result<void> start(Connection& on, const std::string& machine) {
  TRY(auto there, look(on, machine));
  const auto& lib = on.lib();
  auto* domain = there.domain.get();
  int done = 0;
  if (there.state == VIR_DOMAIN_CRASHED)
    return fail(Code::precondition,
                "{} has crashed, and is kept as it was then: cut its power first", machine);
  if (there.off()) done = lib.virDomainCreate(domain);
  if (there.state == VIR_DOMAIN_PAUSED) done = lib.virDomainResume(domain);
  if (there.state == VIR_DOMAIN_PMSUSPENDED) done = lib.virDomainPMWakeup(domain, 0);
  if (done == 0) return {};
  auto started = unless(on, machine, is_running);
  // Of Xen libvirt says no more than that it could not.
  if (!started && started.error().message.contains("libxenlight"))
    started.error().message +=
        ": why is at the end of /var/log/libvirt/libxl/libxl-driver.log of that host";
  return started;
}

Result<void> request_stop(Connection& on, const std::string& machine) {
  TRY(auto there, look(on, machine));
  if (is_off(there)) return {};
  if (!there.runs()) return not_running(machine);
  bool done = on.lib().virDomainShutdownFlags(there.domain.get(), 0) == 0;
  return done ? Result<void>() : unless(on, machine, is_off);
}

Result<void> kill(Connection& on, const std::string& machine) {
  TRY(auto there, look(on, machine));
  const auto& lib = on.lib();
  int done = 0;
  if (there.saved) done = lib.virDomainManagedSaveRemove(there.domain.get(), 0);
  if (!there.off()) done = lib.virDomainDestroy(there.domain.get());
  return done == 0 ? Result<void>() : unless(on, machine, is_off);
}

Result<void> reset(Connection& on, const std::string& machine) {
  TRY(auto there, look(on, machine));
  if (there.off()) return not_running(machine);
  const auto& lib = on.lib();
  auto* domain = there.domain.get();
  if (lib.virDomainReset(domain, 0) == 0) return {};
  if (!last_is(lib, VIR_ERR_NO_SUPPORT)) return failed(lib, machine);
  if (lib.virDomainIsPersistent(domain) != 1)
    return fail(Code::unsupported, "{} would be gone: {} cannot reset, and nothing defines it",
                machine, on.driver().name);
  if (lib.virDomainDestroy(domain) != 0 || lib.virDomainCreate(domain) != 0)
    return failed(lib, machine);
  return {};
}

Result<void> suspend(Connection& on, const std::string& machine) {
  TRY(auto there, look(on, machine));
  if (!on.driver().suspend)
    return fail(Code::unsupported, "{} cannot suspend a machine", on.driver().name);
  if (there.saved || there.state == VIR_DOMAIN_PMSUSPENDED) return {};
  if (there.off()) return not_running(machine);
  if (on.lib().virDomainManagedSave(there.domain.get(), 0) == 0) return {};
  return unless(on, machine, [](const There& now) { return now.saved; });
}

// --- snapshots
// ------------------------------------------------------------------------------------

namespace {

Result<DomainSnapshot> find_snapshot(Connection& on, virDomain* domain, const std::string& name) {
  const auto& lib = on.lib();
  DomainSnapshot found(lib.virDomainSnapshotLookupByName(domain, name.c_str(), 0),
                       lib.virDomainSnapshotFree);
  if (!found) return failed(lib, name);
  return found;
}

}  // namespace

// Of the machine itself, in its disks: what libvirt keeps beside them cannot be removed or restored
// by all its releases.
Result<std::string> create_snapshot(Connection& on, const std::string& machine,
                                    const platform::SnapshotOrder& order) {
  TRY(auto there, look(on, machine));
  if (order.quiesce)
    return fail(Code::unsupported, "libvirt's snapshots within disks cannot be quiesced");
  bool lives = !there.off();
  if (there.saved) return fail(Code::precondition, "{} is suspended: start or stop it", machine);
  if (lives && !order.memory)
    return fail(Code::precondition, "{} runs: libvirt keeps its memory, too, or it must be off",
                machine);
  const auto& lib = on.lib();
  auto* domain = there.domain.get();
  if (find_snapshot(on, domain, order.name))
    return fail(Code::conflict, "{} has a snapshot '{}' already", machine, order.name);
  auto xml = snapshot_xml(order.name, order.description);
  DomainSnapshot made(lib.virDomainSnapshotCreateXML(domain, xml.c_str(), 0),
                      lib.virDomainSnapshotFree);
  if (!made) return failed(lib, machine);
  return std::string(lib.virDomainSnapshotGetName(made.get()));
}

Result<void> restore_snapshot(Connection& on, const std::string& machine,
                              const std::string& snapshot) {
  TRY(auto there, look(on, machine));
  TRY(auto found, find_snapshot(on, there.domain.get(), snapshot));
  if (there.saved && on.lib().virDomainManagedSaveRemove(there.domain.get(), 0) != 0)
    return failed(on.lib(), machine);
  if (on.lib().virDomainRevertToSnapshot(found.get(), 0) != 0) return failed(on.lib(), machine);
  return {};
}

Result<void> remove_snapshot(Connection& on, const std::string& machine,
                             const std::string& snapshot, platform::Snapshots::Extent extent) {
  TRY(auto there, look(on, machine));
  TRY(auto found, find_snapshot(on, there.domain.get(), snapshot));
  bool all = extent == platform::Snapshots::Extent::with_children;
  unsigned flags = all ? unsigned{VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN} : 0U;
  if (on.lib().virDomainSnapshotDelete(found.get(), flags) != 0) return failed(on.lib(), machine);
  return {};
}

}  // namespace truce::libvirt
