// Disks that leave a host and machines that come to it, by libvirt's streams alone.
#pragma once

#include "link.h"
#include "platform/transfers.h"

namespace truce::libvirt {

/// Transfers of a host with QEMU.
class Movers final : public platform::Transfers {
 public:
  explicit Movers(Link& link) : link_(link) {}
  [[nodiscard]] Devices devices() const override { return Devices::ours; }
  Async<Result<std::unique_ptr<platform::Departure>>> depart(std::string machine) override;
  Async<Result<std::unique_ptr<platform::Arrival>>> arrive(platform::NewMachine wish) override;

 private:
  Link& link_;
};

}  // namespace truce::libvirt
