// What a message is made of, without any I/O: targets, heads, reasons.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "http/http.h"

namespace truce::http {

/// The standard phrase of a status: `Not Found`.
std::string_view reason_of(int status);

/// Splits and decodes a request target (`/v1/vms/web01?watch`) into path and query.
/// Code::invalid: a broken percent escape, a control character, an encoded slash, a `.` or `..`
/// segment, text that is not UTF-8, a key given twice. Source: RFC 9112 3.2, RFC 3986 2.1.
Result<void> decode_target(std::string_view target, Request& request);

/// Whether `text` is well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

/// Whether a field may be sent as it is: a token as name, no control characters in the value.
bool is_valid_field(std::string_view name, std::string_view value);

/// Whether two field names are the same (ASCII, any case).
bool same_name(std::string_view a, std::string_view b);

/// A field of a request, by its name in lower case; empty when it is not there.
const std::string& field_of(const Request& request, const char* name);

/// How the body that follows a head is delimited.
enum class Framing { length, chunked, until_close, none };

/// Status line and fields of an answer, with the empty line. invalid: a field that cannot be sent.
Result<std::string> head_of(const Response& response, Framing framing, bool keep_alive);

}  // namespace truce::http
