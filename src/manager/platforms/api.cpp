// What an administrator may ask of platforms: added, changed, read anew, removed.
#include "base/random.h"
#include "model/platform_address.h"
#include "platforms/address.h"
#include "platforms/lists.h"
#include "platforms/platforms.h"

namespace truce::manager {
namespace {

std::unexpected<Error> taken(const std::string& name) {
  return std::unexpected(
      Error{Code::conflict, fmt::format("there is a platform '{}' already", name), "/name"});
}

http::Response shown(Rooms& rooms, int status, const Kept<model::Platform>& kept) {
  return object_response(status, rooms.platforms.describe(kept.object), kept.revision);
}

Async<Result<http::Response>> get_platform(Rooms& rooms, const Context& context) {
  CO_TRY(auto kept,
         find<model::Platform>(rooms.ledger.inventory(), context.caller, context.name()));
  co_return shown(rooms, 200, *kept);
}

/// What is stored of a password; none where there is none.
Result<std::optional<std::string>> sealed(const Rooms& rooms, const std::string& name,
                                          const SecretPtr& password) {
  if (!password) return std::nullopt;
  if (rooms.settings.seals == nullptr)
    return fail(Code::unsupported, "this manager has no key to keep passwords with");
  return rooms.settings.seals->seal(password->text(), platform_secret_place(name));
}

/// The password that was given with an address; null where that needs none.
Result<SecretPtr> given_password(const std::string& url, std::string_view password) {
  bool needed = model::needs_password(url);
  if (needed && password.empty()) return fail_field("/password", "is needed for this address");
  if (!needed && !password.empty())
    return fail_field("/password", "is not needed for this address, and so not kept");
  return needed ? std::make_shared<const Secret>(password) : SecretPtr();
}

Async<Result<http::Response>> add_platform(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::PlatformCreate>());
  const auto& inventory = rooms.ledger.inventory();
  if (wish.name == "all") co_return fail_field("/name", "'all' means all platforms, in lists");
  if (inventory.find<model::Platform>(wish.name)) co_return taken(wish.name);
  model::Platform made{.name = wish.name, .id = random_hex(8), .url = wish.url};
  made.fingerprint = wish.fingerprint;
  made.ca = wish.ca;
  made.added_by = context.caller.name;
  made.created = made.changed = now();
  made.since = made.created;
  CO_TRY(auto password, given_password(made.url, wish.password));
  CO_TRY_VOID(co_await rooms.platforms.try_out(made, password));
  CO_TRY(auto secret, sealed(rooms, made.name, password));
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    if (inventory.find<model::Platform>(made.name)) return taken(made.name);
    change.put(made);
    change.write(platform_secret_key(made.name), secret);
    change.event("api.add_platform", "platforms/" + made.name, "", "added: " + made.url);
    return {};
  }));
  auto kept = inventory.find<model::Platform>(made.name);
  if (!kept) co_return fail(Code::not_found, "'{}' was removed meanwhile", made.name);
  co_return shown(rooms, 201, *kept);
}

void apply(const model::PlatformChange& wish, model::Platform& platform) {
  if (wish.url) platform.url = *wish.url;
  if (wish.fingerprint) platform.fingerprint = *wish.fingerprint;
  if (wish.ca) platform.ca = *wish.ca;
}

Async<Result<http::Response>> set_platform(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::PlatformChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY(auto before, find<model::Platform>(inventory, context.caller, context.name()));
  CO_TRY_VOID(context.check_match(before->revision));
  auto name = context.name();
  auto wanted = before->object;
  apply(wish, wanted);
  SecretPtr password;
  if (wish.password) {
    CO_TRY(password, given_password(wanted.url, *wish.password));
  } else {
    CO_TRY(password, co_await rooms.platforms.password_of(wanted));
  }
  CO_TRY_VOID(co_await rooms.platforms.try_out(wanted, password));
  CO_TRY(auto secret, sealed(rooms, name, password));
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Platform>(inventory, context.caller, name));
    // How it is, and nothing else, may have changed since it was tried.
    if (kept->object.id != before->object.id || kept->object.changed != before->object.changed)
      return fail(Code::conflict, "'{}' was changed meanwhile", name);
    auto platform = kept->object;
    apply(wish, platform);
    platform.changed = std::max(now(), kept->object.changed + 1ms);
    change.put(platform);
    change.write(platform_secret_key(name), secret);
    change.event(
        "api.set_platform", "platforms/" + name, "",
        fmt::format("{}{}{}{}", wish.url ? "url " : "", wish.password ? "password " : "",
                    wish.fingerprint ? "fingerprint " : "", wish.ca ? "authorities " : "") +
            "set");
    return {};
  }));
  CO_TRY(auto kept, find<model::Platform>(inventory, context.caller, name));
  co_return shown(rooms, 200, *kept);
}

Async<Result<http::Response>> remove_platform(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Platform>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    for (const auto& [task, move] : inventory.all<model::Relocation>()) {
      if (move->object.platform == context.name() || move->object.from == context.name())
        return fail(Code::precondition, "a machine is being moved to or from it: see task {}",
                    task);
    }
    change.erase<model::Platform>(context.name());
    change.write(platform_secret_key(context.name()), std::nullopt);
    change.event("api.remove_platform", "platforms/" + context.name(), "", "removed");
    return {};
  }));
  co_return http::no_content();
}

Async<Result<http::Response>> sync_platform(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  auto name = context.name();
  CO_TRY_VOID(find<model::Platform>(inventory, context.caller, name));
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    change.event("api.sync_platform", "platforms/" + name, "", "is read anew");
    return {};
  }));
  CO_TRY_VOID(co_await rooms.platforms.sync(name));
  CO_TRY(auto kept, find<model::Platform>(inventory, context.caller, name));
  co_return shown(rooms, 200, *kept);
}

}  // namespace

void add_platform_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::get_platform, get_platform);
  handlers.on(Operation::add_platform, add_platform);
  handlers.on(Operation::set_platform, set_platform);
  handlers.on(Operation::remove_platform, remove_platform);
  handlers.on(Operation::sync_platform, sync_platform);
}

}  // namespace truce::manager
