// Users, as administrators make and change them; and the first of all.
#include "users/proof.h"

namespace truce::manager {
namespace {

bool administers(const model::User& user) {
  return user.role == model::Role::admin && user.projects.empty() && !user.disabled;
}

/// Refuses a change that would leave nobody who can mend it. Another administrator must stay as
/// the inventory shows them, or the change is gathered anew: two cannot remove each other.
Result<void> keep_an_administrator(const Inventory& inventory, Change& change,
                                   const Context& context, const std::string& without) {
  // Root needs nobody to mend it, and must be able to begin anew.
  if (context.request.peer.unix_user) return {};
  for (const auto& [name, kept] : inventory.all<model::User>()) {
    if (name == without || !administers(kept->object)) continue;
    change.expect<model::User>(name);
    return {};
  }
  return fail(Code::precondition,
              "'{}' is the last administrator; only root can do this, on the host itself", without);
}

Result<void> put_new(Change& change, const Inventory& inventory, model::User user,
                     std::string hash) {
  if (inventory.find<model::User>(user.name)) {
    return std::unexpected(
        Error{Code::conflict, fmt::format("there is a user '{}' already", user.name), "/name"});
  }
  user.created = now();
  user.password_changed = user.created;
  change.put(user);
  change.write(credentials_key(user.name),
               model::to_text(model::Credentials{.password = std::move(hash)}));
  return {};
}

Result<void> check_new_password(const std::string& password, const std::string& user) {
  auto good = access::check_password(password, user);
  if (!good) return fail_field("/password", good.error().message);
  return {};
}

Result<http::Response> shown(Rooms& rooms, const Context& context, int status,
                             std::string_view name) {
  TRY(auto kept, find<model::User>(rooms.ledger.inventory(), context.caller, name));
  return object_response(status, kept->object, kept->revision);
}

Async<Result<http::Response>> create_user(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::UserCreate>());
  CO_TRY_VOID(check_new_password(wish.password, wish.name));
  CO_TRY(auto hash, co_await rooms.entrance.passwords.hash(wish.password));
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    model::User user{.name = wish.name, .role = wish.role, .projects = wish.projects};
    TRY_VOID(put_new(change, rooms.ledger.inventory(), user, hash));
    change.event("api.create_user", "users/" + wish.name, "",
                 fmt::format("with the role {}", model::to_string(wish.role)));
    return {};
  }));
  rooms.entrance.first_run.end();
  co_return shown(rooms, context, 201, wish.name);
}

Async<Result<http::Response>> create_first_user(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::FirstUser>());
  CO_TRY_VOID(check_new_password(wish.password, wish.name));
  auto& entrance = rooms.entrance;
  const auto& network = context.request.peer.network;
  if (auto wait = entrance.attempts.take(network, {}, std::chrono::steady_clock::now()))
    co_return too_many_tries(*wait);
  CO_TRY_VOID(entrance.first_run.take(wish.code));
  Result<void> made;
  auto hash = co_await entrance.passwords.hash(wish.password);
  if (!hash) made = std::unexpected(std::move(hash).error());
  if (made) {
    made = co_await rooms.ledger.change(
        {wish.name, context.request.peer.address, context.request_id()},
        [&](Change& change) -> Result<void> {
          if (!entrance.first_run.needed())
            return fail(Code::conflict, "there is a user already: an administrator makes others");
          model::User user{.name = wish.name, .role = model::Role::admin};
          TRY_VOID(put_new(change, rooms.ledger.inventory(), user, *hash));
          change.event("api.create_first_user", "users/" + wish.name, "",
                       "with the code of the first run");
          return {};
        });
  }
  if (!made) {
    entrance.first_run.give_back();
    co_return std::unexpected(std::move(made).error());
  }
  entrance.first_run.end();
  entrance.attempts.give_back(network, {});
  co_return shown(rooms, context, 201, wish.name);
}

/// A user as they shall be.
Result<model::User> changed(model::User user, const model::UserChange& wish) {
  if (wish.totp.value_or(false) && !user.totp) {
    return fail_field("/totp",
                      "only the user can turn the second factor on, as they have to "
                      "confirm it with a code");
  }
  if (wish.role) user.role = *wish.role;
  if (wish.projects) user.projects = *wish.projects;
  if (wish.disabled) user.disabled = *wish.disabled;
  if (wish.password) user.password_changed = now();
  return user;
}

/// What changed, in a sentence without secrets.
std::string told(const model::UserChange& wish, const model::User& user) {
  std::string text = fmt::format("role {}", model::to_string(user.role));
  if (!user.projects.empty()) text += fmt::format(", projects {}", fmt::join(user.projects, ", "));
  if (user.disabled) text += ", disabled";
  if (wish.password) text += ", a new password";
  if (wish.totp && !*wish.totp) text += ", without a second factor";
  return text;
}

Async<Result<http::Response>> set_user(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::UserChange>());
  const auto& inventory = rooms.ledger.inventory();
  const auto& name = context.name();
  CO_TRY_VOID(find<model::User>(inventory, context.caller, name));
  std::string hash;
  if (wish.password) {
    CO_TRY_VOID(check_new_password(*wish.password, name));
    CO_TRY(hash, co_await rooms.entrance.passwords.hash(*wish.password));
  }
  auto build = [&](Change& change, model::Credentials& credentials) -> Result<void> {
    TRY(auto kept, find<model::User>(inventory, context.caller, name));
    TRY_VOID(context.check_match(kept->revision));
    TRY(auto user, changed(kept->object, wish));
    if (administers(kept->object) && !administers(user))
      TRY_VOID(keep_an_administrator(inventory, change, context, name));
    if (!hash.empty()) credentials.password = hash;
    if (wish.totp && !*wish.totp)
      forget_second_factor(change, user, credentials);
    else
      change.put(user);
    if (wish.password || user.disabled) end_sessions(change, inventory, name);
    change.event("api.set_user", "users/" + name, "", told(wish, user));
    return {};
  };
  CO_TRY_VOID(co_await change_credentials(rooms.ledger, context.actor(), name, build));
  co_return shown(rooms, context, 200, name);
}

Async<Result<http::Response>> delete_user(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::User>(inventory, context.caller, context.name()));
    const auto& name = kept->object.name;
    TRY_VOID(context.check_match(kept->revision));
    if (administers(kept->object))
      TRY_VOID(keep_an_administrator(inventory, change, context, name));
    change.erase<model::User>(name);
    change.write(credentials_key(name), std::nullopt);
    end_sessions(change, inventory, name);
    change.event("api.delete_user", "users/" + name, "", "deleted");
    return {};
  }));
  co_return http::no_content();
}

}  // namespace

void add_user_handlers(Handlers& handlers) {
  handlers.on(model::Operation::create_user, create_user);
  handlers.on(model::Operation::create_first_user, create_first_user);
  handlers.on(model::Operation::set_user, set_user);
  handlers.on(model::Operation::delete_user, delete_user);
}

}  // namespace truce::manager
