// Disks that are changed all of them or none: what is written goes to files beside them first.
#pragma once

#include <memory>

#include "guest/appliance.h"
#include "image/file.h"

namespace truce::guest {

class Copies {
 public:
  /// Makes `DISK.preparing` beside each, an image that stands on the disk. What an earlier try has
  /// left is removed, or written into the disks if it was whole. Code::unsupported: a disk that
  /// stands on others, or whose format is not written to; Code::conflict: somebody uses one.
  static Result<Copies> begin(std::vector<std::string> disks);
  Copies(Copies&&) = default;
  Copies& operator=(Copies&&) = default;
  /// Without keep() it is as if nothing had been.
  ~Copies();

  [[nodiscard]] const std::vector<DiskFile>& files() const { return files_; }
  /// Writes what was changed into the disks, when nobody has the files open any more. After a crash
  /// in it begin() does the rest. The bytes.
  Result<std::uint64_t> keep();

 private:
  explicit Copies(std::vector<std::string> disks) : disks_(std::move(disks)) {}
  std::vector<std::string> disks_;
  std::vector<DiskFile> files_;
  std::vector<std::shared_ptr<image::DiskFile>> locks_;  ///< that nobody writes to a disk
};

}  // namespace truce::guest
