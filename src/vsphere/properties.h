// Which properties of vim25's objects are read, and what they are in our words: tables of rows.
#pragma once

#include <span>

#include "platform/nouns.h"
#include "soap.h"
#include "value.h"

namespace truce::vsphere {

/// One property of a kind of object. `take` is given no value when the object has none (any more).
template <class Noun>
struct Property {
  std::string_view path;
  void (*take)(Noun&, Value);
};

std::span<const Property<platform::Machine>> machine_properties();
/// A machine as far as an answer tells, without its id.
platform::Machine machine_of(const ObjectUpdate& seen);
std::span<const Property<platform::Host>> host_properties();
std::span<const Property<platform::Pool>> pool_properties();
std::span<const Property<platform::Network>> network_properties();
std::span<const Property<platform::Folder>> folder_properties();

/// Types of vim25 and what they are here; those that are derived from them come with them.
enum class Noun { machine, host, pool, network, folder };
struct Type {
  std::string_view name;
  Noun noun;
  bool watched;  ///< asked for by this name; the others come as their kinds
};
std::span<const Type> types();

/// All of it as `propSet` elements of a PropertyFilterSpec.
std::string property_sets();

/// The property of the tables that `path` lies in: `config.hardware.device[2000].backing` →
/// `config.hardware`; empty: in none.
std::string_view property_of(Noun noun, std::string_view path);

/// Of a VirtualDisk, which servers tell in bytes or, before 5.5, in KiB (devices.cpp).
Bytes capacity_of(Value disk);

/// Disks, network cards and the TPM of a VirtualHardware (devices.cpp).
void take_devices(platform::Machine& machine, Value hardware);

}  // namespace truce::vsphere
