// Disks by the documented interfaces alone, without VMware's disk library: read as files of a
// datastore over HTTPS ranges, or by an NFC lease; written by such a lease.
#pragma once

#include "platform/transfers.h"
#include "session.h"

namespace truce::vsphere {

/// Vsphere's Transfers. A machine is read as far as its own properties tell.
class Movers final : public platform::Transfers {
 public:
  explicit Movers(Session& session) : session_(session) {}
  Async<Result<std::unique_ptr<platform::Departure>>> depart(std::string machine) override;
  [[nodiscard]] bool warm() const override { return true; }
  Async<Result<std::unique_ptr<platform::WarmDeparture>>> depart_warm(std::string machine,
                                                                      std::string move) override;
  Async<Result<std::unique_ptr<platform::Arrival>>> arrive(platform::NewMachine wish) override;

 private:
  Session& session_;
};

/// The machine's spec for ImportVApp, in the order that the WSDL has. `networks` are backings of
/// cards, `store` is the datastore's name. Pure.
std::string import_spec(const platform::NewMachine& wish, const std::string& store,
                        const std::vector<std::string>& networks);

}  // namespace truce::vsphere
