// A root folder of its own for a program: it shows named paths of the host and nothing else
// (mount_namespaces(7), pivot_root(2)).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/result.h"

namespace truce {

/// What the root folder shows, worked out before the fork: after it nothing may be allocated.
class OwnRoot {
 public:
  /// All that the rules name and that is there: under its own name, read-only where they say so.
  static Result<OwnRoot> plan(const FileRules& rules);

  /// Makes it this process's root folder. In a mount namespace of its own, as root, by system
  /// calls alone; nothing of the host remains in sight. False with errno.
  [[nodiscard]] bool enter() const;

 private:
  struct Place {
    std::string source;
    std::string target;  ///< below where the root is built
    std::string link;    ///< a symbolic link to this, instead of what is there
    bool folder = false;
    std::uint64_t attributes = 0;  ///< MOUNT_ATTR_…
  };
  bool show(const Place& place) const;

  std::vector<std::string> folders_;  ///< above the places, from the top down
  std::vector<Place> places_;         ///< those above others come first
};

}  // namespace truce
