#include "users/credentials.h"

namespace truce::manager {

Async<Result<StoredCredentials>> read_credentials(store::Store& store, std::string user) {
  CO_TRY(auto entry, co_await store.get(credentials_key(user)));
  if (!entry) co_return StoredCredentials{};
  auto read = model::from_text<model::Credentials>(entry->value, model::Unknown::ignore);
  // What it says is nobody's to see: neither is what is wrong with it.
  if (!read) co_return fail(Code::corrupt, "the credentials of '{}' cannot be read", user);
  co_return StoredCredentials{*std::move(read), entry->modified};
}

Async<Result<void>> change_credentials(
    Ledger& ledger, Actor actor, std::string user,
    std::function<Result<void>(Change& change, model::Credentials& credentials)> build) {
  constexpr int attempts = 8;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    CO_TRY(auto stored, co_await read_credentials(ledger.store(), user));
    if (stored.revision == 0) co_return fail(Code::not_found, "there is no user '{}'", user);
    bool gathered = false, stale = false;
    auto done = co_await ledger.change(actor, [&](Change& change) -> Result<void> {
      // The ledger gathers anew by what the inventory shows, which the credentials are not in.
      stale = std::exchange(gathered, true);
      if (stale) return fail(Code::conflict, "somebody was quicker");
      auto changed = stored.credentials;
      TRY_VOID(build(change, changed));
      change.conditions.push_back({credentials_key(user), stored.revision});
      auto text = model::to_text(changed);
      if (text != model::to_text(stored.credentials)) change.write(credentials_key(user), text);
      return {};
    });
    if (!stale) co_return done;
  }
  co_return fail(Code::unavailable, "too many changes at the same time: try again");
}

}  // namespace truce::manager
