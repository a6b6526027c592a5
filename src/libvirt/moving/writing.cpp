#include "moving/writing.h"

#include <sstream>

namespace truce::libvirt {

pugi::xml_node add(pugi::xml_node into, const char* name,
                   std::initializer_list<Attribute> attributes) {
  auto node = into.append_child(name);
  for (const auto& one : attributes) node.append_attribute(one.name).set_value(one.value.c_str());
  return node;
}

void add_text(pugi::xml_node into, const char* name, const std::string& text) {
  into.append_child(name).text().set(text.c_str());
}

pugi::xml_node add_domain(pugi::xml_document& into, const NewDomain& made, const char* type) {
  const auto& wish = made.wish;
  auto domain = add(into, "domain", {{"type", type}});
  add_text(domain, "name", wish.name);
  add_text(domain, "uuid", wish.uuid);
  if (made.incoming)
    add_text(domain, "title", "comes from Truce: its disks are not whole yet, do not start it");
  if (!wish.description.empty()) add_text(domain, "description", wish.description);
  auto memory = add(domain, "memory", {{"unit", "KiB"}});
  memory.text().set(std::to_string(wish.memory.count / 1024).c_str());
  add_text(domain, "vcpu", std::to_string(wish.cpus));
  return domain;
}

pugi::xml_node add_disk(pugi::xml_node devices, const NewDomain& made, std::size_t disk,
                        const char* driver, const char* bus) {
  const auto& place = made.disks.at(disk);
  auto node = add(devices, "disk", {{"type", place.device ? "block" : "file"}, {"device", "disk"}});
  add(node, "driver", {{"name", driver}, {"type", place.format}, {"discard", "unmap"}});
  add(node, "source", {{place.device ? "dev" : "file", place.path}});
  add(node, "target", {{"dev", target_name(made, disk)}, {"bus", bus}});
  return node;
}

void add_card(pugi::xml_node devices, const NewDomain& made, std::size_t card,
              std::string_view model) {
  const auto& nic = made.wish.nics.at(card);
  const auto& place = made.cards.at(card);
  auto interface = add(devices, "interface", {{"type", place.type}});
  if (!nic.mac.empty()) add(interface, "mac", {{"address", nic.mac}});
  if (!place.attribute.empty()) {
    auto source = add(interface, "source", {{place.attribute.c_str(), place.name}});
    if (place.type == "direct") source.append_attribute("mode").set_value("bridge");
  }
  add(interface, "model", {{"type", std::string(model)}});
}

void add_serial_port(pugi::xml_node devices) {
  auto serial = add(devices, "serial", {{"type", "pty"}});
  add(serial, "target", {{"port", "0"}});
  auto console = add(devices, "console", {{"type", "pty"}});
  add(console, "target", {{"type", "serial"}, {"port", "0"}});
}

std::string written(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "  ", pugi::format_indent | pugi::format_no_declaration);
  return out.str();
}

}  // namespace truce::libvirt
