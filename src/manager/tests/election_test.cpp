// Which manager leads: the rules by themselves, and two that stand on one store.
#include <gtest/gtest.h>

#include "manager/leadership.h"
#include "on_loop.h"
#include "store/memory.h"

namespace truce::manager {
namespace {

using Moment = Election::Moment;
using Role = Election::Role;

Moment at(Duration since) {
  return Moment(std::chrono::hours(1)) + since;
}

model::Leadership rule_of(const std::string& host, std::int64_t term, std::int64_t renewals = 0) {
  return {.host = host, .address = host + ":7444", .term = term, .renewals = renewals};
}

Election candidate(const std::string& host = "h1") {
  return Election({host, host + ":7444"}, {});
}

/// One that leads in term 3 since its bid was sent at 0 s.
Election leader() {
  auto election = candidate();
  election.saw(rule_of("", 2), 10, at(0ms));
  election.committed(*election.bid(at(0ms)), 11, at(0ms));
  return election;
}

TEST(Election, whoever_has_read_nothing_bids_nothing) {
  auto election = candidate();
  EXPECT_TRUE(election.must_read());
  EXPECT_FALSE(election.bid(at(1000s)));
}

TEST(Election, a_key_that_is_absent_or_given_up_is_taken_at_once) {
  auto first = candidate();
  first.saw(std::nullopt, 0, at(0ms));
  auto bid = first.bid(at(0ms));
  ASSERT_TRUE(bid);
  EXPECT_TRUE(bid->takes);
  EXPECT_EQ(bid->basis, 0);
  EXPECT_EQ(bid->value, rule_of("h1", 1));
  auto second = candidate();
  second.saw(rule_of("", 7), 30, at(0ms));
  bid = second.bid(at(0ms));
  ASSERT_TRUE(bid);
  EXPECT_EQ(bid->basis, 30);
  EXPECT_EQ(bid->value.term, 8);
}

TEST(Election, what_an_earlier_life_of_this_host_has_left_is_taken_at_once) {
  auto election = candidate();
  election.saw(rule_of("h1", 4, 9), 20, at(0ms));
  auto bid = election.bid(at(0ms));
  ASSERT_TRUE(bid);
  EXPECT_EQ(bid->value, rule_of("h1", 5));
}

TEST(Election, another_one_that_renews_is_left_to_lead) {
  auto election = candidate();
  for (int i = 0; i < 100; ++i) {
    election.saw(rule_of("h2", 1, i), 10 + i, at(i * 500ms));
    EXPECT_FALSE(election.bid(at(i * 500ms)));
  }
  ASSERT_TRUE(election.leader());
  EXPECT_EQ(election.leader()->name, "h2");
}

TEST(Election,
     another_one_that_was_seen_to_renew_nothing_for_three_seconds_is_followed_by_the_next) {
  auto election = candidate();
  for (auto time = 0ms; time < 3000ms; time += 500ms) {
    election.saw(rule_of("h2", 1, 5), 10, at(time));
    EXPECT_FALSE(election.bid(at(time))) << time.count();
  }
  election.saw(rule_of("h2", 1, 5), 10, at(3000ms));
  auto bid = election.bid(at(3000ms));
  ASSERT_TRUE(bid);
  EXPECT_EQ(bid->basis, 10);
  EXPECT_EQ(bid->value, rule_of("h1", 2));
}

TEST(Election, a_bid_that_was_refused_or_is_not_known_is_followed_by_a_look) {
  auto election = candidate();
  election.saw(std::nullopt, 0, at(0ms));
  election.refused();
  EXPECT_EQ(election.role(), Role::follows);
  EXPECT_FALSE(election.bid(at(0ms)));
  election.saw(rule_of("", 1), 5, at(500ms));
  EXPECT_TRUE(election.bid(at(500ms)));
  election.unknown();
  EXPECT_FALSE(election.bid(at(500ms)));
  election.saw(rule_of("h1", 2), 6, at(1s));  // it was committed
  EXPECT_EQ(election.role(), Role::follows);
  ASSERT_TRUE(election.bid(at(1s)));
  EXPECT_EQ(election.bid(at(1s))->value.term, 3);
}

TEST(Election, a_leader_renews_what_it_wrote_last) {
  auto election = leader();
  EXPECT_EQ(election.role(), Role::leads);
  EXPECT_FALSE(election.must_read());
  auto bid = election.bid(at(500ms));
  ASSERT_TRUE(bid);
  EXPECT_FALSE(bid->takes);
  EXPECT_EQ(bid->basis, 11);
  EXPECT_EQ(bid->value, rule_of("h1", 3, 1));
  election.committed(*bid, 15, at(500ms));
  EXPECT_EQ(election.bid(at(1s))->basis, 15);
}

TEST(Election, a_leader_whose_renewal_was_refused_leads_no_more) {
  auto election = leader();
  election.refused();
  EXPECT_EQ(election.role(), Role::over);
  EXPECT_FALSE(election.bid(at(500ms)));
}

TEST(Election, a_leader_counts_from_when_its_renewal_was_sent) {
  auto election = leader();
  election.committed(*election.bid(at(500ms)), 12, at(500ms));
  election.look(at(2999ms));
  EXPECT_EQ(election.role(), Role::leads);
  election.look(at(3000ms));
  EXPECT_EQ(election.role(), Role::over);
}

TEST(Election, a_renewal_that_is_found_by_reading_gives_no_credit) {
  auto election = leader();
  election.unknown();
  EXPECT_TRUE(election.must_read());
  election.saw(rule_of("h1", 3, 1), 14, at(2s));
  EXPECT_EQ(election.role(), Role::leads);
  EXPECT_EQ(election.bid(at(2s))->basis, 14);
  election.look(at(2500ms));
  EXPECT_EQ(election.role(), Role::over);
}

TEST(Election, a_leader_that_finds_another_one_leads_no_more) {
  auto other = leader();
  other.saw(rule_of("h2", 4), 14, at(1s));
  EXPECT_EQ(other.role(), Role::over);
  auto later = leader();
  later.saw(rule_of("h1", 4), 14, at(1s));  // another life of this host
  EXPECT_EQ(later.role(), Role::over);
}

// --- on a store ---------------------------------------------------------------------------------

/// One that stands on a store, and the coroutine of it.
struct Stander {
  Stander(asio::any_io_executor loop, store::Store& store, const std::string& host)
      : scope(loop), candidacy(loop, store, {host, host + ":7444"}, {5ms, 500ms, 1s}) {
    scope.spawn(candidacy.run());
  }
  Async<void> until(Role role) {
    while (candidacy.role() != role) co_await candidacy.changed();
  }
  Async<void> end() {
    scope.cancel();
    co_await scope.join();
  }
  Scope scope;
  Candidacy candidacy;
};

TEST(Candidacy, one_leads_and_the_next_one_as_soon_as_it_resigns) {
  on_loop([](asio::any_io_executor loop) -> Async<void> {
    store::MemoryStore store(loop);
    Stander first(loop, store, "h1");
    co_await first.until(Role::leads);
    Stander second(loop, store, "h2");
    co_await second.candidacy.changed();
    EXPECT_EQ(second.candidacy.role(), Role::follows);
    EXPECT_EQ(second.candidacy.leader()->name, "h1");
    co_await first.candidacy.resign();
    EXPECT_EQ(first.candidacy.role(), Role::over);
    co_await second.until(Role::leads);
    EXPECT_EQ(second.candidacy.number(), 2);
    co_await first.end();
    co_await second.end();
  });
}

TEST(Candidacy, the_next_one_leads_when_a_leader_has_died) {
  on_loop([](asio::any_io_executor loop) -> Async<void> {
    store::MemoryStore store(loop);
    Stander first(loop, store, "h1");
    co_await first.until(Role::leads);
    co_await first.end();
    Stander second(loop, store, "h2");
    co_await second.until(Role::leads);
    EXPECT_EQ(second.candidacy.number(), 2);
    co_await second.end();
  });
}

TEST(FencedStore, writes_nothing_after_its_term) {
  on_loop([](asio::any_io_executor loop) -> Async<void> {
    store::MemoryStore store(loop);
    Stander first(loop, store, "h1");
    co_await first.until(Role::leads);
    int ended = 0;
    FencedStore fenced(store, first.candidacy.term(), [&] { ++ended; });
    EXPECT_TRUE(co_await fenced.commit({}, {{"a", "1"}}));
    co_await first.end();  // it is stopped, and thinks that it leads
    auto refused = co_await fenced.commit({{"a", 77}}, {{"a", "2"}});
    EXPECT_EQ(refused.error().code, Code::conflict);
    EXPECT_EQ(ended, 0);
    Stander second(loop, store, "h2");
    co_await second.until(Role::leads);
    refused = co_await fenced.commit({}, {{"a", "3"}});
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_EQ(ended, 1);
    EXPECT_EQ((co_await store.get("a")).value()->value, "1");
    co_await second.end();
  });
}

}  // namespace
}  // namespace truce::manager
