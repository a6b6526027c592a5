// Machines that come: defined first, so that whatever ends us leaves something that is known by its
// id, and then filled by one stream a disk.
#include <algorithm>
#include <ranges>

#include "base/revert.h"
#include "image/formats.h"
#include "moving/new_domain.h"
#include "moving/transfers.h"
#include "moving/volume_file.h"
#include "verbs.h"
#include "volumes.h"

namespace truce::libvirt {

using namespace platform;

namespace {

constexpr auto longest_verb = 5min;
constexpr int most_names = 100;  // that are tried for a volume

// --- what is asked of libvirt
// -------------------------------------------------------------------

Result<void> check(Connection& on, const NewMachine& wish) {
  const auto& lib = on.lib();
  if (wish.name.empty() || wish.name.contains('/') || wish.name.contains('\n'))
    return fail(Code::invalid, "name: '{}': libvirt's names of machines have no '/'", wish.name);
  if (wish.cpus < 1 || wish.memory.count < mib(1).count)
    return fail(Code::invalid, "{}: {} processors and {} of memory",
                wish.cpus < 1 ? "cpus" : "memory", wish.cpus, to_string(wish.memory));
  if (wish.disks.empty()) return fail(Code::invalid, "disks: none");
  if (on.held(lib.virDomainLookupByName(on.raw(), wish.name.c_str())))
    return fail(Code::conflict, "there is a machine '{}' already", wish.name);
  if (auto other = on.held(lib.virDomainLookupByUUIDString(on.raw(), wish.uuid.c_str())))
    return fail(Code::conflict,
                "'{}' has this machine's id ({}) there, which libvirt gives once: delete or move "
                "that one first",
                lib.virDomainGetName(other.get()), wish.uuid);
  return {};
}

// libvirt itself says no more than that it has no capability.
Result<void> check_xen(const NewMachine& wish, const std::string& capabilities) {
  auto kinds = read_xen_kinds(capabilities);
  if (std::ranges::find(kinds, wish.xen.kind) != kinds.end()) return {};
  auto words = kinds | std::views::transform([](auto kind) { return to_string(kind); });
  return fail(Code::unsupported,
              "xen: that host starts no machines as {}, only as: {}. HVM and PVH need what its "
              "processor and firmware may have switched off (VT-x, AMD-V); say another --xen",
              to_string(wish.xen.kind), fmt::join(words, ", "));
}

Result<CardPlace> place_card(Connection& on, const std::string& network) {
  const auto& lib = on.lib();
  NetworkOfHost found(lib.virNetworkLookupByUUIDString(on.raw(), network.c_str()),
                      lib.virNetworkFree);
  if (found) return CardPlace{"network", "network", lib.virNetworkGetName(found.get())};
  return place_of_card(network);
}

/// A pool, and how disks lie in it.
struct Place {
  StoragePool pool;
  std::string folder, name;
  bool devices = false;
};

Result<Place> place_of(Connection& on, const std::string& id) {
  const auto& lib = on.lib();
  StoragePool pool(lib.virStoragePoolLookupByUUIDString(on.raw(), id.c_str()),
                   lib.virStoragePoolFree);
  if (!pool) return failed(lib, "pool " + id);
  auto text = take_text(lib.virStoragePoolGetXMLDesc(pool.get(), 0));
  if (text.empty()) return failed(lib, "pool " + id);
  TRY(auto read, read_pool(text));
  if (lib.virStoragePoolIsActive(pool.get()) != 1)
    return fail(Code::unavailable, "pool {0} is not active: virsh pool-start {0}", read.pool.name);
  const auto& kind = read.pool.kind;
  bool folder = kind == "dir" || kind == "fs" || kind == "netfs";
  if (!folder && kind != "logical")
    return fail(Code::unsupported,
                "pool {} is of the kind '{}': machines come into folders (dir, fs, netfs) and "
                "volume groups (logical)",
                read.pool.name, kind);
  // What others have put there without libvirt is not to be written over.
  if (lib.virStoragePoolRefresh(pool.get(), 0) != 0) return failed(lib, read.pool.name);
  return Place{std::move(pool), std::move(read.folder), std::move(read.pool.name), !folder};
}

/// `web01-vda.qcow2`, or `web01-vda-2.qcow2` where somebody has that.
Result<std::string> free_name(Connection& on, const Place& place, const std::string& begin) {
  const auto& lib = on.lib();
  const auto* ending = place.devices ? "" : ".qcow2";
  for (int i = 1; i < most_names; ++i) {
    auto name = i == 1 ? begin + ending : fmt::format("{}-{}{}", begin, i, ending);
    Volume taken(lib.virStorageVolLookupByName(place.pool.get(), name.c_str()),
                 lib.virStorageVolFree);
    if (!taken) return name;
  }
  return fail(Code::conflict, "pool {} has {} volumes that are called {}", place.name, most_names,
              begin);
}

// --- making
// -------------------------------------------------------------------------------------

Result<NewDomain> make(Connection& on, const NewMachine& wish) {
  TRY_VOID(check(on, wish));
  const auto& lib = on.lib();
  TRY(auto place, place_of(on, wish.pool));
  NewDomain domain;
  domain.wish = wish;
  auto capabilities = take_text(lib.virConnectGetCapabilities(on.raw()));
  domain.xen = on.driver().xen;
  domain.kvm = !domain.xen && read_has_kvm(capabilities);
  if (domain.xen) TRY_VOID(check_xen(wish, capabilities));
  domain.incoming = true;
  for (const auto& nic : wish.nics) {
    TRY(auto card, place_card(on, nic.network));
    domain.cards.push_back(std::move(card));
  }
  std::vector<VolumeDocument> documents;
  for (std::size_t at = 0; at < wish.disks.size(); ++at) {
    VolumeDocument document;
    document.format = place.devices ? "raw" : "qcow2";
    document.size = wish.disks[at].size;
    TRY(document.name,
        free_name(on, place, fmt::format("{}-{}", wish.name, target_name(domain, at))));
    domain.disks.push_back({place.folder + "/" + document.name, document.format, place.devices});
    documents.push_back(std::move(document));
  }
  auto xml = domain_xml(domain);
  auto defined = on.held(lib.virDomainDefineXML(on.raw(), xml.c_str()));
  if (!defined) return failed(lib, wish.name);
  Revert revert;
  revert.add([&] { (void)remove(on, wish.uuid); });
  for (std::size_t at = 0; at < documents.size(); ++at) {
    auto& document = documents[at];
    // A device has what was on it before; what is not written of it libvirt writes as zeros.
    if (place.devices) document.format.clear();
    auto text = volume_xml(document.name, document);
    Volume volume(lib.virStorageVolCreateXML(place.pool.get(), text.c_str(), 0),
                  lib.virStorageVolFree);
    if (!volume) return failed(lib, document.name);
    auto path = take_text(lib.virStorageVolGetPath(volume.get()));
    if (path != domain.disks[at].path)
      return fail(Code::internal, "{} lies at {}", document.name, path);
  }
  revert.success();
  return domain;
}

Result<void> complete(Connection& on, NewDomain domain) {
  const auto& lib = on.lib();
  auto there = rest(on, domain.wish.uuid);
  if (!there) return std::unexpected(std::move(there).error().within("before it was whole"));
  domain.incoming = false;
  auto xml = domain_xml(domain);
  auto defined = on.held(lib.virDomainDefineXML(on.raw(), xml.c_str()));
  if (!defined) return failed(lib, domain.wish.name);
  return {};
}

class VolumeArrival final : public Arrival {
 public:
  VolumeArrival(Link& link, NewDomain domain)
      : link_(link), lines_(link.new_lines(1)), domain_(std::move(domain)) {}

  [[nodiscard]] const std::string& machine() const override { return domain_.wish.uuid; }
  Result<void> fill(std::size_t disk, image::Image& from,
                    const image::ConvertOptions& how) override;
  Async<Result<void>> tell(double) override { co_return Result<void>(); }
  Async<Result<void>> finish() override {
    co_return co_await link_.call<void>(
        [domain = domain_](Connection& on) { return complete(on, domain); }, longest_verb);
  }
  Async<Result<void>> abandon() override {
    auto gone = co_await link_.call<void>(
        [machine = machine()](Connection& on) { return remove(on, machine); }, longest_verb);
    if (!gone && gone.error().code == Code::not_found) co_return Result<void>();
    co_return gone;
  }

 private:
  Link& link_;
  std::shared_ptr<Lines> lines_;
  NewDomain domain_;
};

Result<void> VolumeArrival::fill(std::size_t disk, image::Image& from,
                                 const image::ConvertOptions& how) {
  if (disk >= domain_.disks.size()) return fail(Code::invalid, "there is no disk {}", disk);
  const auto& place = domain_.disks[disk];
  auto lane = new_lane(lines_, how.cancelled);
  auto write = [&]() -> Result<void> {
    TRY(auto sink, VolumeSink::open(lane, place.path));
    TRY(auto builder, image::build_in_order(*image::find_format(place.format), *sink, from));
    auto as = how;
    as.durability = image::Builder::Durability::none;
    as.checkpoints = nullptr;
    TRY_VOID(image::convert(from, *builder, as));
    return sink->finish();
  };
  auto written = write();
  if (!written) return std::unexpected(std::move(written).error().within(place.path));
  return {};
}

}  // namespace

Async<Result<std::unique_ptr<Arrival>>> Movers::arrive(NewMachine wish) {
  CO_TRY(auto made, co_await link_.call<NewDomain>(
                        [wish](Connection& on) { return make(on, wish); }, longest_verb));
  link_.note(wish.uuid);
  co_return std::make_unique<VolumeArrival>(link_, std::move(made));
}

}  // namespace truce::libvirt
