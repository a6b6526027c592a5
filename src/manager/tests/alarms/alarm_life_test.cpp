// Alarms over the life of machines and hosts, and of the manager itself.
#include "alarm_lab.h"
#include "alarms/outbox.h"

namespace truce::manager {
namespace {

using model::Observed;

TEST(Alarms, a_host_that_goes_is_told_and_so_is_its_return) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create_gone();
    lab.estate.node.close();
    co_await lab.until([&] { return lab.sender.sent.size() == 1; });
    auto first = lab.sender.documents(chat).at(0);
    EXPECT_EQ(first.at("state"), "raised");
    EXPECT_EQ(first.at("target"), "hosts/h1");
    EXPECT_EQ(first.at("condition"), "offline");
    auto shown = co_await lab.estate.call("GET", "/v1/alarms/gone");
    EXPECT_EQ(shown.text("/raised/0/target"), "hosts/h1");
    co_await lab.estate.connect();
    co_await lab.until([&] { return lab.sender.sent.size() == 2; });
    auto second = lab.sender.documents(chat).at(1);
    EXPECT_EQ(second.at("state"), "cleared");
    EXPECT_NE(second.at("id"), first.at("id"));
    co_await lab.raised("gone", 0);
    auto kinds = co_await lab.events("hosts/h1");
    EXPECT_EQ(std::ranges::count(kinds, "alarm.raised"), 1);
    EXPECT_EQ(std::ranges::count(kinds, "alarm.cleared"), 1);
    co_await lab.none_left("alarm-messages/");
  });
}

TEST(Alarms, what_happens_to_many_at_once_is_one_message) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    lab.estate.alarm_pace.gather = 300ms;
    co_await lab.estate.restart();
    co_await lab.create(R"({"name":"lost","subject":"vm","state":"unknown","for_seconds":0,)"
                        R"("webhook":[")" +
                        chat + R"("],"mail":["ops@example.com"]})");
    std::vector<model::Vm> vms;
    for (const char* name : {"a", "b", "c"}) vms.push_back(co_await lab.estate.make_machine(name));
    co_await lab.report(vms[0], Observed::unknown);
    co_await lab.raised("lost", 1);
    co_await lab.report(vms[1], Observed::unknown);
    co_await lab.report(vms[2], Observed::unknown);
    co_await lab.raised("lost", 3);
    co_await lab.until([&] { return lab.sender.sent.size() == 2; });
    auto document = lab.sender.documents(chat).at(0);
    EXPECT_EQ(document.at("count").as_int64(), 3);
    EXPECT_EQ(document.at("targets").as_array().size(), 3U);
    EXPECT_EQ(document.at("text"), "[WARNING] lost: 3 machines (unknown)");
    auto kinds = co_await lab.events("vms/c");
    EXPECT_EQ(std::ranges::count(kinds, "alarm.raised"), 1);
  });
}

TEST(Alarms, more_than_a_commit_can_take_are_told_in_one_message_that_lists_some) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    lab.estate.alarm_pace.gather = 500ms;
    co_await lab.estate.restart();
    constexpr int machines = 170;
    std::vector<store::Write> writes;
    for (int i = 0; i < machines; ++i) {
      model::Vm vm{.name = fmt::format("m{:03}", i), .uuid = random_uuid()};
      vm.number = i + 1;
      vm.host = "h9";
      vm.cpus = 1;
      vm.memory = gib(1);
      vm.created = now();
      vm.observed = Observed::unknown;
      vm.problem = "its host is gone";
      writes.push_back({"vms/" + vm.name, model::to_text(vm)});
      if (writes.size() < 100 && i + 1 < machines) continue;
      EXPECT_TRUE(co_await lab.estate.store.commit({}, writes));
      writes.clear();
    }
    co_await lab.create(R"({"name":"lost","subject":"vm","state":"problem","for_seconds":0,)"
                        R"("webhook":[")" +
                        chat + R"("]})");
    co_await lab.raised("lost", machines);
    co_await lab.until([&] { return !lab.sender.sent.empty(); });
    EXPECT_EQ(lab.sender.sent.size(), 1U);
    auto document = lab.sender.documents(chat).at(0);
    EXPECT_EQ(document.at("count").as_int64(), machines);
    EXPECT_EQ(document.at("targets").as_array().size(), Outbox::most_listed);
    EXPECT_EQ(document.at("targets").as_array()[0].at("reason"), "its host is gone");
    auto shown = co_await lab.estate.call("GET", "/v1/alarms/lost");
    EXPECT_EQ(shown.body.at("raised").as_array().size(), 100U);
  });
}

/// A round of measuring: what the machine has used of a processor since the round ten seconds
/// before.
Async<void> measure(AlarmLab& lab, const model::Vm& vm, double clock, double cpu_seconds) {
  model::FromNode message;
  message.samples = model::Samples{.clock = clock, .host = {}, .vms = {}};
  model::VmSample sample{.uuid = vm.uuid, .clock = clock, .usage = {}};
  sample.usage.cpu_seconds = cpu_seconds;
  message.samples->vms.push_back(std::move(sample));
  co_await lab.estate.node.send(std::move(message));
}

TEST(Alarms, a_machine_that_uses_too_much_is_told_with_what_it_uses) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create(R"({"name":"busy","subject":"vm","metric":"cpu","above":90,)"
                        R"("for_seconds":0,"webhook":[")" +
                        chat + R"("]})");
    auto vm = co_await lab.estate.make_machine("web01");
    co_await lab.report(vm, Observed::running);
    co_await measure(lab, vm, 1000, 5);
    co_await measure(lab, vm, 1010, 14.75);
    co_await lab.until([&] { return lab.sender.sent.size() == 1; });
    auto raised = lab.sender.documents(chat).at(0);
    EXPECT_EQ(raised.at("text"), "[WARNING] busy: vms/web01 (cpu above 90)");
    EXPECT_NEAR(raised.at("value").as_double(), 97.5, 0.01);
    EXPECT_EQ(raised.at("targets").as_array()[0].at("project"), "default");
    co_await measure(lab, vm, 1020, 15);
    co_await lab.until([&] { return lab.sender.sent.size() == 2; });
    EXPECT_EQ(lab.sender.documents(chat).at(1).at("state"), "cleared");
    // What is off uses nothing, and is not told for what it used when it ran.
    co_await measure(lab, vm, 1030, 25);
    co_await lab.raised("busy", 1);
    co_await lab.report(vm, Observed::off);
    co_await lab.raised("busy", 0);
  });
}

TEST(Alarms, only_machines_with_the_label_and_of_the_project_are_looked_at) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create(
        R"({"name":"web","subject":"vm","state":"unknown","for_seconds":0,"label":"tier=web"})");
    co_await lab.create(
        R"({"name":"shop","subject":"vm","state":"unknown","for_seconds":0,"project":"shop"})");
    co_await lab.create(R"({"name":"all","subject":"vm","state":"unknown","for_seconds":0})");
    auto plain = co_await lab.estate.make_machine("plain");
    auto labelled = co_await lab.estate.make_machine("labelled");
    co_await lab.estate.call("PATCH", "/v1/vms/labelled", R"({"labels":{"tier":"web"}})");
    co_await lab.report(plain, Observed::unknown);
    co_await lab.report(labelled, Observed::unknown);
    co_await lab.raised("all", 2);
    co_await lab.raised("web", 1);
    co_await lab.raised("shop", 0);
    co_await lab.estate.call("PATCH", "/v1/vms/labelled", R"({"labels":{}})");
    co_await lab.raised("web", 0);
  });
}

TEST(Alarms, a_machine_that_is_renamed_stays_raised_and_one_that_is_deleted_does_not) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create(R"({"name":"lost","subject":"vm","state":"unknown","for_seconds":0})");
    auto vm = co_await lab.estate.make_machine("old");
    co_await lab.report(vm, Observed::unknown);
    co_await lab.raised("lost", 1);
    auto kept = co_await lab.estate.store.get("vms/old");
    auto renamed = model::from_text<model::Vm>((*kept)->value).value();
    renamed.name = "new";
    std::vector<store::Write> writes{{"vms/old", std::nullopt},
                                     {"vms/new", model::to_text(renamed)}};
    EXPECT_TRUE(co_await lab.estate.store.commit({}, writes));
    std::string target;
    for (int i = 0; i < 300 && target != "vms/new"; ++i) {
      co_await sleep_for(10ms);
      auto shown = co_await lab.estate.call("GET", "/v1/alarms/lost");
      target = shown.text("/raised/0/target");
    }
    EXPECT_EQ(target, "vms/new");
    auto kinds = co_await lab.events("vms/new");
    EXPECT_EQ(std::ranges::count(kinds, "alarm.raised"), 0);
    std::vector<store::Write> gone{{"vms/new", std::nullopt}};
    EXPECT_TRUE(co_await lab.estate.store.commit({}, gone));
    co_await lab.raised("lost", 0);
    kinds = co_await lab.events("vms/new");
    EXPECT_EQ(std::ranges::count(kinds, "alarm.cleared"), 1);
  });
}

TEST(Alarms, one_that_is_disabled_or_deleted_says_that_it_has_ended) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create_gone();
    lab.estate.node.close();
    co_await lab.until([&] { return lab.sender.sent.size() == 1; });
    co_await lab.estate.call("PATCH", "/v1/alarms/gone", R"({"disabled":true})");
    co_await lab.raised("gone", 0);
    co_await lab.until([&] { return lab.sender.sent.size() == 2; });
    auto ended = lab.sender.documents(chat).at(1);
    EXPECT_EQ(ended.at("state"), "cleared");
    EXPECT_EQ(ended.at("targets").as_array()[0].at("reason"), "the alarm is disabled");
    co_await lab.estate.call("PATCH", "/v1/alarms/gone", R"({"disabled":false})");
    co_await lab.until([&] { return lab.sender.sent.size() == 3; });
    auto deleted = co_await lab.estate.call("DELETE", "/v1/alarms/gone");
    EXPECT_EQ(deleted.status, 204);
    co_await lab.until([&] { return lab.sender.sent.size() == 4; });
    EXPECT_EQ(lab.sender.documents(chat).at(3).at("targets").as_array()[0].at("reason"),
              "the alarm was deleted");
    for (const char* prefix : {"alarm-targets/gone", "alarm-receivers/gone", "alarm-messages/"})
      co_await lab.none_left(prefix);
  });
}

TEST(Alarms, a_receiver_that_is_down_or_silent_holds_up_no_other_and_gets_it_later) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create(R"({"name":"gone","subject":"host","state":"offline","for_seconds":0,)"
                        R"("webhook":["https://silent.example.com/",")" +
                        pager + R"(",")" + chat + R"("],"mail":["ops@example.com"]})");
    lab.sender.silent.insert("https://silent.example.com/");
    lab.sender.down.insert(pager);
    lab.estate.node.close();
    co_await lab.until([&] { return lab.sender.sent.size() == 2 && lab.sender.tries > 6; });
    EXPECT_EQ(lab.sender.documents(chat).size(), 1U);
    // Both are told of the end, in order, once the receiver is there again.
    co_await lab.estate.connect();
    co_await lab.until([&] { return lab.sender.documents(chat).size() == 2; });
    lab.sender.down.clear();
    co_await lab.until([&] { return lab.sender.documents(pager).size() == 2; });
    EXPECT_EQ(lab.sender.documents(pager).at(0).at("state"), "raised");
    EXPECT_EQ(lab.sender.documents(pager).at(1).at("state"), "cleared");
  });
}

TEST(Alarms, what_was_not_told_is_told_in_the_next_life_and_what_was_is_not) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create_gone();
    co_await lab.estate.call("PATCH", "/v1/alarms/gone",
                             R"({"webhook":[")" + chat + R"(",")" + pager + R"("]})");
    lab.sender.down.insert(pager);
    lab.estate.node.close();
    co_await lab.until([&] { return lab.sender.sent.size() == 1 && lab.sender.tries > 3; });
    auto id = lab.sender.documents(chat).at(0).at("id");
    co_await lab.estate.manager->stop();
    lab.sender.down.clear();
    co_await lab.estate.start();
    co_await lab.until([&] { return lab.sender.documents(pager).size() == 1; });
    EXPECT_EQ(lab.sender.documents(pager).at(0).at("id"), id);
    co_await sleep_for(200ms);
    EXPECT_EQ(lab.sender.sent.size(), 2U) << "still raised, and told already";
    co_await lab.raised("gone", 1);
    co_await lab.estate.connect();
    co_await lab.until([&] { return lab.sender.sent.size() == 4; });
  });
}

TEST(Alarms, hosts_have_time_to_come_after_a_start) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create_gone();
    lab.estate.alarm_pace.grace = 1h;
    co_await lab.estate.manager->stop();
    lab.estate.node.close();
    co_await lab.estate.start();
    co_await sleep_for(300ms);
    co_await lab.raised("gone", 0);
    EXPECT_EQ(lab.sender.tries, 0);
    // One that has come in this life and goes is gone.
    co_await lab.estate.connect();
    lab.estate.node.close();
    co_await lab.raised("gone", 1);
  });
}

TEST(Alarms, who_cannot_be_reached_for_too_long_is_given_up_with_an_event) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    lab.estate.alarm_pace.give_up = 150ms;
    co_await lab.estate.restart();
    co_await lab.create_gone();
    lab.sender.down.insert(chat);
    lab.estate.node.close();
    co_await lab.until([&] { return lab.sender.tries > 1; });
    std::vector<std::string> kinds;
    for (int i = 0; i < 300 && std::ranges::count(kinds, "alarm.not_told") == 0; ++i) {
      co_await sleep_for(10ms);
      kinds = co_await lab.events("alarms/gone");
    }
    EXPECT_EQ(std::ranges::count(kinds, "alarm.not_told"), 1);
    auto left = co_await lab.estate.store.list("alarm-messages/");
    EXPECT_EQ(left->entries.size(), 0U);
  });
}

TEST(Alarms, a_receiver_that_is_taken_from_an_alarm_gets_nothing_more) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create_gone();
    lab.sender.down.insert(chat);
    lab.estate.node.close();
    co_await lab.until([&] { return lab.sender.tries > 1; });
    co_await lab.estate.call("PATCH", "/v1/alarms/gone", R"({"webhook":[]})");
    co_await lab.none_left("alarm-messages/");
    EXPECT_EQ(lab.sender.sent.size(), 0U);
    auto kinds = co_await lab.events("alarms/gone");
    EXPECT_EQ(std::ranges::count(kinds, "alarm.not_told"), 0);
  });
}

TEST(Alarms, where_too_much_waits_to_be_told_the_oldest_goes_with_an_event) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create_gone();
    co_await lab.estate.manager->stop();
    std::vector<store::Write> writes;
    for (std::size_t i = 1; i <= Outbox::most_messages; ++i) {
      model::AlarmMessage message{.name = fmt::format("m-{:012}", i), .id = random_hex(16)};
      message.alarm = "other";
      message.created = now();
      message.webhook = {"https://silent.example.com/hidden"};
      writes.push_back({"alarm-messages/" + message.name, model::to_text(message)});
      if (writes.size() < 100) continue;
      EXPECT_TRUE(co_await lab.estate.store.commit({}, writes));
      writes.clear();
    }
    lab.sender.silent.insert("https://silent.example.com/hidden");
    lab.estate.node.close();
    co_await lab.estate.start();
    co_await lab.until([&] { return lab.sender.documents(chat).size() == 1; });
    auto told = co_await lab.estate.call("GET", "/v1/events?target=alarms/other");
    EXPECT_EQ(told.text("/items/0/kind"), "alarm.not_told");
    EXPECT_TRUE(told.text("/items/0/message").contains("https://silent.example.com/…"));
    auto first = co_await lab.estate.store.get("alarm-messages/m-000000000001");
    EXPECT_FALSE(first->has_value());
    auto second = co_await lab.estate.store.get("alarm-messages/m-000000000002");
    EXPECT_TRUE(second->has_value());
  });
}

}  // namespace
}  // namespace truce::manager
