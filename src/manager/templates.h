#pragma once

#include "inventory.h"

namespace truce::manager {

/// What a host has told of all templates that are there. One of the same name with other content,
/// as a host may bring along that was an estate of its own, is none of this estate's: the host is
/// to delete it, so that it fetches the right one. False: the change is full, and more is to be
/// taken in by the next.
bool take_in_templates(Ledger& ledger, Change& change, const std::string& host,
                       const std::vector<model::Template>& seen);

/// `debian-12@2` as it is named, or the newest version of `debian-12`. not_found says what to do.
Result<Ref<model::Template>> newest_template(const Inventory& inventory, const std::string& name);

/// `debian-12@3`: what the next version of a family is called; none that there is, or is being
/// made.
std::string next_template(const Inventory& inventory, std::string_view family);

}  // namespace truce::manager
