#include "rpc.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace truce::xapi {

namespace {

constexpr std::size_t longest_told = 500;  // what is told to people
constexpr std::size_t most_texts = 10'000;
constexpr std::string_view mark = " [XAPI: ";

struct Meaning {
  std::string_view error;
  Code code;
};

// What callers act on; all others are Code::io.
constexpr Meaning meanings[] = {
    {"HANDLE_INVALID", Code::not_found},
    {"UUID_INVALID", Code::not_found},
    {"SESSION_INVALID", Code::unavailable},
    {"SESSION_AUTHENTICATION_FAILED", Code::unauthenticated},
    {"RBAC_PERMISSION_DENIED", Code::forbidden},
    {"HOST_IS_SLAVE", Code::unsupported},
    {"HOST_STILL_BOOTING", Code::unavailable},
    {"HOST_OFFLINE", Code::unavailable},
    {"HOST_NOT_LIVE", Code::unavailable},
    {"TASK_CANCELLED", Code::cancelled},
    {"VM_BAD_POWER_STATE", Code::precondition},
    {"VM_IS_SNAPSHOT", Code::precondition},
    {"VM_IS_TEMPLATE", Code::precondition},
    {"VM_LACKS_FEATURE", Code::precondition},
    {"VM_LACKS_FEATURE_SHUTDOWN", Code::precondition},
    {"VM_LACKS_FEATURE_SUSPEND", Code::precondition},
    {"VM_MISSING_PV_DRIVERS", Code::precondition},
    {"VM_NON_SUSPENDABLE", Code::precondition},
    {"VDI_IN_USE", Code::precondition},
    {"OPERATION_NOT_ALLOWED", Code::precondition},
    {"OPERATION_BLOCKED", Code::precondition},
    {"OTHER_OPERATION_IN_PROGRESS", Code::precondition},
    {"VCPU_MAX_NOT_CORES_PER_SOCKET_MULTIPLE", Code::precondition},
    {"INVALID_VALUE", Code::invalid},
    {"VALUE_NOT_SUPPORTED", Code::invalid},
    {"MEMORY_CONSTRAINT_VIOLATION", Code::invalid},
    {"MESSAGE_METHOD_UNKNOWN", Code::unsupported},
    {"NOT_IMPLEMENTED", Code::unsupported},
    {"SR_OPERATION_NOT_SUPPORTED", Code::unsupported},
    {"LICENCE_RESTRICTION", Code::unsupported},
    {"HOST_NOT_ENOUGH_FREE_MEMORY", Code::limit},
    {"NO_HOSTS_AVAILABLE", Code::limit},
    {"SR_FULL", Code::limit},
};

json::parse_options bounds() {
  json::parse_options options;
  options.max_depth = 32;
  return options;
}

Result<json::value> parse(std::string_view text) {
  json::error_code ec;
  auto value = json::parse(json::string_view(text.data(), text.size()), ec, {}, bounds());
  if (ec) return fail(Code::corrupt, "the answer is no JSON: {}", ec.message());
  return value;
}

std::string text_of(const json::value& value) {
  const auto* text = value.if_string();
  return text ? std::string(text->data(), text->size()) : std::string();
}

const json::object* object_at(const json::object& in, std::string_view name) {
  const auto* value = field(in, name);
  return value ? value->if_object() : nullptr;
}

}  // namespace

std::string to_json(std::string_view text) {
  return json::serialize(json::string_view(text.data(), text.size()));
}

std::string to_json(const std::vector<std::string>& texts) {
  std::string all = "[";
  for (const auto& text : texts) all += (all.size() > 1 ? "," : "") + to_json(text);
  return all + "]";
}

std::string request(const Call& call, std::string_view session) {
  auto parameters = call.parameters;
  if (!session.empty()) parameters.insert(parameters.begin(), to_json(session));
  return fmt::format(R"({{"jsonrpc":"2.0","method":{},"params":[{}],"id":1}})",
                     to_json(call.method), fmt::join(parameters, ","));
}

Result<json::value> read_answer(std::string_view text) {
  TRY(auto value, parse(text));
  auto* answer = value.if_object();
  if (answer == nullptr) return fail(Code::corrupt, "the answer is none of JSON-RPC");
  if (const auto* error = object_at(*answer, "error"))
    return std::unexpected(error_of(text_at(*error, "message"), texts_at(*error, "data")));
  auto* result = answer->if_contains("result");
  if (result == nullptr) return fail(Code::corrupt, "the answer is none of JSON-RPC");
  return std::move(*result);
}

Result<json::object> read_object(std::string_view text) {
  TRY(auto value, parse(text));
  if (!value.is_object()) return fail(Code::corrupt, "the answer has something else as an object");
  return std::move(value.as_object());
}

Error error_of(std::string_view code, const std::vector<std::string>& parameters) {
  auto found = std::ranges::find(meanings, code, &Meaning::error);
  auto meaning = found == std::end(meanings) ? Code::io : found->code;
  auto told = fmt::format("{}", fmt::join(parameters, ", "));
  if (code == "SESSION_INVALID") told = "the server has ended the session";  // which is a secret
  if (told.empty()) told = "the server gives no reason";
  return {meaning, fmt::format("{}{}{}]", told.substr(0, longest_told), mark, code), {}};
}

std::string_view code_in(const Error& error) {
  std::string_view message = error.message;
  auto at = message.rfind(mark);
  if (at == std::string_view::npos || !message.ends_with(']')) return {};
  at += mark.size();
  return message.substr(at, message.size() - at - 1);
}

std::string master_in(const Error& error) {
  if (code_in(error) != "HOST_IS_SLAVE") return {};
  return error.message.substr(0, error.message.rfind(mark));
}

const json::value* field(const json::object& in, std::string_view name) {
  return in.if_contains(json::string_view(name.data(), name.size()));
}

Result<std::string> text_answer(const json::value& answer, std::string_view method) {
  if (answer.is_string()) return text_of(answer);
  return fail(Code::corrupt, "{}: the answer is none", method);
}

std::string text_at(const json::object& in, std::string_view name) {
  const auto* value = field(in, name);
  return value ? text_of(*value) : std::string();
}

std::int64_t number_at(const json::object& in, std::string_view name) {
  const auto* value = field(in, name);
  if (value == nullptr) return 0;
  if (const auto* number = value->if_int64()) return *number;
  if (const auto* number = value->if_uint64())
    return static_cast<std::int64_t>(
        std::min<std::uint64_t>(*number, std::numeric_limits<std::int64_t>::max()));
  std::int64_t read = 0;
  auto text = text_of(*value);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  return error == std::errc() && end == text.data() + text.size() ? read : 0;
}

bool flag_at(const json::object& in, std::string_view name) {
  const auto* value = field(in, name);
  return value && value->is_bool() && value->get_bool();
}

std::vector<std::string> texts_at(const json::object& in, std::string_view name) {
  const auto* value = field(in, name);
  std::vector<std::string> texts;
  if (const auto* array = value ? value->if_array() : nullptr)
    for (const auto& one : *array) {
      if (texts.size() == most_texts) break;
      if (one.is_string()) texts.push_back(text_of(one));
    }
  return texts;
}

std::string text_in(const json::object& in, std::string_view name, std::string_view key) {
  const auto* map = object_at(in, name);
  return map ? text_at(*map, key) : std::string();
}

std::string ref_at(const json::object& in, std::string_view name) {
  auto ref = text_at(in, name);
  return ref == no_ref ? std::string() : ref;
}

}  // namespace truce::xapi
