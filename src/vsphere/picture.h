// What a server has told of its objects, in our words. Pure.
#pragma once

#include <set>
#include <vector>

#include "platform/inventory.h"
#include "properties.h"
#include "soap.h"

namespace truce::vsphere {

/// A property of an object.
struct Place {
  Ref object;
  std::string path;
  auto operator<=>(const Place&) const = default;
};

/// All objects as last told, and which of them have changed since they were last collected.
class Picture {
 public:
  static constexpr std::size_t most_objects = 500'000;

  /// Takes what an answer says about an object. Objects of other types are passed over.
  /// Code::limit: there are too many.
  Result<void> take(const ObjectUpdate& update);

  /// Properties of which only a part was told, or that were taken away in part: they must be read
  /// again, and what is read handed to take(), before anything is collected. Forgotten by this.
  std::vector<Place> unread();

  /// What has changed since the last collection, or all of it.
  platform::Update collect(platform::Update::Extent extent);

 private:
  template <class T>
  struct Shelf {
    platform::Things<T> known;
    std::set<std::string> changed, gone;
  };
  template <class T>
  Result<void> put(Shelf<T>& shelf, Noun noun, std::span<const Property<T>> rows,
                   const ObjectUpdate& update);
  template <class T>
  static void collect(Shelf<T>& shelf, platform::Changed<T>& into, bool all);

  Shelf<platform::Machine> machines_;
  Shelf<platform::Host> hosts_;
  Shelf<platform::Pool> pools_;
  Shelf<platform::Network> networks_;
  Shelf<platform::Folder> folders_;
  std::set<Place> unread_;
  std::size_t objects_ = 0;
};

}  // namespace truce::vsphere
