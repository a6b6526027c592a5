#include "volumes.h"

namespace truce::libvirt {

Result<Resting> rest(Connection& on, const std::string& machine) {
  TRY(auto domain, on.find(machine));
  const auto& lib = on.lib();
  int state = VIR_DOMAIN_NOSTATE;
  if (lib.virDomainGetState(domain.get(), &state, nullptr, 0) != 0) return failed(lib, machine);
  bool saved = on.driver().suspend && lib.virDomainHasManagedSaveImage(domain.get(), 0) == 1;
  if (state != VIR_DOMAIN_SHUTOFF || saved)
    return fail(Code::precondition, "{} is not off", machine);
  constexpr unsigned flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  auto xml = take_text(lib.virDomainGetXMLDesc(domain.get(), flags));
  if (xml.empty()) return failed(lib, "the definition");
  TRY(auto document, read_domain(xml, {}));
  return Resting{std::move(domain), std::move(xml), std::move(document)};
}

Volume volume_of(Connection& on, const std::string& file) {
  const auto& lib = on.lib();
  auto slash = file.find('/');
  if (slash == 0 || slash == file.npos)
    return {lib.virStorageVolLookupByPath(on.raw(), file.c_str()), lib.virStorageVolFree};
  StoragePool pool(lib.virStoragePoolLookupByName(on.raw(), file.substr(0, slash).c_str()),
                   lib.virStoragePoolFree);
  if (!pool) return {nullptr, lib.virStorageVolFree};
  return {lib.virStorageVolLookupByName(pool.get(), file.substr(slash + 1).c_str()),
          lib.virStorageVolFree};
}

Result<std::vector<StoragePool>> active_pools(Connection& on) {
  const auto& lib = on.lib();
  virStoragePoolPtr* listed = nullptr;
  int count =
      lib.virConnectListAllStoragePools(on.raw(), &listed, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE);
  if (count < 0) return failed(lib, "pools");
  std::vector<StoragePool> pools;
  for (int i = 0; i < count; ++i) pools.emplace_back(listed[i], lib.virStoragePoolFree);
  std::free(static_cast<void*>(listed));
  return pools;
}

// What was put into a folder by hand is no volume before the pool has looked again.
Result<void> refresh_pool_of(Connection& on, const std::string& file) {
  const auto& lib = on.lib();
  auto folder = file.substr(0, file.rfind('/'));
  TRY(auto pools, active_pools(on));
  for (const auto& pool : pools) {
    auto xml = take_text(lib.virStoragePoolGetXMLDesc(pool.get(), 0));
    auto read = read_pool(xml);
    if (!read || read->folder != folder) continue;
    if (lib.virStoragePoolRefresh(pool.get(), 0) != 0) return failed(lib, read->pool.name);
  }
  return {};
}

Result<Volume> volume_or_refresh(Connection& on, const std::string& file) {
  auto volume = volume_of(on, file);
  if (volume) return volume;
  if (file.starts_with('/')) {
    TRY_VOID(refresh_pool_of(on, file));
    volume = volume_of(on, file);
    if (volume) return volume;
    return fail(Code::unsupported,
                "{0} is in no pool of libvirt that is active: make one for its folder there (virsh "
                "pool-create-as NAME dir --target {1}), and try again",
                file, file.substr(0, file.rfind('/')));
  }
  return fail(Code::unsupported,
              "'{}' is no file, device or volume of a pool: such disks cannot be read", file);
}

Result<VolumeDocument> describe(Connection& on, virStorageVol* volume) {
  auto xml = take_text(on.lib().virStorageVolGetXMLDesc(volume, 0));
  if (xml.empty()) return failed(on.lib(), "a volume");
  return read_volume(xml);
}

}  // namespace truce::libvirt
