// Disks that are changed all of them or none: what is written goes to files that stand on them
// first.
#pragma once

#include <filesystem>
#include <memory>

#include "guest/appliance.h"

namespace truce::guest {

class Copies {
 public:
  /// Of images in files: makes `DISK.preparing` beside each. What an earlier try has left is
  /// removed, or written into the disks if it was whole. Code::unsupported: a disk that stands on
  /// others, or whose format is not written to; Code::conflict: somebody uses one.
  static Result<std::unique_ptr<Copies>> beside(std::vector<std::string> disks);
  /// Of raw disks that an NBD server exports (`nbd+unix:///?socket=PATH`), which nobody else uses:
  /// makes files in a folder. What a crash in keep() leaves of the disks is of no use.
  static Result<std::unique_ptr<Copies>> of_exports(const std::vector<std::string>& addresses,
                                                    const std::filesystem::path& folder);
  Copies() = default;
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;
  /// Without keep() it is as if nothing had been.
  virtual ~Copies();

  [[nodiscard]] const std::vector<DiskFile>& files() const { return files_; }
  /// Writes what was changed into the disks, when nobody has the files open any more. After a crash
  /// in it beside() does the rest. The bytes.
  virtual Result<std::uint64_t> keep() = 0;

 protected:
  std::vector<DiskFile> files_;
};

}  // namespace truce::guest
