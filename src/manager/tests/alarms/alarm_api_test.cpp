// What is asked of alarms, and what of them is shown to whom.
#include "alarm_lab.h"
#include "alarms/alarms.h"

namespace truce::manager {
namespace {

TEST(AlarmsApi, a_wrong_alarm_is_refused_with_its_field) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    for (auto [field, body] : std::vector<std::pair<std::string, std::string>>{
             {"/subject", R"({"name":"a"})"},
             {"/metric", R"({"name":"a","subject":"vm"})"},
             {"/metric", R"({"name":"a","subject":"pool","metric":"cpu","above":1})"},
             {"/above", R"({"name":"a","subject":"vm","metric":"cpu"})"},
             {"/below", R"({"name":"a","subject":"vm","metric":"cpu","above":1,"below":2})"},
             {"/state", R"({"name":"a","subject":"host","state":"running"})"},
             {"/label", R"({"name":"a","subject":"host","state":"offline","label":"x"})"},
             {"/for_seconds",
              R"({"name":"a","subject":"host","state":"offline","for_seconds":86401})"},
             {"/webhook/0",
              R"({"name":"a","subject":"host","state":"offline","webhook":["ftp://x/"]})"},
             {"/mail/1",
              R"({"name":"a","subject":"host","state":"offline","mail":["a@b.c","a b@c"]})"},
         }) {
      auto answer = co_await lab.estate.call("POST", "/v1/alarms", body);
      EXPECT_EQ(answer.status, 400) << body;
      EXPECT_EQ(answer.text("/field"), field) << body;
    }
    co_await lab.create_gone();
    auto twice = co_await lab.estate.call("POST", "/v1/alarms",
                                          R"({"name":"gone","subject":"host","state":"offline"})");
    EXPECT_EQ(twice.status, 409);
    auto both = co_await lab.estate.call("PATCH", "/v1/alarms/gone", R"({"above":5})");
    EXPECT_EQ(both.text("/field"), "/above");
    auto missing = co_await lab.estate.call("DELETE", "/v1/alarms/nothing");
    EXPECT_EQ(missing.status, 404);
  });
}

TEST(AlarmsApi, mail_needs_a_server_to_give_it_in_at) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    lab.estate.mail = {};
    co_await lab.estate.restart();
    auto answer = co_await lab.estate.call(
        "POST", "/v1/alarms",
        R"({"name":"a","subject":"host","state":"offline","mail":["ops@example.com"]})");
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.text("/field"), "/mail/0");
    EXPECT_TRUE(answer.text("/detail").contains("smtp-server")) << answer.text("/detail");
  });
}

TEST(AlarmsApi, a_limit_is_replaced_by_one_on_the_other_side) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create(R"({"name":"idle","subject":"vm","metric":"cpu","above":90})");
    auto set = co_await lab.estate.call("PATCH", "/v1/alarms/idle", R"({"below":1.5})");
    EXPECT_EQ(set.status, 200);
    EXPECT_EQ(set.text("/above"), "(none)");
    EXPECT_EQ(set.text("/below"), "1.5E0");
    auto both = co_await lab.estate.call("PATCH", "/v1/alarms/idle", R"({"below":1,"above":9})");
    EXPECT_EQ(both.text("/field"), "/below");
    auto etag = set.headers.at("ETag");
    auto quicker = co_await lab.estate.call("PATCH", "/v1/alarms/idle", R"({"for_seconds":5})",
                                            {{"if-match", etag}});
    EXPECT_EQ(quicker.text("/for_seconds"), "5");
    auto stale = co_await lab.estate.call("PATCH", "/v1/alarms/idle", R"({"for_seconds":6})",
                                          {{"if-match", etag}});
    EXPECT_EQ(stale.status, 412);
  });
}

TEST(AlarmsApi, the_secret_part_of_a_webhook_is_in_no_answer_watch_or_event) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create_gone();
    lab.sender.down.insert(chat);
    lab.estate.node.close();
    co_await lab.until([&] { return lab.sender.tries > 1; });
    auto created = co_await lab.estate.call("GET", "/v1/alarms/gone");
    EXPECT_EQ(created.text("/webhook/0"), "https://chat.example.com/…");
    auto more = co_await lab.estate.call(
        "PATCH", "/v1/alarms/gone",
        R"({"webhook":["https://chat.example.com/…",")" + pager + R"("]})");
    EXPECT_EQ(more.text("/webhook/1"), "https://pager.example.com/…");
    std::string all;
    for (const char* path : {"/v1/alarms", "/v1/alarms/gone", "/v1/events?limit=1000"}) {
      auto answer = co_await lab.estate.call("GET", path);
      all += boost::json::serialize(answer.body);
    }
    auto tested = co_await lab.estate.call("POST", "/v1/alarms/gone/test");
    all += boost::json::serialize(tested.body);
    EXPECT_TRUE(all.contains("chat.example.com"));
    EXPECT_FALSE(all.contains("secret-word")) << all;
    EXPECT_FALSE(all.contains("other-word"));
    // It is with what nobody can ask for.
    auto kept = co_await lab.estate.store.get("alarm-receivers/gone");
    EXPECT_TRUE((*kept)->value.contains("secret-word"));
    auto shown = co_await lab.estate.store.get("alarms/gone");
    EXPECT_FALSE((*shown)->value.contains("secret-word"));
  });
}

TEST(AlarmsApi, receivers_are_replaced_kept_and_removed) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create_gone();
    auto set = co_await lab.estate.call("PATCH", "/v1/alarms/gone", R"({"for_seconds":1})");
    EXPECT_EQ(set.text("/webhook/0"), "https://chat.example.com/…") << "absent: stays";
    set = co_await lab.estate.call("PATCH", "/v1/alarms/gone",
                                   R"({"webhook":[""],"mail":["ops@example.com"]})");
    EXPECT_EQ(set.text("/webhook/0"), "(none)");
    EXPECT_EQ(set.text("/mail/0"), "ops@example.com");
    auto kept = co_await lab.estate.store.get("alarm-receivers/gone");
    EXPECT_FALSE(kept->has_value());
  });
}

TEST(AlarmsApi, a_test_is_sent_at_once_and_says_what_became_of_each) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    co_await lab.create(R"({"name":"both","subject":"host","state":"offline","webhook":[")" + chat +
                        R"(",")" + pager + R"("],"mail":["ops@example.com"]})");
    lab.sender.down.insert(pager);
    auto told = co_await lab.estate.call("POST", "/v1/alarms/both/test");
    EXPECT_EQ(told.status, 200);
    EXPECT_EQ(told.text("/items/0/to"), "https://chat.example.com/…");
    EXPECT_EQ(told.text("/items/0/error"), "");
    EXPECT_EQ(told.text("/items/1/error"), "answered 503");
    EXPECT_EQ(told.text("/items/2/to"), "ops@example.com");
    EXPECT_EQ(told.text("/items/2/error"), "");
    EXPECT_EQ(lab.sender.documents(chat).at(0).at("state"), "test");
    EXPECT_EQ(lab.sender.tries, 3) << "it is not tried again";
    auto nobody = co_await lab.estate.call("POST", "/v1/alarms/host-offline/test");
    EXPECT_EQ(nobody.status, 409);
  });
}

TEST(AlarmsApi, a_new_store_has_alarms_and_those_that_were_deleted_stay_away) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    auto listed = co_await lab.estate.call("GET", "/v1/alarms");
    EXPECT_EQ(listed.body.at("items").as_array().size(), 4U);
    auto offline = co_await lab.estate.call("GET", "/v1/alarms/host-offline");
    EXPECT_EQ(offline.text("/severity"), "critical");
    for (const char* name : {"host-offline", "vm-unknown", "vm-problem", "pool-full"}) {
      auto deleted =
          co_await lab.estate.call("DELETE", fmt::format("/v1/alarms/{}", std::string(name)));
      EXPECT_EQ(deleted.status, 204);
    }
    co_await lab.estate.restart();
    listed = co_await lab.estate.call("GET", "/v1/alarms");
    EXPECT_EQ(listed.body.at("items").as_array().size(), 0U);
  });
}

TEST(AlarmsApi, there_are_a_hundred_at_most) {
  with_alarms([](AlarmLab& lab) -> Async<void> {
    for (std::size_t i = 4; i < Alarms::most_alarms; ++i) {
      co_await lab.create(fmt::format(R"({{"name":"a{}","subject":"host","state":"offline"}})", i));
    }
    auto one_more = co_await lab.estate.call(
        "POST", "/v1/alarms", R"({"name":"more","subject":"host","state":"offline"})");
    EXPECT_EQ(one_more.text("/code"), "limit");
  });
}

}  // namespace
}  // namespace truce::manager
