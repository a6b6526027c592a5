#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "fake_daemon.h"
#include "metrics/chart.h"

namespace truce::cli {
namespace {

TEST(chart, has_a_bar_for_each_value_and_a_space_for_each_gap) {
  EXPECT_EQ(chart({0, 1, 2, 3, 4, 5, 6, 7, 8}, 20), "▁▁▂▃▄▅▆▇█");
  EXPECT_EQ(chart({-1, 4, -1, 8}, 20), " ▄ █");
  EXPECT_EQ(chart({0, 0}, 20), "▁▁");
  EXPECT_EQ(chart({}, 20), "");
  EXPECT_EQ(chart({50, 25}, 20, 100), "▄▂") << "of a whole";
}

TEST(chart, joins_steps_where_there_is_less_room) {
  EXPECT_EQ(chart({8, 0, -1, 8, -1, -1}, 3), "▄█ ");
}

TEST(quantities, are_shown_with_their_units) {
  EXPECT_EQ(shown_quantity(12.34, "percent"), "12.3%");
  EXPECT_EQ(shown_quantity(1536.0 * 1024 * 1024, "bytes"), "1.5GiB");
  EXPECT_EQ(shown_quantity(999, "bytes/s"), "999B/s");
  EXPECT_EQ(shown_quantity(1000, "bytes/s"), "1.0KiB/s");
  EXPECT_EQ(shown_quantity(3, "/s"), "3.0/s");
  EXPECT_EQ(shown_quantity(-1, "percent"), "-");
}

constexpr auto series_text = R"({"start":"2026-11-30T12:00:00.000Z","step_seconds":10,"lines":[
    {"name":"cpu","unit":"percent","average":[-1,10,30],"maximum":[-1,20,40]},
    {"name":"net_send","unit":"bytes/s","average":[-1,-1,-1],"maximum":[-1,-1,-1]}]})";

constexpr auto usage_text = R"({"time":"2026-11-30T12:00:00.000Z","vms":3,"items":[
    {"name":"web01","host":"h1","cpu_percent":87.25,"cpus":2,"memory":1073741824,
     "memory_size":2147483648,"memory_guest":536870912,"disk_read_rate":0,"disk_write_rate":1048576,
     "disk_iops":12,"receive_rate":100,"send_rate":2048},
    {"name":"idle\u001b[2J","host":"h1"}]})";

class Metrics : public testing::Test {
 protected:
  FakeDaemon daemon;
};

TEST_F(Metrics, of_a_machine_are_a_row_for_each_quantity_that_is_known) {
  daemon.on("GET /v1/vms/web01/metrics", 200, series_text);
  daemon.start();
  auto got = daemon.run({"vm", "metrics", "web01", "--range", "day"});
  EXPECT_EQ(got.out,
            "QUANTITY  NEWEST  AVERAGE  LARGEST  OVER TIME\n"
            "cpu        30.0%    20.0%    40.0%   ▃█\n")
      << got.err;
  EXPECT_EQ(daemon.requests().at(0), "GET /v1/vms/web01/metrics?range=day");
  auto csv = daemon.run({"vm", "metrics", "web01", "--format", "csv"}).out;
  EXPECT_TRUE(
      csv.starts_with("time,cpu,cpu_max,net_send,net_send_max\r\n"
                      "2026-11-30T12:00:00.000Z,,,,\r\n"
                      "2026-11-30T12:00:10.000Z,10,20,,\r\n"))
      << csv;
  auto json = boost::json::parse(daemon.run({"vm", "metrics", "web01", "--format", "json"}).out);
  EXPECT_EQ(json.at("step_seconds").as_int64(), 10);
}

TEST_F(Metrics, of_the_only_host_need_no_name) {
  daemon.on("GET /v1/hosts", 200,
            R"({"revision":1,"items":[{"name":"h1","state":"online","cpus":1,"memory":1,)"
            R"("hypervisor":"q","accelerator":"tcg"}],"next":""})");
  daemon.on("GET /v1/hosts/h1/metrics", 200,
            R"({"start":"2026-11-30T12:00:00.000Z","step_seconds":10,"lines":[]})");
  daemon.start();
  EXPECT_EQ(daemon.run({"host", "metrics"}).out, "nothing was measured in this time\n");
}

TEST_F(Metrics, top_prints_once_where_there_is_no_terminal) {
  daemon.on("GET /v1/usage", 200, usage_text);
  daemon.start();
  auto got = daemon.run({"vm", "top", "--sort", "disk", "--project", "shop"});
  EXPECT_EQ(got.status.code, 0) << got.err;
  EXPECT_NE(got.out.find("3 machines, measured "), std::string::npos) << got.out;
  EXPECT_NE(got.out.find("web01     h1    87.2     2  1.0GiB  512.0MiB  2.0GiB  0B/s  1.0MiB/s"),
            std::string::npos)
      << got.out;
  EXPECT_EQ(got.out.find('\x1b'), std::string::npos) << "a name is only text";
  EXPECT_EQ(daemon.requests().at(0), "GET /v1/usage?limit=50&project=shop&sort=disk");
  EXPECT_EQ(daemon.run({"vm", "top", "--quiet"}).out, "web01\nidle?[2J\n");
  auto json = boost::json::parse(daemon.run({"vm", "top", "--format", "json"}).out);
  EXPECT_EQ(json.at("vms").as_int64(), 3);
}

TEST_F(Metrics, top_refuses_another_order) {
  daemon.start();
  EXPECT_EQ(daemon.run({"vm", "top", "--sort", "luck"}).status.code, 2);
}

}  // namespace
}  // namespace truce::cli
