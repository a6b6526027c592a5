#include "inventory.h"

#include <algorithm>
#include <charconv>

#include "availability/records.h"
#include "base/release.h"
#include "pools/places.h"

namespace truce::manager {
namespace {
constexpr std::size_t remembered_changes = 8192;

// Which hosts have to know of an object.
std::set<std::string> hosts_of(const model::Vm& vm) {
  return {vm.host};
}
std::set<std::string> hosts_of(const model::VmTenancy& vm) {
  return {vm.owner, vm.destination};
}
std::set<std::string> hosts_of(const model::Job& job) {
  return {job.host, job.from};
}
std::set<std::string> hosts_of(const model::Upload& upload) {
  return {upload.host};
}

template <class T>
void add_hosts(const T* object, std::set<std::string>& hosts) {
  if constexpr (requires { hosts_of(*object); }) {
    if (object != nullptr) hosts.merge(hosts_of(*object));
    hosts.erase("");
  }
}

std::set<std::string> networks_of(const model::Vm& vm) {
  std::set<std::string> networks;
  for (const auto& nic : vm.nics) networks.insert(nic.network);
  return networks;
}

// Whether hosts that it is not of are told the same of both.
bool says_the_same(const model::Host& one, const model::Host& other) {
  return one.address == other.address;
}
bool says_the_same(const model::Vm& one, const model::Vm& other) {
  return one.host == other.host && one.nics == other.nics;
}
bool says_the_same(const model::Pool& one, const model::Pool& other) {
  auto asked = [](const model::Pool& pool) {
    return std::tie(pool.id, pool.shared, pool.source, pool.quota, pool.overcommit_percent,
                    pool.alarm_percent);
  };
  auto place = [](const model::PoolPlace& one, const model::PoolPlace& other) {
    return one.host == other.host && one.path == other.path;
  };
  // Of one that each host has anyhow, or that they share, none is told who has it.
  bool everywhere = one.name == "default" || one.shared;
  return asked(one) == asked(other) &&
         (everywhere || std::ranges::equal(one.places, other.places, place));
}

template <class T>
bool is_for_others(const T* old, const T* now) {
  if constexpr (requires { says_the_same(*old, *now); })
    return old == nullptr || now == nullptr || !says_the_same(*old, *now);
  return false;
}

void regroup(Members& members, const std::string& name, const std::set<std::string>& from,
             const std::set<std::string>& to) {
  for (const auto& group : from) {
    auto found = members.find(group);
    if (to.contains(group) || found == members.end()) continue;
    found->second.erase(name);
    if (found->second.empty()) members.erase(found);
  }
  for (const auto& group : to) {
    if (!group.empty()) members[group].insert(name);
  }
}

const std::set<std::string>& of_group(const Members& members, std::string_view group) {
  static const std::set<std::string> none;
  auto found = members.find(group);
  return found == members.end() ? none : found->second;
}
}  // namespace

bool ended(const model::Task& task) {
  return task.state != model::TaskState::queued && task.state != model::TaskState::running;
}

bool has_label(const model::Vm& vm, std::string_view label) {
  auto equal = std::min(label.find('='), label.size());
  auto found = vm.labels.find(std::string(label.substr(0, equal)));
  if (found == vm.labels.end()) return false;
  return equal == label.size() || found->second == label.substr(equal + 1);
}

Inventory::Inventory(asio::any_io_executor loop) : changed_(std::move(loop)) {
  changed_.expires_at(asio::steady_timer::time_point::max());
}

Result<std::int64_t> read_format(const std::optional<store::Entry>& entry) {
  std::int64_t format = 1;
  if (entry) {
    const auto* end = entry->value.data() + entry->value.size();
    auto [at, ec] = std::from_chars(entry->value.data(), end, format);
    if (ec != std::errc() || at != end)
      return fail(Code::corrupt, "stored object {}: it is no number", format_key);
  }
  TRY_VOID(release::check_format(format));
  return format;
}

Result<void> Inventory::take_format(const store::Change& change, store::Revision revision) {
  TRY(format_, read_format(change.entry));
  format_revision_ = change.entry ? revision : 0;
  return {};
}

Result<void> Inventory::load(store::Listing listing) {
  // First of all: with another format nothing else can be understood.
  auto format = std::ranges::find(listing.entries, format_key, &store::Entry::key);
  TRY_VOID(read_format(format == listing.entries.end() ? std::nullopt : std::optional(*format)));
  for (auto& entry : listing.entries) {
    auto revision = entry.modified;
    auto key = entry.key;
    TRY_VOID(apply_change({std::move(key), std::move(entry)}, revision));
  }
  join_pools(listing.revision);
  recent_.clear();
  revision_ = listing.revision;
  remembered_from_ = listing.revision;
  return {};
}

Result<void> Inventory::apply(const store::Batch& batch) {
  for (const auto& change : batch.changes) TRY_VOID(apply_change(change, batch.revision));
  join_pools(batch.revision);
  while (recent_.size() > remembered_changes) {
    remembered_from_ = recent_.front().revision;
    recent_.pop_front();
  }
  revision_ = batch.revision;
  auto reached = awaited_.upper_bound(revision_);
  for (auto waits = awaited_.begin(); waits != reached; ++waits) waits->second->cancel();
  static const auto beats = availability::beat_key("");
  auto is_beat = [](const store::Change& change) { return change.key.starts_with(beats); };
  if (!std::ranges::all_of(batch.changes, is_beat)) changed_.cancel();
  return {};
}

template <class T>
void Inventory::index(const Kept<T>* old, const Kept<T>* now) {
  if constexpr (std::is_same_v<T, model::Vm>) {
    if (old) {
      uuid_names_.erase(old->object.uuid);
      numbers_.erase(old->object.number);
      unplaced_.erase(old->object.name);
      uses_.remove(old->object);
    }
    if (now) {
      uuid_names_[now->object.uuid] = now->object.name;
      numbers_.insert(now->object.number);
      if (now->object.host.empty()) unplaced_.insert(now->object.name);
      uses_.add(now->object);
    }
    const auto& name = (old ? old : now)->object.name;
    const std::set<std::string> none;
    regroup(on_hosts_, name, old ? hosts_of(old->object) : none,
            now ? hosts_of(now->object) : none);
    regroup(in_networks_, name, old ? networks_of(old->object) : none,
            now ? networks_of(now->object) : none);
  } else if constexpr (std::is_same_v<T, model::VmTenancy>) {
    const auto& uuid = (old ? old : now)->object.name;
    const std::set<std::string> none;
    regroup(tenancies_, uuid, old ? hosts_of(old->object) : none,
            now ? hosts_of(now->object) : none);
  } else if constexpr (std::is_same_v<T, model::Task>) {
    if (old) live_tasks_.erase(old->object.name);
    if (now && !ended(now->object)) live_tasks_.insert(now->object.name);
  }
}

namespace {

/// What follows the folder of a kind in a key; empty: it is of another kind.
template <class T>
std::string name_in(std::string_view key) {
  constexpr auto folder = folder_of<T>;
  bool is = key.starts_with(folder) && key.size() > folder.size() && key[folder.size()] == '/';
  return is ? std::string(key.substr(folder.size() + 1)) : std::string();
}

/// Null, with the result set: it cannot be read.
template <class T>
Ref<T> read_kept(const store::Change& change, store::Revision revision, Result<void>& result) {
  auto object = model::from_text<T>(change.entry->value, model::Unknown::ignore);
  if (!object) {
    result = fail(Code::corrupt, "stored object {}: {}", change.key, object.error().message);
    return nullptr;
  }
  return std::make_shared<Kept<T>>(Kept<T>{
      *std::move(object), revision, std::make_shared<const std::string>(change.entry->value)});
}

}  // namespace

bool Inventory::take_pool(const store::Change& change, store::Revision revision,
                          Result<void>& result) {
  auto name = name_in<model::Pool>(change.key);
  if (name.empty()) return false;
  pools_changed_.insert(name);
  if (!change.entry) return stored_pools_.erase(name), true;
  if (auto kept = read_kept<model::Pool>(change, revision, result))
    stored_pools_[name] = std::move(kept);
  return true;
}

bool Inventory::take_place(const store::Change& change, store::Revision revision,
                           Result<void>& result) {
  auto name = name_in<model::PoolPlace>(change.key);
  auto slash = name.find('/');
  if (name.empty() || slash == name.npos) return false;
  auto pool = name.substr(0, slash), host = name.substr(slash + 1);
  pools_changed_.insert(pool);
  if (change.entry) {
    if (auto kept = read_kept<model::PoolPlace>(change, revision, result))
      places_[pool][host] = std::move(kept);
  } else if (auto places = places_.find(pool); places != places_.end()) {
    places->second.erase(host);
    if (places->second.empty()) places_.erase(places);
  }
  return true;
}

void Inventory::join_pools(store::Revision revision) {
  for (const auto& name : std::exchange(pools_changed_, {})) show_pool(name, revision);
}

// With thousands of places its text is long: who is told of an older change is told what it is now.
void Inventory::show_pool(const std::string& name, store::Revision revision) {
  auto& shown = std::get<Collection<model::Pool>>(collections_);
  auto old = find<model::Pool>(name);
  auto stored = stored_pool(name);
  if (!old && !stored) return;
  Seen seen{.revision = revision, .folder = folder_of<model::Pool>, .name = name};
  Ref<model::Pool> now;
  if (stored) {
    auto pool = joined(stored->object, stored_places(name));
    auto text = pool == stored->object
                    ? stored->text
                    : std::make_shared<const std::string>(model::to_text_over(pool, *stored->text));
    now = std::make_shared<Kept<model::Pool>>(
        Kept<model::Pool>{std::move(pool), stored->revision, std::move(text)});
    seen.text = now->text;
    shown[name] = now;
  } else {
    shown.erase(name);
  }
  seen.for_others = is_for_others(old ? &old->object : nullptr, now ? &now->object : nullptr);
  for (auto& before : recent_)
    if (before.folder == seen.folder && before.name == name && before.text) before.text = seen.text;
  recent_.push_back(std::move(seen));
}

Ref<model::Pool> Inventory::stored_pool(std::string_view name) const {
  auto found = stored_pools_.find(name);
  return found == stored_pools_.end() ? nullptr : found->second;
}

const Places& Inventory::stored_places(std::string_view pool) const {
  static const Places none;
  auto found = places_.find(pool);
  return found == places_.end() ? none : found->second;
}

std::vector<std::string> Inventory::pools_gone() const {
  std::vector<std::string> names;
  for (const auto& [name, places] : places_)
    if (!stored_pools_.contains(name)) names.push_back(name);
  return names;
}

template <class T>
bool Inventory::apply_to(const store::Change& change, store::Revision revision,
                         Result<void>& result) {
  constexpr auto folder = folder_of<T>;
  std::string_view key = change.key;
  if (!key.starts_with(folder) || key.size() <= folder.size() || key[folder.size()] != '/')
    return false;
  std::string name(key.substr(folder.size() + 1));
  auto& collection = std::get<Collection<T>>(collections_);
  auto old = find<T>(name);
  Seen seen{.revision = revision, .folder = folder, .name = name};
  if (old) seen.project = project_of(old->object);
  add_hosts<T>(old ? &old->object : nullptr, seen.hosts);
  if (!change.entry) {
    seen.for_others = is_for_others<T>(old ? &old->object : nullptr, nullptr);
    index<T>(old.get(), nullptr);
    collection.erase(name);
  } else {
    auto object = model::from_text<T>(change.entry->value, model::Unknown::ignore);
    if (!object) {
      result = fail(Code::corrupt, "stored object {}: {}", change.key, object.error().message);
      return true;
    }
    auto kept = std::make_shared<Kept<T>>(Kept<T>{
        *std::move(object), revision, std::make_shared<const std::string>(change.entry->value)});
    index<T>(old.get(), kept.get());
    add_hosts<T>(&kept->object, seen.hosts);
    seen.for_others = is_for_others<T>(old ? &old->object : nullptr, &kept->object);
    seen.project = project_of(kept->object);
    seen.text = kept->text;
    collection[name] = std::move(kept);
  }
  recent_.push_back(std::move(seen));
  return true;
}

Result<void> Inventory::apply_change(const store::Change& change, store::Revision revision) {
  Result<void> result;
  std::string_view key = change.key;
  if (key == format_key) return take_format(change, revision);
  if (key.starts_with(certificates_folder)) {
    auto host = std::string(key.substr(certificates_folder.size()));
    if (!change.entry) {
      certificates_.erase(host);
    } else {
      certificates_[host] = change.entry->value;
    }
    return result;
  }
  if (take_pool(change, revision, result) || take_place(change, revision, result)) return result;
  // Keys of no kind (a machine's cloud-init data) are read from the store when they are needed.
  std::apply(
      [&]<class... T>(const Collection<T>&...) { (apply_to<T>(change, revision, result) || ...); },
      collections_);
  return result;
}

std::string Inventory::certificates_of(const std::string& host) const {
  auto found = certificates_.find(host);
  return found == certificates_.end() ? std::string() : found->second;
}

Ref<model::Vm> Inventory::vm_by_uuid(const std::string& uuid) const {
  auto found = uuid_names_.find(uuid);
  return found == uuid_names_.end() ? nullptr : find<model::Vm>(found->second);
}

const std::set<std::string>& Inventory::machines_on(std::string_view host) const {
  return of_group(on_hosts_, host);
}

const std::set<std::string>& Inventory::machines_in(std::string_view network) const {
  return of_group(in_networks_, network);
}

const std::set<std::string>& Inventory::tenancies_of(std::string_view host) const {
  return of_group(tenancies_, host);
}

Async<void> Inventory::reached(store::Revision revision) {
  if (revision_ >= revision) co_return;
  asio::steady_timer timer(changed_.get_executor(), asio::steady_timer::time_point::max());
  auto place = awaited_.emplace(revision, &timer);
  auto leave = [this](auto* held) { awaited_.erase(*held); };
  std::unique_ptr<decltype(place), decltype(leave)> guard(&place, leave);
  co_await timer.async_wait(as_result);
}

Async<void> Inventory::changed_since(store::Revision revision) {
  if (revision_ <= revision) co_await changed_.async_wait(as_result);
}

}  // namespace truce::manager
