// The one way to change state: a Change is gathered from what the inventory shows, committed at
// once, and answered when the inventory shows it.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "inventory.h"

namespace truce::manager {

/// Who does something: a caller's name and address, or nobody for the system.
struct Actor {
  std::string user = {};
  std::string address = {};
  std::string request = {};  ///< its id
};

/// The writes of one commit. Each object that is put or erased must be as the inventory showed it,
/// or the commit is a conflict. Events that are added land in the same commit.
class Change {
 public:
  Change(const Inventory& inventory, Actor actor)
      : inventory_(inventory), actor_(std::move(actor)) {}

  /// Makes the commit a conflict unless the object is as the inventory shows it, or not there.
  template <class T>
  void expect(std::string_view name) {
    auto key = key_of<T>(name);
    for (const auto& condition : conditions) {
      if (condition.key == key) return;
    }
    auto kept = inventory_.find<T>(name);
    conditions.push_back({std::move(key), kept ? kept->revision : 0});
  }
  template <class T>
  void put(const T& object) {
    if constexpr (std::is_same_v<T, model::Pool>) return put_pool(object);
    expect<T>(object.name);
    write_over(object.name, object);
    if constexpr (std::is_same_v<T, model::Vm>) note_draft(object);
  }
  void put_job(const model::Job& job) {
    expect<model::Job>(job.task);
    write_over(job.task, job);
  }
  template <class T>
  void erase(std::string_view name) {
    expect<T>(name);
    write(key_of<T>(name), std::nullopt);
    if constexpr (std::is_same_v<T, model::Pool>) erase_places(std::string(name));
  }
  /// What is left of the places of a pool, as many as fit.
  void erase_places(const std::string& pool);
  /// How one host has a pool, where that is not stored already.
  void put_place(const std::string& pool, const model::PoolPlace& place);
  /// A value of no kind, without a condition. What was to be written to the key before is replaced.
  void write(std::string key, std::optional<std::string> value) {
    auto old = std::ranges::find(writes, key, &store::Write::key);
    if (old != writes.end()) {
      old->value = std::move(value);
    } else {
      writes.push_back({std::move(key), std::move(value)});
    }
  }
  /// The machine's object, and with it its first-boot secret and who may run it.
  void erase_vm(const model::Vm& vm) {
    erase<model::Vm>(vm.name);
    if (inventory_.find<model::VmTenancy>(vm.uuid)) erase<model::VmTenancy>(vm.uuid);
    write(first_boot_key(vm.uuid), std::nullopt);
  }
  void event(std::string kind, std::string target, std::string project, std::string message) {
    model::Event event;
    event.time = now();
    event.kind = std::move(kind);
    event.target = std::move(target);
    event.project = std::move(project);
    event.user = actor_.user;
    event.address = actor_.address;
    event.request = actor_.request;
    event.message = std::move(message);
    events.push_back(std::move(event));
  }
  /// Raises the format of the state; a conflict when somebody else has.
  void raise_format(std::int64_t format) {
    conditions.push_back({std::string(format_key), inventory_.format_revision()});
    write(std::string(format_key), std::to_string(format));
  }
  [[nodiscard]] const Actor& actor() const { return actor_; }
  /// What is left is for the next commit: there is room for what one more object needs, and no
  /// more.
  [[nodiscard]] bool full() const {
    constexpr std::size_t room = 27;
    auto most = std::max(conditions.size(), writes.size() + events.size());
    return most + room >= store::max_writes_in_commit;
  }

  std::vector<store::Condition> conditions;
  std::vector<store::Write> writes;
  std::vector<model::Event> events;  ///< named and written by the ledger
  std::vector<Draft> drafts;         ///< machines that take anything else than before

 private:
  /// What a newer release has put into the object stays there.
  template <class T>
  void write_over(std::string_view name, const T& object) {
    auto kept = inventory_.find<T>(name);
    write(key_of<T>(name),
          kept ? model::to_text_over(object, *kept->text) : model::to_text(object));
  }

  /// The pool itself where it has changed, and those of its places that have.
  void put_pool(const model::Pool& pool);
  void expect_place(const std::string& pool, const std::string& host);
  [[nodiscard]] bool writes_to(std::string_view key) const {
    return std::ranges::find(writes, key, &store::Write::key) != writes.end();
  }
  void note_draft(const model::Vm& vm) {
    std::erase_if(drafts, [&](const Draft& draft) { return draft->uuid == vm.uuid; });
    auto kept = inventory_.vm_by_uuid(vm.uuid);
    if (takes_otherwise(kept ? &kept->object : nullptr, vm))
      drafts.push_back(inventory_.drafts().add(vm));
  }

  const Inventory& inventory_;
  Actor actor_;
};

class Ledger {
 public:
  Ledger(asio::any_io_executor loop, store::Store& store);

  /// Reads everything and follows the store from there, as part of `scope`.
  Async<Result<void>> open(Scope& scope);

  [[nodiscard]] const Inventory& inventory() const { return inventory_; }
  Inventory& inventory() { return inventory_; }
  store::Store& store() { return store_; }

  /// Gathers a change by `build` and commits it; when somebody else was quicker it is gathered
  /// anew, a bounded number of times. Answers when the inventory shows it.
  Async<Result<void>> change(Actor actor, std::function<Result<void>(Change&)> build);

  /// The writes of a change with its events named, for who commits them elsewhere.
  std::vector<store::Write> writes_of(Change change);

  /// The name of the next task: later ones sort later. Not used twice in one life of the daemon,
  /// and never one that is stored.
  std::string next_task_name();

 private:
  Async<void> follow();
  Async<Result<store::Revision>> commit(Change change);

  asio::any_io_executor loop_;
  store::Store& store_;
  Inventory inventory_;
  std::unique_ptr<store::Watch> watch_;
  std::int64_t last_event_ = 0;
  std::int64_t last_task_ = 0;
};

}  // namespace truce::manager
