// Storage pools through the API: what is asked of hosts, and what is refused.
#include "estate.h"

namespace truce::manager {
namespace {

Async<Answer> create(Estate& estate, std::string name, std::string source) {
  return estate.call("POST", "/v1/pools",
                     fmt::format(R"({{"name":"{}","source":"{}"}})", name, source));
}

/// The pools that the node is told of next.
Async<std::vector<model::Pool>> told(Estate& estate) {
  auto assignment =
      co_await estate.node.assignment([](const auto& sent) { return sent.pools.has_value(); });
  co_return assignment.pools.value_or(std::vector<model::Pool>{});
}

/// A pool that its host has made.
Async<void> make_pool(Estate& estate, std::string name, std::string source) {
  auto created = co_await create(estate, name, source);
  EXPECT_EQ(created.status, 202) << boost::json::serialize(created.body);
  model::JobReport done{.task = created.text("/name")};
  done.done = true;
  co_await estate.node.report(done);
  EXPECT_EQ(co_await estate.task_ends(created.text("/name")), "succeeded");
}

Async<void> report_pool(Estate& estate, model::Pool pool) {
  model::FromNode message;
  message.report.emplace();
  message.report->pools.push_back(std::move(pool));
  co_await estate.node.send(std::move(message));
}

model::Pool seen(std::string name) {
  model::Pool pool;
  pool.name = std::move(name);
  pool.host = "h1";
  pool.path = "/srv/fast";
  pool.total = gib(10);
  pool.free = gib(4);
  return pool;
}

TEST(PoolsApi, a_pool_is_there_once_its_host_has_made_it_and_keeps_what_was_set) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await make_pool(estate, "fast", "/srv/fast/");
    auto pools = co_await told(estate);
    EXPECT_EQ(pools.size(), 1U);
    EXPECT_EQ(pools.at(0).source, "/srv/fast");
    auto set = co_await estate.call("PATCH", "/v1/pools/fast", R"({"quota":1073741824})");
    EXPECT_EQ(set.status, 200);
    EXPECT_EQ((co_await told(estate)).at(0).quota, gib(1));
    co_await report_pool(estate, seen("fast"));
    co_await report_pool(estate, seen("unknown"));
    co_await estate.make_machine("later");
    auto shown = co_await estate.call("GET", "/v1/pools/fast");
    EXPECT_EQ(shown.text("/quota"), "1073741824");
    EXPECT_EQ(shown.text("/total"), std::to_string(gib(10).count));
    EXPECT_EQ((co_await estate.call("GET", "/v1/pools/unknown")).status, 404);
  });
}

TEST(PoolsApi, what_cannot_be_a_pool_is_refused_with_the_field) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await make_pool(estate, "fast", "/srv/fast");
    EXPECT_EQ((co_await create(estate, "fast", "/srv/other")).text("/field"), "/name");
    EXPECT_EQ((co_await create(estate, "default", "/srv/other")).status, 409);
    for (const auto* source : {"relative", "/", "//"})
      EXPECT_EQ((co_await create(estate, "other", source)).text("/field"), "/source") << source;
    auto vm =
        co_await estate.call("POST", "/v1/vms", R"({"name":"v","disk":1048576,"pool":"none"})");
    EXPECT_EQ(vm.text("/field"), "/pool");
    auto lost = seen("fast");
    lost.problem = "it is gone";
    co_await report_pool(estate, lost);
    co_await estate.make_machine("later");
    vm = co_await estate.call("POST", "/v1/vms", R"({"name":"v","disk":1048576,"pool":"fast"})");
    EXPECT_EQ(vm.status, 503);
    EXPECT_TRUE(vm.text("/detail").contains("it is gone")) << boost::json::serialize(vm.body);
  });
}

TEST(PoolsApi, a_pool_that_could_not_be_made_is_not_there) {
  with_estate([](Estate& estate) -> Async<void> {
    auto created = co_await create(estate, "fast", "/srv/fast");
    EXPECT_EQ((co_await create(estate, "fast", "/srv/fast")).status, 409) << "it is being made";
    model::JobReport failed{.task = created.text("/name")};
    failed.done = true;
    failed.error = "not empty";
    co_await estate.node.report(failed);
    EXPECT_EQ(co_await estate.task_ends(created.text("/name")), "failed");
    EXPECT_EQ((co_await estate.call("GET", "/v1/pools/fast")).status, 404);
  });
}

TEST(PoolsApi, a_pool_that_holds_a_disk_is_not_deleted_and_one_that_could_not_be_stays) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await make_pool(estate, "fast", "/srv/fast");
    auto vm =
        co_await estate.call("POST", "/v1/vms", R"({"name":"v","disk":1048576,"pool":"fast"})");
    EXPECT_EQ(vm.status, 202);
    EXPECT_EQ((co_await estate.node.machine("v", 1)).disks.at(0).pool, "fast");
    auto refused = co_await estate.call("DELETE", "/v1/pools/fast");
    EXPECT_EQ(refused.status, 409);
    EXPECT_TRUE(refused.text("/detail").contains("'v'")) << boost::json::serialize(refused.body);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/pools/default")).status, 404);
    co_await make_pool(estate, "slow", "/srv/slow");
    auto deleted = co_await estate.call("DELETE", "/v1/pools/slow");
    EXPECT_EQ(deleted.status, 202);
    EXPECT_EQ((co_await estate.call("GET", "/v1/pools/slow")).status, 404);
    model::JobReport failed{.task = deleted.text("/name")};
    failed.done = true;
    failed.error = "it holds files";
    co_await estate.node.report(failed);
    co_await estate.task_ends(deleted.text("/name"));
    EXPECT_EQ((co_await estate.call("GET", "/v1/pools/slow")).text("/source"), "/srv/slow");
  });
}

/// The messages of all events of a kind, the oldest first.
Async<std::vector<std::string>> events(Estate& estate, std::string kind) {
  auto all = co_await estate.call("GET", "/v1/events?target=pools/fast");
  std::vector<std::string> found;
  for (const auto& event : all.body.at("items").as_array()) {
    if (event.at("kind").as_string() == kind) found.emplace_back(event.at("message").as_string());
  }
  co_return found;
}

TEST(PoolsApi, a_pool_that_fills_says_so_once_until_it_is_less_full_again) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await make_pool(estate, "fast", "/srv/fast");
    auto fill = [&](std::uint64_t free_mib) -> Async<void> {
      auto pool = seen("fast");
      pool.free = mib(free_mib);
      co_await report_pool(estate, pool);
    };
    for (std::uint64_t free : {4096, 1000, 900, 4096, 900, 0}) co_await fill(free);
    co_await estate.make_machine("later");
    auto nearly = co_await events(estate, "pool.nearly_full");
    EXPECT_EQ(nearly.size(), 2U);
    EXPECT_TRUE(nearly.at(0).contains("90 % of 10GiB")) << nearly.at(0);
    EXPECT_EQ((co_await events(estate, "pool.full")).size(), 1U);
    co_await fill(4096);
    co_await estate.make_machine("later2");
    auto set = co_await estate.call("PATCH", "/v1/pools/fast", R"({"alarm_percent":50})");
    EXPECT_EQ(set.status, 200);
    EXPECT_EQ((co_await events(estate, "pool.nearly_full")).size(), 3U) << "a lower limit";
  });
}

TEST(PoolsApi, what_a_pool_may_promise_and_store_is_kept_to_and_said_in_numbers) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await make_pool(estate, "fast", "/srv/fast");
    co_await report_pool(estate, seen("fast"));
    co_await estate.make_machine("first");
    auto set = co_await estate.call("PATCH", "/v1/pools/fast", R"({"overcommit_percent":200})");
    EXPECT_EQ(set.status, 200);
    auto disk = [&](std::string name, Bytes size) {
      return estate.call(
          "POST", "/v1/vms",
          fmt::format(R"({{"name":"{}","disk":{},"pool":"fast"}})", name, size.count));
    };
    EXPECT_EQ((co_await disk("a", gib(15))).status, 202);
    auto refused = co_await disk("b", gib(6));
    EXPECT_EQ(refused.text("/field"), "/pool");
    EXPECT_TRUE(refused.text("/detail").contains("15GiB")) << refused.text("/detail");
    EXPECT_TRUE(refused.text("/detail").contains("200 % of its 10GiB")) << refused.text("/detail");
    EXPECT_EQ((co_await disk("c", gib(5))).status, 202);
    auto full = seen("fast");
    full.free = {0};
    co_await report_pool(estate, full);
    co_await estate.make_machine("last");
    refused = co_await disk("d", mib(1));
    EXPECT_TRUE(refused.text("/detail").contains("too full")) << refused.text("/detail");
  });
}

}  // namespace
}  // namespace truce::manager
