// Networks and network cards through the API: what changes, and what is refused.
#include "estate.h"

namespace truce::manager {
namespace {

Async<std::map<std::string, std::string>> as(Estate& estate, std::string token) {
  auto created = co_await estate.call("POST", "/v1/tokens", std::move(token));
  EXPECT_EQ(created.status, 201);
  co_return std::map<std::string, std::string>{
      {"authorization", "Bearer " + created.text("/token")}};
}

TEST(Networks, a_changed_network_is_sent_to_its_hosts) {
  with_estate([](Estate& estate) -> Async<void> {
    auto changed =
        co_await estate.call("PATCH", "/v1/networks/default", R"({"spoof_filter":false})");
    EXPECT_EQ(changed.status, 200);
    EXPECT_EQ(changed.text("/spoof_filter"), "false");
    co_await estate.node.assignment([](const model::Assignment& assignment) {
      return !assignment.networks.empty() && !assignment.networks[0].spoof_filter;
    });
    EXPECT_EQ((co_await estate.call("PATCH", "/v1/networks/none", "{}")).status, 404);
  });
}

TEST(Networks, a_changed_nic_is_sent_to_its_host_and_a_card_that_is_not_there_is_refused) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    auto changed = co_await estate.call("PATCH", "/v1/vms/web01/nics", R"({"spoof_filter":false})");
    EXPECT_EQ(changed.status, 200) << boost::json::serialize(changed.body);
    auto vm = co_await estate.node.machine("web01", 2);
    EXPECT_EQ(vm.nics.size(), 1U);
    EXPECT_FALSE(vm.nics.at(0).spoof_filter);
    auto refused = co_await estate.call("PATCH", "/v1/vms/web01/nics", R"({"nic":1})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.text("/field"), "/nic");
  });
}

TEST(Networks, only_an_admin_of_everything_switches_a_spoof_filter_off) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    auto worker = co_await as(estate, R"({"name":"o","role":"operator"})");
    auto limited = co_await as(estate, R"({"name":"l","role":"admin","projects":["default"]})");
    estate.unix_user.reset();
    for (const auto& headers : {worker, limited}) {
      auto off =
          co_await estate.call("PATCH", "/v1/vms/web01/nics", R"({"spoof_filter":false})", headers);
      EXPECT_EQ(off.status, 403);
      auto born = co_await estate.call(
          "POST", "/v1/vms", R"({"name":"b","disk":1048576,"spoof_filter":false})", headers);
      EXPECT_EQ(born.status, 403);
      auto on =
          co_await estate.call("PATCH", "/v1/vms/web01/nics", R"({"spoof_filter":true})", headers);
      EXPECT_EQ(on.status, 200);
    }
  });
}

}  // namespace
}  // namespace truce::manager
