// Guests with Windows.
#pragma once

#include "guest/prepare.h"

namespace truce::guest {

/// As prepare() has it: drivers that Windows has for what disks hang on are started when it boots,
/// as Windows itself starts only the one that it was installed on.
Result<Prepared> prepare_windows(Files& files);

}  // namespace truce::guest
