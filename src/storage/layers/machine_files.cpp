#include "layers/machine_files.h"

#include <algorithm>

#include "storage/places.h"

namespace truce::storage {

namespace fs = std::filesystem;

const fs::path& MachineFiles::folder(const std::string& disk) const {
  auto found = elsewhere.find(disk);
  return found == elsewhere.end() ? folder_here : found->second;
}

OwnPlaces MachineFiles::places(const std::string& disk) const {
  auto key = keys.find(disk);
  auto own = own_templates.find(disk);
  return {folder(disk), own == own_templates.end() ? templates : own->second,
          key == keys.end() ? nullptr : key->second};
}

std::vector<fs::path> MachineFiles::folders() const {
  std::vector<fs::path> all{home};
  std::error_code ec;
  if (folder_here != home && fs::exists(folder_here, ec)) all.push_back(folder_here);
  for (const auto& [disk, folder] : elsewhere) {
    if (std::ranges::find(all, folder) == all.end()) all.push_back(folder);
  }
  return all;
}

Result<MachineFiles> MachineFolders::of(const std::string& vm_uuid) const {
  MachineFiles files;
  files.home = homes.of(vm_uuid);
  files.folder_here = vms / vm_uuid;
  files.templates = templates;
  TRY(auto noted, noted_pools(files.home));
  for (const auto& [disk, pool] : noted) {
    auto other = others.find(pool);
    if (other == others.end()) {
      return fail(Code::unavailable, "its disk {} is in pool '{}', which is not there", disk, pool);
    }
    files.elsewhere[disk] = other->second.vms / vm_uuid;
    files.own_templates[disk] = other->second.templates;
  }
  return files;
}

}  // namespace truce::storage
