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
#include "model/model.h"
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

/// The folder of the store that a kind lives in, which is also its path in the API.
template <class T>
inline constexpr std::string_view folder_of = {};
template <>
inline constexpr std::string_view folder_of<model::Vm> = "vms";
template <>
inline constexpr std::string_view folder_of<model::Template> = "templates";
template <>
inline constexpr std::string_view folder_of<model::Network> = "networks";
template <>
inline constexpr std::string_view folder_of<model::SecurityGroup> = "security-groups";
template <>
inline constexpr std::string_view folder_of<model::Pool> = "pools";
template <>
inline constexpr std::string_view folder_of<model::Host> = "hosts";
template <>
inline constexpr std::string_view folder_of<model::Task> = "tasks";
template <>
inline constexpr std::string_view folder_of<model::Event> = "events";
template <>
inline constexpr std::string_view folder_of<model::Token> = "tokens";
template <>
inline constexpr std::string_view folder_of<model::Job> = "jobs";

/// The key of the object `name` of a kind.
template <class T>
std::string key_of(std::string_view name) {
  return fmt::format("{}/{}", folder_of<T>, name);
}

/// The key of a machine's cloud-init data, which the inventory does not hold: it may be secret.
inline std::string first_boot_key(const std::string& uuid) {
  return "cloud-init/" + uuid;
}

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
};

class Inventory {
 public:
  explicit Inventory(asio::any_io_executor loop);

  /// Code::corrupt names the key whose value is not what its kind should be.
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
  [[nodiscard]] Ref<model::Vm> vm_by_uuid(const std::string& uuid) const;
  /// Names of tasks that have not ended.
  [[nodiscard]] const std::set<std::string>& live_tasks() const { return live_tasks_; }
  /// Names of machines without a host.
  [[nodiscard]] const std::set<std::string>& unplaced() const { return unplaced_; }
  [[nodiscard]] bool number_taken(std::int64_t number) const { return numbers_.contains(number); }

  [[nodiscard]] store::Revision revision() const { return revision_; }
  /// The last few thousand changes, oldest first.
  [[nodiscard]] const std::deque<Seen>& recent() const { return recent_; }
  /// Changes after this revision are all in recent().
  [[nodiscard]] store::Revision remembered_from() const { return remembered_from_; }

  /// Returns when this has seen the revision, or when cancelled.
  Async<void> reached(store::Revision revision);
  /// Returns when something changed after `revision`, or when cancelled.
  Async<void> changed_since(store::Revision revision);

 private:
  template <class T>
  bool apply_to(const store::Change& change, store::Revision revision, Result<void>& result);
  template <class T>
  void index(const Kept<T>* old, const Kept<T>* now);
  Result<void> apply_change(const store::Change& change, store::Revision revision);

  std::tuple<Collection<model::Vm>, Collection<model::Template>, Collection<model::Network>,
             Collection<model::Pool>, Collection<model::Host>, Collection<model::Task>,
             Collection<model::Event>, Collection<model::Token>, Collection<model::Job>,
             Collection<model::SecurityGroup>>
      collections_;
  std::unordered_map<std::string, std::string> uuid_names_;
  std::set<std::int64_t> numbers_;
  std::set<std::string> live_tasks_;
  std::set<std::string> unplaced_;
  std::deque<Seen> recent_;
  store::Revision remembered_from_ = 0;
  store::Revision revision_ = 0;
  asio::steady_timer changed_;  ///< cancelled to wake all who wait
};

/// Whether a task has ended.
bool ended(const model::Task& task);

}  // namespace truce::manager
