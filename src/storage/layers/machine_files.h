// Where the files of a machine are, in whichever pools.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "qcow2_disk.h"
#include "storage/homes.h"

namespace truce::storage {

/// The files of one machine.
struct MachineFiles {
  std::filesystem::path home;         ///< its record, memory, and what stands beside its disks
  std::filesystem::path folder_here;  ///< in the first pool; usually its home
  std::filesystem::path templates;    ///< what else its disks may stand on
  std::map<std::string, std::filesystem::path> elsewhere;  ///< its folders in other pools, by disk
  /// Of disks in pools that have templates of their own: where those are.
  std::map<std::string, std::filesystem::path> own_templates;
  std::map<std::string, SecretPtr> keys;  ///< of encrypted disks; empty where none are needed

  /// The folder of a disk and its layers.
  [[nodiscard]] const std::filesystem::path& folder(const std::string& disk) const;
  /// A file of a disk by its name in the record.
  [[nodiscard]] std::filesystem::path file(const std::string& disk, const std::string& name) const {
    return folder(disk) / name;
  }
  /// What a disk may stand on, and its key.
  [[nodiscard]] OwnPlaces places(const std::string& disk) const;
  /// All of its folders, home first, each once.
  [[nodiscard]] std::vector<std::filesystem::path> folders() const;
};

/// A pool that leans on the first.
struct OtherPool {
  std::filesystem::path vms;
  std::filesystem::path templates;  ///< what disks in it stand on; its own where it is shared
  bool shared = false;
};

/// The folders that machines have theirs in.
struct MachineFolders {
  std::filesystem::path vms, templates;     ///< of the first pool
  std::map<std::string, OtherPool> others;  ///< by pool, of those that are there
  Homes homes;

  /// Code::unavailable when a disk of the machine is in a pool that is not there. Blocks shortly.
  [[nodiscard]] Result<MachineFiles> of(const std::string& vm_uuid) const;
};

}  // namespace truce::storage
