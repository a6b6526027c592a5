// All that the store holds, typed, in memory: what handlers read. Fed by the store's watch only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

#include "base/async.h"
#include "lists/folders.h"
#include "model/model.h"
#include "plans/drafts.h"
#include "plans/host_uses.h"
#include "store/store.h"

namespace truce::manager {

/// An object as it stands in the store.
template <class T>
struct Kept {
  T object;
  store::Revision revision = 0;             ///< of its last change: the ETag
  std::shared_ptr<const std::string> text;  ///< its JSON
};
template <class T>
using Ref = std::shared_ptr<const Kept<T>>;

/// The key of a machine's cloud-init data, which the inventory does not hold: it may be secret.
inline std::string first_boot_key(const std::string& uuid) {
  return "cloud-init/" + uuid;
}

/// The key of the certificates that a host of the cluster has now: their SHA-256s, one a line.
inline constexpr std::string_view certificates_folder = "host-certificates/";
inline std::string certificates_key(std::string_view host) {
  return fmt::format("{}{}", certificates_folder, host);
}

/// The key of the format that everything in the store has, a number: absent is 1. A daemon that
/// does not know it reads and writes nothing.
inline constexpr std::string_view format_key = "state/format";

/// Whether objects of a kind belong to projects.
template <class T>
inline constexpr bool in_projects = requires(T object) { object.project; };

/// Which project an object belongs to; empty when it belongs to none.
template <class T>
std::string_view project_of(const T& object) {
  if constexpr (in_projects<T>) return object.project;
  return {};
}

template <class T>
using Collection = std::map<std::string, Ref<T>, std::less<>>;

/// One change, remembered for those who watch. `text` is null when the object was deleted.
struct Seen {
  store::Revision revision = 0;
  std::string_view folder;
  std::string name;
  std::string project;
  std::shared_ptr<const std::string> text;
  /// Whose matter it was and is, for kinds that are that of some.
  std::set<std::string> hosts = {};
  /// What all hosts are told of it is not as it was: where a host is reached; where a machine is,
  /// and by what cards; what was asked for of a pool.
  bool for_others = false;
};

/// How each host has a pool, by host.
using Places = std::map<std::string, Ref<model::PoolPlace>, std::less<>>;

/// Names of objects by what they belong to.
using Members = std::map<std::string, std::set<std::string>, std::less<>>;

class Inventory {
 public:
  explicit Inventory(asio::any_io_executor loop);

  /// Code::corrupt names the key whose value is not what its kind should be; Code::unsupported:
  /// this release does not know the state's format.
  Result<void> load(store::Listing listing);
  Result<void> apply(const store::Batch& batch);

  template <class T>
  [[nodiscard]] const Collection<T>& all() const {
    return std::get<Collection<T>>(collections_);
  }
  /// Null when there is none.
  template <class T>
  [[nodiscard]] Ref<T> find(std::string_view name) const {
    auto found = all<T>().find(name);
    return found == all<T>().end() ? nullptr : found->second;
  }
  /// A pool as it stands in the store, without what its places tell; all<Pool>() has both.
  [[nodiscard]] Ref<model::Pool> stored_pool(std::string_view name) const;
  /// What stands in the store of the places of a pool, also of one that is gone.
  [[nodiscard]] const Places& stored_places(std::string_view pool) const;
  /// Pools that are gone, of which places are left.
  [[nodiscard]] std::vector<std::string> pools_gone() const;
  [[nodiscard]] Ref<model::Vm> vm_by_uuid(const std::string& uuid) const;
  /// Names of the machines of a host.
  [[nodiscard]] const std::set<std::string>& machines_on(std::string_view host) const;
  /// Names of machines that have a card in a network.
  [[nodiscard]] const std::set<std::string>& machines_in(std::string_view network) const;
  /// Uuids of machines whose tenancies name a host, as owner or as destination.
  [[nodiscard]] const std::set<std::string>& tenancies_of(std::string_view host) const;
  /// Names of tasks that have not ended.
  [[nodiscard]] const std::set<std::string>& live_tasks() const { return live_tasks_; }
  /// Names of machines without a host.
  [[nodiscard]] const std::set<std::string>& unplaced() const { return unplaced_; }
  /// What machines take of each host.
  [[nodiscard]] const HostUses& uses() const { return uses_; }
  /// Machines of changes that this does not show yet: who decides who goes where counts them, too.
  [[nodiscard]] Drafts& drafts() const { return drafts_; }
  [[nodiscard]] bool number_taken(std::int64_t number) const { return numbers_.contains(number); }

  /// What is under certificates_key(); empty when there is nothing.
  [[nodiscard]] std::string certificates_of(const std::string& host) const;

  /// Of the state; and its last change, 0: never.
  [[nodiscard]] std::int64_t format() const { return format_; }
  [[nodiscard]] store::Revision format_revision() const { return format_revision_; }

  [[nodiscard]] store::Revision revision() const { return revision_; }
  /// The last few thousand changes, oldest first.
  [[nodiscard]] const std::deque<Seen>& recent() const { return recent_; }
  /// Changes after this revision are all in recent().
  [[nodiscard]] store::Revision remembered_from() const { return remembered_from_; }

  /// Returns when this has seen the revision, or when cancelled.
  Async<void> reached(store::Revision revision);
  /// Returns when something changed after `revision`, or when cancelled. Heartbeats are no change.
  Async<void> changed_since(store::Revision revision);

 private:
  template <class T>
  bool apply_to(const store::Change& change, store::Revision revision, Result<void>& result);
  template <class T>
  void index(const Kept<T>* old, const Kept<T>* now);
  Result<void> apply_change(const store::Change& change, store::Revision revision);
  bool take_pool(const store::Change& change, store::Revision revision, Result<void>& result);
  bool take_place(const store::Change& change, store::Revision revision, Result<void>& result);
  void join_pools(store::Revision revision);
  void show_pool(const std::string& name, store::Revision revision);
  Result<void> take_format(const store::Change& change, store::Revision revision);

  std::tuple<Collection<model::Vm>, Collection<model::Template>, Collection<model::Network>,
             Collection<model::Pool>, Collection<model::Host>, Collection<model::Task>,
             Collection<model::Event>, Collection<model::Token>, Collection<model::Job>,
             Collection<model::SecurityGroup>, Collection<model::ConflictClass>,
             Collection<model::ResourcePool>, Collection<model::Upload>, Collection<model::User>,
             Collection<model::Session>, Collection<model::Alarm>, Collection<model::AlarmTargets>,
             Collection<model::AlarmReceivers>, Collection<model::AlarmMessage>,
             Collection<model::Rule>, Collection<model::Plan>, Collection<model::Cluster>,
             Collection<model::JoinToken>, Collection<model::Platform>,
             Collection<model::Relocation>, Collection<model::NodeLife>,
             Collection<model::VmTenancy>>
      collections_;
  Collection<model::Pool> stored_pools_;
  std::map<std::string, Places, std::less<>> places_;
  std::set<std::string> pools_changed_;  ///< by the batch that is taken in
  std::map<std::string, std::string, std::less<>> certificates_;
  std::unordered_map<std::string, std::string> uuid_names_;
  Members on_hosts_, in_networks_, tenancies_;
  std::set<std::int64_t> numbers_;
  std::set<std::string> live_tasks_;
  std::set<std::string> unplaced_;
  HostUses uses_;
  mutable Drafts drafts_;  // no part of what the store holds
  std::deque<Seen> recent_;
  store::Revision remembered_from_ = 0;
  store::Revision revision_ = 0;
  std::int64_t format_ = 1;
  store::Revision format_revision_ = 0;
  asio::steady_timer changed_;  ///< cancelled to wake all who wait for any change
  /// Cancelled to wake who waits for a revision: of many commits at once each wakes its own.
  std::multimap<store::Revision, asio::steady_timer*> awaited_;
};

/// The format that the entry of format_key tells, if there is one. Code::corrupt: it is no number;
/// Code::unsupported: this release does not know it.
Result<std::int64_t> read_format(const std::optional<store::Entry>& entry);

/// Whether a machine has a label, as it is asked for in queries: `key`, or `key=value`.
bool has_label(const model::Vm& vm, std::string_view label);

/// Whether a task has ended.
bool ended(const model::Task& task);

}  // namespace truce::manager
