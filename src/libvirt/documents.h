// What libvirt describes in XML, in our words. Pure; whatever a host sends is read within bounds.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/nouns.h"

namespace truce::libvirt {

/// Where disks and cards may lead: what machines name by paths and names.
struct Places {
  using Ids = std::map<std::string, std::string, std::less<>>;
  Ids pools_by_path;  ///< folder of a pool -> its id
  Ids pools;          ///< name -> id
  Ids networks;       ///< name -> id
};

/// A domain's description.
struct DomainDocument {
  platform::Machine machine;  ///< without its state, use, sizes, snapshots and addresses
  /// Networks of its cards that are none of libvirt's: a bridge, a card of the host, QEMU's own.
  std::vector<platform::Network> networks;
  std::vector<std::string> keeps;  ///< disks that are not its own alone: read only, shared
  bool agent = false;              ///< the guest's agent is there now
};

/// Code::corrupt: it is no domain.
Result<DomainDocument> read_domain(std::string_view xml, const Places& places);

/// A snapshot's description; its id is its name, of which libvirt has each once in a machine.
Result<platform::Snapshot> read_snapshot(std::string_view xml);
/// Parents before their children; a parent that is not there is none.
std::vector<platform::Snapshot> in_order(std::vector<platform::Snapshot> snapshots);

/// A pool's description, and the folder that its volumes are in.
struct PoolDocument {
  platform::Pool pool;
  std::string folder;
};
Result<PoolDocument> read_pool(std::string_view xml);

Result<platform::Network> read_network(std::string_view xml);

/// A volume's description, as far as copies of it need it.
struct VolumeDocument {
  std::string name, format, backing, path;
  std::string kind;  ///< libvirt's word: `file`, `block`, ...
  Bytes size;        ///< of the disk in it
  Bytes physical;    ///< of itself
  /// When it, and what is told of it, was last changed: as libvirt has it, empty where it has not.
  std::string modified, changed;
};
Result<VolumeDocument> read_volume(std::string_view xml);

/// Whether the host's capabilities have KVM for PCs of 64 bits.
bool read_has_kvm(std::string_view capabilities);
/// As what a Xen host's capabilities say that it starts PCs of 64 bits.
std::vector<model::XenKind> read_xen_kinds(std::string_view capabilities);
/// The host's uuid in its capabilities; empty: it has none.
std::string read_host_uuid(std::string_view capabilities);
/// Maker and model of the host, of its SMBIOS.
struct Maker {
  std::string vendor, model;
};
Maker read_maker(std::string_view sysinfo);

/// A domain's description as that of a copy: with another name, without what is the original's
/// alone (uuid, addresses of cards, NVRAM, generation id), and with other files in the place of
/// disks.
Result<std::string> as_copy(std::string_view xml, const std::string& name,
                            const std::map<std::string, std::string>& new_file_of);

/// What libvirt is told of a snapshot, or of a volume that becomes a copy of another one.
std::string snapshot_xml(std::string_view name, std::string_view description);
/// Overlays that it shall make over disks, all at once: by the disk's id its file, empty for a disk
/// that gets none.
std::string overlays_xml(const std::map<std::string, std::string>& file_of);
std::string volume_xml(std::string_view name, const VolumeDocument& of);

}  // namespace truce::libvirt
