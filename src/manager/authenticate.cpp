#include <pwd.h>
#include <unistd.h>

#include <array>

#include "api.h"
#include "base/random.h"
#include "users/entrance.h"

namespace truce::manager {
namespace {

// Every stored token is compared by its SHA-256: what an attacker can time is a hash, not the
// token.
Result<access::Caller> holder(const Inventory& inventory, model::TokenKind kind,
                              const std::string& sha256) {
  for (const auto& [name, kept] : inventory.all<model::Token>()) {
    const auto& token = kept->object;
    if (token.kind != kind || token.sha256 != sha256) continue;
    if (token.expires && *token.expires < now()) {
      return fail(Code::unauthenticated, "the token '{}' expired at {}", name,
                  to_string(*token.expires));
    }
    return access::Caller{name, token.role, token.projects};
  }
  return fail(Code::unauthenticated, "this {} is not known, or was withdrawn",
              kind == model::TokenKind::bearer ? "token" : "client certificate");
}

// The name of a user for events; the number when the system knows none.
std::string user_name(unsigned user) {
  std::array<char, 4096> room{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return fmt::format("uid {}", user);
}

}  // namespace

std::string unix_administrator(const http::Peer& peer, std::optional<unsigned> admin_group) {
  if (!peer.unix_user) return {};
  if (*peer.unix_user == 0) return "root";
  if (*peer.unix_user == ::geteuid()) return "owner";
  bool member =
      admin_group && std::ranges::find(peer.unix_groups, *admin_group) != peer.unix_groups.end();
  return member ? user_name(*peer.unix_user) : std::string();
}

Result<access::Caller> authenticate(Rooms& rooms, const http::Request& request, Use use) {
  const auto& inventory = rooms.ledger.inventory();
  auto header = request.headers.find("authorization");
  if (header != request.headers.end()) {
    constexpr std::string_view scheme = "Bearer ";
    if (!header->second.starts_with(scheme)) {
      return fail(Code::unauthenticated, "the only Authorization scheme here is Bearer");
    }
    return holder(inventory, model::TokenKind::bearer,
                  sha256_hex(std::string_view(header->second).substr(scheme.size())));
  }
  const auto& peer = request.peer;
  if (peer.unix_user) {
    auto name = unix_administrator(peer, rooms.settings.admin_group);
    return name.empty() ? access::Caller{} : access::Caller{name, model::Role::admin, {}};
  }
  if (!peer.host.empty() && !peer.administrator.empty())
    return access::Caller{peer.administrator, model::Role::admin, {}};
  if (auto caller = rooms.entrance.sessions.caller(request, use)) return *std::move(caller);
  if (!peer.certificate_sha256.empty()) {
    auto caller = holder(inventory, model::TokenKind::certificate, peer.certificate_sha256);
    // A browser may offer any certificate: an unknown one is as good as none.
    return caller ? *caller : access::Caller{};
  }
  return access::Caller{};
}

Result<void> Context::check_match(store::Revision revision) const {
  auto header = request.headers.find("if-match");
  if (header == request.headers.end() || header->second == "*") return {};
  if (header->second == fmt::format("\"{}\"", revision)) return {};
  return std::unexpected(Error{
      Code::conflict,
      fmt::format("it changed meanwhile: its revision is \"{}\", not {}", revision, header->second),
      "If-Match"});
}

}  // namespace truce::manager
