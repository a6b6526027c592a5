#include "base/log.h"
#include "inventory.h"
#include "manager/leadership.h"

namespace truce::manager {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration resign_limit = 1s;

// What nobody can read is nobody's rule.
model::Leadership parse(const std::string& text) {
  return model::from_text<model::Leadership>(text, model::Unknown::ignore)
      .value_or(model::Leadership{});
}

}  // namespace

Candidacy::Candidacy(asio::any_io_executor loop, store::Store& store, Seat own,
                     ElectionTiming timing)
    : store_(store),
      timing_(timing),
      election_(std::move(own), timing),
      changed_(std::move(loop)) {}

Async<void> Candidacy::read() {
  auto entry = co_await within(timing_.self, store_.get(leader_key), "etcd");
  if (!entry) co_return;
  std::optional<model::Leadership> value;
  if (*entry) value = parse((*entry)->value);
  election_.saw(std::move(value), *entry ? (*entry)->modified : 0, Clock::now());
}

Async<void> Candidacy::make(Election::Bid bid) {
  std::vector<store::Condition> conditions{{leader_key, bid.basis}};
  std::vector<store::Write> writes{{leader_key, model::to_text(bid.value)}};
  if (bid.takes) writes.push_back({term_key, std::to_string(bid.value.term)});
  auto sent = Clock::now();
  auto done = co_await within(timing_.self, store_.commit(std::move(conditions), std::move(writes)),
                              "etcd");
  if (done) {
    if (bid.takes) term_ = *done;
    election_.committed(bid, *done, sent);
  } else if (done.error().code == Code::conflict) {
    election_.refused();
  } else if (done.error().code != Code::unavailable) {
    election_.unknown();
  }
}

Async<void> Candidacy::run() {
  while (election_.role() != Election::Role::over) {
    auto before = std::pair(election_.role(), election_.leader());
    if (election_.must_read()) co_await read();
    if (auto bid = election_.bid(Clock::now())) co_await make(*std::move(bid));
    election_.look(Clock::now());
    if (std::pair(election_.role(), election_.leader()) != before) changed_.wake();
    if (election_.role() == Election::Role::over) break;
    co_await sleep_for(timing_.renew);
  }
  changed_.wake();
}

Async<void> Candidacy::resign() {
  if (election_.role() != Election::Role::leads) co_return;
  auto term = election_.term();
  auto own = election_.leader();
  election_.end();
  changed_.wake();
  auto give_up = [](store::Store& store, std::int64_t mine,
                    std::optional<Seat> seat) -> Async<Result<void>> {
    CO_TRY(auto entry, co_await store.get(leader_key));
    if (!entry) co_return Result<void>{};
    auto value = parse(entry->value);
    if (value.term != mine || !seat || value.host != seat->name) co_return Result<void>{};
    value.host.clear();
    value.address.clear();
    CO_TRY_VOID(co_await store.commit({{leader_key, entry->modified}},
                                      {{leader_key, model::to_text(value)}}));
    co_return Result<void>{};
  };
  auto done = co_await within(resign_limit, give_up(store_, term, std::move(own)), "etcd");
  if (!done) spdlog::warn("the next leader has to wait: {}", done.error().message);
}

void Candidacy::depose() {
  election_.end();
  changed_.wake();
}

Async<Result<void>> check_state(store::Store& store) {
  CO_TRY(auto entry, co_await store.get(std::string(format_key)));
  auto format = read_format(entry);
  if (!format) co_return std::unexpected(std::move(format).error());
  co_return Result<void>{};
}

Async<Result<void>> check_seat(store::Store& store, std::string host) {
  CO_TRY(auto listing, co_await store.list(key_of<model::Cluster>("")));
  for (const auto& entry : listing.entries) {
    CO_TRY(auto cluster, model::from_text<model::Cluster>(entry.value, model::Unknown::ignore));
    if (std::ranges::find(cluster.managers, host, &model::ClusterManager::name) !=
        cluster.managers.end())
      co_return Result<void>{};
  }
  co_return fail(Code::forbidden, "'{}' is no manager of this cluster, or no longer", host);
}

Async<Result<std::optional<store::Entry>>> FencedStore::get(std::string key) {
  return inner_.get(std::move(key));
}

Async<Result<store::Listing>> FencedStore::list(std::string prefix) {
  return inner_.list(std::move(prefix));
}

std::unique_ptr<store::Watch> FencedStore::watch(std::string prefix, store::Revision from) {
  return inner_.watch(std::move(prefix), from);
}

Async<Result<store::Revision>> FencedStore::commit(std::vector<store::Condition> conditions,
                                                   std::vector<store::Write> writes) {
  conditions.push_back({term_key, term_});
  auto done = co_await inner_.commit(std::move(conditions), std::move(writes));
  if (done || done.error().code != Code::conflict) co_return done;
  // Whose condition did not hold is not told: that of the term is asked for.
  CO_TRY(auto term, co_await inner_.get(term_key));
  if (term && term->modified == term_) co_return done;
  ended_();
  co_return fail(Code::unavailable, "another manager leads now: try again");
}

}  // namespace truce::manager
