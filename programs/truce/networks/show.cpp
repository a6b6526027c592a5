#include "networks/show.h"

#include "base/ipv6.h"
#include "model/firewall.h"
#include "output.h"
#include "terminal.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return {};
  if (value->is_string()) return printable(value->get_string());
  return value->is_null() ? std::string() : json::serialize(*value);
}

std::string list_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  std::string out;
  if (value == nullptr || !value->is_array()) return out;
  for (const auto& item : value->get_array()) {
    if (item.is_string()) out += (out.empty() ? "" : ", ") + printable(item.get_string());
  }
  return out;
}

using Fits = Result<void> (*)(std::string_view address, std::string_view subnet);

// A machine tells its addresses in one list: a card's is the one that lies in its network.
std::string address_of(const json::object& machine, const std::string& fixed,
                       const std::string& subnet, Fits fits) {
  const auto* all = machine.if_contains("addresses");
  if (!fixed.empty() || all == nullptr || !all->is_array()) return fixed;
  for (const auto& item : all->get_array()) {
    if (item.is_string() && fits(item.get_string(), subnet)) return std::string(item.get_string());
  }
  return {};
}

void add(std::string& line, std::string_view words, const std::string& value) {
  if (!value.empty() && value != "0")
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", words, value);
}

// What differs from the usual of a guest's card.
std::string extras(const json::object& guest) {
  std::string line;
  add(line, "groups", list_of(guest, "security_groups"));
  add(line, "ports", list_of(guest, "forwards"));
  auto send = text_of(guest, "send_mbit"), receive = text_of(guest, "receive_mbit");
  if (!send.empty() && send != "0") add(line, "sends at most", send + " Mbit/s");
  if (!receive.empty() && receive != "0") add(line, "receives at most", receive + " Mbit/s");
  if (text_of(guest, "spoof_filter") == "false")
    line += (line.empty() ? "" : ", ") + std::string("spoof filter off");
  add(line, "mirrored to", text_of(guest, "mirror_to"));
  add(line, "on", text_of(guest, "host"));
  return line;
}

TableRow guest_row(const json::object& guest) {
  auto address = text_of(guest, "address"), six = text_of(guest, "address6");
  if (address.empty()) address = "-";
  if (!six.empty()) address += " " + six;
  return {text_of(guest, "machine"),
          text_of(guest, "observed"),
          "nic " + text_of(guest, "nic"),
          text_of(guest, "mac"),
          address,
          extras(guest)};
}

// What the host has of it.
std::string host_line(const json::object& network) {
  auto mode = text_of(network, "mode"), subnet = text_of(network, "subnet");
  if (mode == "user") return "inside each machine's own process";
  if (mode == "bridged") {
    auto line = "bridge " + text_of(network, "bridge") + " of the host";
    add(line, "VLAN", text_of(network, "vlan"));
    return line;
  }
  auto dot = subnet.rfind('.');
  if (dot == subnet.npos) return "bridge tr-" + text_of(network, "name");
  auto last = std::strtoul(subnet.c_str() + dot + 1, nullptr, 10) & 0xff;
  auto first = fmt::format("{}.{}", subnet.substr(0, dot), last + 1);
  auto subnet6 = parse_subnet6(text_of(network, "subnet6"));
  return fmt::format("bridge tr-{}, the host is {}{}", text_of(network, "name"), first,
                     subnet6 ? " and " + to_string(subnet6->gateway()) : std::string());
}

bool over_hosts(const json::object& network) {
  auto vni = text_of(network, "vni");
  return !vni.empty() && vni != "0";
}

}  // namespace

json::object with_guests(const json::object& network, const json::array& machines) {
  auto name = text_of(network, "name"), subnet = text_of(network, "subnet"),
       subnet6 = text_of(network, "subnet6");
  json::array guests;
  for (const auto& item : machines) {
    const auto* machine = item.if_object();
    const auto* nics = machine == nullptr ? nullptr : machine->if_contains("nics");
    if (nics == nullptr || !nics->is_array()) continue;
    for (std::size_t i = 0; i < nics->get_array().size(); ++i) {
      const auto* nic = nics->get_array()[i].if_object();
      if (nic == nullptr || text_of(*nic, "network") != name) continue;
      json::object guest{{"machine", text_of(*machine, "name")},
                         {"observed", text_of(*machine, "observed")},
                         {"nic", i}};
      if (const auto* number = nic->if_contains("number")) guest["nic"] = *number;
      if (over_hosts(network)) guest["host"] = text_of(*machine, "host");
      for (const auto& [key, value] : *nic) {
        if (key != "network" && key != "number") guest[key] = value;
      }
      guest["address"] =
          address_of(*machine, text_of(*nic, "address"), subnet, model::check_guest_address);
      guest["address6"] =
          address_of(*machine, text_of(*nic, "address6"), subnet6, model::check_guest_address6);
      guests.push_back(std::move(guest));
    }
  }
  auto out = network;
  out["guests"] = std::move(guests);
  return out;
}

std::string network_tree(const json::object& network) {
  std::vector<std::string> lines{host_line(network)};
  if (over_hosts(network)) {
    lines.push_back(fmt::format("one network over all hosts, each with that bridge (VXLAN {})",
                                text_of(network, "vni")));
  }
  auto domain = text_of(network, "domain"), mode = text_of(network, "mode");
  bool names = mode != "user" && mode != "bridged";
  if (names && !domain.empty()) lines.push_back("names end in " + domain);
  if (auto owner = text_of(network, "private_to"); !owner.empty()) {
    lines.push_back("only for machines of the project " + owner);
  }
  if (text_of(network, "spoof_filter") == "false") lines.push_back("spoof filter off");
  if (auto problem = text_of(network, "problem"); !problem.empty()) {
    lines.push_back("problem: " + problem);
  }
  std::vector<TableRow> rows;
  const auto* guests = network.if_contains("guests");
  if (guests != nullptr && guests->is_array()) {
    for (const auto& guest : guests->get_array()) {
      if (guest.is_object()) rows.push_back(guest_row(guest.get_object()));
    }
  }
  const std::vector<TableColumn> columns(6);
  auto widths = table_widths(columns, rows);
  for (const auto& row : rows) {
    auto line = table_line(columns, widths, row);
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
    lines.push_back(std::move(line));
  }
  if (rows.empty()) lines.push_back("no machines");
  auto subnet = text_of(network, "subnet");
  auto subnet6 = text_of(network, "subnet6");
  auto out = fmt::format("{} ({}{}{}{}{})\n", text_of(network, "name"), mode,
                         subnet.empty() ? "" : " ", subnet, subnet6.empty() ? "" : " ", subnet6);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += fmt::format("{} {}\n", i + 1 == lines.size() ? "└─" : "├─", lines[i]);
  }
  return out;
}

Async<Ending> network_show(Session& session, const Invocation& invocation) {
  CO_TRY(auto network,
         co_await session.get(path_of("/v1/networks/", invocation.value("name")), {}));
  if (!network.is_object()) {
    co_return std::unexpected(Failure(Error{Code::corrupt, "the answer is not a network", {}}));
  }
  json::array machines;
  std::map<std::string, std::string> query{{"limit", "1000"}};
  while (true) {
    CO_TRY(auto page, co_await session.get("/v1/vms", query));
    const auto* object = page.if_object();
    const auto* items = object == nullptr ? nullptr : object->if_contains("items");
    if (items == nullptr || !items->is_array()) break;
    for (const auto& item : items->get_array()) machines.push_back(item);
    auto next = text_of(*object, "next");
    if (next.empty() || next == query["after"]) break;
    query["after"] = next;
  }
  auto whole = with_guests(network.get_object(), machines);
  if (invocation.style == Style::table && !invocation.quiet) {
    print(network_tree(whole));
  } else {
    print(shown_object(whole, "Network", invocation.style, invocation.quiet));
  }
  co_return 0;
}

}  // namespace truce::cli
