// A real QEMU behind the gate of a real reaper.
#include "guard/guard.h"
#include "lab.h"

namespace truce::recovery {
namespace {

using hypervisor::EndReason;
using hypervisor::Notice;
using hypervisor::Notices;

Async<void> until_cleared(guard::Guard& guard) {
  for (int i = 0; i < 4000 && !guard.cleared(); ++i) co_await sleep_for(5ms);
  EXPECT_TRUE(guard.cleared());
}

guard::Standing life(const guard::Guard& guard, std::uint64_t number) {
  return {"h1", number, 1, guard.now() + 60s};
}

Async<void> in_life(qemu::QemuLab& lab, qemu::Qemu& qemu, Notices& notices, guard::Guard& guard) {
  co_await until_cleared(guard);
  CO_ASSERT_OK(co_await guard.open(life(guard, 1)));
  auto machine = lab.machine();
  machine.gate = guard.gate(1);
  CO_ASSERT_OK(co_await qemu.start(machine));
  co_await lab.booted(qemu, machine.uuid);
  if (!machine.gate->group.empty() && machine.gate->above.empty()) {
    auto record = qemu::Runtime(machine.runtime).read();
    CO_ASSERT_OK(record);
    auto members = read_file(machine.gate->group / "cgroup.procs");
    EXPECT_TRUE(members && members->contains(std::to_string(record->pid)));
  }
  auto shut = std::chrono::steady_clock::now();
  guard.shut();
  auto notice = co_await notices.next();
  auto took = std::chrono::steady_clock::now() - shut;
  std::cout << "QEMU had ended, and its daemon knew it, after "
            << std::chrono::duration_cast<Duration>(took).count() << " ms\n";
  EXPECT_EQ(notice.kind, Notice::Kind::ended);
  EXPECT_EQ(notice.reason, EndReason::crashed);
  co_await until_cleared(guard);

  auto late = co_await qemu.start(machine);
  EXPECT_EQ(late.error().code, Code::precondition) << late.error().message;
  EXPECT_TRUE(late.error().message.contains("the gate is shut")) << late.error().message;
  CO_ASSERT_OK(co_await guard.open(life(guard, 2)));
  EXPECT_FALSE(co_await qemu.start(machine)) << "its permit is of a life that is over";
  machine.gate = guard.gate(2);
  CO_ASSERT_OK(co_await qemu.start(machine));
  CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
  guard.shut();
  co_await until_cleared(guard);
  CO_ASSERT_OK(co_await guard.retire());
}

TEST(ReaperAndQemu, qemu_is_killed_when_the_gate_is_shut_and_does_not_start_until_it_opens_anew) {
  qemu::QemuLab lab;
  if (auto why = lab.why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
  asio::io_context loop;
  auto all = [](qemu::QemuLab& host) -> Async<void> {
    Notices notices(co_await asio::this_coro::executor);
    auto qemu = co_await host.open_qemu();
    CO_ASSERT_OK(qemu);
    (*qemu)->on_notice(notices.sink());
    guard::ReaperOptions options;
    options.folder = host.folder() / "reaper";
    options.program = TRUCE_REAPER;
    options.node = "h1";
    options.control_group = host.name();
    auto guard = co_await guard::open_reaper(options);
    CO_ASSERT_OK(guard);
    auto group = (*guard)->gate(1).group;
    co_await in_life(host, **qemu, notices, **guard);
    co_await (*guard)->close();
    co_await (*qemu)->close();
    if (!group.empty()) ::rmdir(group.c_str());
  };
  asio::co_spawn(loop, all(lab), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  loop.run();
}

}  // namespace
}  // namespace truce::recovery
