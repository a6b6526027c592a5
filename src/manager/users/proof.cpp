#include "users/proof.h"

#include "access/second_factor.h"
#include "base/log.h"

namespace truce::manager {

http::Response too_many_tries(Duration wait) {
  auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  auto response = http::problem(
      Error{Code::limit, fmt::format("too many tries: wait {} s and try again", seconds), {}});
  response.headers["Retry-After"] = std::to_string(seconds);
  return response;
}

Result<void> check_by_session(const Context& context) {
  if (!context.caller.session.empty()) return {};
  return fail(Code::forbidden, "this is for those who have signed in with a password");
}

Async<Proven<StoredCredentials>> prove_password(Rooms& rooms, const Context& context,
                                                std::string password) {
  const auto& user = context.caller.name;
  const auto& network = context.request.peer.network;
  auto& entrance = rooms.entrance;
  if (auto wait = entrance.attempts.take(network, user, std::chrono::steady_clock::now()))
    co_return std::unexpected(too_many_tries(*wait));
  auto stored = co_await read_credentials(rooms.ledger.store(), user);
  if (!stored) co_return std::unexpected(http::problem(stored.error()));
  auto verdict =
      co_await entrance.passwords.check(stored->credentials.password, std::move(password));
  if (!verdict) co_return std::unexpected(http::problem(verdict.error()));
  if (!verdict->right) {
    co_await note_failure(rooms, context, user);
    co_return std::unexpected(
        http::problem(Error{Code::forbidden, "the password is wrong", "/password"}));
  }
  entrance.attempts.give_back(network, user);
  co_return *std::move(stored);
}

bool use_code(model::Credentials& credentials, const std::string& code, Time at) {
  auto secret = access::base32_decode(credentials.totp_secret);
  auto step = secret ? access::totp_step(*secret, code, at, credentials.totp_step) : std::nullopt;
  if (step) {
    credentials.totp_step = *step;
    return true;
  }
  return std::erase(credentials.recovery, access::paper_code_sha256(code)) > 0;
}

Async<void> note_failure(Rooms& rooms, const Context& context, std::string user) {
  const auto& network = context.request.peer.network;
  // What is no user's name may be a password that was typed into the wrong field.
  bool known = rooms.ledger.inventory().find<model::User>(user) != nullptr;
  auto subject = known ? user : std::string();
  auto now = std::chrono::steady_clock::now();
  if (!rooms.entrance.attempts.worth_an_event(network, subject, now)) co_return;
  auto noted = co_await rooms.ledger.change(
      {subject, context.request.peer.address, context.request_id()},
      [&](Change& change) -> Result<void> {
        change.event("user.sign_in_failed", known ? "users/" + user : "users", "",
                     known ? "a wrong password or code" : "a user that there is not");
        return {};
      });
  if (!noted) spdlog::warn("a failed sign-in could not be recorded: {}", noted.error().message);
}

}  // namespace truce::manager
