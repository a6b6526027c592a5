#include "relocation/judge.h"

#include <gtest/gtest.h>

namespace truce::manager {
namespace {

using model::BootOutcome, model::Observed;

Glimpse at(Duration since) {
  Glimpse seen;
  seen.since = since;
  seen.signs.picture = "1";
  return seen;
}

Glimpse shows(Duration since, std::string screen, std::string serial = {}) {
  auto seen = at(since);
  seen.signs.screen = std::move(screen);
  seen.signs.serial = std::move(serial);
  return seen;
}

TEST(Judge, an_agent_that_answers_tells_who_it_is) {
  Judge judge(60s);
  auto seen = at(7s);
  seen.signs.agent = true;
  seen.signs.host_name = "web-one";
  seen.signs.os = "Debian";
  seen.signs.addresses = {"10.0.2.15"};
  auto verdict = judge.see(seen);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->proof.outcome, BootOutcome::booted);
  EXPECT_EQ(verdict->proof.words, "its guest agent answered");
  EXPECT_EQ(verdict->proof.seen, (std::vector<std::string>{"host name: web-one", "system: Debian",
                                                           "address: 10.0.2.15"}));
  EXPECT_EQ(verdict->proof.seconds, 7);
}

TEST(Judge, services_that_are_being_started_are_waited_for_and_those_that_failed_are_named) {
  Judge judge(60s);
  auto seen = at(7s);
  seen.signs.agent = true;
  seen.services = "starting";
  EXPECT_FALSE(judge.see(seen));
  seen.services = "degraded";
  seen.failed_services = {"a.service", "b.mount"};
  auto verdict = judge.see(seen);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->proof.seen,
            std::vector<std::string>{"services that failed: a.service, b.mount"});
  seen.services = "starting";
  seen.since = 60s;
  verdict = Judge(60s).see(seen);
  ASSERT_TRUE(verdict) << "not for ever";
  EXPECT_EQ(verdict->proof.outcome, BootOutcome::booted);
}

TEST(Judge, a_login_prompt_is_known_on_the_serial_port_and_on_the_screen) {
  struct Case {
    const char* text;
    bool asks;
  };
  for (const auto& [text, asks] :
       {Case{"Debian GNU/Linux 12 web01 ttyS0\n\nweb01 login: ", true}, Case{"login:", true},
        Case{"web01 login: [   12.3] random: crng init done\n", true},
        Case{"Starting the login: service\n", false},
        Case{"web01 login: \n1\n2\n3\n4\n5\n6\n7\n8\n", false}, Case{"no logins: yet\n", false},
        Case{"\n\n", false}, Case{"", false}}) {
    EXPECT_EQ(asks_for_login(text), asks) << text;
  }
  auto serial = Judge(60s).see(shows(1s, "", "web01 login: "));
  ASSERT_TRUE(serial);
  EXPECT_EQ(serial->proof.words, "login prompt on its serial port");
  auto screen = Judge(60s).see(shows(1s, "web01 login:\n"));
  ASSERT_TRUE(screen);
  EXPECT_EQ(screen->proof.words, "login prompt on its screen");
  EXPECT_EQ(screen->proof.outcome, BootOutcome::booted);
}

TEST(Judge, what_firmware_and_kernels_complain_of_counts_when_it_stands) {
  for (const auto& [screen, serial, words] :
       {std::tuple("Booting from Hard Disk...\nNo bootable device.\n", "",
                   "its firmware found nothing to boot ('No bootable device.')"),
        std::tuple("", "BdsDxe: No bootable option or device was found.\n",
                   "its firmware found nothing to boot ('No bootable option or device was found')"),
        std::tuple("", "[ 1.5] Kernel panic - not syncing: VFS\n",
                   "its kernel panicked ('Kernel panic - not syncing')"),
        std::tuple("", "ALERT! UUID=1 does not exist.\n(initramfs) ",
                   "its initramfs did not find its disks ('(initramfs)')")}) {
    Judge judge(300s);
    EXPECT_FALSE(judge.see(shows(1s, screen, serial)));
    EXPECT_FALSE(judge.see(shows(5s, screen, serial)));
    auto verdict = judge.see(shows(6s, screen, serial));
    ASSERT_TRUE(verdict) << screen << serial;
    EXPECT_EQ(verdict->proof.outcome, BootOutcome::failed);
    EXPECT_EQ(verdict->proof.words, words);
    EXPECT_FALSE(verdict->advice.empty());
  }
  Judge judge(300s);
  EXPECT_FALSE(judge.see(shows(1s, "No bootable device.")));
  EXPECT_FALSE(judge.see(shows(4s, "Loading Linux")));
  EXPECT_FALSE(judge.see(shows(8s, "No bootable device."))) << "it stands anew";
}

TEST(Judge, one_that_ends_stands_still_or_resets_without_end_has_not_booted) {
  auto off = at(3s);
  off.observed = Observed::off;
  auto verdict = Judge(60s).see(off);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->proof.outcome, BootOutcome::failed);
  EXPECT_EQ(verdict->proof.words, "it powered itself off");
  off.problem = "QEMU ended: signal 6";
  EXPECT_EQ(Judge(60s).see(off)->proof.words, "QEMU ended: signal 6");

  Judge still(60s);
  auto paused = at(1s);
  paused.observed = Observed::paused;
  paused.problem = "disk0: No space left on device";
  EXPECT_FALSE(still.see(paused));
  paused.since = 7s;
  verdict = still.see(paused);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->proof.words, "it stands still: disk0: No space left on device");

  Judge restless(60s);
  auto reset = at(1s);
  reset.signs.resets = 3;
  EXPECT_FALSE(restless.see(reset));
  reset.signs.resets = 4;
  EXPECT_FALSE(restless.see(reset));
  reset.since = 6s;
  verdict = restless.see(reset);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->proof.outcome, BootOutcome::failed);
}

TEST(Judge, without_a_sign_it_is_unclear_and_what_its_screen_did_is_told) {
  Judge judge(60s);
  EXPECT_FALSE(judge.see(at(1s)));
  EXPECT_FALSE(judge.see(at(59s)));
  auto verdict = judge.see(at(60s));
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->proof.outcome, BootOutcome::unclear);
  EXPECT_TRUE(verdict->proof.words.ends_with("its screen has not changed for 59 s"))
      << verdict->proof.words;
  auto other = at(61s);
  other.signs.picture = "2";
  EXPECT_TRUE(judge.see(other)->proof.words.ends_with("its screen changes"));
  auto blind = at(60s);
  blind.signs.picture.clear();
  EXPECT_TRUE(Judge(60s).see(blind)->proof.words.contains("no screen"));
}

}  // namespace
}  // namespace truce::manager
