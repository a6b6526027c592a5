// Somebody who uses the API with a browser, from elsewhere.
#pragma once

#include "access/second_factor.h"
#include "estate.h"

namespace truce::manager {

inline constexpr const char* password = "correct horse";

inline std::string sign_in_body(std::string user, std::string word, std::string code = {}) {
  return fmt::format(R"({{"user":"{}","password":"{}","code":"{}"}})", user, word, code);
}

/// A browser: it keeps the cookie and sends it, with what a page of ours adds.
struct Browser {
  Estate& estate;
  std::string cookie = {}, csrf = {};
  std::map<std::string, std::string> more = {};  ///< headers

  Async<Answer> call(std::string method, std::string target, std::string body = {}) {
    auto headers = more;
    headers.insert({{"host", "truce:7443"}, {"user-agent", "Test/1"}});
    if (!cookie.empty()) headers["cookie"] = cookie;
    if (!csrf.empty()) headers["x-truce-csrf"] = csrf;
    co_return co_await estate.call(method, target, body, headers);
  }
  Async<Answer> sign_in(std::string user, std::string word = password, std::string code = {}) {
    auto answer = co_await call("POST", "/v1/session", sign_in_body(user, word, code));
    if (answer.status == 200) {
      auto set = answer.headers.at("Set-Cookie");
      cookie = set.substr(0, set.find(';'));
      csrf = answer.text("/csrf");
    }
    co_return answer;
  }
  Async<std::string> who() { co_return (co_await call("GET", "/v1")).text("/user"); }
};

/// As root on the unix socket.
inline Async<Answer> as_root(Estate& estate, std::string method, std::string target,
                             std::string body = {}) {
  estate.unix_user = 0;
  auto answer = co_await estate.call(method, target, body);
  estate.unix_user.reset();
  co_return answer;
}

inline Async<void> make_user(Estate& estate, std::string name, std::string role = "viewer",
                             std::string more = {}) {
  auto made = co_await as_root(
      estate, "POST", "/v1/users",
      fmt::format(R"({{"name":"{}","role":"{}","password":"{}"{}}})", name, role, password, more));
  EXPECT_EQ(made.status, 201) << boost::json::serialize(made.body);
}

/// A started estate whose requests come from a TCP address.
template <class Work>
void with_remote(Work work) {
  with_estate([work = std::move(work)](Estate& estate) -> Async<void> {
    estate.unix_user.reset();
    estate.address = "192.0.2.7:4711";
    co_await work(estate);
  });
}

/// A second factor, as its user has it.
struct Factor {
  std::string secret;
  std::int64_t step;  ///< that it is confirmed with; the next one is good for half a minute more
  std::vector<std::string> codes = {};
  [[nodiscard]] std::string at(std::int64_t when) const {
    return access::totp_code(access::base32_decode(secret).value(), when);
  }
};

inline Async<Factor> turn_on(Browser& browser) {
  auto begun = co_await browser.call("POST", "/v1/session/totp", R"({"password":"correct horse"})");
  EXPECT_EQ(begun.status, 200);
  auto seconds = std::chrono::floor<std::chrono::seconds>(now().time_since_epoch()).count();
  Factor factor{begun.text("/secret"), seconds / 30};
  EXPECT_TRUE(begun.text("/uri").contains(factor.secret));
  auto confirmed = co_await browser.call("POST", "/v1/session/totp/confirm",
                                         fmt::format(R"({{"code":"{}"}})", factor.at(factor.step)));
  EXPECT_EQ(confirmed.status, 200) << boost::json::serialize(confirmed.body);
  for (const auto& code : confirmed.body.at("codes").as_array())
    factor.codes.emplace_back(code.as_string());
  EXPECT_EQ(factor.codes.size(), 10U);
  co_return factor;
}

}  // namespace truce::manager
