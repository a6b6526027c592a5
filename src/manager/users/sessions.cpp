#include "users/sessions.h"

#include "access/password.h"
#include "base/random.h"
#include "http/cookies.h"

namespace truce::manager {
namespace {

// `__Host-`: browsers take it over HTTPS only, and from this host only. [RFC 6265bis 4.1.3.2]
constexpr std::string_view cookie_name = "__Host-truce";
constexpr std::size_t name_size = 8, secret_size = 32;
constexpr std::size_t longest_agent = 200;
constexpr std::size_t erased_at_once = 100;

bool is_digits(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// What a browser says of itself, in letters that harm nobody.
std::string clean(std::string_view agent) {
  std::string out(agent.substr(0, longest_agent));
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

std::vector<model::Session> sessions_of(const Inventory& inventory, std::string_view user) {
  std::vector<model::Session> found;
  for (const auto& [name, kept] : inventory.all<model::Session>()) {
    if (kept->object.user == user) found.push_back(kept->object);
  }
  std::ranges::sort(found, {}, &model::Session::created);
  return found;
}

}  // namespace

Sessions::Sessions(const Inventory& inventory, const Settings& settings)
    : inventory_(inventory), settings_(settings) {}

bool Sessions::ended(const model::Session& session) const {
  if (session.expires < now()) return true;
  auto found = last_use_.find(session.name);
  auto used = found == last_use_.end() ? started_ : found->second;
  return std::chrono::steady_clock::now() - used > settings_.session_idle;
}

std::optional<access::Caller> Sessions::caller(std::string_view name) const {
  auto session = inventory_.find<model::Session>(name);
  if (!session || ended(session->object)) return std::nullopt;
  auto user = inventory_.find<model::User>(session->object.user);
  if (!user || user->object.disabled) return std::nullopt;
  return access::Caller{user->object.name, user->object.role, user->object.projects,
                        std::string(name)};
}

std::optional<access::Caller> Sessions::caller(const http::Request& request, Use use) {
  auto cookie = session_cookie(request);
  if (cookie.empty()) return std::nullopt;
  auto name = session_of(cookie);
  auto session = inventory_.find<model::Session>(name);
  if (!session || !access::same_secret(session->object.sha256, sha256_hex(cookie)))
    return std::nullopt;
  auto found = caller(name);
  if (found && use == Use::counts) used(name);
  return found;
}

void Sessions::used(const std::string& name) {
  last_use_[name] = std::chrono::steady_clock::now();
}

void Sessions::erase_ended(Change& change) {
  for (const auto& [name, kept] : inventory_.all<model::Session>()) {
    if (change.writes.size() >= erased_at_once) return;
    if (ended(kept->object) || !inventory_.find<model::User>(kept->object.user))
      change.erase<model::Session>(name);
  }
  std::erase_if(last_use_, [this](const auto& use) {
    // One that has just begun may not be in the inventory yet.
    return !inventory_.find<model::Session>(use.first) &&
           std::chrono::steady_clock::now() - use.second > 60s;
  });
}

std::string session_cookie(const http::Request& request) {
  auto field = request.headers.find("cookie");
  if (field == request.headers.end()) return {};
  auto value = http::cookie_of(field->second, cookie_name);
  constexpr std::size_t dot = 2 * name_size;
  if (!value || value->size() != dot + 1 + 2 * secret_size || (*value)[dot] != '.') return {};
  if (!is_digits(value->substr(0, dot)) || !is_digits(value->substr(dot + 1))) return {};
  return std::string(*value);
}

std::string session_of(std::string_view cookie) {
  return std::string(cookie.substr(0, 2 * name_size));
}

std::string set_cookie(std::string_view cookie) {
  return fmt::format("{}={}; Path=/; Secure; HttpOnly; SameSite=Strict{}", cookie_name, cookie,
                     cookie.empty() ? "; Max-Age=0" : "");
}

std::string csrf_of(std::string_view cookie) {
  return access::hmac_sha256(cookie, "X-Truce-Csrf");
}

std::string begin_session(Change& change, const Inventory& inventory, const std::string& user,
                          const http::Request& request, Duration life) {
  auto others = sessions_of(inventory, user);
  for (std::size_t at = 0; others.size() - at >= sessions_of_a_user; ++at)
    change.erase<model::Session>(others[at].name);
  model::Session session;
  session.name = random_hex(name_size);
  session.user = user;
  const auto& address = request.peer.address;
  session.address = address.substr(0, address.rfind(':'));
  auto agent = request.headers.find("user-agent");
  if (agent != request.headers.end()) session.agent = clean(agent->second);
  session.created = now();
  session.expires = session.created + life;
  auto cookie = session.name + "." + random_hex(secret_size);
  session.sha256 = sha256_hex(cookie);
  change.put(session);
  return cookie;
}

void end_sessions(Change& change, const Inventory& inventory, std::string_view user,
                  std::string_view but) {
  for (const auto& session : sessions_of(inventory, user)) {
    if (session.name != but) change.erase<model::Session>(session.name);
  }
}

}  // namespace truce::manager
