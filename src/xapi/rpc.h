// XAPI's words: calls as JSON-RPC 2.0, and what comes back (doc/content/xen-api/wire-protocol.md of
// xapi-project/xen-api). Pure.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace truce::xapi {

namespace json = boost::json;

/// What stands where there is no object.
constexpr std::string_view no_ref = "OpaqueRef:NULL";

/// A method and its parameters, as JSON texts, without the session that goes before them.
struct Call {
  std::string method;
  std::vector<std::string> parameters;
};

/// A text, and several, as JSON.
std::string to_json(std::string_view text);
std::string to_json(const std::vector<std::string>& texts);

/// The body of a request. `session`: a secret; empty: the call has none.
std::string request(const Call& call, std::string_view session);

/// The result of an answer, or the error that it tells (error_of()). Code::corrupt: it is neither.
/// What is nested deeper than 32 is refused.
Result<json::value> read_answer(std::string_view text);
/// One object; the same bounds.
Result<json::object> read_object(std::string_view text);

/// What XAPI's error means: its code (`VM_BAD_POWER_STATE`) and parameters as an Error.
Error error_of(std::string_view code, const std::vector<std::string>& parameters);
/// XAPI's code of such an error; empty: it is another one.
std::string_view code_in(const Error& error);
/// The address that HOST_IS_SLAVE names; empty: it is another error.
std::string master_in(const Error& error);

/// What a method answers that answers one text, a reference mostly; Code::corrupt: it is none.
Result<std::string> text_answer(const json::value& answer, std::string_view method);

// Fields of objects. What is not there, or something else, is empty: servers differ in what they
// send.
const json::value* field(const json::object& in, std::string_view name);
std::string text_at(const json::object& in, std::string_view name);
/// Also of a text, as whole numbers are in XML-RPC.
std::int64_t number_at(const json::object& in, std::string_view name);
bool flag_at(const json::object& in, std::string_view name);
/// Texts of an array; no more than some thousands.
std::vector<std::string> texts_at(const json::object& in, std::string_view name);
/// The text `key` of the map `name`: `platform`, `secureboot`.
std::string text_in(const json::object& in, std::string_view name, std::string_view key);
/// A reference; empty for none and for one that is null.
std::string ref_at(const json::object& in, std::string_view name);

}  // namespace truce::xapi
