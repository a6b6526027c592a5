// Codes that change with time, and codes for when they are lost.
#include "browser.h"

namespace truce::manager {
namespace {

TEST(SecondFactor, is_asked_for_once_it_is_on_and_each_code_counts_once) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    Browser browser{estate};
    co_await browser.sign_in("eva");
    auto factor = co_await turn_on(browser);
    EXPECT_EQ((co_await browser.call("GET", "/v1")).text("/totp"), "true");
    Browser other{estate};
    auto asked = co_await other.sign_in("eva");
    EXPECT_EQ(asked.status, 401);
    EXPECT_EQ(asked.text("/field"), "/code");
    auto wrong = co_await other.sign_in("eva", "correct horsf");
    EXPECT_EQ(wrong.text("/field"), "(none)") << "without the password nothing is asked for";
    EXPECT_EQ((co_await other.sign_in("eva", password, "000000x")).status, 401);
    EXPECT_EQ((co_await other.sign_in("eva", password, factor.at(factor.step))).status, 401)
        << "it has confirmed the factor";
    auto step = factor.step + 1;
    EXPECT_EQ((co_await other.sign_in("eva", "correct horsf", factor.at(step))).status, 401);
    EXPECT_EQ((co_await other.sign_in("eva", password, factor.at(step))).status, 200);
    EXPECT_EQ((co_await other.sign_in("eva", password, factor.at(step))).status, 401);
  });
}

TEST(SecondFactor, one_code_lets_one_in_of_two_at_the_same_moment) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    Browser browser{estate};
    co_await browser.sign_in("eva");
    auto factor = co_await turn_on(browser);
    Browser a{estate}, b{estate};
    auto code = factor.at(factor.step + 1);
    auto [first, second] =
        co_await (a.sign_in("eva", password, code) && b.sign_in("eva", password, code));
    EXPECT_EQ(first.status + second.status, 200 + 401);
    auto [third, fourth] = co_await (a.sign_in("eva", password, factor.codes[0]) &&
                                     b.sign_in("eva", password, factor.codes[0]));
    EXPECT_EQ(third.status + fourth.status, 200 + 401);
  });
}

TEST(SecondFactor, recovery_codes_stand_in_for_it_once_each) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    Browser browser{estate};
    co_await browser.sign_in("eva");
    auto factor = co_await turn_on(browser);
    EXPECT_EQ((co_await browser.sign_in("eva", password, factor.codes[3])).status, 200);
    EXPECT_EQ((co_await browser.sign_in("eva", password, factor.codes[3])).status, 401);
    EXPECT_EQ((co_await browser.sign_in("eva", password, factor.codes[4])).status, 200);
  });
}

TEST(SecondFactor, counts_from_its_confirmation_and_can_be_given_up_and_taken_away) {
  with_remote([](Estate& estate) -> Async<void> {
    co_await make_user(estate, "eva");
    Browser browser{estate};
    co_await browser.sign_in("eva");
    EXPECT_EQ(
        (co_await browser.call("POST", "/v1/session/totp/confirm", R"({"code":"123456"})")).status,
        409);
    EXPECT_EQ((co_await browser.call("POST", "/v1/session/totp", R"({"password":"wrong"})")).status,
              403);
    co_await browser.call("POST", "/v1/session/totp", R"({"password":"correct horse"})");
    auto wrong = co_await browser.call("POST", "/v1/session/totp/confirm", R"({"code":"12345x"})");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_EQ(wrong.text("/field"), "/code");
    EXPECT_EQ((co_await browser.sign_in("eva")).status, 200) << "it is not on yet";
    auto factor = co_await turn_on(browser);
    EXPECT_EQ((co_await browser.call("POST", "/v1/session/totp", R"({"password":"correct horse"})"))
                  .status,
              409);
    EXPECT_EQ((co_await browser.call("POST", "/v1/session/totp/remove", R"({"password":"wrong"})"))
                  .status,
              403);
    EXPECT_EQ((co_await browser.call("POST", "/v1/session/totp/remove",
                                     R"({"password":"correct horse"})"))
                  .status,
              204);
    EXPECT_EQ((co_await browser.sign_in("eva")).status, 200);
    co_await turn_on(browser);
    auto reset = co_await as_root(estate, "PATCH", "/v1/users/eva", R"({"totp":false})");
    EXPECT_EQ(reset.text("/totp"), "false");
    EXPECT_EQ((co_await browser.sign_in("eva")).status, 200);
  });
}

}  // namespace
}  // namespace truce::manager
