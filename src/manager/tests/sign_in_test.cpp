// How people sign in, and how long that holds.
#include <set>

#include "browser.h"

namespace truce::manager {
namespace {

TEST(SignIn, gives_a_cookie_that_says_who_one_is) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva", "operator", R"(,"projects":["shop"])");
    Browser browser{estate};
    auto in = co_await browser.sign_in("eva");
    EXPECT_EQ(in.status, 200) << boost::json::serialize(in.body);
    auto set = in.headers.at("Set-Cookie");
    EXPECT_TRUE(set.starts_with("__Host-truce=")) << set;
    for (const char* flag : {"; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"})
      EXPECT_TRUE(set.contains(flag)) << set;
    EXPECT_FALSE(set.contains("Domain") || set.contains("Max-Age")) << set;
    auto server = co_await browser.call("GET", "/v1");
    EXPECT_EQ(server.text("/user"), "eva");
    EXPECT_EQ(server.text("/role"), "operator");
    EXPECT_EQ(server.text("/projects/0"), "shop");
    EXPECT_EQ(server.text("/csrf"), in.text("/csrf"));
    EXPECT_EQ(server.text("/csrf").size(), 64U);
    EXPECT_EQ(server.text("/totp"), "false");
    EXPECT_NE(server.text("/session_expires"), "(none)");
    EXPECT_EQ((co_await browser.call("GET", "/v1/vms")).status, 200);
    EXPECT_EQ((co_await browser.call("GET", "/v1/users")).status, 403);
  });
}

TEST(SignIn, says_the_same_of_whatever_is_wrong) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    co_await make_user(estate, "gone");
    co_await as_root(estate, "PATCH", "/v1/users/gone", R"({"disabled":true})");
    std::set<std::string> answers;
    for (auto [user, word] : {std::pair("eva", "correct horsf"),
                              {"nobody", password},
                              {"gone", password},
                              {"eva", ""},
                              {"", ""},
                              {"../eva", password}}) {
      Browser browser{estate};
      auto answer = co_await browser.sign_in(user, word);
      EXPECT_EQ(answer.status, 401) << user;
      EXPECT_FALSE(answer.headers.contains("Set-Cookie"));
      answers.insert(boost::json::serialize(answer.body));
    }
    EXPECT_EQ(answers.size(), 1U);
    EXPECT_EQ((co_await estate.call("POST", "/v1/session", R"({"user":"eva"})")).status, 400);
    EXPECT_EQ(
        (co_await as_root(estate, "POST", "/v1/session", sign_in_body("eva", password))).status,
        501);
  });
}

TEST(SignIn, a_cookie_is_nothing_on_the_unix_socket_and_a_token_comes_before_it) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    Browser browser{estate};
    co_await browser.sign_in("eva");
    estate.unix_user = 12345;
    EXPECT_EQ(co_await browser.who(), "");
    estate.unix_user.reset();
    auto token = (co_await as_root(estate, "POST", "/v1/tokens", R"({"name":"t"})")).text("/token");
    std::map<std::string, std::string> both{{"cookie", browser.cookie},
                                            {"authorization", "Bearer " + token}};
    EXPECT_EQ((co_await estate.call("GET", "/v1", "", both)).text("/user"), "t");
    both["authorization"] = "Bearer wrong";
    EXPECT_EQ((co_await estate.call("GET", "/v1", "", both)).status, 401);
  });
}

TEST(SignIn, what_is_no_cookie_of_ours_is_nobody) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    Browser browser{estate};
    co_await browser.sign_in("eva");
    auto good = browser.cookie;
    EXPECT_EQ(co_await browser.who(), "eva");
    auto other = good;
    other.back() = other.back() == '0' ? '1' : '0';
    for (const auto& cookie :
         {other, good + "0", good.substr(0, good.size() - 1), good.substr(0, good.find('.')),
          good + "; " + good, std::string("__Host-truce="),
          std::string("truce") + good.substr(12)}) {
      browser.cookie = cookie;
      EXPECT_EQ(co_await browser.who(), "") << cookie;
    }
    browser.cookie = "theme=dark; " + good + "; x=1";
    EXPECT_EQ(co_await browser.who(), "eva");
  });
}

TEST(SignIn, changes_by_cookie_need_the_header_and_no_other_site) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva", "admin");
    Browser browser{estate};
    co_await browser.sign_in("eva");
    auto body = R"({"name":"net","subnet":"10.9.0.0/24"})";
    auto refused = [&](std::map<std::string, std::string> headers) -> Async<int> {
      headers["cookie"] = browser.cookie;
      headers["host"] = "truce:7443";
      co_return (co_await estate.call("POST", "/v1/networks", body, headers)).status;
    };
    EXPECT_EQ(co_await refused({}), 403);
    EXPECT_EQ(co_await refused({{"x-truce-csrf", ""}}), 403);
    EXPECT_EQ(co_await refused({{"x-truce-csrf", std::string(64, '0')}}), 403);
    EXPECT_EQ(co_await refused({{"x-truce-csrf", browser.csrf}, {"origin", "https://evil"}}), 403);
    EXPECT_EQ(co_await refused({{"x-truce-csrf", browser.csrf}, {"origin", "null"}}), 403);
    EXPECT_EQ(co_await refused({{"x-truce-csrf", browser.csrf}, {"origin", "https://truce:7443"}}),
              201);
    std::map<std::string, std::string> socket{{"cookie", browser.cookie},
                                              {"host", "truce:7443"},
                                              {"origin", "https://evil"},
                                              {"upgrade", "websocket"}};
    EXPECT_EQ((co_await estate.call("GET", "/v1/consoles/x", "", socket)).status, 403);
    socket["origin"] = "https://truce:7443";
    EXPECT_EQ((co_await estate.call("GET", "/v1/consoles/x", "", socket)).status, 404);
    std::map<std::string, std::string> evil{{"host", "truce:7443"}, {"origin", "https://evil"}};
    EXPECT_EQ(
        (co_await estate.call("POST", "/v1/session", sign_in_body("eva", password), evil)).status,
        403);
  });
}

TEST(SignIn, out_ends_the_session_and_takes_the_cookie) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    Browser browser{estate};
    co_await browser.sign_in("eva");
    auto csrf = std::exchange(browser.csrf, "");
    EXPECT_EQ((co_await browser.call("DELETE", "/v1/session")).status, 403);
    browser.csrf = csrf;
    auto out = co_await browser.call("DELETE", "/v1/session");
    EXPECT_EQ(out.status, 204);
    EXPECT_TRUE(out.headers.at("Set-Cookie").starts_with("__Host-truce=;"));
    EXPECT_TRUE(out.headers.at("Set-Cookie").contains("Max-Age=0"));
    EXPECT_EQ(co_await browser.who(), "");
    EXPECT_EQ((co_await browser.call("GET", "/v1/vms")).status, 401);
    EXPECT_EQ((co_await browser.call("DELETE", "/v1/session")).status, 204) << "again is no error";
  });
}

TEST(Sessions, outlive_a_restart) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    Browser browser{estate};
    co_await browser.sign_in("eva");
    co_await estate.restart();
    EXPECT_EQ(co_await browser.who(), "eva");
  });
}

TEST(Sessions, end_when_idle_and_at_the_latest_after_their_life) {
  with_remote([](Estate& estate) -> Async<void> {
    estate.adjust = [](Settings& settings) {
      settings.session_idle = 1s;
      settings.session_life = 5s;
    };
    co_await estate.restart();
    co_await make_user(estate, "eva");
    Browser idle{estate}, busy{estate}, background{estate};
    background.more = {{"x-truce-background", "1"}};
    co_await background.sign_in("eva");
    co_await idle.sign_in("eva");
    co_await busy.sign_in("eva");
    auto begun = now();
    for (int i = 0; i < 8; ++i) {
      co_await sleep_for(250ms);
      EXPECT_EQ(co_await busy.who(), "eva") << (now() - begun).count();
      co_await background.who();
    }
    EXPECT_EQ(co_await idle.who(), "");
    EXPECT_EQ(co_await background.who(), "");
    for (int i = 0; i < 12; ++i) {
      co_await sleep_for(250ms);
      co_await busy.who();
    }
    EXPECT_EQ(co_await busy.who(), "") << "used or not";
  });
}

TEST(Sessions, begin_however_long_truced_has_been_up) {
  with_remote([](Estate& estate) -> Async<void> {
    estate.adjust = [](Settings& settings) { settings.session_idle = 2s; };
    co_await estate.restart();
    co_await make_user(estate, "eva");
    co_await sleep_for(2500ms);
    Browser browser{estate};
    EXPECT_EQ((co_await browser.sign_in("eva")).status, 200);
    EXPECT_EQ(co_await browser.who(), "eva");
  });
}

TEST(Sessions, are_sixteen_at_most_and_the_oldest_ends) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    std::vector<Browser> browsers;
    for (int i = 0; i < 17; ++i) {
      browsers.push_back({estate});
      EXPECT_EQ((co_await browsers.back().sign_in("eva")).status, 200);
      co_await sleep_for(2ms);
    }
    EXPECT_EQ(co_await browsers[0].who(), "");
    EXPECT_EQ(co_await browsers[1].who(), "eva");
    EXPECT_EQ(co_await browsers[16].who(), "eva");
    auto listed = co_await browsers[16].call("GET", "/v1/sessions");
    EXPECT_EQ(listed.body.at("items").as_array().size(), 16U);
  });
}

TEST(Sessions, are_seen_and_ended_by_their_user_and_by_administrators) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    co_await make_user(estate, "max");
    co_await make_user(estate, "boss", "admin");
    Browser eva{estate}, max{estate}, boss{estate};
    co_await eva.sign_in("eva");
    co_await max.sign_in("max");
    co_await boss.sign_in("boss");
    auto own = co_await max.call("GET", "/v1/sessions");
    EXPECT_EQ(own.body.at("items").as_array().size(), 1U);
    EXPECT_EQ(own.text("/items/0/user"), "max");
    EXPECT_EQ(own.text("/items/0/address"), "192.0.2.7");
    EXPECT_EQ(own.text("/items/0/agent"), "Test/1");
    auto all = co_await boss.call("GET", "/v1/sessions");
    EXPECT_EQ(all.body.at("items").as_array().size(), 3U);
    auto evas = eva.cookie.substr(13, 16);
    EXPECT_EQ((co_await max.call("DELETE", "/v1/sessions/" + evas)).status, 404);
    auto token =
        (co_await as_root(estate, "POST", "/v1/tokens", R"({"name":"eva"})")).text("/token");
    std::map<std::string, std::string> namesake{{"authorization", "Bearer " + token}};
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/sessions/" + evas, "", namesake)).status, 404);
    EXPECT_EQ((co_await boss.call("DELETE", "/v1/sessions/" + evas)).status, 204);
    EXPECT_EQ(co_await eva.who(), "");
    EXPECT_EQ((co_await max.call("DELETE", "/v1/sessions/" + max.cookie.substr(13, 16))).status,
              204);
    EXPECT_EQ(co_await max.who(), "");
  });
}

TEST(Sessions, keep_a_browsers_name_short_and_harmless) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    std::map<std::string, std::string> headers{
        {"user-agent", "a\x1b[31m\xff\"<b>" + std::string(1000, 'x')}};
    co_await estate.call("POST", "/v1/session", sign_in_body("eva", password), headers);
    auto agent = (co_await as_root(estate, "GET", "/v1/sessions")).text("/items/0/agent");
    EXPECT_TRUE(agent.starts_with("a?[31m?\"<b>xxx")) << agent;
    EXPECT_EQ(agent.size(), 200U);
  });
}

TEST(Attempts, that_fail_are_few_and_others_are_not_locked_out) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    Browser browser{estate};
    auto refused = co_await browser.sign_in("eva", "wrong");
    int tries = 1;  // one more is free each 10 s, which a slow machine may need for a few
    for (; refused.status == 401 && tries < 100; ++tries)
      refused = co_await browser.sign_in("eva", "wrong");
    EXPECT_GT(tries, 10);
    if (refused.status != 429) co_return ADD_FAILURE() << refused.status;
    auto seconds = std::stoi(refused.headers.at("Retry-After"));
    EXPECT_TRUE(seconds > 0 && seconds <= 10) << seconds;
    EXPECT_EQ((co_await browser.sign_in("eva")).status, 429) << "nor the right one";
    estate.address = "192.0.2.8:4711";
    EXPECT_EQ((co_await browser.sign_in("eva")).status, 200);
    for (int i = 0; i < 15; ++i)
      EXPECT_EQ((co_await browser.sign_in("eva")).status, 200) << "what succeeds costs nothing";
    auto events = co_await as_root(estate, "GET", "/v1/events");
    auto failed = 0;
    for (const auto& event : events.body.at("items").as_array())
      failed += event.at("kind").as_string() == "user.sign_in_failed";
    EXPECT_TRUE(failed >= 1 && failed < tries / 2) << failed << ": one a minute is told";
  });
}

}  // namespace
}  // namespace truce::manager
