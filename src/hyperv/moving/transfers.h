// Machines that leave a host and come to it while they are off: their disks are read and written
// where they lie.
#pragma once

#include "machines.h"
#include "moving/shares.h"
#include "platform/transfers.h"
#include "session.h"

namespace truce::hyperv {

/// A host's Transfers.
class Movers final : public platform::Transfers {
 public:
  explicit Movers(Session& session) : session_(session) {}
  [[nodiscard]] Devices devices() const override { return Devices::hyperv; }
  Async<Result<std::unique_ptr<platform::Departure>>> depart(std::string machine) override;
  Async<Result<std::unique_ptr<platform::Arrival>>> arrive(platform::NewMachine wish) override;

 private:
  Session& session_;
};

/// A machine, as remove() does, and what was made for it besides, where the manager ended while it
/// was made.
Async<Result<void>> remove_with_traces(Session& session, Found machine);

/// Who reads and writes disks: whom the session is signed in as.
ShareAccess access_of(const Session& session);

}  // namespace truce::hyperv
