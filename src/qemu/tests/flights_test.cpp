// Machines that go from one QEMU to another under a guest that works all the time, in memory and on
// its disk, and knows when something is not as it left it.
#include <fstream>
#include <random>

#include "../../hypervisor/tests/carrier.h"
#include "hypervisor/live_changes.h"
#include "lab.h"
#include "migration/outline.h"
#include "qmp.h"

namespace truce::qemu {
namespace {

namespace fs = std::filesystem;
using hypervisor::Carrier;
using hypervisor::Departure;
using hypervisor::Flight;
using hypervisor::Machine;
using model::Observed;

/// One host, and the lives of its daemon.
struct Host {
  QemuLab lab;
  std::unique_ptr<Qemu> qemu;
  Observed state = Observed::unknown;  ///< of its one machine, when it was adopted
  std::string end;                     ///< how the last one ended that did, for people

  hypervisor::Migration& migration() { return *qemu->migration(); }
  Async<void> open() {
    if (qemu) co_await qemu->close();
    qemu.reset();
    auto opened = co_await lab.open_qemu();
    CO_ASSERT_OK(opened);
    qemu = *std::move(opened);
    qemu->on_notice([this](const hypervisor::Notice& notice) {
      if (notice.kind == hypervisor::Notice::Kind::ended) end = notice.detail;
    });
    auto found = co_await qemu->adopt();
    CO_ASSERT_OK(found);
    state = found->empty() ? Observed::unknown : found->front().second;
  }
  Async<char> ask(std::string uuid, char letter) {
    auto serial = co_await Serial::open(qemu->socket(uuid, "serial"));
    EXPECT_TRUE(serial) << serial.error().message << "; ended: " << end;
    co_return serial ? co_await serial->ask(letter) : '\0';
  }
  /// The guest has worked since it was asked last, and found all as it was.
  Async<void> expect_sound(std::string uuid) {
    char said = 'N';
    for (int i = 0; i < 300 && said == 'N'; ++i) {
      if (i > 0) co_await sleep_for(50ms);
      said = co_await ask(uuid, 's');
    }
    EXPECT_EQ(said, 'S');
  }
};

hypervisor::Port user_port(int number, int port) {
  hypervisor::Port made;
  made.mac = fmt::format("52:54:00:00:00:{:02x}", number + 1);
  made.user_mode = true;
  made.number = number;
  made.port = port;
  return made;
}

class FlightTest : public testing::Test {
 public:
  using Body = std::function<Async<void>(FlightTest&)>;

  void on_hosts(Body body) {
    if (auto why = here_->lab.why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
    asio::io_context loop;
    auto all = [](FlightTest& test, Body inner) -> Async<void> {
      co_await test.here_->open();
      co_await test.there_->open();
      co_await inner(test);
      if (test.carrier_) co_await test.carrier_->close();
      for (auto* host : {test.here_, test.there_}) {
        (void)co_await host->qemu->kill(test.machine_.uuid);
        co_await host->qemu->close();
        host->qemu.reset();  // before the loop
      }
      test.carrier_.reset();
    };
    asio::co_spawn(loop, all(*this, std::move(body)), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    loop.run();
  }

  Async<bool> image(std::vector<std::string> words) {
    Command command;
    command.argv = std::move(words);
    command.argv.insert(command.argv.begin(), "qemu-img");
    auto done = co_await run_checked(command, 30s);
    EXPECT_TRUE(done) << done.error().message;
    co_return done.has_value();
  }
  /// A guest that works, here.
  Async<void> begin() {
    if (machine_.uuid.empty()) machine_ = here_->lab.machine();
    CO_ASSERT_OK(co_await here_->qemu->start(machine_));
    EXPECT_EQ(co_await here_->ask(uuid(), 'b'), 'B');
    co_await here_->expect_sound(uuid());
  }
  /// With a disk that stands on a template.
  Async<void> make_linked() {
    machine_ = here_->lab.machine();
    auto base = here_->lab.folder() / "base.qcow2";
    co_await image({"convert", "-O", "qcow2", machine_.disks[0].path, base});
    co_await image({"resize", "-q", base, "64M"});
    fs::permissions(base, fs::perms(0644));
    machine_.disks = {{"disk0", machine_.folder / "disk0.qcow2", "qcow2", {base}}};
    co_await image(
        {"create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, machine_.disks[0].path});
  }
  /// The other host waits for it.
  Async<void> receive() {
    twin_ = there_->lab.twin(machine_, false);
    if (prepare_twin_) co_await prepare_twin_();
    if (carrier_) co_await carrier_->close();
    carrier_ = std::make_unique<Carrier>(co_await asio::this_coro::executor, machine_.folder);
    auto outline = co_await here_->migration().outline(uuid());
    CO_ASSERT_OK(outline);
    auto landing = co_await there_->migration().receive(twin_, *outline, departure_);
    CO_ASSERT_OK(landing);
    carrier_->carry_to(*landing);
    carrier_->fill(departure_);
  }
  Async<Result<Flight>> send() {
    co_return co_await here_->migration().send(uuid(), departure_, {}, {});
  }
  /// It is given over, and runs on as if nothing had been.
  Async<void> hand_over() {
    CO_ASSERT_OK(co_await here_->qemu->kill(uuid()));
    CO_ASSERT_OK(co_await there_->migration().land(uuid()));
    co_await there_->expect_sound(uuid());
  }
  Async<void> go() {
    co_await begin();
    co_await receive();
    CO_ASSERT_OK(co_await send());
    co_await hand_over();
  }
  /// Copies disk0 to a file of its own.
  void copy_disk(bool whole) {
    departure_.copied = {{"disk0", whole}};
    prepare_twin_ = [this, whole]() -> Async<void> {
      auto& disk = twin_.disks[0];
      disk.path = twin_.folder / "disk0.qcow2";
      fs::remove(disk.path);
      auto base = whole ? "" : disk.backing.at(0).string();
      if (whole) disk.backing.clear();
      std::vector<std::string> words{"create", "-q", "-f", "qcow2", disk.path.string(), "64M"};
      if (!whole) words.insert(words.begin() + 4, {"-F", "qcow2", "-b", base});
      co_await image(std::move(words));
      disk.format = "qcow2";
    };
  }
  const std::string& uuid() { return machine_.uuid; }

  Host one_, other_;
  Host* here_ = &one_;
  Host* there_ = &other_;
  Machine machine_, twin_;
  std::unique_ptr<Carrier> carrier_;
  Departure departure_;
  std::function<Async<void>()> prepare_twin_;
};

TEST_F(FlightTest, a_guest_that_works_arrives_sound) {
  on_hosts([](FlightTest& test) -> Async<void> { co_await test.go(); });
}

TEST_F(FlightTest, a_guest_arrives_sound_compressed_and_over_four_connections) {
  on_hosts([](FlightTest& test) -> Async<void> {
    test.departure_.channels = 4;
    test.departure_.compress = true;
    co_await test.go();
  });
}

TEST_F(FlightTest, a_disk_is_copied_whole_where_the_other_host_has_no_template) {
  on_hosts([](FlightTest& test) -> Async<void> {
    co_await test.make_linked();
    test.copy_disk(true);
    co_await test.go();
    CO_ASSERT_OK(co_await test.there_->qemu->kill(test.uuid()));
    co_await test.image({"check", "-q", test.twin_.disks[0].path});
  });
}

TEST_F(FlightTest, of_a_disk_on_a_template_only_what_is_its_own_is_copied) {
  on_hosts([](FlightTest& test) -> Async<void> {
    co_await test.make_linked();
    test.copy_disk(false);
    co_await test.go();
    CO_ASSERT_OK(co_await test.there_->qemu->kill(test.uuid()));
    co_await test.image({"check", "-q", test.twin_.disks[0].path});
    CO_ASSERT_OK(co_await test.there_->qemu->start(test.twin_));
    EXPECT_EQ(co_await test.there_->ask(test.uuid(), 'c'), '1');
  });
}

TEST_F(FlightTest, a_machine_goes_to_and_fro) {
  on_hosts([](FlightTest& test) -> Async<void> {
    co_await test.go();
    for (int i = 0; i < 2; ++i) {
      std::swap(test.here_, test.there_);
      test.machine_ = test.twin_;
      co_await test.receive();
      CO_ASSERT_OK(co_await test.send());
      co_await test.hand_over();
    }
  });
}

// The seed is said, so that a failure can be had again.
Async<void> is_disturbed(FlightTest& test) {
  auto seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  co_await test.make_linked();
  test.copy_disk(false);
  co_await test.begin();
  for (int i = 0; i < 6; ++i) {
    co_await test.receive();
    auto delay = std::chrono::milliseconds(random() % 1200);
    auto disturb = [](FlightTest& it, Duration after, bool cuts) -> Async<void> {
      co_await sleep_for(after);
      if (cuts) it.carrier_->cut();
      if (!cuts) it.here_->migration().stop_sending(it.uuid());
    };
    auto sent = co_await (test.send() && disturb(test, delay, i % 2 == 0));
    if (sent) CO_ASSERT_OK(co_await test.here_->migration().take_back(test.uuid()));
    co_await test.here_->expect_sound(test.uuid());
    CO_ASSERT_OK(co_await test.there_->migration().discard(test.uuid()));
  }
  co_await test.receive();
  CO_ASSERT_OK(co_await test.send());
  co_await test.hand_over();
}

TEST_F(FlightTest, whatever_moment_it_is_called_off_or_cut_the_guest_goes_on_sound) {
  on_hosts([](FlightTest& test) -> Async<void> { co_await is_disturbed(test); });
}

TEST_F(FlightTest, whatever_moment_it_is_called_off_or_cut_over_three_connections) {
  on_hosts([](FlightTest& test) -> Async<void> {
    test.departure_.channels = 3;
    co_await is_disturbed(test);
  });
}

TEST_F(FlightTest, whatever_moment_it_is_called_off_or_cut_while_it_is_compressed) {
  on_hosts([](FlightTest& test) -> Async<void> {
    test.departure_.compress = true;
    co_await is_disturbed(test);
  });
}

TEST_F(FlightTest, whatever_moment_the_other_sides_qemu_dies_the_guest_goes_on_sound) {
  on_hosts([](FlightTest& test) -> Async<void> {
    auto seed = std::random_device()();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    co_await test.make_linked();
    test.copy_disk(false);
    co_await test.begin();
    for (int i = 0; i < 4; ++i) {
      co_await test.receive();
      auto disturb = [](FlightTest& it, Duration after) -> Async<void> {
        co_await sleep_for(after);
        co_await it.there_->lab.process_dies(it.uuid());
      };
      auto sent = co_await (test.send() && disturb(test, Duration(random() % 900)));
      if (sent) CO_ASSERT_OK(co_await test.here_->migration().take_back(test.uuid()));
      co_await test.here_->expect_sound(test.uuid());
      for (int tries = 0; tries < 100 && co_await test.there_->migration().has_landed(test.uuid());
           ++tries)
        co_await sleep_for(50ms);
      CO_ASSERT_OK(co_await test.there_->migration().discard(test.uuid()));
    }
  });
}

TEST_F(FlightTest, a_qemu_that_dies_while_it_sends_leaves_nothing_that_could_land) {
  on_hosts([](FlightTest& test) -> Async<void> {
    test.departure_.bandwidth = mib(1);
    co_await test.begin();
    co_await test.receive();
    auto disturb = [](FlightTest& it) -> Async<void> {
      co_await sleep_for(300ms);
      co_await it.here_->lab.process_dies(it.uuid());
    };
    auto sent = co_await (test.send() && disturb(test));
    EXPECT_FALSE(sent);
    auto landed = co_await test.there_->migration().has_landed(test.uuid());
    EXPECT_FALSE(landed && *landed);
    CO_ASSERT_OK(co_await test.there_->migration().discard(test.uuid()));
  });
}

TEST_F(FlightTest, once_all_is_there_the_sender_may_die) {
  on_hosts([](FlightTest& test) -> Async<void> {
    co_await test.begin();
    co_await test.receive();
    CO_ASSERT_OK(co_await test.send());
    co_await test.here_->lab.process_dies(test.uuid());
    CO_ASSERT_OK(co_await test.there_->migration().land(test.uuid()));
    co_await test.there_->expect_sound(test.uuid());
  });
}

TEST_F(FlightTest, the_next_daemon_takes_back_what_another_was_sending) {
  on_hosts([](FlightTest& test) -> Async<void> {
    auto seed = std::random_device()();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    co_await test.make_linked();
    test.copy_disk(false);
    co_await test.begin();
    for (int i = 0; i < 4; ++i) {
      co_await test.receive();
      (void)co_await (test.send() || sleep_for(Duration(random() % 1000)));
      co_await test.here_->open();
      EXPECT_TRUE(test.here_->state == Observed::running || test.here_->state == Observed::paused);
      CO_ASSERT_OK(co_await test.here_->migration().take_back(test.uuid()));
      co_await test.here_->expect_sound(test.uuid());
      CO_ASSERT_OK(co_await test.there_->migration().discard(test.uuid()));
    }
    co_await test.receive();
    CO_ASSERT_OK(co_await test.send());
    co_await test.hand_over();
  });
}

TEST_F(FlightTest, a_machine_that_was_changed_while_it_ran_arrives_as_it_was) {
  on_hosts([](FlightTest& test) -> Async<void> {
    test.machine_ = test.here_->lab.machine();
    test.machine_.outfit.max_cpus = 3;
    test.machine_.ports = {user_port(0, 0)};
    co_await test.begin();
    auto& live = *test.here_->qemu->live_changes();
    hypervisor::DiskFile disk{"disk1", test.machine_.folder / "disk1.qcow2", "qcow2", {}};
    disk.port = 1;
    co_await test.image({"create", "-q", "-f", "qcow2", disk.path, "16M"});
    CO_ASSERT_OK(co_await live.add_disk(test.uuid(), disk));
    auto port = user_port(1, 2);
    CO_ASSERT_OK(co_await live.add_port(test.uuid(), port));
    CO_ASSERT_OK(co_await live.set_cpus(test.uuid(), 2));
    test.machine_.cpus = 2;
    test.machine_.disks.push_back(disk);
    test.machine_.ports.push_back(port);
    co_await test.receive();
    CO_ASSERT_OK(co_await test.send());
    co_await test.hand_over();
  });
}

TEST_F(FlightTest, what_firmware_and_tpm_remember_goes_with_a_machine) {
  on_hosts([](FlightTest& test) -> Async<void> {
    if (!test.here_->qemu->capabilities().lacks.empty()) {
      const auto& lacks = test.here_->qemu->capabilities().lacks;
      if (lacks.contains("tpm") || lacks.contains("firmware")) co_return;
    }
    test.machine_ = test.here_->lab.machine();
    test.machine_.outfit.tpm = true;
    test.machine_.outfit.firmware = model::Firmware::uefi;
    test.machine_.outfit.version = test.here_->qemu->capabilities().machine_version;
    CO_ASSERT_OK(co_await test.here_->qemu->start(test.machine_));
    co_await sleep_for(1s);
    co_await test.receive();
    CO_ASSERT_OK(co_await test.send());
    CO_ASSERT_OK(co_await test.here_->qemu->kill(test.uuid()));
    CO_ASSERT_OK(co_await test.there_->migration().land(test.uuid()));
    CO_ASSERT_OK(co_await test.there_->qemu->pause(test.uuid()));
  });
}

TEST_F(FlightTest, a_suspended_machine_goes_on_and_can_move_then) {
  on_hosts([](FlightTest& test) -> Async<void> {
    co_await test.begin();
    co_await test.receive();
    CO_ASSERT_OK(co_await test.send());
    CO_ASSERT_OK(co_await test.here_->migration().take_back(test.uuid()));
    CO_ASSERT_OK(co_await test.there_->migration().discard(test.uuid()));
    CO_ASSERT_OK(co_await test.here_->qemu->suspend(test.uuid()));
    CO_ASSERT_OK(co_await test.here_->qemu->start(test.machine_));
    co_await test.here_->expect_sound(test.uuid());
    co_await test.receive();
    CO_ASSERT_OK(co_await test.send());
    co_await test.hand_over();
  });
}

TEST_F(FlightTest, one_that_fetches_its_memory_afterwards_runs_before_it_has_it) {
  on_hosts([](FlightTest& test) -> Async<void> {
    std::ifstream allowed("/proc/sys/vm/unprivileged_userfaultfd");
    int value = 0;
    allowed >> value;
    test.departure_.post_copy = true;
    test.departure_.bandwidth = mib(4);
    test.departure_.downtime = 1ms;
    test.departure_.auto_converge = false;
    co_await test.begin();
    if (value != 1) {
      test.twin_ = test.there_->lab.twin(test.machine_, false);
      auto outline = co_await test.here_->migration().outline(test.uuid());
      CO_ASSERT_OK(outline);
      auto refused =
          co_await test.there_->migration().receive(test.twin_, *outline, test.departure_);
      CO_ASSERT(!refused);
      EXPECT_EQ(refused.error().code, Code::unsupported) << refused.error().message;
      co_return;
    }
    co_await test.receive();
    bool asked = false;
    auto moment = [&]() -> Async<Result<void>> {
      asked = true;
      co_return Result<void>{};
    };
    auto land = [&]() -> Async<void> {
      while (!asked) co_await sleep_for(5ms);
      auto landed = co_await test.there_->migration().has_landed(test.uuid());
      while (landed && !*landed) {
        co_await sleep_for(5ms);
        landed = co_await test.there_->migration().has_landed(test.uuid());
      }
      CO_ASSERT_OK(co_await test.there_->migration().land(test.uuid()));
    };
    auto sent =
        co_await (test.here_->migration().send(test.uuid(), test.departure_, moment, {}) && land());
    CO_ASSERT_OK(sent);
    EXPECT_TRUE(sent->post_copy);
    auto back = co_await test.here_->migration().take_back(test.uuid());
    EXPECT_TRUE(!back && back.error().code == Code::precondition);
    co_await test.there_->expect_sound(test.uuid());
  });
}

TEST_F(FlightTest, how_much_a_guest_changes_is_measured) {
  on_hosts([](FlightTest& test) -> Async<void> {
    co_await test.begin();
    auto rate = co_await test.here_->migration().dirty_rate(test.uuid());
    // A guest that is given no time changes nothing.
    for (int i = 0; rate && rate->count == 0 && i < 10; ++i)
      rate = co_await test.here_->migration().dirty_rate(test.uuid());
    CO_ASSERT_OK(rate);
    EXPECT_GT(rate->count, 0U);
    EXPECT_LT(rate->count, gib(1).count);
  });
}

TEST_F(FlightTest, without_kvm_a_machine_with_memory_to_come_cannot_move_while_it_runs) {
  on_hosts([](FlightTest& test) -> Async<void> {
    if (test.here_->qemu->capabilities().accelerator != "tcg") co_return;
    test.machine_ = test.here_->lab.machine();
    test.machine_.outfit.max_memory = test.machine_.memory + mib(128);
    co_await test.begin();
    auto refused = co_await test.here_->migration().outline(test.uuid());
    CO_ASSERT(!refused);
    EXPECT_EQ(refused.error().code, Code::unsupported);
    EXPECT_TRUE(refused.error().message.contains("max_memory")) << refused.error().message;
  });
}

TEST(Outline, what_is_written_is_read_and_nothing_else) {
  Outline outline{"7.2.22", "tcg", mib(256) + kib(8), {"nic0"}};
  auto read = parse_outline(to_text(outline));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_text(*read), to_text(outline));
  for (const char* text :
       {"", "[]", "{}", R"({"version":"7","accelerator":"tcg","memory":-1,"roms":[]})",
        R"({"version":"7","accelerator":"tcg","memory":1,"roms":[5]})",
        R"({"version":"7","accelerator":"tcg","memory":1})"}) {
    auto bad = parse_outline(text);
    EXPECT_TRUE(!bad && bad.error().code == Code::corrupt) << text;
  }
}

TEST(Outline, a_host_that_is_not_like_the_other_refuses) {
  Machine machine;
  machine.name = "web";
  machine.memory = mib(256);
  Outline outline{"7.2.22", "tcg", mib(256) + kib(8), {}};
  auto manner = manner_for(outline, machine, Accelerator::tcg, "7.2.9");
  ASSERT_TRUE(manner) << manner.error().message;
  EXPECT_EQ(manner->more_memory, kib(8));
  EXPECT_FALSE(manner_for(outline, machine, Accelerator::kvm, "7.2.22"));
  EXPECT_FALSE(manner_for(outline, machine, Accelerator::tcg, "9.2.0"));
  machine.outfit.cpu_model = "qemu64";
  EXPECT_TRUE(manner_for(outline, machine, Accelerator::tcg, "9.2.0"));
  machine.memory = mib(512);
  EXPECT_FALSE(manner_for(outline, machine, Accelerator::tcg, "7.2.22"));
}

TEST(Outline, without_kvm_memory_is_a_little_more_where_nothing_speaks_against_it) {
  Machine machine;
  machine.memory = mib(256);
  EXPECT_EQ(more_memory(machine, Accelerator::kvm), Bytes{});
  EXPECT_EQ(more_memory(machine, Accelerator::tcg), kib(8));
  machine.memory = kib(256 * 1024 + 16);
  EXPECT_EQ(more_memory(machine, Accelerator::tcg), Bytes{});
  machine.memory = mib(256);
  machine.outfit.max_memory = mib(512);
  EXPECT_EQ(more_memory(machine, Accelerator::tcg), Bytes{});
  machine.outfit.max_memory = {};
  machine.outfit.numa_nodes = 2;
  EXPECT_EQ(more_memory(machine, Accelerator::tcg), Bytes{});
}

TEST(Outline, saved_memory_goes_on_in_as_much_as_it_was) {
  auto path = fs::path("/tmp") / ("truce-saved-" + random_hex(6));
  Machine machine;
  machine.memory = mib(256);
  auto save = [&](Bytes size) {
    std::string head = "QEVM....\x06pc.ram";
    for (int shift = 56; shift >= 0; shift -= 8)
      head.push_back(static_cast<char>(size.count >> static_cast<unsigned>(shift)));
    std::ofstream(path, std::ios::binary) << head << "more";
  };
  save(mib(256));
  EXPECT_EQ(more_memory_in(path, machine), Bytes{});
  save(mib(256) + kib(8));
  EXPECT_EQ(more_memory_in(path, machine), kib(8));
  std::ofstream(path) << "\x06pc.ram";
  EXPECT_EQ(more_memory_in(path, machine), Bytes{});
  fs::remove(path);
  EXPECT_EQ(more_memory_in(path, machine), Bytes{});
}

}  // namespace
}  // namespace truce::qemu
