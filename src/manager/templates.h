#pragma once

#include "inventory.h"

namespace truce::manager {

/// `debian-12@2` as it is named, or the newest version of `debian-12`. not_found says what to do.
Result<Ref<model::Template>> newest_template(const Inventory& inventory, const std::string& name);

}  // namespace truce::manager
