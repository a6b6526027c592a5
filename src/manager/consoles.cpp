#include "consoles.h"

#include "base/random.h"

namespace truce::manager {
namespace {
constexpr std::size_t tickets_limit = 1000;
constexpr Duration ticket_life = 30s;
}  // namespace

Result<std::string> Consoles::issue(std::string uuid, model::ConsoleKind kind,
                                    std::string session) {
  std::erase_if(tickets_, [at = now()](const auto& ticket) { return ticket.second.expires < at; });
  if (tickets_.size() >= tickets_limit) {
    return fail(Code::limit, "{} console tickets are waiting to be used: try again in a minute",
                tickets_limit);
  }
  auto key = random_hex(32);
  tickets_[key] = {std::move(uuid), kind, std::move(session), now() + ticket_life};
  return key;
}

Result<Consoles::Ticket> Consoles::redeem(const std::string& key) {
  auto found = tickets_.find(key);
  if (found == tickets_.end() || found->second.expires < now()) {
    return fail(Code::not_found, "this console ticket was used, is too old, or never was");
  }
  auto ticket = std::move(found->second);
  tickets_.erase(found);
  return ticket;
}

}  // namespace truce::manager
