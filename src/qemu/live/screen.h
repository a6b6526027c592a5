// What stands on a machine's screen while that shows text.
#pragma once

#include <string>
#include <string_view>

#include "base/async.h"
#include "running.h"

namespace truce::qemu {

/// The text of a VGA text screen of 80 by 25, from what QEMU's monitor prints for `xp /500gx` of
/// its memory: printable ASCII, lines without blanks at their ends, none of them empty. Empty when
/// it holds no text.
std::string text_in_dump(std::string_view dump);

/// The same of a machine that runs; empty when it has no screen.
Async<Result<std::string>> read_screen(RunningPtr vm);

}  // namespace truce::qemu
