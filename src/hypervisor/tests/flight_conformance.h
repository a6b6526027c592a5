// What every Migration promises, between two hosts of its kind; see conformance.h.
#pragma once

#include "flight_lab.h"

namespace truce::hypervisor {

TEST_P(FlightConformance, a_machine_arrives_waits_and_runs_when_it_is_let) {
  on_hosts([](Trip& trip) -> Async<void> {
    co_await trip.begin();
    co_await trip.receive();
    auto& there = trip.there.migration();
    auto landed = co_await there.has_landed(trip.uuid());
    CO_ASSERT_OK(landed);
    EXPECT_FALSE(*landed);
    EXPECT_EQ(code_of(co_await there.land(trip.uuid())), Code::precondition);
    double last = 0;
    auto heard = [&](const Flight& flight) {
      EXPECT_FALSE(flight.step.empty());
      EXPECT_GE(flight.fraction, last);
      last = flight.fraction;
    };
    auto flight = co_await trip.here.migration().send(trip.uuid(), trip.departure, {}, heard);
    CO_ASSERT_OK(flight);
    EXPECT_GT(flight->sent.count, 0U);
    EXPECT_GT(flight->downtime, 0ms);
    EXPECT_FALSE(flight->post_copy);
    landed = co_await there.has_landed(trip.uuid());
    CO_ASSERT_OK(landed);
    EXPECT_TRUE(*landed);
    for (auto* side : {&trip.here, &trip.there}) {
      EXPECT_EQ(code_of(co_await side->host->resume(trip.uuid())), Code::precondition);
      EXPECT_EQ(code_of(co_await side->host->start(trip.machine)), Code::precondition);
      EXPECT_EQ(code_of(co_await side->host->reset(trip.uuid())), Code::precondition);
      EXPECT_EQ(code_of(co_await side->host->suspend(trip.uuid())), Code::precondition);
    }
    CO_ASSERT_OK(co_await trip.here.host->kill(trip.uuid()));
    EXPECT_EQ((co_await trip.here.notices->next()).reason, EndReason::requested);
    for (int i = 0; i < 2; ++i) CO_ASSERT_OK(co_await there.land(trip.uuid()));
    EXPECT_EQ(code_of(co_await there.discard(trip.uuid())), Code::precondition);
    co_await trip.there.lab->booted(*trip.there.host, trip.uuid());
    CO_ASSERT_OK(co_await trip.there.host->pause(trip.uuid()));
    CO_ASSERT_OK(co_await trip.there.host->resume(trip.uuid()));
    EXPECT_EQ(trip.there.notices->count(), 0U);
  });
}

TEST_P(FlightConformance, a_machine_goes_with_its_disks) {
  on_hosts([](Trip& trip) -> Async<void> {
    co_await trip.begin();
    co_await trip.receive(true);
    auto flight = co_await trip.send();
    CO_ASSERT_OK(flight);
    EXPECT_GT(flight->disks_sent.count, 0U);
    CO_ASSERT_OK(co_await trip.here.host->kill(trip.uuid()));
    CO_ASSERT_OK(co_await trip.there.migration().land(trip.uuid()));
    co_await trip.there.lab->booted(*trip.there.host, trip.uuid());
  });
}

TEST_P(FlightConformance, what_was_sent_can_be_taken_back) {
  on_hosts([](Trip& trip) -> Async<void> {
    co_await trip.begin();
    co_await trip.receive(true);
    CO_ASSERT_OK(co_await trip.send());
    EXPECT_EQ(code_of(co_await trip.send()), Code::conflict);
    for (int i = 0; i < 2; ++i) CO_ASSERT_OK(co_await trip.there.migration().discard(trip.uuid()));
    for (int i = 0; i < 2; ++i) CO_ASSERT_OK(co_await trip.here.migration().take_back(trip.uuid()));
    co_await trip.expect_runs_here();
    EXPECT_EQ(trip.here.notices->count(), 0U);
    co_await trip.receive();
    CO_ASSERT_OK(co_await trip.send());
    CO_ASSERT_OK(co_await trip.here.host->kill(trip.uuid()));
    CO_ASSERT_OK(co_await trip.there.migration().land(trip.uuid()));
    co_await trip.there.lab->booted(*trip.there.host, trip.uuid());
  });
}

TEST_P(FlightConformance, a_connection_that_breaks_leaves_the_machine_running_where_it_was) {
  on_hosts([](Trip& trip) -> Async<void> {
    co_await trip.begin();
    for (bool copied : {false, true}) {
      co_await trip.receive(copied);
      trip.carrier->cut_after(copied ? 3 : 40 << 10);
      EXPECT_FALSE(co_await trip.send());
      co_await trip.expect_runs_here();
      auto landed = co_await trip.there.migration().has_landed(trip.uuid());
      EXPECT_FALSE(landed && *landed);
      CO_ASSERT_OK(co_await trip.there.migration().discard(trip.uuid()));
    }
    EXPECT_EQ(trip.here.notices->count(), 0U);
    co_await trip.receive(true);
    CO_ASSERT_OK(co_await trip.send());
  });
}

TEST_P(FlightConformance, one_that_is_called_off_goes_on) {
  on_hosts([](Trip& trip) -> Async<void> {
    co_await trip.begin();
    co_await trip.receive();
    bool told = false;
    auto stop = [&](const Flight&) {
      told = true;
      trip.here.migration().stop_sending(trip.uuid());
    };
    trip.departure.bandwidth = mib(1);
    auto flight = co_await trip.here.migration().send(trip.uuid(), trip.departure, {}, stop);
    EXPECT_TRUE(told);
    if (flight) {  // it was done already
      CO_ASSERT_OK(co_await trip.here.migration().take_back(trip.uuid()));
    } else {
      EXPECT_EQ(flight.error().code, Code::cancelled) << flight.error().message;
    }
    co_await trip.expect_runs_here();
    EXPECT_EQ(trip.here.notices->count(), 0U);
  });
}

TEST_P(FlightConformance, a_daemon_that_takes_over_decides_nothing) {
  on_hosts([](Trip& trip) -> Async<void> {
    co_await trip.begin();
    co_await trip.receive();
    CO_ASSERT_OK(co_await trip.send());
    for (auto* side : {&trip.here, &trip.there}) {
      co_await side->open();
      CO_ASSERT(side->found.size() == 1);
      EXPECT_EQ(side->found[0].second, model::Observed::paused);
      EXPECT_EQ(code_of(co_await side->host->resume(trip.uuid())), Code::precondition);
    }
    auto landed = co_await trip.there.migration().has_landed(trip.uuid());
    EXPECT_TRUE(landed && *landed);
    CO_ASSERT_OK(co_await trip.here.migration().take_back(trip.uuid()));
    co_await trip.expect_runs_here();
    CO_ASSERT_OK(co_await trip.there.migration().discard(trip.uuid()));
    EXPECT_EQ(trip.here.notices->count(), 0U);
  });
}

TEST_P(FlightConformance, one_that_waits_is_still_waiting_for_the_next_daemon) {
  on_hosts([](Trip& trip) -> Async<void> {
    co_await trip.begin();
    co_await trip.receive(true);
    co_await trip.there.open();
    CO_ASSERT(trip.there.found.size() == 1);
    EXPECT_EQ(trip.there.found[0].second, model::Observed::paused);
    CO_ASSERT_OK(co_await trip.send());
    CO_ASSERT_OK(co_await trip.here.host->kill(trip.uuid()));
    CO_ASSERT_OK(co_await trip.there.migration().land(trip.uuid()));
    co_await trip.there.lab->booted(*trip.there.host, trip.uuid());
    co_await trip.there.open();
    CO_ASSERT(trip.there.found.size() == 1);
    EXPECT_EQ(trip.there.found[0].second, model::Observed::running);
    CO_ASSERT_OK(co_await trip.there.host->resume(trip.uuid()));
  });
}

TEST_P(FlightConformance, a_machine_that_is_not_there_neither_goes_nor_comes) {
  on_hosts([](Trip& trip) -> Async<void> {
    auto& migration = trip.here.migration();
    trip.machine = trip.here.lab->machine();
    const auto& uuid = trip.uuid();
    EXPECT_EQ(code_of(co_await migration.outline(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await migration.has_landed(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await migration.land(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await migration.take_back(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await migration.dirty_rate(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await migration.send(uuid, {}, {}, {})), Code::precondition);
    CO_ASSERT_OK(co_await migration.discard(uuid));
    migration.stop_sending(uuid);
    CO_ASSERT_OK(co_await trip.here.host->start(trip.machine));
    EXPECT_EQ(code_of(co_await migration.has_landed(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await migration.land(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await migration.discard(uuid)), Code::precondition);
    CO_ASSERT_OK(co_await migration.take_back(uuid));
    auto outline = co_await migration.outline(uuid);
    CO_ASSERT_OK(outline);
    EXPECT_EQ(code_of(co_await migration.receive(trip.machine, *outline, {})), Code::precondition);
    auto other = trip.there.lab->twin(trip.machine, false);
    EXPECT_FALSE(co_await trip.there.migration().receive(other, "nonsense", {}));
    CO_ASSERT_OK(co_await trip.here.host->pause(uuid));
    EXPECT_EQ(code_of(co_await migration.send(uuid, {}, {}, {})), Code::precondition);
  });
}

}  // namespace truce::hypervisor
