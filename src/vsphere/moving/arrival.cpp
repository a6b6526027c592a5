// Machines that come: ImportVApp makes one and gives a lease, whose addresses take disks as
// streamOptimized VMDK.
#include "image/formats.h"
#include "moving/datastore.h"
#include "moving/lease.h"
#include "moving/transfers.h"

namespace truce::vsphere {

using namespace platform;

namespace {

class LeaseArrival final : public Arrival {
 public:
  LeaseArrival(Session& session, Lease lease, std::string authorities)
      : session_(session),
        lease_(std::move(lease)),
        account_(session.account()),
        authorities_(std::move(authorities)) {}

  [[nodiscard]] const std::string& machine() const override { return lease_.machine; }
  Result<void> fill(std::size_t disk, image::Image& from,
                    const image::ConvertOptions& how) override;
  Async<Result<void>> tell(double fraction) override {
    co_return co_await tell_lease(session_, lease_.ref, fraction);
  }
  Async<Result<void>> finish() override {
    CO_TRY_VOID(co_await session_.call({"HttpNfcLeaseComplete", lease_.ref}));
    co_return Result<void>();
  }
  Async<Result<void>> abandon() override {
    auto given_up = co_await session_.call({"HttpNfcLeaseAbort", lease_.ref});
    // vCenter removes it with the lease; others do not.
    auto removed =
        co_await run_task(session_, {"Destroy_Task", {"VirtualMachine", lease_.machine}});
    if (removed || removed.error().code == Code::not_found) co_return Result<void>();
    if (!given_up) co_return std::unexpected(std::move(given_up).error());
    co_return std::unexpected(std::move(removed).error());
  }

 private:
  Session& session_;
  Lease lease_;
  Account account_;
  std::string authorities_;
};

Result<void> LeaseArrival::fill(std::size_t disk, image::Image& from,
                                const image::ConvertOptions& how) {
  if (disk >= lease_.doors.size()) return fail(Code::invalid, "the lease has no disk {}", disk);
  const auto& door = lease_.doors[disk];
  auto options = options_of(door, account_, authorities_);
  options.headers = {"Content-Type: application/x-vnd.vmware-streamVmdk", "Overwrite: t"};
  options.cancelled = how.cancelled;
  return image::http_send(door.url, "POST", from, *image::find_format("vmdk"),
                          {.size = from.size(), .options = {{"subformat", "streamOptimized"}}}, how,
                          options);
}

/// What a machine is made in.
struct Places {
  Ref pool, folder, host;
  std::string store;
};

Async<Result<Places>> places_of(Session& session, const NewMachine& wish) {
  Places places;
  auto store = co_await session.read({"Datastore", wish.pool}, {"name", "host"});
  if (!store) co_return std::unexpected(Error(store.error()).within("pool " + wish.pool));
  places.store = unescape_name(store->value("name").text());
  auto host = wish.host;
  // Any that has the datastore.
  if (host.empty()) host = store->value("host")["DatastoreHostMount"]["key"].ref().value;
  if (host.empty()) co_return fail(Code::invalid, "no host has the datastore {}", places.store);
  Ref at{"HostSystem", host};
  CO_TRY(auto seen, co_await session.read(at, {"parent"}));
  auto compute = seen.value("parent").ref();
  CO_TRY(auto parent, co_await session.read(compute, {"resourcePool"}));
  places.pool = parent.value("resourcePool").ref();
  if (!wish.host.empty()) places.host = at;
  if (wish.folder.empty()) {
    CO_TRY(auto centre, co_await data_centre_of(session, compute));
    CO_TRY(auto of_centre, co_await session.read(centre.ref, {"vmFolder"}));
    places.folder = of_centre.value("vmFolder").ref();
  } else {
    places.folder = {"Folder", wish.folder};
  }
  co_return places;
}

// A card's backing, in order of the WSDL.
Async<Result<std::string>> backing_of(Session& session, std::string network) {
  if (network.starts_with("dvportgroup-")) {
    auto type = "DistributedVirtualPortgroup";
    CO_TRY(auto group, co_await session.read({type, network}, {"key", "config"}));
    auto owner = group.value("config")["distributedVirtualSwitch"].ref();
    CO_TRY(auto owning, co_await session.read(owner, {"uuid"}));
    co_return fmt::format(
        "<backing xsi:type=\"VirtualEthernetCardDistributedVirtualPortBackingInfo\"><port>{}{}"
        "</port></backing>",
        to_xml("switchUuid", owning.value("uuid").text()),
        to_xml("portgroupKey", group.value("key").text()));
  }
  CO_TRY(auto seen, co_await session.read({"Network", network}, {"name"}));
  auto name = unescape_name(seen.value("name").text());
  co_return fmt::format(
      "<backing xsi:type=\"VirtualEthernetCardNetworkBackingInfo\">{}{}</backing>",
      to_xml("deviceName", name), to_xml("network", Ref{"Network", network}));
}

}  // namespace

Async<Result<std::unique_ptr<Arrival>>> Movers::arrive(NewMachine wish) {
  CO_TRY(auto authorities, authorities_of(session_.account()));
  CO_TRY_VOID(co_await session_.connect());
  CO_TRY(auto places, co_await places_of(session_, wish));
  std::vector<std::string> networks;
  for (const auto& nic : wish.nics) {
    CO_TRY(auto backing, co_await backing_of(session_, nic.network));
    networks.push_back(std::move(backing));
  }
  auto arguments =
      fmt::format("<spec xsi:type=\"VirtualMachineImportSpec\">{}{}</spec>",
                  import_spec(wish, places.store, networks), to_xml("resPoolEntity", places.pool)) +
      to_xml("folder", places.folder);
  if (!places.host.value.empty()) arguments += to_xml("host", places.host);
  CO_TRY(auto begun, co_await session_.call({"ImportVApp", places.pool, arguments}));
  CO_TRY(auto lease, co_await wait_ready(session_, begun.returned().ref()));
  auto doors = lease.doors.size();
  auto arrival = std::make_unique<LeaseArrival>(session_, std::move(lease), std::move(authorities));
  if (doors == wish.disks.size()) co_return arrival;
  (void)co_await arrival->abandon();
  co_return fail(Code::io, "the lease has {} disks, the machine {}", doors, wish.disks.size());
}

}  // namespace truce::vsphere
