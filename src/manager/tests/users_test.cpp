// Users, their passwords, and the first of them.
#include "access/password.h"
#include "browser.h"

namespace truce::manager {
namespace {

TEST(Users, what_changes_of_them_counts_at_once) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva", "operator");
    Browser eva{estate};
    co_await eva.sign_in("eva");
    EXPECT_EQ((co_await eva.call("POST", "/v1/vms", R"({"name":"a","disk":1048576})")).status, 202);
    co_await as_root(estate, "PATCH", "/v1/users/eva", R"({"role":"viewer"})");
    EXPECT_EQ((co_await eva.call("POST", "/v1/vms", R"({"name":"b","disk":1048576})")).status, 403);
    EXPECT_EQ((co_await eva.call("GET", "/v1/vms/a")).status, 200);
    co_await as_root(estate, "PATCH", "/v1/users/eva", R"({"projects":["shop"]})");
    EXPECT_EQ((co_await eva.call("GET", "/v1/vms/a")).status, 404);
    co_await as_root(estate, "PATCH", "/v1/users/eva", R"({"disabled":true})");
    EXPECT_EQ(co_await eva.who(), "");
    EXPECT_EQ((co_await eva.sign_in("eva")).status, 401);
    co_await as_root(estate, "PATCH", "/v1/users/eva", R"({"disabled":false})");
    EXPECT_EQ(co_await eva.who(), "") << "the session has ended, and does not come back";
    EXPECT_EQ((co_await eva.sign_in("eva")).status, 200);
    EXPECT_EQ((co_await as_root(estate, "DELETE", "/v1/users/eva")).status, 204);
    EXPECT_EQ(co_await eva.who(), "");
    co_await make_user(estate, "eva");
    EXPECT_EQ(co_await eva.who(), "") << "a namesake is somebody else";
  });
}

TEST(Users, are_refused_with_a_password_that_is_none) {
  with_remote([](Estate& estate) -> Async<void> {
    for (auto [name, word, field] : {std::tuple("eva", "elevenchars", "/password"),
                                     {"administrator", "Administrator", "/password"},
                                     {"Eva", password, "/name"},
                                     {"a/b", password, "/name"}}) {
      auto body = fmt::format(R"({{"name":"{}","password":"{}"}})", name, word);
      auto answer = co_await as_root(estate, "POST", "/v1/users", body);
      EXPECT_EQ(answer.status, 400) << name;
      EXPECT_EQ(answer.text("/field"), field);
      EXPECT_FALSE(boost::json::serialize(answer.body).contains(word)) << "it is not said back";
    }
    co_await make_user(estate, "eva");
    auto twice = co_await as_root(estate, "POST", "/v1/users",
                                  R"({"name":"eva","password":"correct horse"})");
    EXPECT_EQ(twice.status, 409);
    auto changed = co_await as_root(estate, "PATCH", "/v1/users/eva", R"({"password":"short"})");
    EXPECT_EQ(changed.text("/field"), "/password");
    auto factor = co_await as_root(estate, "PATCH", "/v1/users/eva", R"({"totp":true})");
    EXPECT_EQ(factor.status, 400);
    EXPECT_EQ(factor.text("/field"), "/totp");
    EXPECT_EQ((co_await as_root(estate, "PATCH", "/v1/users/max", "{}")).status, 404);
    EXPECT_EQ((co_await as_root(estate, "DELETE", "/v1/users/max")).status, 404);
  });
}

TEST(Users, the_last_administrator_stays_but_for_root) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "boss", "admin");
    co_await make_user(estate, "shop", "admin", R"(,"projects":["shop"])");
    Browser boss{estate};
    co_await boss.sign_in("boss");
    for (const char* body :
         {R"({"role":"operator"})", R"({"disabled":true})", R"({"projects":["x"]})"})
      EXPECT_EQ((co_await boss.call("PATCH", "/v1/users/boss", body)).status, 409) << body;
    EXPECT_EQ((co_await boss.call("DELETE", "/v1/users/boss")).status, 409);
    co_await make_user(estate, "other", "admin");
    EXPECT_EQ((co_await boss.call("PATCH", "/v1/users/other", R"({"role":"viewer"})")).status, 200);
    EXPECT_EQ((co_await boss.call("DELETE", "/v1/users/boss")).status, 409);
    EXPECT_EQ((co_await as_root(estate, "DELETE", "/v1/users/boss")).status, 204);
  });
}

TEST(Users, two_administrators_cannot_remove_each_other_at_once) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "a", "admin");
    co_await make_user(estate, "b", "admin");
    Browser a{estate}, b{estate};
    co_await a.sign_in("a");
    co_await b.sign_in("b");
    auto [first, second] =
        co_await (a.call("DELETE", "/v1/users/b") && b.call("DELETE", "/v1/users/a"));
    EXPECT_EQ(first.status == 204, second.status != 204) << first.status << " " << second.status;
    auto left = co_await as_root(estate, "GET", "/v1/users");
    EXPECT_EQ(left.body.at("items").as_array().size(), 1U);
  });
}

TEST(Password, is_changed_by_who_knows_it_and_ends_all_other_sessions) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    Browser here{estate}, there{estate};
    co_await here.sign_in("eva");
    co_await there.sign_in("eva");
    auto body = [](const char* old, const char* fresh) {
      return fmt::format(R"({{"password":"{}","new_password":"{}"}})", old, fresh);
    };
    auto wrong =
        co_await here.call("POST", "/v1/session/password", body("wrong", "battery staple"));
    EXPECT_EQ(wrong.status, 403);
    EXPECT_EQ(wrong.text("/field"), "/password");
    auto bad = co_await here.call("POST", "/v1/session/password", body(password, "short"));
    EXPECT_EQ(bad.text("/field"), "/new_password");
    EXPECT_EQ((co_await here.call("POST", "/v1/session/password", body(password, "battery staple")))
                  .status,
              204);
    EXPECT_EQ(co_await here.who(), "eva");
    EXPECT_EQ(co_await there.who(), "");
    EXPECT_EQ((co_await there.sign_in("eva")).status, 401);
    EXPECT_EQ((co_await there.sign_in("eva", "battery staple")).status, 200);
    co_await as_root(estate, "PATCH", "/v1/users/eva", R"({"password":"third password"})");
    EXPECT_EQ(co_await there.who(), "");
    EXPECT_EQ((co_await there.sign_in("eva", "third password")).status, 200);
  });
}

TEST(Password, of_tokens_there_is_none) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    auto token =
        (co_await as_root(estate, "POST", "/v1/tokens", R"({"name":"eva"})")).text("/token");
    std::map<std::string, std::string> headers{{"authorization", "Bearer " + token}};
    for (const char* path : {"/password", "/totp", "/totp/remove"}) {
      auto body = std::string_view(path) == "/password"
                      ? R"({"password":"correct horse","new_password":"battery staple"})"
                      : R"({"password":"correct horse"})";
      auto target = std::string("/v1/session") + path;
      EXPECT_EQ((co_await estate.call("POST", target, body, headers)).status, 403) << path;
    }
  });
}

TEST(Password, a_hash_of_another_cost_is_made_anew) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    auto stored = co_await estate.store.get("credentials/eva");
    auto credentials =
        model::from_text<model::Credentials>((*stored)->value, model::Unknown::refuse);
    credentials->password = access::hash_password(password, "sixteen bytes...", {8, 1, 1});
    co_await estate.store.commit({}, {{"credentials/eva", model::to_text(*credentials)}});
    Browser browser{estate};
    EXPECT_EQ((co_await browser.sign_in("eva", "correct horsf")).status, 401);
    EXPECT_EQ((co_await browser.sign_in("eva")).status, 200);
    stored = co_await estate.store.get("credentials/eva");
    EXPECT_TRUE((*stored)->value.contains("$m=47104,t=2,p=1$")) << (*stored)->value;
    EXPECT_EQ((co_await browser.sign_in("eva")).status, 200);
  });
}

TEST(FirstRun, its_code_makes_the_first_administrator_once) {
  with_remote([](Estate& estate) -> Async<void> {
    std::string told;
    estate.adjust = [&](Settings& settings) {
      settings.url = "https://truce:7443";
      settings.first_run_file = estate.folder / "first-run-code";
      settings.tell_first_run = [&](const std::string& text) { told = text; };
    };
    co_await estate.restart();
    EXPECT_TRUE(told.contains("https://truce:7443")) << told;
    auto old = told.substr(told.rfind('=') + 1);
    co_await estate.restart();
    auto code = told.substr(told.rfind('=') + 1);
    EXPECT_EQ(read_file(estate.folder / "first-run-code"), code + "\n");
    EXPECT_EQ((co_await estate.call("GET", "/v1")).text("/first_run"), "true");
    auto body = [](std::string typed, std::string name) {
      return fmt::format(R"({{"code":"{}","name":"{}","password":"correct horse"}})", typed, name);
    };
    auto wrong = co_await estate.call("POST", "/v1/first-user", body(old, "boss"));
    EXPECT_EQ(wrong.status, 403);
    EXPECT_EQ(wrong.text("/field"), "/code");
    auto [a, b] = co_await (estate.call("POST", "/v1/first-user", body(code, "boss")) &&
                            estate.call("POST", "/v1/first-user", body(code, "thief")));
    EXPECT_EQ(a.status, 201) << boost::json::serialize(a.body);
    EXPECT_EQ(a.text("/role"), "admin");
    EXPECT_EQ(b.status, 409);
    EXPECT_EQ((co_await estate.call("POST", "/v1/first-user", body(code, "late"))).status, 409);
    EXPECT_FALSE(std::filesystem::exists(estate.folder / "first-run-code"));
    EXPECT_EQ((co_await estate.call("GET", "/v1")).text("/first_run"), "false");
    Browser boss{estate};
    EXPECT_EQ((co_await boss.sign_in("boss")).status, 200);
    EXPECT_EQ((co_await boss.call("GET", "/v1/users")).body.at("items").as_array().size(), 1U);
    told.clear();
    co_await estate.restart();
    EXPECT_EQ(told, "");
  });
}

TEST(FirstRun, ends_with_any_user_and_after_twenty_wrong_codes) {
  with_remote([](Estate& estate) -> Async<void> {
    std::string told;
    estate.adjust = [&](Settings& settings) {
      settings.url = "https://truce:7443";
      settings.tell_first_run = [&](const std::string& text) { told = text; };
    };
    co_await estate.restart();
    auto send = [&](std::string code) {
      return estate.call(
          "POST", "/v1/first-user",
          fmt::format(R"({{"code":"{}","name":"boss","password":"correct horse"}})", code));
    };
    int wrong = 0, slowed = 0;
    for (int i = 0; i < 20; ++i) {
      estate.address = fmt::format("192.0.2.{}:1", i);
      wrong += (co_await send("AAAA-AAAA-AAAA-AAAA")).status == 403;
    }
    for (int i = 0; i < 12; ++i) slowed += (co_await send("x")).status == 429;
    EXPECT_EQ(wrong, 20);
    EXPECT_GT(slowed, 0);
    estate.address = "192.0.2.99:1";
    auto code = told.substr(told.rfind('=') + 1);
    EXPECT_EQ((co_await send(code)).status, 409) << "the right one is no longer good";
    estate.manager->change({});
    auto fresh = told.substr(told.rfind('=') + 1);
    EXPECT_NE(fresh, code);
    co_await make_user(estate, "eva");
    EXPECT_EQ((co_await send(fresh)).status, 409);
    EXPECT_EQ((co_await estate.call("GET", "/v1")).text("/first_run"), "false");
  });
}

TEST(Secrets, of_users_are_in_no_answer) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    Browser browser{estate};
    co_await browser.sign_in("eva");
    auto factor = co_await turn_on(browser);
    co_await browser.sign_in("eva", password, factor.codes[0]);
    auto stored = co_await estate.store.get("credentials/eva");
    auto kept = model::from_text<model::Credentials>((*stored)->value, model::Unknown::refuse);
    for (const char* target :
         {"/v1/users", "/v1/users/eva", "/v1/sessions", "/v1/events", "/v1/tasks"}) {
      auto text = boost::json::serialize((co_await as_root(estate, "GET", target)).body);
      for (const auto& secret :
           {kept->password, kept->totp_secret, kept->recovery[0], factor.codes[0],
            browser.cookie.substr(13), std::string(password), browser.csrf})
        EXPECT_FALSE(text.contains(secret)) << target << " has " << secret;
    }
  });
}

}  // namespace
}  // namespace truce::manager
