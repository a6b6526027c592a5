#include "manager/invitation.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/base64.h"

namespace truce::manager {
namespace {

namespace json = boost::json;

constexpr std::string_view prefix = "truce-join-";
constexpr std::size_t longest = 4096, longest_part = 255, most_managers = 16;

std::unexpected<Error> no_token(std::string_view why) {
  return fail(Code::invalid, "this is not a token of truce cluster token: {}", why);
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// Text that can stand in a log line and in an address.
bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= longest_part &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

Result<std::string> member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr || !is_plain(*text)) return no_token("a part of it is missing or damaged");
  return std::string(*text);
}

Result<std::string> decode(std::string_view text) {
  std::string standard(text);
  if (standard.find_first_of("+/=") != standard.npos) return no_token("it is damaged");
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  standard.append((4 - standard.size() % 4) % 4, '=');
  auto decoded = base64_decode(standard);
  if (!decoded) return no_token("it is damaged");
  return decoded;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  auto first = std::min(text.find_first_not_of(space), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(space) + 1);
}

}  // namespace

std::string token_of(const Invitation& invitation) {
  json::array managers;
  for (const auto& manager : invitation.managers)
    managers.push_back(json::object{{"name", manager.name}, {"address", manager.address}});
  json::object object{{"cluster", invitation.cluster},
                      {"host", invitation.host},
                      {"authority", invitation.authority},
                      {"secret", invitation.secret},
                      {"managers", std::move(managers)}};
  auto text = base64_encode(json::serialize(object));
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(std::min(text.find('='), text.size()));
  return std::string(prefix) + text;
}

Result<Invitation> read_token(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with(prefix)) {
    return no_token(fmt::format("it does not begin with {}", prefix));
  }
  if (text.size() > longest) return no_token("it is too long");
  TRY(auto decoded, decode(text.substr(prefix.size())));
  boost::system::error_code ec;
  auto value = json::parse(decoded, ec);
  const auto* object = ec ? nullptr : value.if_object();
  if (object == nullptr) return no_token("it is damaged, or was cut off");
  Invitation invitation;
  TRY(invitation.cluster, member(*object, "cluster"));
  TRY(invitation.host, member(*object, "host"));
  TRY(invitation.authority, member(*object, "authority"));
  TRY(invitation.secret, member(*object, "secret"));
  if (!is_hex(invitation.authority, 64) || !is_hex(invitation.secret, 64))
    return no_token("a part of it is damaged");
  const auto* managers = object->if_contains("managers");
  const auto* places = managers == nullptr ? nullptr : managers->if_array();
  if (places == nullptr || places->empty() || places->size() > most_managers)
    return no_token("it names no managers");
  for (const auto& place : *places) {
    const auto* one = place.if_object();
    if (one == nullptr) return no_token("a part of it is damaged");
    Seat manager;
    TRY(manager.name, member(*one, "name"));
    TRY(manager.address, member(*one, "address"));
    invitation.managers.push_back(std::move(manager));
  }
  return invitation;
}

}  // namespace truce::manager
