// Moves between two platforms that only pretend.
#include "relocation_lab.h"

namespace truce::manager {
namespace {

using platform::FakeEstate;

/// `prod`, whose `web01` has a disk, and `other`, which has one of that name, too.
struct Two {
  Estate& estate;
  FakeEstate &prod, &other;
  std::string machine;  ///< the id of prod's
};

template <class Work>
void with_two(Work work) {
  on_loop([&](asio::any_io_executor loop) -> Async<void> {
    Theirs prod, other;
    Estate estate(loop);
    estate.adjust = [&](Settings& settings) {
      settings.platform_kinds["fake"] = [&](asio::any_io_executor on, platform::Account account) {
        const auto& which = account.url.contains("two") ? other.estate : prod.estate;
        return std::make_unique<platform::FakePlatform>(std::move(on), which);
      };
      hurry(settings);
    };
    co_await estate.start();
    co_await estate.connect();
    co_await add_platform(estate);
    auto added = co_await estate.call("POST", "/v1/platforms",
                                      R"({"name":"other","url":"fake://eva@two","password":"s"})");
    EXPECT_EQ(added.status, 201) << added.raw;
    Two two{estate, *prod.estate, *other.estate, prepare(*prod.estate)};
    co_await until_sized(estate);
    while ((co_await estate.call("GET", "/v1/platforms/other")).number("/vms") != 1)
      co_await sleep_for(1ms);
    co_await work(two);
    estate.node.close();
    co_await estate.manager->stop();
  });
}

constexpr std::string_view path = "/v1/platforms/prod/vms/web01/move";

Async<std::string> cross(Two& two, std::string more = {}) {
  co_return co_await begin(two.estate, std::string(path),
                           fmt::format(R"({{"to":"other","new_name":"moved"{}}})", more));
}

// Of the one that has come there, if there is exactly one.
std::string id_of_moved(const FakeEstate& there) {
  EXPECT_EQ(named(there, "moved"), 1U);
  for (const auto& [id, machine] : there.inventory().machines())
    if (machine.name == "moved") return id;
  return {};
}

bool came_whole(Two& two) {
  auto id = id_of_moved(two.other);
  if (id.empty()) return false;
  EXPECT_EQ(two.other.machine(id).uuid, two.prod.machine(two.machine).uuid);
  return two.other.content(id, "0")->content() == two.prod.content(two.machine, "2000")->content();
}

TEST(Across, a_machine_moves_from_one_platform_to_another_and_its_source_stays) {
  with_two([](Two& two) -> Async<void> {
    auto report = co_await two.estate.call("POST", std::string(path) + "-report",
                                           R"({"to":"other","new_name":"moved"})");
    EXPECT_EQ(report.status, 200) << report.raw;
    EXPECT_EQ(report.number("/bytes"), disk_size);
    EXPECT_EQ(named(two.other, "moved"), 0U) << "a report changes nothing";
    EXPECT_EQ(co_await two.estate.task_ends(co_await cross(two)), "succeeded");
    EXPECT_TRUE(came_whole(two));
    EXPECT_EQ(named(two.prod, "web01"), 1U);
    EXPECT_EQ((co_await two.estate.call("GET", "/v1/vms/web01")).status, 404) << "never here";
    auto events = co_await two.estate.call("GET", "/v1/events");
    EXPECT_TRUE(events.raw.contains("came from prod"));
  });
}

TEST(Across, it_is_started_there_and_removed_where_that_was_asked_for) {
  with_two([](Two& two) -> Async<void> {
    auto task = co_await cross(two, R"(,"start":true,"keep_source":false)");
    EXPECT_EQ(co_await two.estate.task_ends(task), "succeeded");
    auto id = id_of_moved(two.other);
    if (!id.empty()) EXPECT_EQ(two.other.machine(id).state, model::Observed::running);
    EXPECT_EQ(named(two.prod, "web01"), 0U);
  });
}

TEST(Across, one_that_is_called_off_or_broken_leaves_nothing_there) {
  with_two([](Two& two) -> Async<void> {
    *two.prod.hold = true;
    auto task = co_await cross(two);
    co_await until_step(two.estate, task, "copying");
    for (const auto* which : {"prod", "other"})
      EXPECT_EQ((co_await two.estate.call("DELETE", fmt::format("/v1/platforms/{}", which))).status,
                409);
    EXPECT_EQ((co_await two.estate.call("DELETE", "/v1/platforms/prod/vms/web01")).status, 409);
    EXPECT_EQ((co_await two.estate.call("POST", "/v1/tasks/" + task + "/cancel")).status, 202);
    EXPECT_EQ(co_await two.estate.task_ends(task), "cancelled");
    EXPECT_EQ(named(two.other, "moved"), 0U);
    *two.prod.hold = false;
    two.prod.fail("depart", {Code::corrupt, "it is broken", {}}, 1000);
    task = co_await cross(two);
    EXPECT_EQ(co_await two.estate.task_ends(task), "failed");
    EXPECT_EQ(named(two.other, "moved"), 0U);
    EXPECT_EQ(named(two.prod, "web01"), 1U);
  });
}

TEST(Across, what_may_pass_begins_anew_also_when_the_manager_was_started_again) {
  with_two([](Two& two) -> Async<void> {
    two.prod.fail("depart", {Code::unavailable, "away", {}}, 3);
    *two.prod.hold = true;
    auto task = co_await cross(two);
    while (*two.prod.held == 0) co_await sleep_for(1ms);
    // It is written while it is read, and the manager ends.
    two.prod.touch();
    paint(*two.prod.content(two.machine, "2000"), 5);
    co_await two.estate.manager->stop();
    *two.prod.hold = false;
    two.estate.node.close();
    two.estate.manager.reset();
    co_await two.estate.start();
    co_await two.estate.connect();
    EXPECT_EQ(co_await two.estate.task_ends(task), "succeeded");
    EXPECT_TRUE(came_whole(two));
  });
}

TEST(Across, what_cannot_be_is_refused_with_the_field_at_fault) {
  with_two([](Two& two) -> Async<void> {
    auto bad = [&](std::string body) {
      return two.estate.call("POST", std::string(path), std::move(body));
    };
    EXPECT_EQ((co_await bad(R"({"to":"prod"})")).text("/field"), "/to");
    EXPECT_EQ((co_await bad(R"({"to":"none"})")).text("/field"), "/to");
    EXPECT_EQ((co_await bad(R"({"to":"other"})")).text("/field"), "/new_name");
    EXPECT_EQ((co_await bad(R"({"to":"other","new_name":"x","pool":"none"})")).text("/field"),
              "/pool");
    *two.prod.hold = true;
    auto task = co_await cross(two);
    EXPECT_EQ((co_await bad(R"({"to":"here"})")).status, 409) << "it is being moved";
    *two.prod.hold = false;
    EXPECT_EQ(co_await two.estate.task_ends(task), "succeeded");
  });
}

}  // namespace
}  // namespace truce::manager
