// Machines that run as throw-aways.
#include "proof/trial.h"
#include "stage.h"

namespace truce::node {
namespace {

using model::Observed;
using model::Wanted;

Async<model::GuestSigns> signs(Stage& stage) {
  model::ToNode message;
  message.call.emplace();
  message.call->id = 7;
  message.call->verb = model::CallVerb::signs;
  message.call->vm = uuid;
  EXPECT_TRUE(co_await write_frame(stage.socket, model::to_text(message)));
  for (int i = 0; i < 100; ++i) {
    auto told = co_await stage.next();
    if (!told.reply) continue;
    EXPECT_EQ(told.reply->error, "");
    co_return told.reply->signs.value_or(model::GuestSigns());
  }
  ADD_FAILURE() << "no answer";
  co_return model::GuestSigns();
}

/// Makes it, and lets it run as a throw-away.
Async<void> try_out(Stage& stage) {
  co_await stage.want(Wanted::off, 1);
  EXPECT_EQ((co_await stage.reached(1)).observed, Observed::off);
  stage.vm.trial = true;
  co_await stage.want(Wanted::running, 2);
  EXPECT_EQ((co_await stage.reached(2)).observed, Observed::running);
}

Async<void> until_swept(Stage& stage) {
  auto left = stage.pool.homes()->of(uuid) / trial_folder;
  while (std::filesystem::exists(left)) co_await sleep_for(2ms);
}

TEST(Trial, it_writes_above_its_disks_and_reaches_nobody) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await try_out(stage);
    auto home = stage.pool.homes()->of(uuid);
    const auto* guest = stage.world->find(uuid);
    EXPECT_TRUE(guest);
    if (!guest) co_return;
    const auto& machine = guest->machine;
    EXPECT_EQ(machine.folder, home / trial_folder);
    EXPECT_EQ(machine.disks.size(), 1U);
    const auto& disk = machine.disks.at(0);
    EXPECT_EQ(disk.path, home / trial_folder / "disk0.qcow2");
    EXPECT_EQ(disk.backing.at(0), home / "disk0.qcow2");
    EXPECT_TRUE(disk.throw_away);
    EXPECT_TRUE(std::filesystem::exists(disk.path));
    EXPECT_EQ(machine.ports.size(), 1U);
    EXPECT_TRUE(machine.ports.at(0).isolated && machine.ports.at(0).user_mode);
    EXPECT_EQ(machine.ports.at(0).mac, "52:54:00:00:00:01");

    stage.vm.stop_now = true;
    co_await stage.want(Wanted::off, 3);
    EXPECT_EQ((co_await stage.reached(3)).observed, Observed::off);
    co_await until_swept(stage);
    stage.vm.trial = false;
    co_await stage.want(Wanted::running, 4);
    EXPECT_EQ((co_await stage.reached(4)).observed, Observed::running);
    const auto& earnest = stage.world->find(uuid)->machine;
    EXPECT_EQ(earnest.disks.at(0).path, home / "disk0.qcow2");
    EXPECT_EQ(earnest.folder, home);
    EXPECT_FALSE(earnest.ports.at(0).user_mode);
  });
}

TEST(Trial, one_that_ended_while_nobody_watched_leaves_nothing) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await try_out(stage);
    co_await stage.stop();
    stage.world->end(uuid, hypervisor::EndReason::crashed, "killed");
    co_await stage.start();
    co_await stage.report([](const auto& seen) { return seen.event == "vm.ended.crashed"; });
    co_await until_swept(stage);
  });
}

TEST(Trial, a_daemon_that_comes_back_takes_it_over_and_it_can_be_removed) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await try_out(stage);
    co_await stage.stop();
    co_await stage.start();
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::running);
    EXPECT_EQ(stage.world->starts(), 1);
    co_await stage.want(Wanted::absent, 3);
    EXPECT_EQ((co_await stage.reached(3)).observed, Observed::absent);
    EXPECT_FALSE(stage.world->find(uuid));
    EXPECT_TRUE(stage.pool.vm_folders()->empty());
  });
}

TEST(Trial, signs_tell_what_the_agent_and_the_screen_say_and_how_often_it_was_reset) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await try_out(stage);
    stage.world->set_addresses(uuid, {"10.0.2.15"});
    stage.world->set_screen(uuid, "web01 login:\n");
    auto seen = co_await signs(stage);
    EXPECT_TRUE(seen.agent);
    EXPECT_EQ(seen.host_name, "web01");
    EXPECT_EQ(seen.os, "Fake OS 1");
    EXPECT_EQ(seen.addresses, std::vector<std::string>{"10.0.2.15"});
    EXPECT_EQ(seen.screen, "web01 login:\n");
    EXPECT_EQ(seen.picture.size(), 16U);
    EXPECT_EQ(seen.resets, 0);
    stage.world->silence(uuid);
    stage.world->reset(uuid);
    stage.world->reset(uuid);
    seen = co_await signs(stage);
    EXPECT_FALSE(seen.agent);
    EXPECT_EQ(seen.host_name, "");
    EXPECT_EQ(seen.resets, 2);
  });
}

TEST(Trial, disks_that_are_encrypted_are_not_tried_out) {
  hypervisor::Machine machine;
  machine.folder = std::filesystem::temp_directory_path() / ("truce-trial-" + random_hex(6));
  machine.disks = {{.id = "disk0", .path = "/pool/disk0.qcow2", .format = "qcow2", .encrypted = 1}};
  auto made = make_trial(machine, {{.id = "disk0", .size = gib(1)}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::unsupported);
  EXPECT_TRUE(remove_trial(machine.folder));
  EXPECT_TRUE(remove_tree(machine.folder));
}

TEST(Trial, what_a_terminal_is_told_becomes_plain_lines) {
  EXPECT_EQ(plain_text("a\r\nb\tc\x1b[1;31mred\x1b[0m\n\n\nend"), "a\nb cred\nend");
  EXPECT_EQ(plain_text("\x1b[2J\x1b[01;01HBdsDxe: failed\x1b[02;01HShell> "),
            "BdsDxe: failed\nShell> ");
  EXPECT_EQ(plain_text("\x1b(Bx\x1b"), "x");
  EXPECT_EQ(plain_text("\x1b["), "");
  EXPECT_EQ(plain_text("\xff\xfe\a."), ".");
}

}  // namespace
}  // namespace truce::node
