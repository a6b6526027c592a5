// Devices and memory of the host that a machine is given, looked up when it starts.
#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "base/result.h"
#include "host/offer.h"

namespace truce::qemu {

/// The node of the USB device VENDOR:PRODUCT. not_found when none is plugged in; conflict when two
/// are, as it cannot be told which is meant.
Result<std::filesystem::path> usb_node(const std::string& id, const Surroundings& around);

/// The node of the IOMMU group of a PCI device (0000:01:00.0). not_found when there is no such
/// device, unsupported without an IOMMU, precondition when a device of its group is in use by the
/// host. [Linux, Documentation/driver-api/vfio.rst]
Result<std::filesystem::path> pci_group(const std::string& address, const Surroundings& around);

/// Code::limit when the host has fewer free huge pages of 2 MiB than `memory` takes.
Result<void> check_huge_pages(Bytes memory, const Surroundings& around);

}  // namespace truce::qemu
