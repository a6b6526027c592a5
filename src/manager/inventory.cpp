#include "inventory.h"

#include <charconv>

#include "base/release.h"

namespace truce::manager {
namespace {
constexpr std::size_t remembered_changes = 8192;
}

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
  recent_.clear();
  revision_ = listing.revision;
  remembered_from_ = listing.revision;
  return {};
}

Result<void> Inventory::apply(const store::Batch& batch) {
  for (const auto& change : batch.changes) TRY_VOID(apply_change(change, batch.revision));
  while (recent_.size() > remembered_changes) {
    remembered_from_ = recent_.front().revision;
    recent_.pop_front();
  }
  revision_ = batch.revision;
  changed_.cancel();
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
  } else if constexpr (std::is_same_v<T, model::Task>) {
    if (old) live_tasks_.erase(old->object.name);
    if (now && !ended(now->object)) live_tasks_.insert(now->object.name);
  }
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
  Seen seen{revision, folder, name, old ? std::string(project_of(old->object)) : "", nullptr};
  if (!change.entry) {
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

Async<void> Inventory::reached(store::Revision revision) {
  while (revision_ < revision) co_await changed_.async_wait(as_result);
}

Async<void> Inventory::changed_since(store::Revision revision) {
  if (revision_ <= revision) co_await changed_.async_wait(as_result);
}

}  // namespace truce::manager
