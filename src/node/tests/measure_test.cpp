#include <gtest/gtest.h>

#include "measure/host.h"
#include "measure/rounds.h"
#include "stage.h"

namespace truce::node {
namespace {

TEST(host_texts, become_what_the_host_has_used) {
  HostTexts texts;
  texts.stat =
      "cpu  100 20 300 4000 50 6 7 80 9 0\n"
      "cpu0 50 10 150 2000 25 3 3 40 4 0\n"
      "cpu1 50 10 150 2000 25 3 4 40 5 0\n"
      "intr 1 2 3\nctxt 5\n";
  texts.meminfo =
      "MemTotal:       1000 kB\nMemFree: 100 kB\nMemAvailable:    400 kB\n"
      "SwapTotal: 300 kB\nSwapFree: 50 kB\n";
  texts.diskstats =
      "   8       0 sda 10 1 200 5 30 2 400 6 0 7 8 0 0 0 0 0 0\n"
      "   8       1 sda1 10 1 200 5 30 2 400 6 0 7 8\n"
      " 259       0 nvme0n1 1 0 2 0 3 0 4 0 0 0 0\n"
      "   7       0 loop0 9 9 9 9 9 9 9 9 9 9 9\n";
  texts.interfaces = "eth0: 11 1 0 0 0 0 0 0 22 1 0 0 0 0 0 0\n lo: 5 1 0 0 0 0 0 0 5 1 0\n";
  texts.pressure_cpu =
      "some avg10=1.00 avg60=0.00 avg300=0.00 total=1500000\n"
      "full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n";
  auto sample = read_host(texts, {{"sda", "nvme0n1"}, {"eth0"}}, 100);
  EXPECT_EQ(sample.cpus, 2);
  EXPECT_DOUBLE_EQ(sample.cpu_busy, 4.33);
  EXPECT_DOUBLE_EQ(sample.cpu_iowait, 0.5);
  EXPECT_DOUBLE_EQ(sample.cpu_steal, 0.8);
  EXPECT_EQ(sample.memory, kib(1000));
  EXPECT_EQ(sample.memory_available, kib(400));
  EXPECT_EQ(sample.swap_used, kib(250));
  EXPECT_EQ(sample.disk_reads, 11);
  EXPECT_EQ(sample.disk_writes, 33);
  EXPECT_EQ(sample.disk_read.count, 202U * 512);
  EXPECT_EQ(sample.disk_written.count, 404U * 512);
  EXPECT_EQ(sample.net_received.count, 11U);
  EXPECT_EQ(sample.net_sent.count, 22U);
  EXPECT_EQ(sample.pressure_cpu, 1.5);
  EXPECT_FALSE(sample.pressure_io) << "this kernel does not tell";
}

TEST(host_texts, that_are_none_are_nothing) {
  auto empty = read_host({}, {}, 100);
  EXPECT_EQ(empty, model::HostSample());
  HostTexts junk;
  junk.stat = "cpu\ncpu0 x\n\n\0\xff",
  junk.meminfo = "MemTotal: -1\nMemAvailable:", junk.diskstats = "sda",
  junk.interfaces = ":::", junk.pressure_cpu = "some total=";
  (void)read_host(junk, {{"sda", ""}, {"", ":"}}, 100);
}

TEST(this_host, tells_what_it_uses) {
  auto sample = measure_host();
  EXPECT_GT(sample.cpus, 0);
  EXPECT_GT(sample.cpu_busy, 0);
  EXPECT_GT(sample.memory.count, sample.memory_available.count);
}

TEST(until_next, is_the_rest_of_the_step) {
  EXPECT_EQ(until_next(Time(10s), 10s), 10s);
  EXPECT_EQ(until_next(Time(10001ms), 10s), 9999ms);
  EXPECT_EQ(until_next(Time(19999ms), 10s), 1ms);
}

TEST(traffic, is_added_up_over_the_cards_of_a_machine_and_absent_where_none_is_known) {
  model::VmUsage usage;
  add_traffic({"a", "b", "c"}, {{"a", {1, 2}}, {"c", {10, 20}}, {"d", {100, 200}}}, usage);
  EXPECT_EQ(usage.net_received, Bytes{11});
  EXPECT_EQ(usage.net_sent, Bytes{22});
  model::VmUsage none;
  add_traffic({"b"}, {{"a", {1, 2}}}, none);
  EXPECT_FALSE(none.net_received);
}

// Tells what machines use, or never answers; cannot do anything else.
class Meter final : public hypervisor::LiveChanges {
 public:
  std::set<std::string> silent;
  std::size_t asked = 0, under_way = 0, most_under_way = 0;

  Async<Result<model::VmUsage>> usage(std::string uuid) override {
    ++asked;
    most_under_way = std::max(most_under_way, ++under_way);
    if (silent.contains(uuid)) {
      co_await sleep_for(1h);
    } else {
      co_await sleep_for(1ms);
    }
    --under_way;
    if (uuid == "ended") co_return fail(Code::precondition, "it is off");
    model::VmUsage usage;
    usage.cpu_seconds = 7;
    co_return usage;
  }

  using Done = Async<Result<void>>;
  Done add_disk(std::string, hypervisor::DiskFile) override { return cannot(); }
  Done remove_disk(std::string, std::string, Duration) override { return cannot(); }
  Done grow_disk(std::string, std::string, Bytes) override { return cannot(); }
  Done add_port(std::string, hypervisor::Port) override { return cannot(); }
  Done remove_port(std::string, int, Duration) override { return cannot(); }
  Done set_medium(std::string, std::string, std::filesystem::path) override { return cannot(); }
  Done set_cpus(std::string, int) override { return cannot(); }
  Done set_memory(std::string, Bytes) override { return cannot(); }
  Done set_balloon(std::string, Bytes) override { return cannot(); }

 private:
  static Done cannot() { co_return fail(Code::unsupported, "it only measures"); }
};

void run(std::function<Async<void>(asio::io_context&)> work) {
  asio::io_context loop;
  asio::co_spawn(loop, work(loop), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  loop.run();
}

TEST(rounds, ask_a_few_machines_at_once_and_all_of_them) {
  run([](asio::io_context&) -> Async<void> {
    Meter meter;
    network::FakeNetwork network;
    Rounds rounds(&meter, network);
    std::vector<Measured> machines{{"ended", {}}};
    for (int i = 0; i < 1000; ++i) machines.push_back({fmt::format("m{}", i), {}});
    auto samples = co_await rounds.measure(machines);
    EXPECT_EQ(samples.vms.size(), 1000U);
    EXPECT_EQ(meter.asked, 1001U);
    EXPECT_EQ(meter.most_under_way, 16U);
    EXPECT_GT(samples.vms[0].clock, 0);
    EXPECT_GT(samples.host.cpus, 0);
  });
}

TEST(rounds, are_not_held_up_by_machines_that_do_not_answer) {
  run([](asio::io_context&) -> Async<void> {
    Meter meter;
    network::FakeNetwork network;
    Rounds rounds(&meter, network, {.at_once = 4, .of_one = 20ms, .of_all = 100ms});
    std::vector<Measured> machines;
    for (int i = 0; i < 60; ++i) {
      auto uuid = fmt::format("m{}", i);
      machines.push_back({uuid, {}});
      if (i < 40) meter.silent.insert(uuid);
    }
    auto begin = std::chrono::steady_clock::now();
    (void)co_await rounds.measure(machines);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s) << "the round has an end";
    // It takes as many rounds as a round has time for those that do not answer.
    model::Samples samples;
    for (int i = 0; i < 8 && samples.vms.size() < 20; ++i)
      samples = co_await rounds.measure(machines);
    EXPECT_EQ(samples.vms.size(), 20U);
    samples = co_await rounds.measure(machines);
    EXPECT_EQ(samples.vms.size(), 20U) << "those that did not answer come last";
    meter.silent.clear();
    for (int i = 0; i < 8; ++i) samples = co_await rounds.measure(machines);
    EXPECT_EQ(samples.vms.size(), 60U) << "all are asked again";
  });
}

TEST(node, tells_what_its_machines_use_and_nothing_when_it_shall_not) {
  run([](asio::io_context& loop) -> Async<void> {
    Stage stage(loop.get_executor());
    stage.sample_round = 50ms;
    co_await stage.want(model::Wanted::running, 1);
    co_await stage.start();
    model::Samples samples;
    for (int i = 0; i < 100 && samples.vms.empty(); ++i) {
      auto message = co_await stage.next();
      if (message.samples) samples = *message.samples;
    }
    if (samples.vms.size() == 1) {
      EXPECT_EQ(samples.vms[0].uuid, uuid);
      EXPECT_EQ(samples.vms[0].usage.memory, mib(256));
      EXPECT_TRUE(samples.vms[0].usage.net_received);
    } else {
      ADD_FAILURE() << samples.vms.size() << " machines";
    }
    co_await stage.stop();
    stage.sample_round = 0ms;
    co_await stage.start();
    for (int i = 0; i < 3; ++i) {
      auto frame =
          co_await within(100ms, read_frame(stage.socket, mib(16)), std::string("anything"));
      if (!frame) break;
      auto message = model::from_text<model::FromNode>(*frame, model::Unknown::ignore);
      EXPECT_FALSE(message && message->samples);
    }
    co_await stage.stop();
  });
}

}  // namespace
}  // namespace truce::node
