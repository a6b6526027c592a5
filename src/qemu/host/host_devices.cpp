#include "host/host_devices.h"

#include <charconv>

#include "base/file.h"

namespace truce::qemu {

namespace fs = std::filesystem;

namespace {

// A file of sysfs holds one value and a line end; absent is empty.
std::string value_of(const fs::path& file) {
  auto text = read_file(file, kib(4));
  if (!text) return {};
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
  return *std::move(text);
}

std::uint64_t number_of(const fs::path& file) {
  auto text = value_of(file);
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ec;
  for (fs::directory_iterator at(folder, ec), last; !ec && at != last; at.increment(ec))
    found.push_back(at->path());
  return found;
}

// Bridges stay with the host; vfio leaves them alone.
bool is_bridge(const fs::path& device) {
  return value_of(device / "class").starts_with("0x0604");
}

}  // namespace

Result<fs::path> usb_node(const std::string& id, const Surroundings& around) {
  std::vector<fs::path> nodes;
  for (const auto& device : entries(around.sys / "bus/usb/devices")) {
    if (value_of(device / "idVendor") + ":" + value_of(device / "idProduct") != id) continue;
    nodes.push_back(around.dev / fmt::format("bus/usb/{:03}/{:03}", number_of(device / "busnum"),
                                             number_of(device / "devnum")));
  }
  if (nodes.size() == 1) return nodes.front();
  if (nodes.empty()) return fail(Code::not_found, "no USB device {} is plugged in", id);
  return fail(Code::conflict, "{} USB devices are {}: it cannot be told which is meant",
              nodes.size(), id);
}

Result<fs::path> pci_group(const std::string& address, const Surroundings& around) {
  std::error_code ec;
  auto device = around.sys / "bus/pci/devices" / address;
  if (!fs::exists(device, ec)) return fail(Code::not_found, "there is no PCI device {}", address);
  auto group = fs::read_symlink(device / "iommu_group", ec);
  if (ec) {
    return fail(Code::unsupported,
                "the PCI device {} is behind no IOMMU; switch it on in the "
                "firmware, and boot Linux with intel_iommu=on or amd_iommu=on",
                address);
  }
  auto number = group.filename().string();
  for (const auto& member : entries(around.sys / "kernel/iommu_groups" / number / "devices")) {
    auto driver = fs::read_symlink(member / "driver", ec);
    auto name = ec ? std::string() : driver.filename().string();
    bool needed = member.filename() == address;
    if (name == "vfio-pci" || (!needed && (name.empty() || is_bridge(member)))) continue;
    return fail(Code::precondition,
                "the PCI device {} is {}; bind it to vfio-pci first: driverctl set-override {} "
                "vfio-pci{}",
                member.filename().string(),
                name.empty() ? "bound to no driver" : "in use by " + name,
                member.filename().string(),
                needed ? "" : fmt::format(" (it shares IOMMU group {} with {})", number, address));
  }
  return around.dev / "vfio" / number;
}

Result<void> check_huge_pages(Bytes memory, const Surroundings& around) {
  auto free = number_of(around.sys / "kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
  auto wanted = memory.count / mib(2).count;
  if (free >= wanted) return {};
  return fail(Code::limit,
              "{} huge pages of 2 MiB are needed and {} are free; reserve more: sysctl "
              "vm.nr_hugepages={}",
              wanted, free,
              wanted - free +
                  number_of(around.sys / "kernel/mm/hugepages/"
                                         "hugepages-2048kB/nr_hugepages"));
}

}  // namespace truce::qemu
