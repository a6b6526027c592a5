// Where the homes of machines are. Usually that is their folder in the first pool; the home of a
// machine that may run on several hosts is in a pool that these share.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace truce::storage {

/// The file in a machine's home that says that all of its disks were made.
inline constexpr const char* provisioned_mark = "provisioned";

/// A home elsewhere is a symbolic link with the machine's uuid. All of these block shortly.
class Homes {
 public:
  /// `links`: the folder of the links, made when it is needed. `vms`: where homes are that have
  /// none.
  Homes(std::filesystem::path links, std::filesystem::path vms)
      : links_(std::move(links)), vms_(std::move(vms)) {}

  /// The home of a machine, whether it is there or not.
  [[nodiscard]] std::filesystem::path of(const std::string& vm_uuid) const;
  /// Lets a machine's home be `folder`, durably. Code::conflict when it has one in the first pool
  /// already: that is never hidden.
  [[nodiscard]] Result<void> put(const std::string& vm_uuid,
                                 const std::filesystem::path& folder) const;
  /// Moves a home out of the first pool into `folder`, of a machine that does not run: all but its
  /// disks, which stay where they are. It is in one of both whole at any moment. May take long.
  [[nodiscard]] Result<void> bring(const std::string& vm_uuid,
                                   const std::filesystem::path& folder) const;
  /// The machine is no longer of this host. Its home stays as it is; absent is success.
  [[nodiscard]] Result<void> forget(const std::string& vm_uuid) const;
  /// Whether a machine's home is not in the first pool.
  [[nodiscard]] bool is_elsewhere(const std::string& vm_uuid) const;
  /// Machines whose homes are elsewhere.
  [[nodiscard]] std::vector<std::string> elsewhere() const;

 private:
  [[nodiscard]] Result<void> link(const std::string& vm_uuid,
                                  const std::filesystem::path& folder) const;

  std::filesystem::path links_, vms_;
};

}  // namespace truce::storage
