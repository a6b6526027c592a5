// Machines that come: ImportVApp makes one and gives a lease (HttpNfcLease), whose addresses take
// disks as streamOptimized VMDK. vSphere Web Services SDK Programming Guide, "OVF import".
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "image/formats.h"
#include "image/http_upload.h"
#include "image/stream.h"
#include "transfers.h"

namespace truce::vsphere {

using namespace platform;

namespace {

constexpr Duration lease_wait = 120s, lease_pause = 300ms;

/// Where a disk is sent.
struct Door {
  std::string url;
  std::string thumbprint;  ///< SHA-1 of another server's certificate, hex; empty: not told
};

// `*` stands for the server that was asked.
std::string with_host(std::string url, const std::string& account_url) {
  constexpr std::string_view any = "https://*";
  if (!url.starts_with(any)) return url;
  auto rest = url.substr(any.size());
  // With a port of its own only where it says so.
  return account_url + (rest.starts_with(':') ? rest.substr(rest.find('/')) : rest);
}

std::string origin_of(std::string_view url) {
  auto slash = url.find('/', url.find("://") + 3);
  return std::string(url.substr(0, slash));
}

class LeaseArrival final : public Arrival {
 public:
  LeaseArrival(Session& session, Ref lease, std::string machine, std::vector<Door> doors,
               std::string authorities)
      : session_(session),
        lease_(std::move(lease)),
        machine_(std::move(machine)),
        doors_(std::move(doors)),
        account_(session.account()),
        authorities_(std::move(authorities)) {}

  [[nodiscard]] const std::string& machine() const override { return machine_; }
  Result<void> fill(std::size_t disk, image::Image& from,
                    const image::ConvertOptions& how) override;
  Async<Result<void>> tell(double fraction) override {
    auto percent = std::to_string(static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 100));
    CO_TRY_VOID(
        co_await session_.call({"HttpNfcLeaseProgress", lease_, to_xml("percent", percent)}));
    co_return Result<void>();
  }
  Async<Result<void>> finish() override {
    CO_TRY_VOID(co_await session_.call({"HttpNfcLeaseComplete", lease_}));
    co_return Result<void>();
  }
  Async<Result<void>> abandon() override {
    auto given_up = co_await session_.call({"HttpNfcLeaseAbort", lease_});
    // vCenter removes it with the lease; others do not.
    auto removed = co_await run_task(session_, {"Destroy_Task", {"VirtualMachine", machine_}});
    if (removed || removed.error().code == Code::not_found) co_return Result<void>();
    if (!given_up) co_return std::unexpected(std::move(given_up).error());
    co_return std::unexpected(std::move(removed).error());
  }

 private:
  [[nodiscard]] image::HttpUploadOptions upload_options(const Door& door) const;

  Session& session_;
  Ref lease_;
  std::string machine_;
  std::vector<Door> doors_;
  Account account_;
  std::string authorities_;
};

// Another server, a host of the vCenter, is the one that the vCenter has told of.
image::HttpUploadOptions LeaseArrival::upload_options(const Door& door) const {
  image::HttpUploadOptions options;
  options.headers = {"Content-Type: application/x-vnd.vmware-streamVmdk", "Overwrite: t"};
  bool own = origin_of(door.url) == origin_of(account_.url);
  if (own || door.thumbprint.empty()) {
    options.authorities = authorities_;
    if (own) options.fingerprint = account_.trust.fingerprint;
  } else {
    options.fingerprint = door.thumbprint;
  }
  return options;
}

Result<void> LeaseArrival::fill(std::size_t disk, image::Image& from,
                                const image::ConvertOptions& how) {
  if (disk >= doors_.size()) return fail(Code::invalid, "the lease has no disk {}", disk);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  Fd out(ends[0]), in(ends[1]);
  auto options = upload_options(doors_[disk]);
  options.cancelled = how.cancelled;
  Result<std::uint64_t> sent = 0;
  std::jthread sender([&] {
    sent = image::http_upload(doors_[disk].url, out.get(), options);
    out = Fd();  // who writes hears of it
  });
  auto write = [&]() -> Result<void> {
    TRY(auto builder, image::build_in_order(
                          *image::find_format("vmdk"), in.get(), "the upload",
                          {.size = from.size(), .options = {{"subformat", "streamOptimized"}}}));
    auto as = how;
    as.durability = image::Builder::Durability::none;
    as.checkpoints = nullptr;
    TRY_VOID(image::convert(from, *builder, as));
    return {};
  };
  auto written = write();
  in = Fd();
  sender.join();
  // Why a server has hung up says more than that it has.
  if (!written && written.error().code != Code::io) return written;
  if (!sent) return std::unexpected(std::move(sent).error());
  return written;
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

/// What a lease tells once it is ready.
struct Ready {
  std::string machine;
  std::vector<Door> doors;
};

Async<Result<Ready>> wait_ready(Session& session, Ref lease) {
  auto end = std::chrono::steady_clock::now() + lease_wait;
  while (true) {
    CO_TRY(auto seen, co_await session.read(lease, {"state", "info", "error"}));
    auto state = seen.value("state").text();
    if (state == "error") {
      auto error = seen.value("error");
      co_return std::unexpected(
          error_of(error["fault"].type(), error["localizedMessage"].text()).within("the lease"));
    }
    if (state == "ready") {
      Ready ready;
      auto info = seen.value("info");
      ready.machine = info["entity"].ref().value;
      info.each("deviceUrl", [&](Value one) {
        if (one["disk"].flag())
          ready.doors.push_back({with_host(one["url"].text(), session.account().url),
                                 http::normal_fingerprint(one["sslThumbprint"].text())});
      });
      co_return ready;
    }
    if (std::chrono::steady_clock::now() > end)
      co_return fail(Code::timeout, "the lease is not ready within 2 minutes");
    co_await sleep_for(lease_pause);
  }
}

}  // namespace

Async<Result<std::unique_ptr<Arrival>>> Movers::arrive(NewMachine wish) {
  std::string authorities;
  if (const auto& file = session_.account().trust.authorities; !file.empty()) {
    CO_TRY(authorities, read_file(file));
  }
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
  auto lease = begun.returned().ref();
  auto ready = co_await wait_ready(session_, lease);
  bool complete = ready && ready->doors.size() == wish.disks.size();
  if (ready && !complete) {
    LeaseArrival half(session_, lease, ready->machine, {}, {});
    (void)co_await half.abandon();
    co_return fail(Code::io, "the lease has {} disks, the machine {}", ready->doors.size(),
                   wish.disks.size());
  }
  if (!ready) {
    (void)co_await session_.call({"HttpNfcLeaseAbort", lease});
    co_return std::unexpected(std::move(ready).error());
  }
  co_return std::make_unique<LeaseArrival>(session_, lease, std::move(ready->machine),
                                           std::move(ready->doors), std::move(authorities));
}

}  // namespace truce::vsphere
