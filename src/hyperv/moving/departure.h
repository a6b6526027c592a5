// Machines that leave a host while they are off: their disks are read where they lie.
#pragma once

#include "moving/shares.h"
#include "platform/transfers.h"
#include "session.h"

namespace truce::hyperv {

/// A host's Transfers. Machines leave it; none come.
class Movers final : public platform::Transfers {
 public:
  Movers(Session& session, platform::Account account)
      : session_(session), account_(std::move(account)) {}
  [[nodiscard]] bool takes() const override { return false; }
  Async<Result<std::unique_ptr<platform::Departure>>> depart(std::string machine) override;
  Async<Result<std::unique_ptr<platform::Arrival>>> arrive(platform::NewMachine wish) override;

 private:
  Session& session_;
  platform::Account account_;
};

}  // namespace truce::hyperv
