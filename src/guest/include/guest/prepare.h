// Guests are changed while they are off, so that they boot on whatever hypervisor they are moved
// to.
#pragma once

#include "guest/files.h"

namespace truce::guest {

/// What kind of guest it is.
enum class Family { linux_, windows };

struct Guest {
  Family family = Family::linux_;
  std::string name;  ///< for people: `Debian GNU/Linux 12`
};

struct Order {
  std::vector<std::string> macs;  ///< of its network cards, in their order
};

/// What has been done, and what has not: lines for people.
struct Prepared {
  std::vector<std::string> changed, left;
};

/// Changes what stands between a guest and another hypervisor, and nothing else; a second time
/// changes nothing. Code::unsupported: nothing is known of such a guest. When it fails a part may
/// have been changed: who calls works on a copy.
Result<Prepared> prepare(Files& files, const Guest& guest, const Order& order);

}  // namespace truce::guest
