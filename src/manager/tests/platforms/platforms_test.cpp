// Platforms of others as the API has them, over a platform that only pretends.
#include "platforms/platforms.h"

#include "platform_lab.h"

namespace truce::manager {
namespace {

using platform::Update;

TEST(Platforms, is_added_shown_and_removed_with_all_that_is_on_it) {
  with_platform([](Estate& estate, Theirs& theirs) -> Async<void> {
    co_await add_platform(estate);
    EXPECT_EQ(theirs.urls.front(), "eva at https://one");
    EXPECT_EQ(theirs.passwords.front(), "secret-1");
    auto shown = co_await estate.call("GET", "/v1/platforms/prod");
    EXPECT_EQ(shown.text("/product"), "fake");
    EXPECT_EQ(shown.number("/vms"), 1);
    EXPECT_EQ(shown.number("/hosts"), 1);
    EXPECT_GE(shown.number("/age_seconds"), 0);
    EXPECT_EQ(shown.text("/added_by"), "root");
    auto again = co_await estate.call("POST", "/v1/platforms", std::string(platform_wish));
    EXPECT_EQ(again.status, 409);
    auto listed = co_await estate.call("GET", "/v1/platforms");
    EXPECT_EQ(listed.number("/items/0/vms"), 1) << listed.raw;
    EXPECT_EQ((co_await names(estate, "platform=prod")), Names{"prod/web01"});
    while (!std::filesystem::exists(estate.folder / "platforms/prod.picture"))
      co_await sleep_for(1ms);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/platforms/prod")).status, 204);
    EXPECT_EQ((co_await estate.call("GET", "/v1/platforms/prod")).status, 404);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms?platform=prod")).status, 404);
    EXPECT_EQ((co_await names(estate, "platform=all")), Names{});
    while (std::filesystem::exists(estate.folder / "platforms/prod.picture"))
      co_await sleep_for(1ms);
  });
}

TEST(Platforms, the_password_is_stored_sealed_and_told_to_nobody) {
  with_platform([](Estate& estate, Theirs&) -> Async<void> {
    co_await add_platform(estate);
    auto all = co_await estate.store.list("");
    EXPECT_TRUE(all);
    bool found = false;
    for (const auto& entry : all->entries) {
      EXPECT_FALSE(entry.value.contains("secret-1")) << entry.key;
      found = found || entry.key == platform_secret_key("prod");
    }
    EXPECT_TRUE(found);
    auto sealed = co_await estate.store.get(platform_secret_key("prod"));
    for (const auto* path : {"/v1/platforms", "/v1/platforms/prod", "/v1/events"}) {
      auto answer = co_await estate.call("GET", path);
      EXPECT_FALSE(answer.raw.contains("secret-1")) << path;
      EXPECT_FALSE(answer.raw.contains((*sealed)->value)) << path;
    }
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/platforms/prod")).status, 204);
    EXPECT_FALSE(*co_await estate.store.get(platform_secret_key("prod")));
  });
}

TEST(Platforms, what_is_refused_is_not_kept) {
  with_platform([](Estate& estate, Theirs& theirs) -> Async<void> {
    for (auto [url, field] : {std::pair("nothing", "/url"),
                              {"other://eva@one", "/url"},
                              {"fake://eva:pw@one", "/url"},
                              {"fake://one", "/url"}}) {
      auto body = fmt::format(R"({{"name":"prod","url":"{}","password":"p"}})", url);
      auto answer = co_await estate.call("POST", "/v1/platforms", body);
      EXPECT_EQ(answer.status, 400) << answer.raw;
      EXPECT_EQ(answer.text("/field"), field);
    }
    theirs.estate->fail("connect", {Code::unauthenticated, "wrong password", {}});
    auto wrong = co_await estate.call("POST", "/v1/platforms", std::string(platform_wish));
    EXPECT_EQ(wrong.status, 409) << "not 401: it is not about the caller";
    EXPECT_EQ(wrong.text("/field"), "/password");
    auto all = co_await estate.call("POST", "/v1/platforms",
                                    R"({"name":"all","url":"fake://eva@one","password":"p"})");
    EXPECT_EQ(all.text("/field"), "/name");
    EXPECT_EQ((co_await estate.call("GET", "/v1/platforms")).text("/items"), "[]");
  });
}

TEST(Platforms, one_that_needs_no_password_has_none) {
  with_platform([](Estate& estate, Theirs& theirs) -> Async<void> {
    auto add = [&](std::string url, std::string more) {
      return estate.call(
          "POST", "/v1/platforms",
          fmt::format(R"({{"name":"prod","url":"libvirt+fake+{}","password":{}}})", url, more));
    };
    auto needless = co_await add("ssh://root@one/system", R"("p")");
    EXPECT_EQ(needless.text("/field"), "/password") << needless.raw;
    auto lacking = co_await add("tls://eva@one/system", R"("")");
    EXPECT_EQ(lacking.text("/field"), "/password") << lacking.raw;
    auto trusting = co_await add("ssh://root@one/system", R"("","fingerprint":"5f")");
    EXPECT_EQ(trusting.text("/field"), "/fingerprint") << trusting.raw;
    theirs.estate->fail("connect", {Code::forbidden, "another host's key", {}});
    auto strange = co_await add("ssh://root@one/system", R"("")");
    EXPECT_EQ(strange.status, 409) << "not 403: it is not about the caller";
    EXPECT_EQ(strange.text("/field"), "/url");
    EXPECT_FALSE(strange.raw.contains("--fingerprint"));

    auto added = co_await add("ssh://root@one/system", R"("")");
    EXPECT_EQ(added.status, 201) << added.raw;
    co_await when_it_is(estate, "connected");
    EXPECT_EQ(theirs.passwords.back(), "none");
    EXPECT_EQ(theirs.urls.back(), "root at fake+ssh://root@one/system");
    EXPECT_FALSE(*co_await estate.store.get(platform_secret_key("prod")));
    auto with = co_await estate.call("PATCH", "/v1/platforms/prod",
                                     R"({"url":"fake://eva@one","password":"secret-2"})");
    EXPECT_EQ(with.status, 200) << with.raw;
    EXPECT_EQ(theirs.passwords.back(), "secret-2");
    auto without = co_await estate.call("PATCH", "/v1/platforms/prod",
                                        R"({"url":"libvirt+fake+tls://one/system"})");
    EXPECT_EQ(without.status, 200) << without.raw;
    EXPECT_FALSE(*co_await estate.store.get(platform_secret_key("prod"))) << "it is forgotten";
  });
}

TEST(Platforms, another_password_is_tried_before_it_is_taken) {
  with_platform([](Estate& estate, Theirs& theirs) -> Async<void> {
    co_await add_platform(estate);
    theirs.estate->fail("connect", {Code::unauthenticated, "wrong password", {}});
    auto wrong = co_await estate.call("PATCH", "/v1/platforms/prod", R"({"password":"secret-2"})");
    EXPECT_EQ(wrong.status, 409);
    auto connections = theirs.estate->connections();
    auto right = co_await estate.call("PATCH", "/v1/platforms/prod", R"({"password":"secret-3"})");
    EXPECT_EQ(right.status, 200) << right.raw;
    while (theirs.estate->connections() < connections + 2) co_await sleep_for(1ms);
    EXPECT_EQ(theirs.passwords.back(), "secret-3");
    auto other = co_await estate.call("PATCH", "/v1/platforms/prod", R"({"url":"fake://max@two"})");
    EXPECT_EQ(other.status, 200) << other.raw;
    EXPECT_EQ(theirs.urls.back(), "max at https://two");
    EXPECT_EQ(theirs.passwords.back(), "secret-3") << "the one that is stored";
  });
}

TEST(Platforms, trouble_is_told_and_the_picture_stays_and_grows_old) {
  with_platform([](Estate& estate, Theirs& theirs) -> Async<void> {
    co_await add_platform(estate);
    theirs.estate->fail("next", {Code::unavailable, "nobody answers", {}}, 1000000);
    theirs.estate->cut();
    auto shown = co_await platform_when(
        estate, [](const Answer& answer) { return answer.text("/problem") == "nobody answers"; });
    EXPECT_EQ(shown.text("/state"), "trouble");
    EXPECT_EQ((co_await names(estate, "platform=prod")), Names{"prod/web01"});
    auto told = shown.text("/told");
    EXPECT_EQ((co_await estate.call("POST", "/v1/platforms/prod/vms/web01/start", "{}")).status,
              503);
    auto events = co_await estate.call("GET", "/v1/events");
    EXPECT_TRUE(events.raw.contains("platform.trouble"));
    EXPECT_EQ((co_await estate.call("GET", "/v1/platforms/prod")).text("/told"), told);
  });
}

TEST(Platforms, after_a_restart_the_picture_is_there_at_once_and_no_phantom_stays) {
  with_platform([](Estate& estate, Theirs& theirs) -> Async<void> {
    theirs.estate->add_machine("web02");
    co_await add_platform(estate);
    auto before = co_await estate.call("GET", "/v1/platforms/prod");
    theirs.estate->fail("next", {Code::unavailable, "nobody answers", {}}, 1000000);
    co_await estate.restart();
    auto shown = co_await when_it_is(estate, "trouble");
    EXPECT_EQ(shown.number("/vms"), 2);
    EXPECT_NE(shown.text("/told"), "(none)");
    EXPECT_EQ((co_await names(estate, "platform=prod")), (Names{"prod/web01", "prod/web02"}));
    Update gone;
    gone.machines.gone = {theirs.estate->inventory().machines().begin()->first};
    theirs.estate->change(gone);
    theirs.estate->fail("next", {Code::unavailable, "last", {}});
    shown = co_await when_it_is(estate, "connected");
    EXPECT_EQ(shown.number("/vms"), 1);
  });
}

TEST(Platforms, a_picture_is_of_the_platform_that_told_it_and_not_of_its_name) {
  with_platform([](Estate& estate, Theirs& theirs) -> Async<void> {
    co_await add_platform(estate);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/platforms/prod")).status, 204);
    theirs.estate->fail("next", {Code::unavailable, "nobody answers", {}}, 1000000);
    EXPECT_EQ((co_await estate.call("POST", "/v1/platforms", std::string(platform_wish))).status,
              201);
    auto shown = co_await when_it_is(estate, "trouble");
    EXPECT_EQ(shown.text("/told"), "(none)") << shown.raw;
    EXPECT_EQ((co_await names(estate, "platform=prod")), Names{});
  });
}

TEST(Platforms, without_its_key_a_password_has_to_be_set_again) {
  with_platform([](Estate& estate, Theirs&) -> Async<void> {
    co_await add_platform(estate);
    estate.seals = access::Seals::fresh();
    co_await estate.restart();
    auto shown = co_await when_it_is(estate, "trouble");
    EXPECT_TRUE(shown.text("/problem").ends_with("set it again")) << shown.text("/problem");
    auto again = co_await estate.call("PATCH", "/v1/platforms/prod", R"({"password":"secret-9"})");
    EXPECT_EQ(again.status, 200) << again.raw;
    co_await when_it_is(estate, "connected");
  });
}

TEST(Platforms, all_is_read_anew_when_somebody_asks) {
  with_platform([](Estate& estate, Theirs& theirs) -> Async<void> {
    co_await add_platform(estate);
    auto connections = theirs.estate->connections();
    auto synced = co_await estate.call("POST", "/v1/platforms/prod/sync");
    EXPECT_EQ(synced.status, 200) << synced.raw;
    EXPECT_GT(theirs.estate->connections(), connections);
    theirs.estate->fail("next", {Code::unavailable, "nobody answers", {}}, 1000000);
    auto failed = co_await estate.call("POST", "/v1/platforms/prod/sync");
    EXPECT_EQ(failed.status, 503) << failed.raw;
    EXPECT_TRUE(failed.raw.contains("nobody answers"));
    EXPECT_EQ((co_await names(estate, "platform=prod")), Names{"prod/web01"});
    EXPECT_EQ((co_await estate.call("POST", "/v1/platforms/none/sync")).status, 404);
  });
}

TEST(Platforms, who_is_limited_to_projects_sees_none) {
  with_platform([](Estate& estate, Theirs&) -> Async<void> {
    co_await add_platform(estate);
    auto made = co_await estate.call("POST", "/v1/tokens",
                                     R"({"name":"eva","role":"operator","projects":["shop"]})");
    std::map<std::string, std::string> eva{{"authorization", "Bearer " + made.text("/token")}};
    EXPECT_EQ((co_await estate.call("GET", "/v1/platforms", {}, eva)).text("/items"), "[]");
    EXPECT_EQ((co_await estate.call("GET", "/v1/platforms/prod", {}, eva)).status, 404);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms?platform=prod", {}, eva)).status, 404);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms?platform=all", {}, eva)).text("/items"), "[]");
    EXPECT_EQ((co_await estate.call("GET", "/v1/platforms/prod/vms/web01", {}, eva)).status, 404);
  });
}

}  // namespace
}  // namespace truce::manager
