#include <gtest/gtest.h>

#include "estate.h"
#include "metrics/exposition.h"
#include "metrics/measurements.h"

namespace truce::manager {
namespace {

TEST(exposition, escapes_what_a_label_may_hold) {
  Exposition out;
  out.family("x", "gauge", "Something.");
  out.sample({{"a", "back\\slash \"quote\"\nline"}, {"b", ""}}, 1.5);
  out.sample({}, 2);
  EXPECT_EQ(out.take(),
            "# HELP truce_x Something.\n# TYPE truce_x gauge\n"
            "truce_x{a=\"back\\\\slash \\\"quote\\\"\\nline\",b=\"\"} 1.5\n"
            "truce_x 2\n");
}

TEST(pools, without_a_size_or_with_a_problem_have_no_values) {
  model::Pool pool{.total = gib(100), .free = gib(25), .used = gib(60), .allocated = gib(200)};
  EXPECT_EQ(pool_values(pool)[3], 75);
  pool.quota = gib(50);
  pool.free = gib(10);
  EXPECT_EQ(pool_values(pool)[3], 80) << "of its quota";
  pool.problem = "not mounted";
  EXPECT_FALSE(pool_values(pool)[3] >= 0);
}

/// What a node tells of a machine `age` seconds after it was first measured.
model::VmSample sample(const model::Vm& vm, double age, double cpu_percent = 50) {
  model::VmSample told{.uuid = vm.uuid, .clock = 1000 + age, .usage = {}};
  told.usage.cpu_seconds = 5 + age * cpu_percent / 100;
  told.usage.memory = mib(512);
  told.usage.guest_total = mib(1000);
  told.usage.guest_available = mib(400);
  told.usage.disk_read = {static_cast<std::uint64_t>(age * 100)};
  told.usage.disk_written = {static_cast<std::uint64_t>(age * 300)};
  told.usage.disk_reads = static_cast<std::int64_t>(age * 2);
  told.usage.disk_writes = static_cast<std::int64_t>(age * 3);
  told.usage.net_received = Bytes{static_cast<std::uint64_t>(age * 7)};
  return told;
}

class Playing {
 public:
  explicit Playing(Estate& estate) : estate_(estate) {}

  Async<model::Vm> running(std::string name) {
    auto vm = co_await estate_.make_machine(name);
    co_await estate_.node.report(model::VmReport{vm.uuid, model::Observed::running, 0});
    co_return vm;
  }
  /// A round; returns when the manager has taken it.
  Async<void> round(double age, std::vector<model::VmSample> vms) {
    model::FromNode message;
    message.samples = model::Samples{.clock = 1000 + age, .host = {}, .vms = std::move(vms)};
    auto& host = message.samples->host;
    host.cpus = 4;
    host.cpu_busy = age * 2;
    host.memory = gib(16);
    host.memory_available = gib(4);
    host.pressure_io = age * 0.25;
    co_await estate_.node.send(std::move(message));
    auto taken = fmt::format("truce_host_cpu_busy_seconds_total{{host=\"h1\"}} {}\n", age * 2);
    for (int i = 0; i < 500; ++i) {
      auto text = (co_await estate_.call("GET", "/metrics")).raw;
      if (text.find(taken) != std::string::npos) co_return;
      co_await sleep_for(10ms);
    }
    ADD_FAILURE() << "the round was not taken";
  }

 private:
  Estate& estate_;
};

/// The index of a line in a series.
std::size_t line(const Answer& series, std::string_view name) {
  const auto& lines = series.body.at("lines").as_array();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].at("name").as_string() == name) return i;
  }
  ADD_FAILURE() << "no line " << name;
  return 0;
}

double newest(const Answer& series, std::string_view name, const char* which = "average") {
  const auto& values = series.body.at("lines").at(line(series, name)).at(which).as_array();
  for (auto at = values.rbegin(); at != values.rend(); ++at) {
    if (at->to_number<double>() >= 0) return at->to_number<double>();
  }
  return -1;
}

TEST(metrics, are_told_as_a_series_of_each_range) {
  with_estate([](Estate& estate) -> Async<void> {
    Playing playing(estate);
    auto vm = co_await playing.running("web01");
    co_await playing.round(0, {sample(vm, 0)});
    co_await playing.round(10, {sample(vm, 10)});
    auto hour = co_await estate.call("GET", "/v1/vms/web01/metrics");
    EXPECT_EQ(hour.status, 200) << boost::json::serialize(hour.body);
    EXPECT_EQ(hour.body.at("step_seconds").as_int64(), 10);
    EXPECT_EQ(hour.body.at("lines").as_array().size(), vm_quantities.size());
    EXPECT_NEAR(newest(hour, "cpu"), 50, 0.1);
    EXPECT_NEAR(newest(hour, "memory") / static_cast<double>(mib(512).count), 1, 0.001);
    EXPECT_NEAR(newest(hour, "memory_guest") / static_cast<double>(mib(600).count), 1, 0.001);
    EXPECT_NEAR(newest(hour, "disk_read"), 100, 0.5);
    EXPECT_NEAR(newest(hour, "disk_write", "maximum"), 300, 0.5);
    EXPECT_NEAR(newest(hour, "disk_iops"), 5, 0.1);
    EXPECT_NEAR(newest(hour, "net_receive"), 7, 0.1);
    EXPECT_EQ(newest(hour, "net_send"), -1) << "not known";
    auto year = co_await estate.call("GET", "/v1/vms/web01/metrics?range=year");
    EXPECT_EQ(year.body.at("step_seconds").as_int64(), 43200);
    EXPECT_NEAR(newest(year, "cpu"), 50, 0.1);
    auto host = co_await estate.call("GET", "/v1/hosts/h1/metrics?range=day");
    EXPECT_NEAR(newest(host, "cpu"), 50, 0.1) << "two of four processors";
    EXPECT_NEAR(newest(host, "memory_percent"), 75, 0.1);
    EXPECT_NEAR(newest(host, "pressure_io"), 25, 0.1);
    auto refused = co_await estate.call("GET", "/v1/vms/web01/metrics?range=decade");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/none/metrics")).status, 404);
    EXPECT_EQ((co_await estate.call("GET", "/v1/pools/none/metrics")).status, 404);
  });
}

TEST(metrics, outlive_the_manager) {
  with_estate([](Estate& estate) -> Async<void> {
    Playing playing(estate);
    auto vm = co_await playing.running("web01");
    co_await playing.round(0, {sample(vm, 0)});
    co_await estate.restart();
    auto series = co_await estate.call("GET", "/v1/vms/web01/metrics");
    EXPECT_GT(newest(series, "memory"), 0);
  });
}

TEST(usage, is_of_running_machines_and_in_the_order_that_was_asked_for) {
  with_estate([](Estate& estate) -> Async<void> {
    Playing playing(estate);
    auto calm = co_await playing.running("calm");
    auto busy = co_await playing.running("busy");
    auto off = co_await estate.make_machine("off");
    co_await playing.round(0, {sample(calm, 0, 1), sample(busy, 0, 99), sample(off, 0, 50)});
    co_await playing.round(10, {sample(calm, 10, 1), sample(busy, 10, 99), sample(off, 10, 50)});
    auto usage = co_await estate.call("GET", "/v1/usage");
    EXPECT_EQ(usage.body.at("vms").as_int64(), 2);
    EXPECT_EQ(usage.text("/items/0/name"), "busy");
    EXPECT_NEAR(usage.number("/items/0/cpu_percent"), 99, 0.1);
    EXPECT_EQ(usage.text("/items/1/name"), "calm");
    auto named = co_await estate.call("GET", "/v1/usage?sort=name&limit=1");
    EXPECT_EQ(named.body.at("items").as_array().size(), 1U);
    EXPECT_EQ(named.text("/items/0/name"), "busy");
    EXPECT_EQ(named.body.at("vms").as_int64(), 2) << "how many are measured";
    EXPECT_EQ((co_await estate.call("GET", "/v1/usage?sort=luck")).status, 400);
    // One that has ended is gone from it at once.
    co_await estate.node.report(model::VmReport{busy.uuid, model::Observed::off, 0});
    co_await sleep_for(100ms);
    usage = co_await estate.call("GET", "/v1/usage");
    EXPECT_EQ(usage.body.at("vms").as_int64(), 1);
  });
}

TEST(usage, of_a_machine_that_was_started_anew_has_no_rate_that_never_was) {
  with_estate([](Estate& estate) -> Async<void> {
    Playing playing(estate);
    auto vm = co_await playing.running("web01");
    co_await playing.round(0, {sample(vm, 1000)});
    auto again = sample(vm, 0);
    again.clock = 2010;
    co_await playing.round(1010, {again});
    auto usage = co_await estate.call("GET", "/v1/usage");
    EXPECT_EQ(usage.number("/items/0/cpu_percent"), 0);
    auto series = co_await estate.call("GET", "/v1/vms/web01/metrics");
    EXPECT_EQ(newest(series, "cpu"), -1);
  });
}

TEST(metrics, are_those_of_the_callers_projects) {
  with_estate([](Estate& estate) -> Async<void> {
    Playing playing(estate);
    auto vm = co_await playing.running("web01");
    co_await playing.round(0, {sample(vm, 0)});
    auto token = co_await estate.call("POST", "/v1/tokens",
                                      R"({"name":"t","role":"viewer","projects":["shop"]})");
    EXPECT_EQ(token.status, 201) << boost::json::serialize(token.body);
    estate.unix_user = std::nullopt;
    std::map<std::string, std::string> as{{"authorization", "Bearer " + token.text("/token")}};
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/web01/metrics", "", as)).status, 404);
    auto usage = co_await estate.call("GET", "/v1/usage", "", as);
    EXPECT_EQ(usage.status, 200) << boost::json::serialize(usage.body);
    EXPECT_EQ(usage.body.at("vms").as_int64(), 0);
    auto text = (co_await estate.call("GET", "/metrics", "", as)).raw;
    EXPECT_EQ(text.find("web01"), std::string::npos) << text;
    estate.unix_user = 0;
    text = (co_await estate.call("GET", "/metrics")).raw;
    EXPECT_NE(text.find("truce_vm_memory_bytes{vm=\"web01\"} 536870912\n"), std::string::npos)
        << text;
    EXPECT_NE(text.find("truce_host_memory_bytes{host=\"h1\"} 17179869184\n"), std::string::npos);
    EXPECT_EQ(text.find("truce_vm_network_transmit_bytes_total{"), std::string::npos)
        << "what is not known is not there";
  });
}

}  // namespace
}  // namespace truce::manager
