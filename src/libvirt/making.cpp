// Machines that are copied, made larger, and removed with their disks.
#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/revert.h"
#include "verbs.h"
#include "volumes.h"

namespace truce::libvirt {

namespace {

bool keeps(const DomainDocument& document, const platform::Disk& disk) {
  return std::ranges::find(document.keeps, disk.id) != document.keeps.end();
}

/// Where its own disks are: `vda` -> its volume, if libvirt knows it as one.
struct OwnDisk {
  platform::Disk disk;
  Volume volume;
  std::string path;
};

std::vector<OwnDisk> own_disks(Connection& on, const Resting& there) {
  std::vector<OwnDisk> own;
  for (const auto& disk : there.document.machine.disks) {
    if (keeps(there.document, disk) || disk.file.empty()) continue;
    auto volume = volume_of(on, disk.file);
    auto path = volume ? take_text(on.lib().virStorageVolGetPath(volume.get())) : disk.file;
    own.push_back({disk, std::move(volume), std::move(path)});
  }
  return own;
}

// --- copies
// ---------------------------------------------------------------------------------------

/// `copy-vda.qcow2`, of whatever ending the original has.
std::string copy_name(const std::string& machine, const std::string& disk,
                      const std::string& original) {
  auto dot = original.rfind('.');
  return fmt::format("{}-{}{}", machine, disk,
                     dot == original.npos || dot == 0 ? "" : original.substr(dot));
}

Result<Volume> copy_volume(Connection& on, const OwnDisk& from, const std::string& machine) {
  const auto& lib = on.lib();
  TRY(auto document, describe(on, from.volume.get()));
  StoragePool pool(lib.virStoragePoolLookupByVolume(from.volume.get()), lib.virStoragePoolFree);
  if (!pool) return failed(lib, from.path);
  auto xml = volume_xml(copy_name(machine, from.disk.id, document.name), document);
  Volume made(lib.virStorageVolCreateXMLFrom(pool.get(), xml.c_str(), from.volume.get(), 0),
              lib.virStorageVolFree);
  if (!made) return failed(lib, fmt::format("copy of {}", from.path));
  return made;
}

}  // namespace

Result<std::string> clone(Connection& on, const std::string& machine, const std::string& name) {
  TRY(auto there, rest(on, machine));
  if (!on.driver().clone) return fail(Code::unsupported, "{} cannot clone", on.driver().name);
  if (name.empty() || name.contains('/') || name.contains('\n'))
    return fail(Code::invalid, "'{}': libvirt's names of machines have no '/'", name);
  const auto& lib = on.lib();
  if (on.held(lib.virDomainLookupByName(on.raw(), name.c_str())))
    return fail(Code::conflict, "there is a machine '{}' already", name);
  auto disks = own_disks(on, there);
  for (const auto& one : disks)
    if (!one.volume)
      return fail(
          Code::precondition,
          "its disk {} ({}) is in no pool of libvirt: define and start one for its folder, or "
          "refresh that",
          one.disk.id, one.path);
  Revert revert;
  std::map<std::string, std::string> new_file_of;
  for (const auto& one : disks) {
    TRY(auto made, copy_volume(on, one, name));
    new_file_of[one.disk.id] = take_text(lib.virStorageVolGetPath(made.get()));
    revert.add([&lib, volume = std::shared_ptr<virStorageVol>(std::move(made))] {
      lib.virStorageVolDelete(volume.get(), 0);
    });
  }
  TRY(auto xml, as_copy(there.xml, name, new_file_of));
  auto copy = on.held(lib.virDomainDefineXML(on.raw(), xml.c_str()));
  if (!copy) return failed(lib, name);
  revert.success();
  std::array<char, VIR_UUID_STRING_BUFLEN> uuid{};
  if (lib.virDomainGetUUIDString(copy.get(), uuid.data()) != 0) return failed(lib, name);
  return std::string(uuid.data());
}

// --- sizes
// ----------------------------------------------------------------------------------------

namespace {

Result<void> set_cpus(Connection& on, virDomain* domain, int cpus) {
  const auto& lib = on.lib();
  auto count = static_cast<unsigned>(cpus);
  constexpr unsigned defined = VIR_DOMAIN_VCPU_CONFIG;
  for (unsigned flags : {defined | VIR_DOMAIN_VCPU_MAXIMUM, defined})
    if (lib.virDomainSetVcpusFlags(domain, count, flags) != 0) return failed(lib, "processors");
  return {};
}

Result<void> set_memory(Connection& on, virDomain* domain, Bytes memory) {
  const auto& lib = on.lib();
  auto kibibytes = memory.count / 1024;
  constexpr unsigned defined = VIR_DOMAIN_MEM_CONFIG;
  for (unsigned flags : {defined | VIR_DOMAIN_MEM_MAXIMUM, defined})
    if (lib.virDomainSetMemoryFlags(domain, kibibytes, flags) != 0) return failed(lib, "memory");
  return {};
}

}  // namespace

Result<void> resize(Connection& on, const std::string& machine, std::optional<int> cpus,
                    std::optional<Bytes> memory) {
  if (cpus && *cpus < 1) return fail(Code::invalid, "{} processors", *cpus);
  if (memory && (memory->count % 1024 != 0 || memory->count == 0))
    return fail(Code::invalid, "{}: memory is given in whole KiB", to_string(*memory));
  TRY(auto there, rest(on, machine));
  if (cpus) TRY_VOID(set_cpus(on, there.domain.get(), *cpus));
  if (memory) TRY_VOID(set_memory(on, there.domain.get(), *memory));
  return {};
}

// --- removal
// ----------------------------------------------------------------------------------------

namespace {

using Paths = std::map<std::string, std::string>;  ///< path -> who else needs it

void take_user(Paths& needed, const std::string& path, const std::string& who) {
  if (!path.empty()) needed.emplace(path, who);
}

// What other machines name, and what they go back to in layers.
Result<void> take_machines(Connection& on, const std::string& but, Paths& needed) {
  const auto& lib = on.lib();
  virDomainPtr* listed = nullptr;
  int count = lib.virConnectListAllDomains(on.raw(), &listed, 0);
  if (count < 0) return failed(lib, "machines");
  std::vector<Domain> domains;
  for (int i = 0; i < count; ++i) domains.push_back(on.held(listed[i]));
  std::free(static_cast<void*>(listed));
  for (const auto& one : domains) {
    for (unsigned flags : {0U, unsigned{VIR_DOMAIN_XML_INACTIVE}}) {
      auto xml = take_text(lib.virDomainGetXMLDesc(one.get(), flags));
      if (xml.empty() && last_is(lib, VIR_ERR_NO_DOMAIN)) continue;
      TRY(auto document, read_domain(xml, {}));
      if (document.machine.id == but) continue;
      for (const auto& disk : document.machine.disks) {
        auto volume = volume_of(on, disk.file);
        auto path = volume ? take_text(lib.virStorageVolGetPath(volume.get())) : disk.file;
        take_user(needed, path, document.machine.name);
        take_user(needed, disk.parent, document.machine.name);
      }
    }
  }
  return {};
}

// Volumes that are differences to others, whoever they belong to.
Result<void> take_volumes(Connection& on, Paths& needed) {
  const auto& lib = on.lib();
  TRY(auto pools, active_pools(on));
  for (const auto& pool : pools) {
    virStorageVolPtr* found = nullptr;
    int many = lib.virStoragePoolListAllVolumes(pool.get(), &found, 0);
    if (many < 0) return failed(lib, "volumes");
    std::vector<Volume> volumes;
    for (int i = 0; i < many; ++i) volumes.emplace_back(found[i], lib.virStorageVolFree);
    std::free(static_cast<void*>(found));
    for (const auto& volume : volumes)
      if (auto document = describe(on, volume.get()))
        take_user(needed, document->backing, "volume " + document->name);
  }
  return {};
}

}  // namespace

Result<void> remove(Connection& on, const std::string& machine) {
  TRY(auto there, rest(on, machine));
  const auto& lib = on.lib();
  auto disks = own_disks(on, there);
  Paths needed;
  TRY_VOID(take_machines(on, there.document.machine.id, needed));
  TRY_VOID(take_volumes(on, needed));
  for (const auto& one : disks)
    if (auto user = needed.find(one.path); one.volume && user != needed.end())
      return fail(Code::precondition, "its disk {} ({}) is needed by {}", one.disk.id, one.path,
                  user->second);
  if (lib.virDomainUndefineFlags(there.domain.get(), on.driver().undefine) != 0)
    return failed(lib, machine);
  std::string left;
  for (const auto& one : disks) {
    if (!one.volume)
      spdlog::warn("{} is removed; its disk {} is in no pool of libvirt, and stays", machine,
                   one.path);
    else if (lib.virStorageVolDelete(one.volume.get(), 0) != 0)
      left += fmt::format("; {}: {}", one.path, last_error(lib).message);
  }
  if (!left.empty()) return fail(Code::io, "{} is removed, but not all its disks{}", machine, left);
  return {};
}

}  // namespace truce::libvirt
