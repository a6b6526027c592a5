// Resource pools and what machines may have, through the API: what is taken, and what is refused.
#include "estate.h"

namespace truce::manager {
namespace {

Async<Answer> ask(Estate& estate, std::string method, std::string path, std::string body,
                  int status, std::string detail = {}) {
  auto answer = co_await estate.call(std::move(method), std::move(path), std::move(body));
  EXPECT_EQ(answer.status, status) << boost::json::serialize(answer.body);
  if (!detail.empty())
    EXPECT_TRUE(answer.text("/detail").contains(detail)) << answer.text("/detail");
  co_return answer;
}

std::string machine(std::string_view name, std::string_view more) {
  return fmt::format(R"({{"name":"{}","disk":1048576,"memory":1073741824,{}}})", name, more);
}

TEST(ResourcePools, stand_in_a_tree_below_the_first_and_are_sent_to_hosts) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await ask(estate, "GET", "/v1/resource-pools/default", "", 200);
    auto made = co_await ask(estate, "POST", "/v1/resource-pools",
                             R"({"name":"lab","cpu_shares":400})", 201);
    EXPECT_EQ(made.text("/parent"), "default");
    co_await ask(estate, "POST", "/v1/resource-pools", R"({"name":"lab"})", 409);
    co_await ask(estate, "POST", "/v1/resource-pools", R"({"name":"x","parent":"none"})", 400);
    co_await ask(estate, "POST", "/v1/resource-pools", R"({"name":"inner","parent":"lab"})", 201);
    co_await ask(estate, "PATCH", "/v1/resource-pools/inner", R"({"cpu_limit":150})", 200);
    co_await estate.node.assignment([](const model::Assignment& assignment) {
      if (!assignment.resource_pools || assignment.resource_pools->size() != 3) return false;
      const auto& inner = assignment.resource_pools->at(1);
      return inner.name == "inner" && inner.parent == "lab" && inner.cpu_limit == 150;
    });
    co_await ask(estate, "DELETE", "/v1/resource-pools/lab", "", 409, "'inner' is in 'lab'");
    co_await ask(estate, "DELETE", "/v1/resource-pools/default", "", 409);
    co_await ask(estate, "DELETE", "/v1/resource-pools/inner", "", 204);
    co_await ask(estate, "DELETE", "/v1/resource-pools/lab", "", 204);
    std::string above = "default";
    for (int depth = 2; depth <= 9; ++depth) {
      auto name = fmt::format("p{}", depth);
      auto body = fmt::format(R"({{"name":"{}","parent":"{}"}})", name, above);
      co_await ask(estate, "POST", "/v1/resource-pools", body, depth <= 8 ? 201 : 400);
      above = name;
    }
  });
}

TEST(ResourcePools, a_machine_starts_only_within_what_its_pools_have_left) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await ask(estate, "POST", "/v1/resource-pools",
                 R"({"name":"lab","memory_limit":2147483648,"cpu_reservation":100})", 201);
    co_await ask(estate, "POST", "/v1/resource-pools", R"({"name":"inner","parent":"lab"})", 201);
    co_await ask(estate, "POST", "/v1/vms", machine("x", R"("resource_pool":"none")"), 400);
    for (const char* name : {"a", "b", "c"}) {
      auto body = machine(name, R"("resource_pool":"inner","resources":{"cpu_reservation":60})");
      co_await ask(estate, "POST", "/v1/vms", body, 202);
      auto vm = co_await estate.node.machine(name, 1);
      EXPECT_EQ(vm.resource_pool, "inner");
      co_await estate.node.report(
          model::VmReport{.uuid = vm.uuid, .observed = model::Observed::off, .generation = 1});
    }
    auto settled = [&estate](std::string name) -> Async<void> {
      for (int i = 0; i < 100; ++i) {
        auto shown = co_await estate.call("GET", "/v1/vms/" + name);
        if (shown.text("/observed") == "off") co_return;
        co_await sleep_for(20ms);
      }
      ADD_FAILURE() << name << " is not off";
    };
    for (const char* name : {"a", "b", "c"}) co_await settled(name);
    co_await ask(estate, "POST", "/v1/vms/a/start", "{}", 202);
    co_await ask(
        estate, "POST", "/v1/vms/b/start", "{}", 429,
        "'lab' may reserve 100% of a processor, 60% of it are reserved; 60% more lack 20%");
    co_await ask(estate, "PATCH", "/v1/vms/b", R"({"resources":{"cpu_reservation":40}})", 200);
    co_await ask(estate, "POST", "/v1/vms/b/start", "{}", 202);
    co_await ask(estate, "PATCH", "/v1/vms/c", R"({"resources":{"cpu_reservation":0}})", 200);
    co_await ask(estate, "POST", "/v1/vms/c/start", "{}", 429,
                 "'lab' may have 2GiB memory, 2GiB of it is in use; 1GiB more lack 1GiB");
    co_await ask(estate, "PATCH", "/v1/resource-pools/lab", R"({"memory_limit":1073741824})", 400,
                 "2GiB together");
    co_await ask(estate, "PATCH", "/v1/resource-pools/lab", R"({"memory_limit":4294967296})", 200);
    co_await ask(estate, "POST", "/v1/vms/c/start", "{}", 202);
    co_await ask(estate, "PATCH", "/v1/vms/c", R"({"resource_pool":"default"})", 409);
    co_await ask(estate, "DELETE", "/v1/resource-pools/inner", "", 409, "is in 'inner'");
  });
}

TEST(ResourcePools, what_cannot_be_is_refused_with_its_field) {
  with_estate([](Estate& estate) -> Async<void> {
    struct Row {
      std::string resources, field;
    };
    const Row rows[] = {
        {R"("cpu_limit":50,"cpu_reservation":60)", "/resources/cpu_reservation"},
        {R"("cpu_reservation":101)", "/resources/cpu_reservation"},
        {R"("memory_reservation":2147483648)", "/resources/memory_reservation"},
        {R"("read_rate":9223372036854775807)", "/resources/read_rate"},
        {R"("cpu_shares":0)", "/resources/cpu_shares"},
    };
    for (const auto& row : rows) {
      auto body = machine("a", fmt::format(R"("resources":{{{}}})", row.resources));
      auto refused = co_await ask(estate, "POST", "/v1/vms", body, 400);
      EXPECT_EQ(refused.text("/field"), row.field) << row.resources;
    }
    // What is not said stays.
    co_await ask(estate, "POST", "/v1/vms", machine("a", R"("resources":{"cpu_limit":80})"), 202);
    auto changed =
        co_await ask(estate, "PATCH", "/v1/vms/a", R"({"resources":{"write_iops":100}})", 200);
    EXPECT_EQ(changed.text("/resources/cpu_limit"), "80");
    EXPECT_EQ(changed.text("/resources/write_iops"), "100");
  });
}

TEST(ResourcePools, what_a_machine_uses_is_asked_of_its_host) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    co_await ask(estate, "GET", "/v1/vms/web01/usage", "", 409, "start it first");
    auto metrics = co_await estate.call("GET", "/metrics");
    EXPECT_EQ(metrics.status, 200);
  });
}

}  // namespace
}  // namespace truce::manager
