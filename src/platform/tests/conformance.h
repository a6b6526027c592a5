// What every Platform promises: one suite for all of them. A test binary says how its kind is
// reached (ConformanceLab), includes this header in one file and instantiates PlatformConformance.
#pragma once

#include "conformance_lab.h"

namespace truce::platform {

class PlatformConformance : public testing::TestWithParam<MakeLab> {
 protected:
  using Body = std::function<Async<void>(Watcher&, ConformanceLab&)>;

  /// Runs `body` with a watcher that has seen all there is.
  void on_platform(Body body) {
    auto lab = GetParam()();
    if (auto why = lab->why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
    asio::io_context loop;
    auto all = [](ConformanceLab& here, Body inner) -> Async<void> {
      auto executor = co_await asio::this_coro::executor;
      Watcher watcher{here.open(executor), {}};
      CO_ASSERT_OK(co_await watcher.platform->connect());
      EXPECT_TRUE(co_await watcher.sees([](const Inventory&) { return true; }));
      co_await inner(watcher, here);
      co_await watcher.platform->close();
    };
    asio::co_spawn(loop, all(*lab, std::move(body)), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    loop.run();
  }

  static Code code_of(const Result<void>& result) {
    return result ? Code::internal : result.error().code;
  }
  /// A machine that is off.
  static Async<std::string> off_machine(Watcher& watcher) {
    if (watcher.inventory.machines().empty()) co_return "none";
    auto id = watcher.inventory.machines().begin()->first;
    EXPECT_TRUE(co_await watcher.platform->kill(id));
    EXPECT_TRUE(co_await watcher.sees_state(id, model::Observed::off));
    co_return id;
  }
};

TEST_P(PlatformConformance, says_what_it_is_once_connected) {
  on_platform([](Watcher& w, ConformanceLab&) -> Async<void> {
    EXPECT_FALSE(w.platform->capabilities().name.empty());
    EXPECT_FALSE(w.platform->capabilities().version.empty());
    EXPECT_FALSE(w.platform->capabilities().instance.empty());
    CO_ASSERT_OK(co_await w.platform->connect());
  });
}

TEST_P(PlatformConformance, the_first_picture_is_whole_and_its_ids_lead_somewhere) {
  on_platform([](Watcher& w, ConformanceLab&) -> Async<void> {
    const auto& all = w.inventory;
    EXPECT_FALSE(all.hosts().empty());
    EXPECT_FALSE(all.pools().empty());
    EXPECT_FALSE(all.networks().empty());
    EXPECT_GE(all.machines().size(), 2U);
    EXPECT_GT(all.told().time_since_epoch().count(), 0);
    for (const auto& [id, machine] : all.machines()) {
      EXPECT_EQ(id, machine.id);
      EXPECT_FALSE(machine.name.empty());
      EXPECT_EQ(machine.uuid.size(), 36U);
      EXPECT_NE(machine.state, model::Observed::unknown) << machine.name;
      EXPECT_GE(machine.cpus, 1);
      EXPECT_GT(machine.memory.count, 0U);
      EXPECT_TRUE(all.hosts().contains(machine.host)) << machine.host;
      EXPECT_TRUE(all.folders().contains(machine.folder)) << machine.folder;
      EXPECT_FALSE(machine.disks.empty());
      for (const auto& disk : machine.disks) {
        EXPECT_GT(disk.size.count, 0U);
        EXPECT_FALSE(disk.file.empty());
        EXPECT_TRUE(all.pools().contains(disk.pool)) << disk.pool;
      }
      for (const auto& nic : machine.nics) {
        EXPECT_EQ(nic.mac.size(), 17U) << nic.mac;
        EXPECT_TRUE(all.networks().contains(nic.network)) << nic.network;
      }
    }
    co_return;
  });
}

TEST_P(PlatformConformance, what_another_client_does_is_seen_as_a_change) {
  on_platform([](Watcher& w, ConformanceLab& lab) -> Async<void> {
    auto id = co_await off_machine(w);
    auto other = lab.open(co_await asio::this_coro::executor);
    CO_ASSERT_OK(co_await other->start(id));
    bool whole = false, seen = false;
    for (int i = 0; i < 60 && !seen; ++i) {
      auto update = co_await w.platform->next(2s);
      CO_ASSERT_OK(update);
      whole = whole || update->extent == Update::Extent::whole;
      for (const auto& machine : update->machines.seen)
        seen = seen || (machine.id == id && machine.state == model::Observed::running);
    }
    EXPECT_TRUE(seen);
    EXPECT_FALSE(whole) << "only what has changed is told";
    co_await other->close();
  });
}

TEST_P(PlatformConformance, verbs_take_effect_and_are_idempotent) {
  on_platform([](Watcher& w, ConformanceLab&) -> Async<void> {
    auto id = co_await off_machine(w);
    for (int i = 0; i < 2; ++i) CO_ASSERT_OK(co_await w.platform->start(id));
    EXPECT_TRUE(co_await w.sees_state(id, model::Observed::running));
    CO_ASSERT_OK(co_await w.platform->reset(id));
    if (w.platform->capabilities().suspend) {
      for (int i = 0; i < 2; ++i) CO_ASSERT_OK(co_await w.platform->suspend(id));
      EXPECT_TRUE(co_await w.sees_state(id, model::Observed::suspended));
      CO_ASSERT_OK(co_await w.platform->start(id));
      EXPECT_TRUE(co_await w.sees_state(id, model::Observed::running));
    }
    for (int i = 0; i < 2; ++i) CO_ASSERT_OK(co_await w.platform->kill(id));
    EXPECT_TRUE(co_await w.sees_state(id, model::Observed::off));
    EXPECT_TRUE(co_await w.platform->request_stop(id)) << "it is off already";
  });
}

TEST_P(PlatformConformance, verbs_say_what_is_not_there_and_what_does_not_go_now) {
  on_platform([](Watcher& w, ConformanceLab&) -> Async<void> {
    auto id = co_await off_machine(w);
    EXPECT_EQ(code_of(co_await w.platform->reset(id)), Code::precondition);
    if (w.platform->capabilities().suspend)
      EXPECT_EQ(code_of(co_await w.platform->suspend(id)), Code::precondition);
    EXPECT_EQ(code_of(co_await w.platform->start("none-such")), Code::not_found);
    EXPECT_EQ(code_of(co_await w.platform->kill("none-such")), Code::not_found);
    EXPECT_EQ(code_of(co_await w.platform->request_stop("none-such")), Code::not_found);
  });
}

TEST_P(PlatformConformance, snapshots_are_a_tree) {
  on_platform([](Watcher& w, ConformanceLab&) -> Async<void> {
    auto* snapshots = w.platform->snapshots();
    if (snapshots == nullptr) co_return;
    auto id = co_await off_machine(w);
    auto first = co_await snapshots->create(id, {.name = "first", .description = "a <b> & c"});
    CO_ASSERT_OK(first);
    auto second = co_await snapshots->create(id, {.name = "second"});
    CO_ASSERT_OK(second);
    CO_ASSERT_OK(co_await snapshots->restore(id, *first));
    auto third = co_await snapshots->create(id, {.name = "third"});
    CO_ASSERT_OK(third);
    auto tree = [&](const Inventory& all) { return all.machines().at(id).snapshots; };
    EXPECT_TRUE(co_await w.sees([&](const Inventory& all) {
      return tree(all).size() == 3 && all.machines().at(id).snapshot == *third;
    }));
    for (const auto& one : tree(w.inventory)) {
      EXPECT_EQ(one.parent, one.id == *first ? "" : *first);
      if (one.id == *first) EXPECT_EQ(one.description, "a <b> & c");
    }
    CO_ASSERT_OK(co_await snapshots->remove(id, *second, Snapshots::Extent::alone));
    EXPECT_TRUE(co_await w.sees([&](const Inventory& all) { return tree(all).size() == 2; }));
    EXPECT_EQ(code_of(co_await snapshots->remove(id, *second, Snapshots::Extent::alone)),
              Code::not_found);
    CO_ASSERT_OK(co_await snapshots->remove(id, *first, Snapshots::Extent::with_children));
    EXPECT_TRUE(co_await w.sees([&](const Inventory& all) { return tree(all).empty(); }));
  });
}

TEST_P(PlatformConformance, a_machine_is_made_larger_and_removed) {
  on_platform([](Watcher& w, ConformanceLab&) -> Async<void> {
    auto* making = w.platform->making();
    if (making == nullptr) co_return;
    auto id = co_await off_machine(w);
    CO_ASSERT_OK(co_await making->resize(id, 2, mib(1024)));
    EXPECT_TRUE(co_await w.sees([&](const Inventory& all) {
      const auto& seen = all.machines().at(id);
      return seen.cpus == 2 && seen.memory == mib(1024);
    }));
    CO_ASSERT_OK(co_await w.platform->start(id));
    EXPECT_EQ(code_of(co_await making->remove(id)), Code::precondition);
    CO_ASSERT_OK(co_await w.platform->kill(id));
    CO_ASSERT_OK(co_await making->remove(id));
    EXPECT_TRUE(
        co_await w.sees([&](const Inventory& all) { return !all.machines().contains(id); }));
    EXPECT_EQ(code_of(co_await making->remove(id)), Code::not_found);
  });
}

TEST_P(PlatformConformance, a_clone_is_another_machine_with_the_name_that_was_asked_for) {
  on_platform([](Watcher& w, ConformanceLab& lab) -> Async<void> {
    auto* making = w.platform->making();
    if (making == nullptr) co_return;
    auto id = co_await off_machine(w);
    auto name = lab.unusual_name();
    auto copy = co_await making->clone(id, name);
    if (!w.platform->capabilities().clone) {
      EXPECT_TRUE(!copy && copy.error().code == Code::unsupported);
      co_return;
    }
    CO_ASSERT_OK(copy);
    EXPECT_TRUE(co_await w.sees([&](const Inventory& all) {
      auto found = all.machines().find(*copy);
      return found != all.machines().end() && found->second.name == name;
    }));
    EXPECT_NE(w.inventory.machines().at(*copy).uuid, w.inventory.machines().at(id).uuid);
    if (!lab.refuses_taken_names()) co_return;
    auto again = co_await making->clone(id, name);
    EXPECT_TRUE(!again && again.error().code == Code::conflict);
  });
}

TEST_P(PlatformConformance, what_went_while_a_server_was_away_is_gone) {
  on_platform([](Watcher& w, ConformanceLab& lab) -> Async<void> {
    auto before = w.inventory.machines().size();
    lab.restart_with_fewer();
    for (int i = 0; i < 60 && w.inventory.machines().size() == before; ++i) {
      auto update =
          co_await w.platform->next(2s);  // the first may tell that the connection is gone
      if (update) w.inventory.apply(*std::move(update));
    }
    EXPECT_LT(w.inventory.machines().size(), before);
    EXPECT_FALSE(w.inventory.machines().empty());
  });
}

}  // namespace truce::platform
