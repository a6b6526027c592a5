#include "hypervisor/fake.h"

#include "base/file.h"
#include "base/random.h"
#include "conformance.h"
#include "flight_conformance.h"
#include "live_conformance.h"

namespace truce::hypervisor {
namespace {

class FakeLab final : public ConformanceLab {
 public:
  FakeLab() : folder_(std::filesystem::temp_directory_path() / ("truce-fake-" + random_hex(6))) {}
  ~FakeLab() override { (void)truce::remove_tree(folder_); }

  Async<Result<std::unique_ptr<Hypervisor>>> open() override {
    co_return std::make_unique<FakeHypervisor>(world_);
  }
  Machine machine() override {
    Machine made;
    made.uuid = random_uuid();
    made.name = "fake";
    made.memory = mib(16);
    made.folder = folder_ / made.uuid;
    EXPECT_TRUE(make_folder(made.folder));
    made.disks = {{"disk0", made.folder / "disk0.raw", "raw", {}}};
    EXPECT_TRUE(write_file_durably(made.disks[0].path, "content"));
    return made;
  }
  Machine twin(const Machine& machine, bool /*copied*/) override {
    auto made = machine;
    made.folder = folder_ / made.uuid;
    EXPECT_TRUE(make_folder(made.folder));
    for (auto& disk : made.disks) disk.path = made.folder / disk.path.filename();
    return made;
  }
  Async<void> booted(Hypervisor&, std::string) override { co_return; }
  Async<void> guest_powers_off(Hypervisor&, std::string uuid) override {
    world_->end(uuid, EndReason::guest_shutdown, "the guest powered off");
    co_return;
  }
  Async<void> guest_resets(Hypervisor&, std::string uuid) override {
    world_->reset(uuid);
    co_return;
  }
  Async<void> process_dies(std::string uuid) override {
    world_->end(uuid, EndReason::crashed, "it died");
    co_return;
  }

 private:
  std::shared_ptr<FakeWorld> world_ = std::make_shared<FakeWorld>();
  std::filesystem::path folder_;
};

INSTANTIATE_TEST_SUITE_P(Fake, HypervisorConformance,
                         testing::Values(MakeLab([] { return std::make_unique<FakeLab>(); })));
INSTANTIATE_TEST_SUITE_P(Fake, LiveConformance,
                         testing::Values(MakeLab([] { return std::make_unique<FakeLab>(); })));
INSTANTIATE_TEST_SUITE_P(Fake, FlightConformance,
                         testing::Values(MakeLab([] { return std::make_unique<FakeLab>(); })));

Machine plain_machine(std::string uuid) {
  Machine machine;
  machine.uuid = std::move(uuid);
  return machine;
}

void run(Async<void> body) {
  asio::io_context loop;
  asio::co_spawn(loop, std::move(body), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  loop.run();
}

TEST(FakeHypervisor, a_verb_fails_as_often_as_it_was_told_to) {
  run([]() -> Async<void> {
    FakeHypervisor fake;
    fake.world()->fail("start", {Code::io, "no space", {}}, 2);
    for (int i = 0; i < 2; ++i) {
      auto started = co_await fake.start(plain_machine("a"));
      EXPECT_TRUE(!started && started.error().message == "no space");
    }
    EXPECT_EQ(fake.world()->starts(), 0);
    EXPECT_TRUE(co_await fake.start(plain_machine("a")));
    EXPECT_EQ(fake.world()->starts(), 1);
  }());
}

TEST(FakeHypervisor, a_stubborn_guest_ignores_the_power_button) {
  run([]() -> Async<void> {
    FakeHypervisor fake;
    fake.world()->ignore_power_button("a");
    EXPECT_TRUE(co_await fake.start(plain_machine("a")));
    EXPECT_TRUE(co_await fake.request_stop("a"));
    const auto* guest = fake.world()->find("a");
    CO_ASSERT(guest != nullptr);
    EXPECT_TRUE(guest->stop_asked);
  }());
}

TEST(FakeHypervisor, without_a_folder_a_machine_is_suspended_in_memory) {
  run([]() -> Async<void> {
    auto world = std::make_shared<FakeWorld>();
    FakeHypervisor first(world);
    EXPECT_TRUE(co_await first.start(plain_machine("a")));
    EXPECT_TRUE(co_await first.suspend("a"));
    EXPECT_EQ(world->find("a"), nullptr);
    FakeHypervisor second(world);
    EXPECT_TRUE(co_await second.start(plain_machine("a")));
    CO_ASSERT(world->find("a") != nullptr);
    EXPECT_TRUE(world->find("a")->continued);
  }());
}

TEST(FakeHypervisor, the_agent_answers_with_the_addresses_it_was_given) {
  run([]() -> Async<void> {
    FakeHypervisor fake;
    fake.world()->set_addresses("a", {"10.77.0.5"});
    EXPECT_TRUE(co_await fake.start(plain_machine("a")));
    auto addresses = co_await fake.guest_agent()->addresses("a");
    CO_ASSERT_OK(addresses);
    EXPECT_EQ(*addresses, std::vector<std::string>{"10.77.0.5"});
    auto absent = co_await fake.guest_agent()->addresses("b");
    EXPECT_FALSE(absent);
  }());
}

TEST(FakeHypervisor, a_stop_that_nobody_asked_for_is_told) {
  run([]() -> Async<void> {
    FakeHypervisor fake;
    std::vector<Notice> told;
    fake.on_notice([&told](Notice notice) { told.push_back(std::move(notice)); });
    EXPECT_TRUE(co_await fake.start(plain_machine("a")));
    fake.world()->pause("a");
    CO_ASSERT(told.size() == 1);
    EXPECT_EQ(told[0].kind, Notice::Kind::paused);
  }());
}

}  // namespace
}  // namespace truce::hypervisor
