// What a connection begins with, once both sides are certified: the wish and its answer. Each is
// one byte of length and a text.
//
//     dialler → listener   the name of a service
//     listener → dialler   empty: yes; else the name of a code (base/result.h), a space and why not
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace truce::link {

/// `[a-z-]{1,32}`.
bool is_service_name(std::string_view name);

std::string hello_of(std::string_view service);
std::string answer_of(const Result<void>& verdict);
/// What an answer's text means; control characters of the other side do not come through.
Result<void> parse_answer(std::string_view text);

}  // namespace truce::link
