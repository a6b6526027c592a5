// Templates and pools of several hosts, from the API to the files.
#include "hosts.h"
#include "storage/homes.h"

namespace truce {
namespace {

namespace fs = std::filesystem;

Async<void> build(Hosts& hosts, std::string host) {
  for (auto& each : hosts.hosts)
    EXPECT_TRUE(write_file_durably(each->folder / "base", "#!/bin/sh\n", 0755));
  auto task = co_await hosts.carry_out(
      "POST", "/v1/templates",
      fmt::format(R"({{"name":"base","recipe":"base","host":"{}"}})", host));
  EXPECT_EQ(task.text("/state"), "succeeded") << task.raw;
}

Async<HostsAnswer> create(Hosts& hosts, std::string name, std::string more = {}) {
  return hosts.carry_out(
      "POST", "/v1/vms",
      fmt::format(R"({{"name":"{}","template":"base","start":true{}}})", name, more));
}

Async<std::string> host_of(Hosts& hosts, std::string vm) {
  co_return (co_await hosts.call("GET", "/v1/vms/" + vm)).text("/host");
}

TEST(Hosts, a_machine_on_a_host_without_its_template_waits_until_it_has_been_fetched) {
  with_hosts(2, [](Hosts& hosts) -> Async<void> {
    co_await build(hosts, "h1");
    EXPECT_FALSE(co_await hosts.hosts[1]->pool.template_content("base@1"));
    // Each goes where more memory is left: to both hosts in turn.
    auto one = co_await create(hosts, "one");
    auto two = co_await create(hosts, "two");
    EXPECT_EQ(one.text("/state"), "succeeded") << one.raw;
    EXPECT_EQ(two.text("/state"), "succeeded") << two.raw;
    EXPECT_NE(co_await host_of(hosts, "one"), co_await host_of(hosts, "two"));
    EXPECT_TRUE(co_await hosts.hosts[1]->pool.verify_template("base@1"));
    co_await hosts.until([&]() -> Async<bool> {
      auto shown = co_await hosts.call("GET", "/v1/templates/base");
      co_return shown.text("/hosts") == R"(["h1","h2"])";
    });
  });
}

TEST(Hosts, many_machines_of_one_template_fetch_it_once) {
  with_hosts(2, [](Hosts& hosts) -> Async<void> {
    co_await build(hosts, "h1");
    std::vector<std::string> tasks;
    for (int i = 0; i < 8; ++i) {
      auto begun = co_await hosts.call(
          "POST", "/v1/vms", fmt::format(R"({{"name":"vm{}","template":"base","start":true}})", i));
      EXPECT_EQ(begun.status, 202) << begun.raw;
      tasks.push_back(begun.text("/name"));
    }
    for (const auto& task : tasks) {
      co_await hosts.until([&]() -> Async<bool> {
        auto shown = co_await hosts.call("GET", "/v1/tasks/" + task);
        EXPECT_NE(shown.text("/state"), "failed") << shown.raw;
        co_return shown.text("/state") == "succeeded";
      });
    }
    EXPECT_TRUE(co_await hosts.hosts[1]->pool.verify_template("base@1"));
  });
}

TEST(Hosts, a_template_is_deleted_from_every_host) {
  with_hosts(3, [](Hosts& hosts) -> Async<void> {
    co_await build(hosts, "h2");
    for (int i = 0; i < 3; ++i) {
      auto made = co_await create(hosts, fmt::format("vm{}", i));
      EXPECT_EQ(made.text("/state"), "succeeded") << made.raw;
    }
    for (int i = 0; i < 3; ++i) {
      auto gone = co_await hosts.carry_out("DELETE", fmt::format("/v1/vms/vm{}?force=true", i));
      EXPECT_EQ(gone.text("/state"), "succeeded") << gone.raw;
    }
    co_await hosts.until([&]() -> Async<bool> {
      auto shown = co_await hosts.call("GET", "/v1/templates/base");
      co_return shown.text("/hosts") == R"(["h1","h2","h3"])";
    });
    auto deleted = co_await hosts.carry_out("DELETE", "/v1/templates/base@1");
    EXPECT_EQ(deleted.text("/state"), "succeeded") << deleted.raw;
    co_await hosts.until([&]() -> Async<bool> {
      for (auto& host : hosts.hosts)
        if (co_await host->pool.template_content("base@1")) co_return false;
      co_return true;
    });
  });
}

TEST(Hosts, a_machine_says_which_host_it_lacks_its_template_from) {
  with_hosts(2, [](Hosts& hosts) -> Async<void> {
    co_await build(hosts, "h1");
    co_await hosts.hosts[0]->stop();
    co_await hosts.until([&]() -> Async<bool> {
      co_return (co_await hosts.call("GET", "/v1/hosts/h1")).text("/state") == "offline";
    });
    auto made = co_await create(hosts, "one");
    EXPECT_EQ(made.text("/state"), "failed") << made.raw;
    EXPECT_TRUE(made.text("/error").contains("'h1'")) << made.raw;
    EXPECT_FALSE(co_await hosts.hosts[1]->pool.template_content("base@1"));
  });
}

TEST(Hosts, a_host_whose_daemon_ends_in_the_middle_of_a_fetch_fetches_again) {
  with_hosts(2, [](Hosts& hosts) -> Async<void> {
    co_await build(hosts, "h1");
    std::vector<std::string> tasks;
    for (const auto* name : {"one", "two"}) {
      auto begun = co_await hosts.call(
          "POST", "/v1/vms",
          fmt::format(R"({{"name":"{}","template":"base","start":true}})", name));
      tasks.push_back(begun.text("/name"));
    }
    // Wherever it is by now: before, in, or after the fetch.
    co_await hosts.hosts[1]->stop();
    co_await hosts.hosts[1]->start();
    for (const auto& task : tasks) {
      co_await hosts.until([&]() -> Async<bool> {
        auto shown = co_await hosts.call("GET", "/v1/tasks/" + task);
        EXPECT_NE(shown.text("/state"), "failed") << shown.raw;
        co_return shown.text("/state") == "succeeded";
      });
    }
  });
}

TEST(Hosts, a_shared_pool_is_open_on_all_hosts_and_machines_in_it_have_their_homes_there) {
  with_hosts(3, [](Hosts& hosts) -> Async<void> {
    auto source = (hosts.folder / "nfs").string();
    auto made = co_await hosts.carry_out(
        "POST", "/v1/pools",
        fmt::format(R"({{"name":"nfs","source":"{}","shared":true}})", source));
    EXPECT_EQ(made.text("/state"), "succeeded") << made.raw;
    co_await hosts.until([&]() -> Async<bool> {
      auto pool = co_await hosts.call("GET", "/v1/pools/nfs");
      co_return pool.raw.contains("h2") && pool.raw.contains("h3");
    });
    for (int i = 0; i < 3; ++i) {
      auto vm = co_await hosts.carry_out(
          "POST", "/v1/vms",
          fmt::format(R"({{"name":"vm{}","disk":1048576,"pool":"nfs","start":true}})", i));
      EXPECT_EQ(vm.text("/state"), "succeeded") << vm.raw;
    }
    std::size_t linked = 0;
    for (auto& host : hosts.hosts) {
      auto there = host->pool.homes()->elsewhere();
      EXPECT_EQ(there.size(), 1U) << host->name;
      linked += there.size();
      for (const auto& uuid : there)
        EXPECT_EQ(host->pool.homes()->of(uuid), fs::path(source) / "vms" / uuid);
    }
    EXPECT_EQ(linked, 3U);
    auto deleted = co_await hosts.call("DELETE", "/v1/pools/nfs");
    EXPECT_EQ(deleted.status, 409) << deleted.raw;
    for (int i = 0; i < 3; ++i)
      co_await hosts.carry_out("DELETE", fmt::format("/v1/vms/vm{}?force=true", i));
    auto gone = co_await hosts.carry_out("DELETE", "/v1/pools/nfs");
    EXPECT_EQ(gone.text("/state"), "succeeded") << gone.raw;
    EXPECT_FALSE(fs::exists(fs::path(source) / ".truce-pool"));
  });
}

}  // namespace
}  // namespace truce
