// Machines that leave a host while they are off: their disks are read where they lie.
#pragma once

#include "moving/shares.h"
#include "platform/transfers.h"
#include "session.h"

namespace truce::hyperv {

/// A host's Transfers. Machines leave it; none come.
class Movers final : public platform::Transfers {
 public:
  explicit Movers(Session& session) : session_(session) {}
  [[nodiscard]] bool takes() const override { return false; }
  Async<Result<std::unique_ptr<platform::Departure>>> depart(std::string machine) override;
  Async<Result<std::unique_ptr<platform::Arrival>>> arrive(platform::NewMachine wish) override;

 private:
  Session& session_;
};

}  // namespace truce::hyperv
