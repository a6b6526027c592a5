#include "reservations.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <set>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "names.h"

namespace truce::network {
namespace {

constexpr Bytes file_limit = kib(64);

Result<std::vector<std::string>> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code ec;
  auto at = std::filesystem::directory_iterator(folder, ec);
  if (ec == std::errc::no_such_file_or_directory) return names;
  while (!ec && at != std::filesystem::directory_iterator()) {
    names.push_back(at->path().filename().string());
    at.increment(ec);
  }
  if (ec) return fail_errno(ec.value(), "read folder " + folder.string());
  return names;
}

// Written outside of the watched folder and moved in: a watcher must not see it twice or half.
Result<void> move_in(const std::filesystem::path& target, std::string_view content) {
  auto beside = target.parent_path().string() + ".new";
  TRY(auto fd, open_file(beside, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  if (::fchmod(fd.get(), 0644) != 0) return fail_errno(errno, "chmod " + beside);
  if (::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    return fail_errno(errno, "write " + beside);
  }
  if (::rename(beside.c_str(), target.c_str()) != 0) return fail_errno(errno, "rename " + beside);
  return {};
}

boost::json::object settings_object(const NicSettings& settings) {
  boost::json::object object;
  if (settings.spoof_filter == SpoofFilter::off) object["spoof_filter"] = "off";
  if (!settings.groups.empty()) {
    object["groups"] = boost::json::array(settings.groups.begin(), settings.groups.end());
  }
  boost::json::array forwards;
  for (const auto& forward : settings.forwards) {
    forwards.push_back({forward.protocol, forward.address, forward.host_port, forward.guest_port});
  }
  if (!forwards.empty()) object["forwards"] = std::move(forwards);
  if (settings.send_mbit > 0) object["send_mbit"] = settings.send_mbit;
  if (settings.receive_mbit > 0) object["receive_mbit"] = settings.receive_mbit;
  if (!settings.mirror_to.empty()) object["mirror_to"] = settings.mirror_to;
  return object;
}

// Written by this program, but on a disk: whatever is not as it should be is corrupt.
Result<NicSettings> read_settings(const boost::json::value& value) {
  NicSettings settings;
  try {
    for (const auto& [key, item] : value.as_object()) {
      if (key == "spoof_filter" && item.as_string() == "off")
        settings.spoof_filter = SpoofFilter::off;
      if (key == "send_mbit") settings.send_mbit = item.to_number<std::uint32_t>();
      if (key == "receive_mbit") settings.receive_mbit = item.to_number<std::uint32_t>();
      if (key == "mirror_to") settings.mirror_to = item.as_string();
      if (key == "groups") {
        for (const auto& name : item.as_array()) settings.groups.emplace_back(name.as_string());
      }
      if (key != "forwards") continue;
      for (const auto& row : item.as_array()) {
        settings.forwards.push_back(
            {std::string(row.at(0).as_string()), std::string(row.at(1).as_string()),
             row.at(2).to_number<std::uint16_t>(), row.at(3).to_number<std::uint16_t>()});
      }
    }
  } catch (const std::exception& error) {
    return fail(Code::corrupt, "its settings are not what they should be: {}", error.what());
  }
  TRY_VOID(check_settings(settings));
  return settings;
}

// The address that the MAC's hash points to, or the next one that is free.
template <class Subnet, class Address>
Result<Address> choose(const Subnet& subnet, std::string_view mac, const std::set<Address>& taken,
                       const std::function<bool(Address)>& leased) {
  auto count = subnet.guests();
  auto start =
      static_cast<std::uint32_t>(std::stoul(sha256_hex(mac).substr(0, 8), nullptr, 16)) % count;
  std::optional<Address> last_choice;
  for (std::uint32_t step = 0; step < count; ++step) {
    auto candidate = subnet.guest((start + step) % count);
    if (taken.contains(candidate)) continue;
    if (!leased(candidate)) return candidate;
    if (!last_choice) last_choice = candidate;
  }
  if (last_choice) return *last_choice;
  return fail(
      Code::limit,
      "all {} addresses of {} are reserved: delete VMs or use a network with a larger subnet",
      count, to_string(subnet));
}

}  // namespace

Result<void> check_settings(const NicSettings& settings) {
  for (const auto& group : settings.groups) {
    TRY_VOID(check_vm_name(group));
  }
  if (!settings.mirror_to.empty()) {
    TRY(auto canonical, canonical_mac(settings.mirror_to));
    if (canonical != settings.mirror_to)
      return fail(Code::invalid, "'{}' is not written as MACs are", settings.mirror_to);
  }
  for (const auto& forward : settings.forwards) {
    if (!forward.address.empty()) {
      TRY_VOID(parse_address(forward.address));
    }
    bool good = (forward.protocol == "tcp" || forward.protocol == "udp") && forward.host_port > 0 &&
                forward.guest_port > 0;
    if (!good) return fail(Code::invalid, "a port forward is not PROTOCOL, HOST PORT, GUEST PORT");
  }
  return {};
}

std::string to_text(const Reservation& reservation) {
  boost::json::object object{{"mac", reservation.mac},
                             {"vm", reservation.vm_name},
                             {"address", to_string(reservation.address)}};
  if (reservation.address6) object["address6"] = to_string(*reservation.address6);
  object["settings"] = settings_object(reservation.settings);
  return boost::json::serialize(object) + "\n";
}

Result<Reservation> parse_reservation(std::string_view text) {
  boost::system::error_code ec;
  auto parsed = boost::json::parse(text, ec);
  const auto* object = ec ? nullptr : parsed.if_object();
  if (object == nullptr) return fail(Code::corrupt, "it is not a JSON object");
  auto field = [&](std::string_view name) {
    const auto* value = object->if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                  : std::string_view();
  };
  Reservation reservation;
  TRY(reservation.mac, canonical_mac(field("mac")));
  TRY_VOID(check_vm_name(field("vm")));
  reservation.vm_name = field("vm");
  TRY(reservation.address, parse_address(field("address")));
  if (object->contains("address6")) {
    TRY(reservation.address6, parse_address6(field("address6")));
  }
  if (const auto* settings = object->if_contains("settings")) {
    TRY(reservation.settings, read_settings(*settings));
  }
  return reservation;
}

Result<Address> choose_address(const Subnet& subnet, std::string_view mac,
                               const Reservations& reservations,
                               const std::function<bool(Address)>& leased) {
  std::set<Address> taken;
  for (const auto& [other, reservation] : reservations) {
    if (other != mac) taken.insert(reservation.address);
  }
  return choose(subnet, mac, taken, leased);
}

Result<Address6> choose_address(const Subnet6& subnet, std::string_view mac,
                                const Reservations& reservations,
                                const std::function<bool(Address6)>& leased) {
  std::set<Address6> taken;
  for (const auto& [other, reservation] : reservations) {
    if (other != mac && reservation.address6) taken.insert(*reservation.address6);
  }
  return choose(subnet, mac, taken, leased);
}

Result<Address> fixed_address(const AddressRanges& ranges, const Reservations& reservations,
                              const Nic& nic) {
  TRY(auto address, parse_address(nic.address));
  if (!ranges.anywhere && !ranges.subnet.is_guest(address)) {
    return fail(Code::invalid, "{} is not an address that a guest can have in {}", nic.address,
                to_string(ranges.subnet));
  }
  for (const auto& [mac, other] : reservations) {
    if (mac == nic.mac || other.address != address) continue;
    return fail(Code::conflict, "{} is the address of {}", nic.address, other.vm_name);
  }
  return address;
}

Result<Address6> fixed_address6(const AddressRanges& ranges, const Reservations& reservations,
                                const Nic& nic) {
  TRY(auto address, parse_address6(nic.address6));
  if (!ranges.anywhere && !ranges.subnet6) {
    return fail(Code::invalid, "the network has no IPv6 that {} could be of", nic.address6);
  }
  if (!ranges.anywhere && !ranges.subnet6->is_guest(address)) {
    return fail(Code::invalid, "{} is not an address that a guest can have in {}", nic.address6,
                to_string(*ranges.subnet6));
  }
  for (const auto& [mac, other] : reservations) {
    if (mac == nic.mac || other.address6 != address) continue;
    return fail(Code::conflict, "{} is the address of {}", nic.address6, other.vm_name);
  }
  return address;
}

Result<Reservations> load_reservations(const std::filesystem::path& folder,
                                       const AddressRanges& ranges) {
  TRY(auto names, files_in(folder));
  std::sort(names.begin(), names.end());
  Reservations found;
  std::set<Address> taken;
  std::set<Address6> taken6;
  for (const auto& name : names) {
    if (!name.ends_with(".json")) continue;
    auto read = [&]() -> Result<Reservation> {
      TRY(auto text, read_file(folder / name, file_limit));
      return parse_reservation(text);
    }();
    if (!read) {
      spdlog::warn("reservation {}: {}", (folder / name).string(), read.error().message);
      continue;
    }
    bool fits = ranges.anywhere || ranges.subnet.is_guest(read->address);
    bool usable = name == file_name(read->mac) + ".json" && fits &&
                  (read->address == Address{} || taken.insert(read->address).second);
    if (!usable) continue;
    if (const auto six = read->address6) {
      bool fits6 = ranges.anywhere || (ranges.subnet6 && ranges.subnet6->is_guest(*six));
      if (!fits6 || !taken6.insert(*six).second) read->address6.reset();
    }
    found.emplace(read->mac, *read);
  }
  return found;
}

Result<void> WatchedFolder::look() {
  TRY_VOID(make_folder(folder_, 0755));
  present_.clear();
  TRY(auto names, files_in(folder_));
  for (const auto& name : names) {
    auto content = read_file(folder_ / name, file_limit);
    present_[name] = content ? *content : std::string();
  }
  known_ = true;
  return {};
}

Result<WatchedFolder::Change> WatchedFolder::publish(
    const std::map<std::string, std::string>& wanted) {
  if (!known_) {
    TRY_VOID(look());
  }
  known_ = false;  // until all of it has been done
  auto change = Change::none;
  for (auto at = present_.begin(); at != present_.end();) {
    auto current = at++;
    if (wanted.contains(current->first)) continue;
    TRY_VOID(truce::remove_tree(folder_ / current->first));
    present_.erase(current);
    change = Change::replaced;
  }
  for (const auto& [name, content] : wanted) {
    auto old = present_.find(name);
    if (old != present_.end() && old->second == content) continue;
    if (old != present_.end()) change = Change::replaced;
    if (change == Change::none) change = Change::added;
    TRY_VOID(move_in(folder_ / name, content));
    present_[name] = content;
  }
  known_ = true;
  return change;
}

}  // namespace truce::network
