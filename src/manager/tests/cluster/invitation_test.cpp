// The token that a host joins with, as text.
#include "manager/invitation.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/random.h"

namespace truce::manager {
namespace {

Invitation some() {
  return {.cluster = "estate",
          .host = "host2",
          .authority = sha256_hex("authority"),
          .secret = sha256_hex("secret"),
          .managers = {{"host1", "192.0.2.1:7444"}, {"host3", "[2001:db8::3]:7444"}}};
}

std::string sealed(std::string json) {
  auto text = base64_encode(json);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(std::min(text.find('='), text.size()));
  return "truce-join-" + text;
}

TEST(Invitation, a_token_says_what_was_put_into_it) {
  auto token = token_of(some());
  EXPECT_EQ(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      std::string::npos);
  EXPECT_EQ(read_token(token), some());
  EXPECT_EQ(read_token("  " + token + "\r\n"), some());
}

TEST(Invitation, every_change_of_a_letter_is_noticed_or_changes_nothing_else) {
  auto token = token_of(some());
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto other = token;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    auto read = read_token(other);
    if (!read) EXPECT_EQ(read.error().code, Code::invalid);
  }
  for (std::size_t size = 0; size < token.size(); ++size)
    EXPECT_FALSE(read_token(token.substr(0, size))) << size;
}

TEST(Invitation, what_no_cluster_has_written_is_refused_and_shown_to_nobody) {
  const std::string secret = some().secret;
  const std::string rest =
      R"("host":"b","authority":")" + some().authority + R"(","secret":")" + secret + "\"";
  const std::string texts[] = {
      "",
      "truce-join-",
      "truce-0123",
      "truce-join-*",
      "truce-join-a=b",
      sealed("[]"),
      sealed("{" + rest + "}"),
      sealed(R"({"cluster":"a",)" + rest + "}"),
      sealed(R"({"cluster":"a",)" + rest + R"(,"managers":[]})"),
      sealed(R"({"cluster":"a",)" + rest + R"(,"managers":["192.0.2.1:7444"]})"),
      sealed(R"({"cluster":"a",)" + rest + R"(,"managers":[{"name":"h"}]})"),
      sealed(R"({"cluster":"a\nb",)" + rest + R"(,"managers":[{"name":"h","address":"x:1"}]})"),
      sealed(R"({"cluster":7,)" + rest + R"(,"managers":[{"name":"h","address":"x:1"}]})"),
      sealed(R"({"cluster":"a","host":"b","authority":"12","secret":")" + secret +
             R"(","managers":[{"name":"h","address":"x:1"}]})"),
      sealed(R"({"cluster":")" + std::string(300, 'a') + R"(",)" + rest +
             R"(,"managers":[{"name":"h","address":"x:1"}]})"),
      "truce-join-" + std::string(8192, 'A'),
  };
  for (const auto& text : texts) {
    auto read = read_token(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::invalid);
    EXPECT_FALSE(read.error().message.contains(secret));
  }
}

}  // namespace
}  // namespace truce::manager
