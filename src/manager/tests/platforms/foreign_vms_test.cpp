// Machines of platforms in lists, alone, and switched.
#include "platform_lab.h"
#include "platforms/foreign.h"

namespace truce::manager {
namespace {

using platform::FakeEstate;

/// Runs a test with a platform `prod` that has told what is on it.
template <class Work>
void with_foreign(Work work) {
  with_platform([&](Estate& estate, Theirs& theirs) -> Async<void> {
    co_await add_platform(estate);
    co_await work(estate, *theirs.estate);
  });
}

Async<void> until_listed(Estate& estate, std::size_t count) {
  while ((co_await names(estate, "platform=prod")).size() != count) co_await sleep_for(1ms);
}

TEST(ForeignVms, stand_beside_our_own_where_that_is_asked_for_and_nowhere_else) {
  with_foreign([](Estate& estate, FakeEstate& theirs) -> Async<void> {
    co_await estate.make_machine("own");
    theirs.add_machine("db");
    co_await until_listed(estate, 2);
    EXPECT_EQ((co_await names(estate, "limit=10")), Names{"own"});
    EXPECT_EQ((co_await names(estate, "platform=prod")), (Names{"prod/db", "prod/web01"}));
    EXPECT_EQ((co_await names(estate, "platform=all")), (Names{"own", "prod/db", "prod/web01"}));
    EXPECT_EQ((co_await names(estate, "platform=all&contains=b0")), Names{"prod/web01"});
    EXPECT_EQ((co_await names(estate, "platform=all&project=default")), Names{"own"});
    EXPECT_EQ((co_await names(estate, "platform=prod&observed=running")), Names{});
    EXPECT_EQ((co_await names(estate, "platform=prod&host=one.example.com")).size(), 2U);
    EXPECT_EQ((co_await names(estate, "platform=prod&host=two")), Names{});
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms?platform=none")).status, 404);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms?platform=prod&sort=cpus")).text("/field"),
              "?sort");
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms?platform=prod&watch")).text("/field"),
              "?watch");
  });
}

TEST(ForeignVms, so_do_hosts_pools_and_networks) {
  with_foreign([](Estate& estate, FakeEstate&) -> Async<void> {
    auto hosts = co_await estate.call("GET", "/v1/hosts?platform=all");
    EXPECT_EQ(hosts.text("/items/0/name"), "h1") << hosts.raw;
    EXPECT_EQ(hosts.text("/items/1/name"), "prod/one.example.com");
    EXPECT_EQ(hosts.text("/items/1/state"), "online");
    EXPECT_EQ(hosts.number("/items/1/cpus"), 8);
    EXPECT_EQ(hosts.text("/items/1/foreign_id"), "host-1");
    EXPECT_EQ(hosts.text("/items/1/role"), "(none)");
    auto pools = co_await estate.call("GET", "/v1/pools?platform=prod");
    EXPECT_EQ(pools.text("/items/0/name"), "prod/store");
    EXPECT_EQ(pools.number("/items/0/used"), 50.0 * (1 << 30));
    auto networks = co_await estate.call("GET", "/v1/networks?platform=prod");
    EXPECT_EQ(networks.text("/items/0/name"), "prod/LAN");
    EXPECT_FALSE((co_await estate.call("GET", "/v1/hosts")).raw.contains("example.com"));
  });
}

TEST(ForeignVms, are_listed_page_after_page_also_those_of_one_name) {
  with_foreign([](Estate& estate, FakeEstate& theirs) -> Async<void> {
    for (int i = 0; i < 5; ++i) theirs.add_machine("web01");
    co_await until_listed(estate, 6);
    std::set<std::string> ids;
    std::string after;
    int pages = 0;
    do {
      auto query = after.empty() ? std::string() : "&after=" + after;
      auto listed = co_await estate.call("GET", "/v1/vms?platform=prod&limit=4" + query);
      for (const auto& item : listed.body.at("items").as_array())
        ids.emplace(item.at("foreign").at("id").as_string());
      after = listed.text("/next");
      ++pages;
    } while (!after.empty() && pages < 10);
    EXPECT_EQ(ids.size(), 6U);
    EXPECT_EQ(pages, 2);
  });
}

TEST(ForeignVms, one_is_shown_by_its_name_or_id_and_says_what_it_has) {
  with_foreign([](Estate& estate, FakeEstate& theirs) -> Async<void> {
    auto id = theirs.inventory().machines().begin()->first;
    auto shown = co_await estate.call("GET", "/v1/platforms/prod/vms/web01");
    EXPECT_EQ(shown.text("/name"), "prod/web01");
    EXPECT_EQ(shown.text("/platform"), "prod");
    EXPECT_EQ(shown.text("/foreign/id"), id);
    EXPECT_EQ(shown.text("/foreign/path"), "web");
    EXPECT_EQ(shown.text("/host"), "one.example.com");
    EXPECT_EQ(shown.text("/disks/0/pool"), "store");
    EXPECT_EQ(shown.text("/nics/0/network"), "LAN");
    EXPECT_EQ(shown.text("/uuid"), theirs.machine(id).uuid);
    EXPECT_EQ(shown.text("/wanted"), "(none)") << "nothing is wanted of it";
    EXPECT_EQ(shown.text("/disks/0/clone"), "(none)");
    EXPECT_EQ((co_await estate.call("GET", "/v1/platforms/prod/vms/" + id)).text("/name"),
              "prod/web01");
    EXPECT_EQ((co_await estate.call("GET", "/v1/platforms/prod/vms/none")).status, 404);
    auto second = theirs.add_machine("web01");
    co_await until_listed(estate, 2);
    auto twice = co_await estate.call("GET", "/v1/platforms/prod/vms/web01");
    EXPECT_EQ(twice.status, 409) << twice.raw;
    EXPECT_TRUE(twice.raw.contains("prod/" + id + " (in web)")) << twice.raw;
    EXPECT_TRUE(twice.raw.contains("prod/" + second)) << twice.raw;
  });
}

TEST(ForeignVms, are_switched_when_somebody_asks_by_tasks) {
  with_foreign([](Estate& estate, FakeEstate& theirs) -> Async<void> {
    auto id = theirs.inventory().machines().begin()->first;
    auto post = [&](std::string verb, std::string body) {
      return estate.call("POST", "/v1/platforms/prod/vms/web01/" + verb, std::move(body));
    };
    auto started = co_await post("start", "{}");
    EXPECT_EQ(started.status, 202) << started.raw;
    EXPECT_EQ(started.text("/target"), "platforms/prod/vms/" + id);
    EXPECT_EQ(co_await estate.task_ends(started.text("/name")), "succeeded");
    EXPECT_EQ(theirs.machine(id).state, model::Observed::running);
    EXPECT_EQ((co_await post("reset", "")).status, 204);
    auto suspended = co_await post("suspend", "");
    EXPECT_EQ(co_await estate.task_ends(suspended.text("/name")), "succeeded");
    EXPECT_EQ(theirs.machine(id).state, model::Observed::suspended);
    auto asked = co_await post("stop", "{}");
    EXPECT_EQ(co_await estate.task_ends(asked.text("/name")), "failed") << "no tools run";
    auto killed = co_await post("stop", R"({"now":true})");
    EXPECT_EQ(co_await estate.task_ends(killed.text("/name")), "succeeded");
    EXPECT_EQ(theirs.machine(id).state, model::Observed::off);
    EXPECT_EQ((co_await post("reset", "")).status, 409);
    EXPECT_EQ((co_await post("start", R"({"boot":"cdrom"})")).text("/field"), "/boot");
    theirs.fail("start", {Code::unauthenticated, "the session is over", {}});
    auto failed = co_await post("start", "{}");
    EXPECT_EQ(co_await estate.task_ends(failed.text("/name")), "failed");
    auto events = co_await estate.call("GET", "/v1/events");
    EXPECT_TRUE(events.raw.contains("api.start_foreign_vm"));
  });
}

TEST(ForeignVms, are_resized_and_deleted_when_somebody_asks) {
  with_foreign([](Estate& estate, FakeEstate& theirs) -> Async<void> {
    auto id = theirs.inventory().machines().begin()->first;
    const std::string path = "/v1/platforms/prod/vms/web01";
    auto set = co_await estate.call("PATCH", path, R"({"cpus":3,"memory":1073741824})");
    EXPECT_EQ(set.status, 200) << set.raw;
    EXPECT_EQ(set.number("/cpus"), 3);
    EXPECT_EQ(theirs.machine(id).cpus, 3);
    EXPECT_EQ(theirs.machine(id).memory, gib(1));
    EXPECT_EQ((co_await estate.call("PATCH", path, R"({"description":"x"})")).status, 501);
    auto started = co_await estate.call("POST", path + "/start", "{}");
    EXPECT_EQ(co_await estate.task_ends(started.text("/name")), "succeeded");
    EXPECT_EQ((co_await estate.call("PATCH", path, R"({"cpus":4})")).status, 409);
    while ((co_await estate.call("GET", path)).text("/observed") != "running")
      co_await sleep_for(1ms);
    EXPECT_EQ((co_await estate.call("DELETE", path)).status, 409);
    co_await estate.task_ends(
        (co_await estate.call("POST", path + "/stop", R"({"now":true})")).text("/name"));
    while ((co_await estate.call("GET", path)).text("/observed") != "off") co_await sleep_for(1ms);
    auto deleted = co_await estate.call("DELETE", path);
    EXPECT_EQ(deleted.status, 202) << deleted.raw;
    EXPECT_EQ(co_await estate.task_ends(deleted.text("/name")), "succeeded");
    EXPECT_TRUE(theirs.inventory().machines().empty());
  });
}

TEST(ForeignVms, have_snapshots_that_are_taken_restored_and_deleted) {
  with_foreign([](Estate& estate, FakeEstate& theirs) -> Async<void> {
    auto id = theirs.inventory().machines().begin()->first;
    const std::string path = "/v1/platforms/prod/vms/web01/snapshots";
    auto ends = [&](std::string method, std::string target,
                    std::string body) -> Async<std::string> {
      auto begun = co_await estate.call(method, path + target, body);
      EXPECT_EQ(begun.status, 202) << begun.raw;
      co_return co_await estate.task_ends(begun.text("/name"));
    };
    auto until_known = [&](std::size_t count) -> Async<void> {
      while (true) {
        auto shown = co_await estate.call("GET", "/v1/platforms/prod/vms/web01");
        if (shown.body.at("foreign").at("snapshots").as_array().size() == count) co_return;
        co_await sleep_for(1ms);
      }
    };
    EXPECT_EQ(co_await ends("POST", "", R"({"name":"one","description":"first"})"), "succeeded");
    EXPECT_EQ(co_await ends("POST", "", R"({"name":"two"})"), "succeeded");
    EXPECT_EQ(co_await ends("POST", "", R"({"name":"two"})"), "succeeded");
    co_await until_known(3);
    EXPECT_EQ(theirs.machine(id).snapshots[0].description, "first");
    EXPECT_EQ((co_await estate.call("DELETE", path + "/two")).status, 409) << "there are two";
    EXPECT_EQ((co_await estate.call("DELETE", path + "/none")).status, 404);
    EXPECT_EQ(co_await ends("POST", "/one/restore", R"({"start":true})"), "succeeded");
    EXPECT_EQ(theirs.machine(id).snapshot, theirs.machine(id).snapshots[0].id);
    EXPECT_EQ(theirs.machine(id).state, model::Observed::running);
    EXPECT_EQ(co_await ends("DELETE", "/" + theirs.machine(id).snapshots[2].id, ""), "succeeded");
    co_await until_known(2);
    EXPECT_EQ((co_await estate.call("DELETE", path + "/one?subtree")).status, 202);
    co_await until_known(0);
  });
}

}  // namespace
}  // namespace truce::manager
