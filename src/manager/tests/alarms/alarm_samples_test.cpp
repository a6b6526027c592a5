// What an alarm sees of an inventory and of what was measured.
#include <gtest/gtest.h>

#include "alarms/samples.h"

namespace truce::manager {
namespace {

using model::AlarmSubject;

class Seen {
 public:
  Seen() : inventory(context_.get_executor()) {
    for (auto [name, observed] : {std::pair("busy", model::Observed::running),
                                  {"calm", model::Observed::running},
                                  {"new", model::Observed::running},
                                  {"off", model::Observed::off},
                                  {"asleep", model::Observed::suspended},
                                  {"lost", model::Observed::unknown}}) {
      model::Vm vm{.name = name, .uuid = "uuid-" + std::string(name)};
      vm.project = std::string(name) == "busy" ? "shop" : "default";
      vm.observed = observed;
      vm.cpus = 1;
      vm.memory = gib(1);
      if (observed == model::Observed::off) vm.problem = "it crashed";
      put(vm);
    }
    for (auto state : {model::HostState::online, model::HostState::offline}) {
      model::Host host{.name = std::string(model::to_string(state))};
      host.state = state;
      put(host);
    }
    for (auto sleep : {model::HostSleep::asleep, model::HostSleep::failed}) {
      model::Host host{.name = "zz-" + std::string(model::to_string(sleep))};
      host.state = model::HostState::offline;
      host.sleep = sleep;
      put(host);
    }
    put(model::Pool{.name = "fast"});
    auto loaded = inventory.load(std::move(listing_));
    EXPECT_TRUE(loaded) << loaded.error().message;
  }

  /// `busy+ off-`: what holds (+), does not (-), is not known (?).
  std::string look(const model::Alarm& alarm, store::Revision may_come = 0) {
    Readings readings([&](AlarmSubject subject) {
      ++asked;
      return subject == alarm.subject ? measured : std::vector<Reading>();
    });
    std::string text;
    for (const auto& sample : samples_of(alarm, inventory, readings, may_come)) {
      text += text.empty() ? "" : " ";
      text += sample.name;
      text += sample.holds == Holds::yes ? '+' : sample.holds == Holds::no ? '-' : '?';
      if (sample.name == "busy" && alarm.subject == AlarmSubject::vm) {
        EXPECT_EQ(sample.id, "uuid-busy");
        EXPECT_EQ(sample.project, "shop");
      }
    }
    return text;
  }

  std::vector<Reading> measured{{"busy", {{"cpu", 97}, {"memory", 5}}, Time{}},
                                {"calm", {{"cpu", 3}}, Time{}}};
  int asked = 0;

 private:
  template <class T>
  void put(const T& object) {
    listing_.entries.push_back({key_of<T>(object.name), model::to_text(object), 1, 1});
  }
  asio::io_context context_;
  store::Listing listing_{1, {}};

 public:
  Inventory inventory;
};

model::Alarm about(AlarmSubject subject) {
  model::Alarm alarm{.name = "a"};
  alarm.subject = subject;
  return alarm;
}

TEST(AlarmSamples, a_limit_is_held_against_what_was_measured_and_off_uses_nothing) {
  Seen seen;
  auto alarm = about(AlarmSubject::vm);
  alarm.metric = "cpu";
  alarm.above = 90;
  EXPECT_EQ(seen.look(alarm), "asleep- busy+ calm- lost? new? off-");
  EXPECT_EQ(seen.asked, 1) << "once for all machines";
  alarm.above = 97;
  EXPECT_EQ(seen.look(alarm), "asleep- busy- calm- lost? new? off-") << "above, not at";
  alarm.above.reset();
  alarm.below = 5;
  EXPECT_EQ(seen.look(alarm), "asleep- busy- calm+ lost? new? off-")
      << "what is not measured is not below";
  alarm.metric = "memory";
  alarm.below = 6;
  EXPECT_EQ(seen.look(alarm), "asleep- busy+ calm? lost? new? off-");
}

TEST(AlarmSamples, states_and_problems_are_those_of_the_objects) {
  Seen seen;
  auto alarm = about(AlarmSubject::vm);
  alarm.state = "unknown";
  EXPECT_EQ(seen.look(alarm), "asleep- busy- calm- lost+ new- off-");
  alarm.state = "problem";
  EXPECT_EQ(seen.look(alarm), "asleep- busy- calm- lost- new- off+");
  EXPECT_EQ(seen.asked, 0);
  alarm = about(AlarmSubject::pool);
  alarm.state = "problem";
  EXPECT_EQ(seen.look(alarm), "fast-");
  alarm.state.clear();
  alarm.metric = "used_percent";
  alarm.above = 90;
  EXPECT_EQ(seen.look(alarm), "fast?");
}

TEST(AlarmSamples, a_host_that_has_not_come_yet_is_not_known) {
  Seen seen;
  auto alarm = about(AlarmSubject::host);
  alarm.state = "offline";
  EXPECT_EQ(seen.look(alarm), "offline+ online- zz-asleep- zz-failed+") << "one is meant to be off";
  EXPECT_EQ(seen.look(alarm, 1), "offline? online- zz-asleep- zz-failed?");
  EXPECT_EQ(seen.look(alarm, 0), "offline+ online- zz-asleep- zz-failed+")
      << "it has changed since";
  alarm.state = "online";
  EXPECT_EQ(seen.look(alarm, 1), "offline? online+ zz-asleep- zz-failed?");
}

TEST(AlarmSamples, project_and_label_choose_among_machines) {
  Seen seen;
  auto alarm = about(AlarmSubject::vm);
  alarm.state = "running";
  alarm.project = "shop";
  EXPECT_EQ(seen.look(alarm), "busy+");
  alarm.project.clear();
  alarm.label = "tier";
  EXPECT_EQ(seen.look(alarm), "");
  model::Vm vm;
  vm.labels = {{"tier", "web"}, {"empty", ""}};
  EXPECT_TRUE(has_label(vm, "tier"));
  EXPECT_TRUE(has_label(vm, "tier=web"));
  EXPECT_FALSE(has_label(vm, "tier=we"));
  EXPECT_FALSE(has_label(vm, "tie"));
  EXPECT_TRUE(has_label(vm, "empty="));
  EXPECT_FALSE(has_label(vm, "tier="));
}

}  // namespace
}  // namespace truce::manager
