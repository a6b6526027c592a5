// Debian's libguestfs0, which is loaded when it is needed: few need it, and it brings much along.
#pragma once

#include <guestfs.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace truce::guest {

/// Its functions by their own names.
struct Library {
#define X(name) decltype(&::name) name = nullptr;
#include "functions.def"
#undef X
};

/// Loads it once. Code::unsupported: it is not installed.
Result<const Library*> library();

/// What has just failed.
[[nodiscard]] std::unexpected<Error> failed(const Library& lib, guestfs_h* handle,
                                            std::string_view what);

/// A text, or texts, that it has allocated; nothing for none.
std::string take_text(char* text);
std::vector<std::string> take_texts(char** texts);

}  // namespace truce::guest
