// Guests with Linux.
#pragma once

#include "guest/prepare.h"

namespace truce::guest {

/// As prepare() has it.
Result<Prepared> prepare_linux(Files& files, const Order& order);

/// What of a guest is done in turn: each tells in `to` what it did.
Result<void> mend_device_names(Files& files, Prepared& to);
/// Whether the initramfs has to be made anew for what was written.
Result<bool> keep_card_names(Files& files, const Order& order, Prepared& to);
Result<void> mend_initramfs(Files& files, bool anyway, Prepared& to);

}  // namespace truce::guest
