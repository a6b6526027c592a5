// What a pool has told, object by object, and what that means. Pure.
#pragma once

#include <set>
#include <unordered_map>

#include "records.h"

namespace truce::xapi {

/// The classes whose events are asked for.
const std::vector<std::string>& watched_classes();

/// Takes events in and answers what they say of machines and places, in the words of platform.
/// Snapshots are shown with their machines; templates and hosts' own domains are not shown.
class Picture {
 public:
  /// An event of event.from: an object is there, is another now, or is gone. Of classes that are
  /// not known it takes none. Code::corrupt: it is no event; Code::limit: too many objects.
  Result<void> take(std::string_view event);

  /// All that there is (`whole`), or what may have changed since the last call: also what has not.
  platform::Update collect(platform::Update::Extent extent);

  /// How many objects of each watched class there are, by its name in lower case.
  [[nodiscard]] std::map<std::string, std::int64_t> counts() const;

 private:
  template <class T>
  using Table = std::unordered_map<std::string, T>;
  /// What is to be looked at again when an object of a class changes.
  void touch(const std::string& kind, const std::string& ref);
  void put(const std::string& kind, const std::string& ref, const json::object& record);
  void drop(const std::string& kind, const std::string& ref);
  void touch_machine(const std::string& ref);
  [[nodiscard]] std::size_t size() const;

  [[nodiscard]] platform::Machine machine(const std::string& ref, const VmRecord& vm) const;
  void add_disks(platform::Machine& to, const VmRecord& vm) const;
  void add_cards(platform::Machine& to, const VmRecord& vm) const;
  void add_guest(platform::Machine& to, const VmRecord& vm) const;
  void add_snapshots(platform::Machine& to, const std::string& ref, const VmRecord& vm) const;
  [[nodiscard]] std::string host_id(const VmRecord& vm) const;
  [[nodiscard]] std::string folder_id() const;
  void add_places(platform::Update& update) const;

  Table<VmRecord> vms_;
  Table<DriveRecord> drives_;
  Table<VolumeRecord> volumes_;
  Table<CardRecord> cards_;
  Table<MetricsRecord> metrics_;
  Table<GuestRecord> guests_;
  Table<HostRecord> hosts_;
  Table<HostMetricsRecord> host_metrics_;
  Table<RepositoryRecord> repositories_;
  Table<PathRecord> paths_;
  Table<platform::Network> networks_;
  Table<PoolRecord> pools_;
  Table<std::string> owners_;      ///< of metrics: the machine
  std::set<std::string> touched_;  ///< machines
  std::vector<std::string> gone_;  ///< uuids of machines
  std::vector<std::string> gone_hosts_, gone_pools_, gone_networks_;
  bool places_ = false, all_ = false;
};

}  // namespace truce::xapi
