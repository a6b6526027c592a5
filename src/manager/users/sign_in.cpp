// Signing in and out.
#include "base/random.h"
#include "users/proof.h"

namespace truce::manager {
namespace {

/// One answer for all that can be wrong: it tells nobody which users there are.
std::unexpected<Error> wrong() {
  return fail(Code::unauthenticated, "the name, the password or the code is wrong");
}

http::Response signed_in(Rooms& rooms, access::Caller caller, std::string cookie) {
  auto response = http::json_response(200, model::to_json(describe_server(rooms, caller, cookie)));
  response.headers["Set-Cookie"] = set_cookie(cookie);
  return response;
}

/// The password was right: the second factor, and the session.
Async<Result<http::Response>> let_in(Rooms& rooms, const Context& context, model::SignIn wish,
                                     std::string checked, std::string fresh_hash) {
  const auto& inventory = rooms.ledger.inventory();
  std::string cookie;
  auto build = [&](Change& change, model::Credentials& credentials) -> Result<void> {
    auto user = inventory.find<model::User>(wish.user);
    if (!user || user->object.disabled || credentials.password != checked) return wrong();
    if (!credentials.totp_secret.empty() && !use_code(credentials, wish.code, now()))
      return wrong();
    if (!fresh_hash.empty()) credentials.password = fresh_hash;
    // The browser forgets the cookie of a session that it has now.
    if (auto old = rooms.entrance.sessions.caller(context.request, Use::only_looks))
      change.erase<model::Session>(old->session);
    cookie =
        begin_session(change, inventory, wish.user, context.request, rooms.settings.session_life);
    // Before anybody sees it: one without a last use counts as idle since the start.
    rooms.entrance.sessions.used(session_of(cookie));
    change.event(
        "user.signed_in", "users/" + wish.user, "",
        credentials.totp_secret.empty() ? "with a password" : "with a password and a code");
    return {};
  };
  CO_TRY_VOID(co_await change_credentials(
      rooms.ledger, {wish.user, context.request.peer.address, context.request_id()}, wish.user,
      build));
  auto caller = rooms.entrance.sessions.caller(session_of(cookie));
  if (!caller) co_return wrong();  // disabled at this very moment
  co_return signed_in(rooms, *caller, cookie);
}

/// A password and a code that were let in by the limits on tries.
Async<Result<http::Response>> try_to_sign_in(Rooms& rooms, const Context& context,
                                             model::SignIn wish) {
  auto user = rooms.ledger.inventory().find<model::User>(wish.user);
  bool usable = user && !user->object.disabled;
  CO_TRY(auto stored, co_await read_credentials(rooms.ledger.store(), wish.user));
  auto hash = usable ? stored.credentials.password : std::string();
  CO_TRY(auto verdict, co_await rooms.entrance.passwords.check(hash, wish.password));
  if (!verdict.right) co_return wrong();
  if (!stored.credentials.totp_secret.empty() && wish.code.empty()) {
    co_return std::unexpected(
        Error{Code::unauthenticated, "a code of the second factor is needed", "/code"});
  }
  std::string fresh_hash;
  if (verdict.outdated) {
    CO_TRY(fresh_hash, co_await rooms.entrance.passwords.hash(wish.password));
  }
  co_return co_await let_in(rooms, context, std::move(wish), hash, fresh_hash);
}

Async<Result<http::Response>> sign_in(Rooms& rooms, const Context& context) {
  if (context.request.peer.unix_user) {
    co_return fail(Code::unsupported,
                   "signing in is for HTTPS: on the unix socket the system says who you are");
  }
  CO_TRY(auto wish, context.body<model::SignIn>());
  const auto& network = context.request.peer.network;
  auto& attempts = rooms.entrance.attempts;
  if (auto wait = attempts.take(network, wish.user, std::chrono::steady_clock::now()))
    co_return too_many_tries(*wait);
  auto answer = co_await try_to_sign_in(rooms, context, wish);
  bool asks_for_code = !answer && answer.error().field == "/code";
  bool failed = !answer && answer.error().code == Code::unauthenticated && !asks_for_code;
  if (failed) {
    co_await note_failure(rooms, context, wish.user);
  } else {
    attempts.give_back(network, wish.user);
  }
  if (answer) attempts.remember(network, wish.user);
  co_return answer;
}

Async<Result<http::Response>> sign_out(Rooms& rooms, const Context& context) {
  const auto& session = context.caller.session;
  if (!session.empty()) {
    CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
      change.erase<model::Session>(session);
      change.event("user.signed_out", "users/" + context.caller.name, "", "by themselves");
      return {};
    }));
  }
  auto response = http::no_content();
  response.headers["Set-Cookie"] = set_cookie({});
  co_return response;
}

Async<Result<http::Response>> delete_session(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Session>(inventory, context.caller, context.name()));
    change.erase<model::Session>(kept->object.name);
    change.event("user.signed_out", "users/" + kept->object.user, "",
                 fmt::format("session {} was ended", kept->object.name));
    return {};
  }));
  co_return http::no_content();
}

}  // namespace

void add_sign_in_handlers(Handlers& handlers) {
  handlers.on(model::Operation::sign_in, sign_in);
  handlers.on(model::Operation::sign_out, sign_out);
  handlers.on(model::Operation::delete_session, delete_session);
}

}  // namespace truce::manager
