#include "moving/changes.h"

#include "properties.h"

namespace truce::vsphere {

using platform::Range;

namespace {

constexpr std::size_t most_areas = 4'000'000;

Result<void> check_disk(Value disk) {
  auto backing = disk["backing"];
  auto label = disk["deviceInfo"]["label"].text();
  auto refused = [&](std::string_view why) {
    return fail(Code::unsupported, "disk {} ({}) {}: a machine with it leaves only while it is off",
                disk["key"].text(), label, why);
  };
  if (backing["diskMode"].text().starts_with("independent"))
    return refused("is independent, so that snapshots leave it out");
  if (backing["compatibilityMode"].text() == "physicalMode")
    return refused("is a device in physical mode, so that snapshots leave it out");
  if (auto sharing = backing["sharing"].text(); !sharing.empty() && sharing != "sharingNone")
    return refused("is shared with other machines");
  return {};
}

}  // namespace

std::vector<Tracked> tracked_disks(Value hardware) {
  std::vector<Tracked> disks;
  hardware.each("device", [&](Value device) {
    if (device.type() != "VirtualDisk") return;
    disks.push_back(
        {device["key"].text(), capacity_of(device).count, device["backing"]["changeId"].text()});
  });
  return disks;
}

Result<void> check_can_be_followed(Value hardware) {
  Result<void> found;
  hardware.each("device", [&](Value device) {
    if (found && device.type() == "VirtualDisk") found = check_disk(device);
  });
  return found;
}

Result<std::uint64_t> take_changes(Value info, std::uint64_t start, std::uint64_t size,
                                   std::vector<Range>& areas) {
  auto length = info["length"].bytes().count;
  bool begins = info["startOffset"].bytes().count == start;
  if (!begins || length == 0 || length > size - start)
    return fail(Code::corrupt, "changed areas of {} bytes at {} were not asked for", length, start);
  auto end = start + length;
  auto least = start;
  bool sound = true;
  info.each("changedArea", [&](Value area) {
    Range range{area["start"].bytes().count, area["length"].bytes().count};
    sound = sound && range.start >= least && range.start < end && range.length > 0 &&
            range.length <= end - range.start && areas.size() < most_areas;
    if (!sound) return;
    least = range.start + range.length;
    bool joins = !areas.empty() && areas.back().start + areas.back().length == range.start;
    if (joins) {
      areas.back().length += range.length;
    } else {
      areas.push_back(range);
    }
  });
  if (!sound) return fail(Code::corrupt, "changed areas at {} make no sense", least);
  return end;
}

Async<Result<std::vector<Range>>> changes_since(Session& session, Ref machine, Tracked disk) {
  if (disk.change.empty())
    co_return fail(Code::unsupported, "the server does not track what disk {} gets", disk.disk);
  std::vector<Range> areas;
  for (std::uint64_t start = 0; start < disk.size;) {
    auto arguments = to_xml("deviceKey", disk.disk) + to_xml("startOffset", std::to_string(start)) +
                     to_xml("changeId", disk.change);
    CO_TRY(auto told, co_await session.call({"QueryChangedDiskAreas", machine, arguments},
                                            Session::Repeat::yes));
    CO_TRY(start, take_changes(told.returned(), start, disk.size, areas));
  }
  co_return areas;
}

}  // namespace truce::vsphere
