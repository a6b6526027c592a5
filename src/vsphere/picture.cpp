#include "picture.h"

#include <algorithm>

namespace truce::vsphere {

using namespace platform;
using Kind = ObjectUpdate::Kind;
using Change = ObjectUpdate::Change;

namespace {

template <class T>
void take_kind(T& /*noun*/, const Ref& /*object*/) {}
void take_kind(Network& network, const Ref& object) {
  network.kind = object.type;
}
void take_kind(Folder& folder, const Ref& object) {
  folder.kind = object.type;
}

}  // namespace

template <class T>
Result<void> Picture::put(Shelf<T>& shelf, Noun noun, std::span<const Property<T>> rows,
                          const ObjectUpdate& update) {
  const auto& id = update.object.value;
  if (update.kind == Kind::leave) {
    objects_ -= shelf.known.erase(id);
    shelf.changed.erase(id);
    shelf.gone.insert(id);
    std::erase_if(unread_, [&](const Place& place) { return place.object == update.object; });
    return {};
  }
  // of what is not there (any more) no part is shown
  if (update.kind == Kind::modify && !shelf.known.contains(id)) return {};
  auto [at, is_new] = shelf.known.try_emplace(id);
  if (is_new && ++objects_ > most_objects)
    return fail(Code::limit, "the server has more than {} objects", most_objects);
  T& thing = at->second;
  if (update.kind == Kind::enter && !is_new) thing = T{};
  thing.id = id;
  take_kind(thing, update.object);
  shelf.gone.erase(id);
  shelf.changed.insert(id);
  for (const auto& change : update.changes) {
    auto row = std::ranges::find(rows, change.path, &Property<T>::path);
    if (row != rows.end() && change.op != Change::Op::add) {
      row->take(thing, change.op == Change::Op::assign ? change.value : Value());
    } else if (auto property = property_of(noun, change.path); !property.empty()) {
      unread_.insert({update.object, std::string(property)});
    }
  }
  return {};
}

Result<void> Picture::take(const ObjectUpdate& update) {
  auto known = types();
  auto type = std::ranges::find(known, update.object.type, &Type::name);
  if (type == known.end() || update.object.value.empty()) return {};
  switch (type->noun) {
    case Noun::machine:
      return put(machines_, type->noun, machine_properties(), update);
    case Noun::host:
      return put(hosts_, type->noun, host_properties(), update);
    case Noun::pool:
      return put(pools_, type->noun, pool_properties(), update);
    case Noun::network:
      return put(networks_, type->noun, network_properties(), update);
    case Noun::folder:
      return put(folders_, type->noun, folder_properties(), update);
  }
  return {};
}

std::vector<Place> Picture::unread() {
  std::vector<Place> places(unread_.begin(), unread_.end());
  unread_.clear();
  return places;
}

template <class T>
void Picture::collect(Shelf<T>& shelf, Changed<T>& into, bool all) {
  if (all) {
    into.seen.reserve(shelf.known.size());
    for (const auto& [id, thing] : shelf.known) into.seen.push_back(thing);
  } else {
    for (const auto& id : shelf.changed) into.seen.push_back(shelf.known.at(id));
    into.gone.assign(shelf.gone.begin(), shelf.gone.end());
  }
  shelf.changed.clear();
  shelf.gone.clear();
}

Update Picture::collect(Update::Extent extent) {
  bool all = extent == Update::Extent::whole;
  Update update;
  update.extent = extent;
  collect(machines_, update.machines, all);
  collect(hosts_, update.hosts, all);
  collect(pools_, update.pools, all);
  collect(networks_, update.networks, all);
  collect(folders_, update.folders, all);
  return update;
}

}  // namespace truce::vsphere
