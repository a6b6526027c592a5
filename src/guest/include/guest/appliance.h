// A guest's disks, opened by libguestfs: a small Linux in a QEMU of its own reads and writes them,
// so that what is wrong in them can harm nothing else.
#pragma once

#include <memory>

#include "guest/prepare.h"

namespace truce::guest {

/// An image in a file; nothing else has it open.
struct DiskFile {
  std::string path, format;  ///< `raw`, `qcow2`
};

class Appliance {
 public:
  /// Starts it, and finds the system on those disks, which are in the order that its firmware
  /// knows. Blocks, for half a minute where QEMU emulates. Code::unsupported: libguestfs is not
  /// installed, or there is no system that it knows, or more than one.
  static Result<std::unique_ptr<Appliance>> start(const std::vector<DiskFile>& disks);
  virtual ~Appliance() = default;
  [[nodiscard]] virtual const Guest& guest() const = 0;
  [[nodiscard]] virtual Files& files() = 0;
  /// All that was written is in the images, which are closed.
  virtual Result<void> end() = 0;
};

}  // namespace truce::guest
