#include "redfish_answers.h"

#include <algorithm>
#include <boost/json.hpp>

namespace truce::power {
namespace {

namespace json = boost::json;

constexpr std::size_t most_members = 64, most_values = 64, longest_address = 512;

Result<json::object> read_object(std::string_view text) {
  boost::system::error_code ec;
  json::parse_options options;
  options.max_depth = 32;
  auto value = json::parse(json::string_view(text.data(), text.size()), ec, {}, options);
  if (ec || !value.is_object())
    return fail(Code::corrupt, "the management controller's answer is no JSON object");
  return std::move(value.as_object());
}

const json::object* object_at(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(json::string_view(name.data(), name.size()));
  return value ? value->if_object() : nullptr;
}

const json::array* array_at(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(json::string_view(name.data(), name.size()));
  return value ? value->if_array() : nullptr;
}

std::string text_at(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(json::string_view(name.data(), name.size()));
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(text->data(), text->size()) : std::string();
}

// Words of letters and digits, as the schema has them.
std::vector<std::string> words_of(const json::array& values) {
  std::vector<std::string> words;
  for (const auto& value : values) {
    const auto* text = value.if_string();
    bool word =
        text && !text->empty() && text->size() <= 32 && std::ranges::all_of(*text, [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        });
    if (word && words.size() < most_values) words.emplace_back(text->data(), text->size());
  }
  return words;
}

Result<std::string> first_of(const std::vector<std::string>& allowed,
                             std::initializer_list<std::string_view> wanted) {
  // One that does not say what it allows must know the first.
  if (allowed.empty()) return std::string(*wanted.begin());
  for (auto one : wanted)
    if (std::ranges::find(allowed, one) != allowed.end()) return std::string(one);
  std::string known;
  for (const auto& one : allowed) known += (known.empty() ? "" : ", ") + one;
  return fail(Code::unsupported, "the management controller cannot do that; it knows {}", known);
}

PowerState state_of(const json::object& system) {
  auto text = text_at(system, "PowerState");
  return text == "On" ? PowerState::on : text == "Off" ? PowerState::off : PowerState::unknown;
}

}  // namespace

bool is_own_address(std::string_view address) {
  return address.starts_with("/redfish/v1/") && address.size() <= longest_address &&
         !address.contains("//") && !address.contains("/../") &&
         std::ranges::all_of(address, [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
}

Result<std::vector<std::string>> read_members(std::string_view text) {
  TRY(auto object, read_object(text));
  const auto* members = array_at(object, "Members");
  if (!members) return fail(Code::corrupt, "the management controller lists no systems");
  if (members->size() > most_members)
    return fail(Code::limit, "the management controller has {} systems: say which one is meant",
                members->size());
  std::vector<std::string> found;
  for (const auto& member : *members) {
    const auto* row = member.if_object();
    auto address = row ? text_at(*row, "@odata.id") : std::string();
    if (!is_own_address(address))
      return fail(Code::corrupt, "the management controller lists a system at a strange address");
    found.push_back(std::move(address));
  }
  return found;
}

Result<ResetAction> read_system(std::string_view text) {
  TRY(auto object, read_object(text));
  ResetAction action{.state = state_of(object), .target = {}, .allowed = {}, .more = {}};
  const auto* actions = object_at(object, "Actions");
  const auto* reset = actions ? object_at(*actions, "#ComputerSystem.Reset") : nullptr;
  if (!reset) return action;
  action.target = text_at(*reset, "target");
  if (!is_own_address(action.target))
    return fail(Code::corrupt, "the management controller wants to be reset at a strange address");
  if (const auto* values = array_at(*reset, "ResetType@Redfish.AllowableValues"))
    action.allowed = words_of(*values);
  if (auto more = text_at(*reset, "@Redfish.ActionInfo"); is_own_address(more))
    action.more = std::move(more);
  return action;
}

Result<std::vector<std::string>> read_action_info(std::string_view text) {
  TRY(auto object, read_object(text));
  const auto* parameters = array_at(object, "Parameters");
  if (!parameters) return std::vector<std::string>();
  for (const auto& parameter : *parameters) {
    const auto* row = parameter.if_object();
    if (!row || text_at(*row, "Name") != "ResetType") continue;
    const auto* values = array_at(*row, "AllowableValues");
    return values ? words_of(*values) : std::vector<std::string>();
  }
  return std::vector<std::string>();
}

std::string read_error(std::string_view text) {
  auto object = read_object(text);
  if (!object) return {};
  const auto* error = object_at(*object, "error");
  if (!error) return {};
  auto message = text_at(*error, "message");
  if (const auto* more = array_at(*error, "@Message.ExtendedInfo"); more && !more->empty()) {
    const auto* row = more->front().if_object();
    if (auto said = row ? text_at(*row, "Message") : std::string(); !said.empty()) message = said;
  }
  std::string line;
  for (char c : message.substr(0, 200)) line += c >= 0x20 && c < 0x7f ? c : '?';
  return line;
}

Result<std::string> reset_type_for_on(const std::vector<std::string>& allowed) {
  return first_of(allowed, {"On", "ForceOn", "PushPowerButton"});
}

Result<std::string> reset_type_for_off(const std::vector<std::string>& allowed, Off how) {
  if (how == Off::orderly) return first_of(allowed, {"GracefulShutdown", "PushPowerButton"});
  return first_of(allowed, {"ForceOff"});
}

}  // namespace truce::power
