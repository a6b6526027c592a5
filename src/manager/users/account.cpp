// What users change of their own: the password and the second factor.
#include "access/second_factor.h"
#include "base/random.h"
#include "users/proof.h"

namespace truce::manager {
namespace {

constexpr std::size_t recovery_codes = 10, recovery_code_size = 10;
constexpr std::size_t totp_secret_size = 20;  // as long as SHA-1's result [RFC 4226 4]

Async<Result<http::Response>> change_password(Rooms& rooms, const Context& context) {
  CO_TRY_VOID(check_by_session(context));
  CO_TRY(auto wish, context.body<model::PasswordChange>());
  const auto& name = context.caller.name;
  auto proof = co_await prove_password(rooms, context, wish.password);
  if (!proof) co_return std::move(proof).error();
  if (auto good = access::check_password(wish.new_password, name); !good)
    co_return fail_field("/new_password", good.error().message);
  CO_TRY(auto hash, co_await rooms.entrance.passwords.hash(wish.new_password));
  const auto& inventory = rooms.ledger.inventory();
  auto build = [&](Change& change, model::Credentials& credentials) -> Result<void> {
    TRY(auto kept, find<model::User>(inventory, context.caller, name));
    if (credentials.password != proof->credentials.password)
      return std::unexpected(
          Error{Code::conflict, "the password was changed meanwhile", "/password"});
    credentials.password = hash;
    auto user = kept->object;
    user.password_changed = now();
    change.put(user);
    end_sessions(change, inventory, name, context.caller.session);
    change.event("api.change_password", "users/" + name, "", "all other sessions have ended");
    return {};
  };
  CO_TRY_VOID(co_await change_credentials(rooms.ledger, context.actor(), name, build));
  co_return http::no_content();
}

Async<Result<http::Response>> begin_totp(Rooms& rooms, const Context& context) {
  CO_TRY_VOID(check_by_session(context));
  CO_TRY(auto wish, context.body<model::PasswordProof>());
  auto proof = co_await prove_password(rooms, context, wish.password);
  if (!proof) co_return std::move(proof).error();
  const auto& name = context.caller.name;
  auto secret = access::base32_encode(random_bytes(totp_secret_size));
  auto build = [&](Change& change, model::Credentials& credentials) -> Result<void> {
    if (!credentials.totp_secret.empty())
      return fail(Code::precondition, "there is a second factor already: remove it first");
    credentials.totp_pending = secret;
    change.event("api.begin_totp", "users/" + name, "", "a second factor was begun");
    return {};
  };
  CO_TRY_VOID(co_await change_credentials(rooms.ledger, context.actor(), name, build));
  co_return http::json_response(
      200, model::to_json(model::TotpSecret{secret, access::totp_uri(secret, "Truce", name)}));
}

/// Turns the second factor on if the code is one of what begin_totp() has given out.
Result<void> confirm(Change& change, model::User user, model::Credentials& credentials,
                     const std::string& code) {
  if (credentials.totp_pending.empty())
    return fail(Code::precondition, "no second factor was begun");
  TRY(auto secret, access::base32_decode(credentials.totp_pending));
  auto step = access::totp_step(secret, code, now(), 0);
  if (!step) return fail_field("/code", "is not right; the clocks may differ");
  credentials.totp_secret = std::exchange(credentials.totp_pending, {});
  credentials.totp_step = *step;
  user.totp = true;
  change.put(user);
  change.event("api.confirm_totp", "users/" + user.name, "", "the second factor is on");
  return {};
}

Async<Result<http::Response>> confirm_totp(Rooms& rooms, const Context& context) {
  CO_TRY_VOID(check_by_session(context));
  CO_TRY(auto wish, context.body<model::TotpCode>());
  const auto& name = context.caller.name;
  const auto& network = context.request.peer.network;
  auto& attempts = rooms.entrance.attempts;
  if (auto wait = attempts.take(network, name, std::chrono::steady_clock::now()))
    co_return too_many_tries(*wait);
  model::RecoveryCodes codes;
  std::vector<std::string> hashes;
  for (std::size_t i = 0; i < recovery_codes; ++i) {
    codes.codes.push_back(access::paper_code(random_bytes(recovery_code_size)));
    hashes.push_back(access::paper_code_sha256(codes.codes.back()));
  }
  const auto& inventory = rooms.ledger.inventory();
  auto build = [&](Change& change, model::Credentials& credentials) -> Result<void> {
    TRY(auto kept, find<model::User>(inventory, context.caller, name));
    credentials.recovery = hashes;
    return confirm(change, kept->object, credentials, wish.code);
  };
  CO_TRY_VOID(co_await change_credentials(rooms.ledger, context.actor(), name, build));
  attempts.give_back(network, name);
  co_return http::json_response(200, model::to_json(codes));
}

Async<Result<http::Response>> remove_totp(Rooms& rooms, const Context& context) {
  CO_TRY_VOID(check_by_session(context));
  CO_TRY(auto wish, context.body<model::PasswordProof>());
  auto proof = co_await prove_password(rooms, context, wish.password);
  if (!proof) co_return std::move(proof).error();
  const auto& name = context.caller.name;
  auto build = [&](Change& change, model::Credentials& credentials) -> Result<void> {
    TRY(auto kept, find<model::User>(rooms.ledger.inventory(), context.caller, name));
    forget_second_factor(change, kept->object, credentials);
    change.event("api.remove_totp", "users/" + name, "", "the second factor is off");
    return {};
  };
  CO_TRY_VOID(co_await change_credentials(rooms.ledger, context.actor(), name, build));
  co_return http::no_content();
}

}  // namespace

void forget_second_factor(Change& change, model::User user, model::Credentials& credentials) {
  credentials.totp_secret.clear();
  credentials.totp_pending.clear();
  credentials.recovery.clear();
  // `totp_step` stays: a code that was used is not good again for a secret that comes back.
  user.totp = false;
  change.put(user);
}

void add_account_handlers(Handlers& handlers) {
  handlers.on(model::Operation::change_password, change_password);
  handlers.on(model::Operation::begin_totp, begin_totp);
  handlers.on(model::Operation::confirm_totp, confirm_totp);
  handlers.on(model::Operation::remove_totp, remove_totp);
}

}  // namespace truce::manager
