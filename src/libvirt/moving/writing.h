// What descriptions of machines that come have in common, whatever their host runs them with.
#pragma once

#include <initializer_list>
#include <pugixml.hpp>

#include "moving/new_domain.h"

namespace truce::libvirt {

struct Attribute {
  const char* name;
  std::string value;
};
pugi::xml_node add(pugi::xml_node into, const char* name,
                   std::initializer_list<Attribute> attributes = {});
void add_text(pugi::xml_node into, const char* name, const std::string& text);

/// The domain with its names, what is said of it, its memory and its number of processors.
pugi::xml_node add_domain(pugi::xml_document& into, const NewDomain& made, const char* type);
/// One of its disks. `driver`: who reads it for the machine, `qemu` or Xen's `phy`.
pugi::xml_node add_disk(pugi::xml_node devices, const NewDomain& made, std::size_t disk,
                        const char* driver, const char* bus);
/// One of its cards.
void add_card(pugi::xml_node devices, const NewDomain& made, std::size_t card,
              std::string_view model);
/// A serial port, and the console that is the same.
void add_serial_port(pugi::xml_node devices);
std::string written(const pugi::xml_document& document);

/// domain_xml() of a host with Xen.
std::string xen_domain_xml(const NewDomain& made);

}  // namespace truce::libvirt
