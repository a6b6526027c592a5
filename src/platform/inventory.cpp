#include "platform/inventory.h"

#include <algorithm>
#include <set>

namespace truce::platform {

namespace {

template <class T>
bool is_another(const T& /*known*/, const T& /*seen*/) {
  return false;
}
bool is_another(const Machine& known, const Machine& seen) {
  return !known.uuid.empty() && !seen.uuid.empty() && known.uuid != seen.uuid;
}

template <class T>
Changed<T> merge(Things<T>& known, Changed<T> told, Update::Extent extent) {
  Changed<T> changed;
  auto forget = [&](typename Things<T>::iterator at) {
    changed.gone.push_back(at->first);
    return known.erase(at);
  };
  for (const auto& id : told.gone) {
    if (auto at = known.find(id); at != known.end()) forget(at);
  }
  if (extent == Update::Extent::whole) {
    std::set<std::string_view> there;
    for (const auto& one : told.seen) there.insert(one.id);
    for (auto at = known.begin(); at != known.end();)
      at = there.contains(at->first) ? std::next(at) : forget(at);
  }
  for (auto& one : told.seen) {
    auto at = known.find(one.id);
    if (at != known.end() && at->second == one) continue;
    if (at != known.end() && is_another(at->second, one)) changed.gone.push_back(one.id);
    changed.seen.push_back(one);
    known.insert_or_assign(one.id, std::move(one));
  }
  return changed;
}

}  // namespace

Update Inventory::apply(Update update) {
  auto extent = update.extent;
  told_ = update.at;
  known_ = known_ || extent == Update::Extent::whole;
  Update changed;
  changed.extent = extent;
  changed.at = update.at;
  changed.folders = merge(folders_, std::move(update.folders), extent);
  changed.hosts = merge(hosts_, std::move(update.hosts), extent);
  changed.pools = merge(pools_, std::move(update.pools), extent);
  changed.networks = merge(networks_, std::move(update.networks), extent);
  changed.machines = merge(machines_, std::move(update.machines), extent);
  return changed;
}

std::string Inventory::path_of(std::string_view folder) const {
  constexpr int deepest = 64;  // a platform that is confused could tell of a ring
  std::string path;
  auto at = folders_.find(folder);
  for (int i = 0; i < deepest && at != folders_.end() && !at->second.parent.empty(); ++i) {
    path = path.empty() ? at->second.name : at->second.name + "/" + path;
    at = folders_.find(at->second.parent);
  }
  return path;
}

}  // namespace truce::platform
