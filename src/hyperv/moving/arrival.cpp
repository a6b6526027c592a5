// Machines that come: made off, called `NAME (MARK)`, with empty disks that hang on them already,
// so that who deletes the machine deletes those. Then the files are written over.
#include <algorithm>

#include "base/text.h"
#include "machines.h"
#include "moving/new_machine.h"
#include "moving/transfers.h"
#include "picture.h"

namespace truce::hyperv {

using namespace platform;

namespace {

constexpr auto lane = Session::Lane::calls;
constexpr auto images = "Msvm_ImageManagementService";

/// A machine that is being made.
struct Site {
  Session& session;
  Found machine;
  NewMachine wish;
  std::vector<std::string> files;  ///< of its disks

  [[nodiscard]] std::string settings() const { return "Microsoft:" + machine.id; }
  [[nodiscard]] std::string path(const Reference& reference) const {
    return to_path(reference, session.host().name, virtualization);
  }
};

class ShareArrival final : public Arrival {
 public:
  explicit ShareArrival(Site site) : site_(std::move(site)), machine_(owner_of(site_.settings())) {}

  [[nodiscard]] const std::string& machine() const override { return machine_; }
  Result<void> fill(std::size_t disk, image::Image& from,
                    const image::ConvertOptions& how) override;
  Async<Result<void>> finish() override;
  Async<Result<void>> tell(double) override { co_return Result<void>(); }
  Async<Result<void>> abandon() override;

 private:
  Site site_;
  std::string machine_;
};

Result<void> ShareArrival::fill(std::size_t disk, image::Image& from,
                                const image::ConvertOptions& how) {
  static const std::atomic<bool> never = false;
  if (disk >= site_.files.size()) return fail(Code::invalid, "the machine has no disk {}", disk);
  TRY(auto at, read_share_path(site_.files[disk]));
  TRY(auto share, Share::open(access_of(site_.session), at.share, Share::Use::writing,
                              how.cancelled != nullptr ? *how.cancelled : never));
  return share->send(at.path, from, how);
}

// The host opens each file once, and so says whether it has what it should.
Async<Result<void>> ShareArrival::finish() {
  for (std::size_t disk = 0; disk < site_.files.size(); ++disk) {
    CO_TRY(auto there, co_await site_.session.disk_setting(site_.files[disk], lane));
    if (auto size = there.bytes("MaxInternalSize"); size != site_.wish.disks[disk].size)
      co_return fail(Code::io, "{}: a disk of {} has come, not of {}", site_.files[disk],
                     to_string(size), to_string(site_.wish.disks[disk].size));
  }
  co_return co_await modify_settings(site_.session, site_.settings(),
                                     {{"ElementName", "string", {site_.wish.name}}});
}

Async<Result<void>> ShareArrival::abandon() {
  auto found = co_await find_machine(site_.session, machine_);
  bool gone = !found && found.error().code == Code::not_found;
  if (!gone) {
    CO_TRY(auto there, std::move(found));
    CO_TRY_VOID(co_await remove(site_.session, std::move(there)));
  }
  // One that does not hang on it yet is not removed with it.
  for (const auto& file : site_.files) CO_TRY_VOID(co_await remove_file(site_.session, file));
  co_return Result<void>();
}

// --- What is there ------------------------------------------------------------------------------

Async<Result<std::vector<Found>>> machines_called(Session& session, std::string name) {
  auto query = fmt::format(
      "SELECT Name, ElementName, EnabledState FROM Msvm_ComputerSystem WHERE ElementName = {}",
      quote_wql(name));
  CO_TRY(auto rows, co_await session.query(virtualization, query, lane));
  std::vector<Found> found;
  for (const auto& row : rows)
    if (is_guid(row.text("Name")))
      found.push_back(
          {row.text("Name"), row.text("ElementName"), read_state(row.number("EnabledState"))});
  co_return found;
}

Async<Result<Instances>> volumes(Session& session) {
  co_return co_await session.query(windows, "SELECT DeviceID, Name FROM Win32_Volume", lane);
}

/// `D:\`: where a volume is.
Async<Result<std::string>> root_of(Session& session, std::string volume) {
  CO_TRY(auto all, co_await volumes(session));
  for (const auto& one : all)
    if (one.text("DeviceID") == volume) co_return one.text("Name");
  co_return fail(Code::not_found, "pool {}: there is no such volume", volume);
}

/// Where disks go on a volume: the host's own folder for them, where that is there; else that in
/// which most of them are; else its root, which there always is.
Async<Result<std::string>> folder_on(Session& session, std::string root) {
  auto on_it = [&](const std::string& path) {
    return lower_case(path).starts_with(lower_case(root));
  };
  auto class_name = "Msvm_VirtualSystemManagementServiceSettingData";
  CO_TRY(auto defaults,
         co_await session.query(
             virtualization, fmt::format("SELECT DefaultVirtualHardDiskPath FROM {}", class_name),
             lane));
  for (const auto& one : defaults) {
    auto folder = one.text("DefaultVirtualHardDiskPath");
    if (!folder.empty() && on_it(folder)) co_return folder.ends_with('\\') ? folder : folder + '\\';
  }
  CO_TRY(auto all, co_await session.query(virtualization,
                                          "SELECT InstanceID, ResourceSubType, HostResource FROM "
                                          "Msvm_StorageAllocationSettingData",
                                          lane));
  std::map<std::string, int> folders;
  for (const auto& one : all) {
    auto file = one.text("HostResource");
    if (is_disk(one) && on_it(file)) ++folders[file.substr(0, file.rfind('\\') + 1)];
  }
  if (folders.empty()) co_return root;
  co_return std::ranges::max_element(folders, {}, [](const auto& one) {
    return one.second;
  })->first;
}

/// The path of what the machine has of a class, and is meant.
template <class Meant>
Async<Result<std::string>> path_of(const Site& site, std::string class_name, std::string properties,
                                   Meant meant) {
  auto query = fmt::format("SELECT InstanceID, {} FROM {}", properties, class_name);
  CO_TRY(auto all, co_await site.session.query(virtualization, query, lane));
  auto owner = owner_of(site.settings());
  for (const auto& one : all) {
    auto id = one.text("InstanceID");
    if (owner_of(id) == owner && meant(one))
      co_return site.path({class_name, {{"InstanceID", id}}});
  }
  co_return fail(Code::io, "{}: what was made of {} is not there", site.machine.name, class_name);
}

template <class Meant>
Async<Result<std::string>> resource_path(const Site& site, Meant meant) {
  co_return co_await path_of(site, "Msvm_ResourceAllocationSettingData",
                             "ResourceSubType, Parent, Address, AddressOnParent", meant);
}

// --- Making -------------------------------------------------------------------------------------

Async<Result<void>> add(const Site& site, Setting setting) {
  Reference self{"Msvm_VirtualSystemSettingData", {{"InstanceID", site.settings()}}};
  CO_TRY_VOID(
      co_await site.session.invoke(management, "AddResourceSettings",
                                   {reference("AffectedConfiguration", virtualization, self),
                                    embedded("ResourceSettings", setting.text())}));
  co_return Result<void>();
}

Async<Result<std::string>> controller_for(const Site& site, Seat seat) {
  co_return co_await resource_path(site, [seat](const Instance& one) {
    if (is_on_scsi(seat)) return one.text("ResourceSubType") == scsi_controller;
    return one.text("ResourceSubType") == ide_controller && one.number("Address") == *seat.ide;
  });
}

Async<Result<void>> add_disk(Site& site, std::string file, Bytes size, Seat seat) {
  // What an earlier try has left is ours, by its name.
  CO_TRY_VOID(co_await remove_file(site.session, file));
  CO_TRY_VOID(co_await site.session.invoke(
      images, "CreateVirtualHardDisk",
      {embedded("VirtualDiskSettingData", file_setting(file, size).text())}));
  site.files.push_back(file);
  CO_TRY(auto controller, co_await controller_for(site, seat));
  CO_TRY_VOID(co_await add(site, drive_setting(controller, seat.place)));
  auto instance = read_path(controller).key("InstanceID");
  CO_TRY(auto drive, co_await resource_path(site, [instance, seat](const Instance& one) {
           return one.text("ResourceSubType") == disk_drive &&
                  one.number("AddressOnParent") == seat.place &&
                  one.reference("Parent").key("InstanceID") == instance;
         }));
  co_return co_await add(site, disk_setting(drive, file));
}

Async<Result<void>> add_card(const Site& site, NewNic nic) {
  auto setting = card_setting(nic);
  auto class_name = setting.class_name;
  CO_TRY_VOID(co_await add(site, std::move(setting)));
  auto mac = hyperv_mac(nic.mac);
  CO_TRY(auto card, co_await path_of(site, class_name, "Address", [mac](const Instance& one) {
           return one.text("Address") == mac;
         }));
  Reference network{"Msvm_VirtualEthernetSwitch",
                    {{"CreationClassName", "Msvm_VirtualEthernetSwitch"}, {"Name", nic.network}}};
  co_return co_await add(site, plug_setting(card, site.path(network)));
}

Async<Result<void>> furnish(Site& site, std::string folder) {
  const auto& wish = site.wish;
  CO_TRY_VOID(co_await modify_settings(site.session, site.settings(), system_words(wish)));
  CO_TRY_VOID(
      co_await resize(site.session, site.machine, static_cast<int>(wish.cpus), wish.memory));
  auto seats = seats_of(wish);
  if (std::ranges::any_of(seats, is_on_scsi))
    CO_TRY_VOID(co_await add(site, scsi_controller_setting()));
  for (std::size_t at = 0; at < seats.size(); ++at) {
    auto file = folder + file_name(wish.name, wish.mark, at);
    CO_TRY_VOID(co_await add_disk(site, file, wish.disks[at].size, seats[at]));
  }
  for (const auto& nic : wish.nics) CO_TRY_VOID(co_await add_card(site, nic));
  co_return Result<void>();
}

Async<Result<Found>> define(Session& session, const NewMachine& wish) {
  auto setting = system_setting(wish).text();
  auto name = name_while_made(wish);
  CO_TRY_VOID(
      co_await session.invoke(management, "DefineSystem", {embedded("SystemSettings", setting)}));
  CO_TRY(auto made, co_await machines_called(session, name));
  if (made.size() == 1) co_return std::move(made.front());
  co_return fail(Code::conflict, "there are {} machines '{}'", made.size(), name);
}

}  // namespace

// A crash between making a file and hanging it on its machine leaves the next one that it would
// have had.
Async<Result<void>> remove_with_traces(Session& session, Found machine) {
  auto marked = read_marked(machine.name);
  if (!marked) co_return co_await remove(session, std::move(machine));
  CO_TRY(auto disks, co_await disks_of(session, machine));
  CO_TRY_VOID(co_await remove(session, std::move(machine)));
  auto name = file_name(marked->name, marked->mark, disks.size());
  CO_TRY(auto all, co_await volumes(session));
  for (const auto& one : all) {
    auto root = one.text("Name");
    if (!read_share_path(root + name)) continue;
    CO_TRY(auto folder, co_await folder_on(session, root));
    CO_TRY_VOID(co_await remove_file(session, folder + name));
  }
  co_return Result<void>();
}

Async<Result<std::unique_ptr<Arrival>>> Movers::arrive(NewMachine wish) {
  CO_TRY_VOID(check(wish));
  CO_TRY(auto same, co_await machines_called(session_, wish.name));
  // Hyper-V takes a name twice; people would not know the two apart.
  if (!same.empty()) co_return fail(Code::conflict, "there is a machine '{}' already", wish.name);
  CO_TRY(auto root, co_await root_of(session_, wish.pool));
  CO_TRY(auto folder, co_await folder_on(session_, root));
  CO_TRY_VOID(read_share_path(folder + file_name(wish.name, wish.mark, 0)));
  CO_TRY(auto machine, co_await define(session_, wish));
  Site site{session_, std::move(machine), std::move(wish), {}};
  auto furnished = co_await furnish(site, folder);
  auto arrival = std::make_unique<ShareArrival>(std::move(site));
  if (furnished) co_return arrival;
  (void)co_await arrival->abandon();
  co_return std::unexpected(std::move(furnished).error());
}

}  // namespace truce::hyperv
