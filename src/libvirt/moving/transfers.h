// Disks that leave a host and machines that come to it, by libvirt's streams alone.
#pragma once

#include "link.h"
#include "platform/transfers.h"

namespace truce::libvirt {

/// Transfers of a host, as far as its driver has them.
class Movers final : public platform::Transfers {
 public:
  explicit Movers(Link& link) : link_(link) {}
  /// What the host's driver can, all until a connection has told.
  void can(Moves moves) { moves_ = moves; }
  [[nodiscard]] bool leaves() const { return moves_ != Moves::none; }
  [[nodiscard]] Devices devices() const override { return Devices::ours; }
  [[nodiscard]] bool takes() const override { return moves_ == Moves::leave_and_come; }
  Async<Result<std::unique_ptr<platform::Departure>>> depart(std::string machine) override;
  [[nodiscard]] bool warm() const override { return moves_ == Moves::leave_and_come; }
  Async<Result<std::unique_ptr<platform::WarmDeparture>>> depart_warm(std::string machine,
                                                                      std::string move) override;
  Async<Result<std::unique_ptr<platform::Arrival>>> arrive(platform::NewMachine wish) override;

 private:
  Link& link_;
  Moves moves_ = Moves::leave_and_come;
};

}  // namespace truce::libvirt
