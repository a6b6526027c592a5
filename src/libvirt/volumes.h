// Machines that are off, and the volumes that their disks are. All here blocks.
#pragma once

#include "connection.h"

namespace truce::libvirt {

/// A machine that is off and not asleep, and its definition with what libvirt shows only to those
/// who may write.
struct Resting {
  Domain domain;
  std::string xml;
  DomainDocument document;
};
/// Code::precondition: it is not off.
Result<Resting> rest(Connection& on, const std::string& machine);

Result<std::vector<StoragePool>> active_pools(Connection& on);

/// What a machine names as Disk::file, a path or `POOL/VOLUME`; null when libvirt knows it as no
/// volume.
Volume volume_of(Connection& on, const std::string& file);
/// The pool over a file's folder looks what is there.
Result<void> refresh_pool_of(Connection& on, const std::string& file);
/// The same, and where a pool is over the file's folder that has not seen it yet, that is
/// refreshed. Code::unsupported says how a pool is made.
Result<Volume> volume_or_refresh(Connection& on, const std::string& file);
/// As it is now: libvirt looks.
Result<VolumeDocument> describe(Connection& on, virStorageVol* volume);

}  // namespace truce::libvirt
