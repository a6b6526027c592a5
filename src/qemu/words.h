// The words of a machine, part by part; see command_line.h.
#pragma once

#include <boost/json.hpp>
#include <map>

#include "command_line.h"

namespace truce::qemu {

class Words {
 public:
  Words(const hypervisor::Machine& machine, const Wiring& wiring);
  std::vector<std::string> all();
  [[nodiscard]] const std::map<std::string, int>& boot_indices() const { return boot_indices_; }

 private:
  // command_line.cpp
  void add(std::string option, std::string value);
  void identity();
  void hardware();
  void processor();
  void memory();
  void firmware();
  void control();
  void boot();
  void choose_boot_order();

  // devices.cpp
  /// `-device virtio-blk-pci,REST,addr=0xa`, or its virtio-mmio twin on a microvm.
  void add_virtio(std::string_view kind, int slot, std::string_view rest, int port);
  /// `,addr=0xa` on the root bus, or `,bus=spare0,addr=0x0`.
  [[nodiscard]] std::string where_of(int slot, int port) const;
  void listening(std::string_view id, int fd);
  void block_node(const std::string& id, const std::string& format,
                  const std::filesystem::path& path, bool writable, boost::json::object more = {});
  void encrypted_node(const hypervisor::DiskFile& disk);
  void plugs();
  void disks();
  void disk(const hypervisor::DiskFile& disk, int number);
  void cdrom(const hypervisor::DiskFile& disk, int number);
  void ports();
  void port(const hypervisor::Port& port);
  void small_devices();
  void screen();
  void usb();
  void sound();
  void lines();
  void watchdog();
  void tpm();
  void passed_devices();

  [[nodiscard]] bool legacy() const { return machine_.type == model::MachineType::legacy; }
  [[nodiscard]] bool kernel() const;
  /// What it starts with; the rest is behind virtio-mem.
  [[nodiscard]] Bytes first_memory() const;
  /// The most that can be behind virtio-mem.
  [[nodiscard]] Bytes hot_memory() const;
  /// Whether a disk is a CD for the guest: IDE and SATA know no disk that cannot be written.
  [[nodiscard]] bool is_cdrom(const hypervisor::DiskFile& disk) const;
  /// `,bootindex=N`, or nothing.
  [[nodiscard]] std::string boot_index(const std::string& id) const;

  const hypervisor::Machine& machine_;
  model::Outfit outfit_;  ///< with what is booted this time in its order
  const Wiring& wiring_;
  bool pci_;
  std::map<std::string, int> boot_indices_;
  std::vector<std::string> words_;
};

/// A comma inside a value is doubled (qemu(1), "Options are comma separated").
std::string escaped(std::string_view text);

}  // namespace truce::qemu
