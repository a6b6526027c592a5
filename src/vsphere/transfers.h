// Disks by the documented interfaces alone, without VMware's disk library: read as files of a
// datastore over HTTPS ranges, written by an NFC lease.
#pragma once

#include "platform/transfers.h"
#include "session.h"

namespace truce::vsphere {

/// `[store] web01/web01.vmdk`
struct DatastorePath {
  std::string store;
  std::string folder;  ///< `web01`; empty: the datastore itself
  std::string file;
};
/// Code::unsupported when it is none.
Result<DatastorePath> read_datastore_path(std::string_view text);

struct Centre {
  Ref ref;
  std::string path;  ///< `DC0`, or in folders `Europe/DC0`: as datastores' web addresses have it
};
/// The one that a host or a compute resource is in.
Async<Result<Centre>> data_centre_of(Session& session, Ref at);

/// Vsphere's Transfers. A machine is read as far as its own properties tell.
class Movers final : public platform::Transfers {
 public:
  explicit Movers(Session& session) : session_(session) {}
  Async<Result<std::unique_ptr<platform::Departure>>> depart(std::string machine) override;
  Async<Result<std::unique_ptr<platform::Arrival>>> arrive(platform::NewMachine wish) override;

 private:
  Session& session_;
};

/// The machine's spec for ImportVApp, in the order that the WSDL has. `networks` are backings of
/// cards, `store` is the datastore's name. Pure.
std::string import_spec(const platform::NewMachine& wish, const std::string& store,
                        const std::vector<std::string>& networks);

}  // namespace truce::vsphere
