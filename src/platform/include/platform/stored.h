// What a platform has told, as a text that outlives the program.
#pragma once

#include <string>
#include <string_view>

#include "platform/inventory.h"

namespace truce::platform {

/// All of it, and how old it is, as JSON. Some 2 KB a machine.
std::string to_text(const Inventory& inventory);

/// The same again, as a whole update. What another release has written besides is passed over.
/// Code::corrupt: it is something else.
Result<Update> read_text(std::string_view text);

}  // namespace truce::platform
