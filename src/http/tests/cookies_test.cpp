#include "http/cookies.h"

#include <gtest/gtest.h>

namespace truce::http {
namespace {

TEST(Cookies, one_is_found_among_others) {
  EXPECT_EQ(cookie_of("a=1; b=2", "a"), "1");
  EXPECT_EQ(cookie_of("a=1; b=2", "b"), "2");
  EXPECT_EQ(cookie_of("a=1;b=\"2\" ; c", "b"), "2");
  EXPECT_EQ(cookie_of("a=x=y", "a"), "x=y");
  EXPECT_EQ(cookie_of("a=", "a"), "");
}

TEST(Cookies, what_is_not_there_or_there_twice_is_none) {
  EXPECT_EQ(cookie_of("", "a"), std::nullopt);
  EXPECT_EQ(cookie_of("aa=1; b=a=2; =a; a", "a"), std::nullopt);
  EXPECT_EQ(cookie_of("A=1", "a"), std::nullopt);
  EXPECT_EQ(cookie_of("a=1; a=1", "a"), std::nullopt);
}

TEST(Cookies, a_page_of_another_site_is_told_by_its_origin) {
  auto sent = [](std::map<std::string, std::string> headers) {
    Request request;
    request.headers = std::move(headers);
    return same_site(request);
  };
  EXPECT_TRUE(sent({{"host", "h:7443"}}));
  EXPECT_TRUE(sent({{"host", "h:7443"}, {"origin", "https://h:7443"}}));
  EXPECT_TRUE(sent({{"host", "H"}, {"origin", "https://h"}}));
  EXPECT_FALSE(sent({{"host", "h:7443"}, {"origin", "http://h:7443"}}));
  EXPECT_FALSE(sent({{"host", "h:7443"}, {"origin", "https://h:7444"}}));
  EXPECT_FALSE(sent({{"host", "h"}, {"origin", "https://h.evil.example"}}));
  EXPECT_FALSE(sent({{"host", "h"}, {"origin", "null"}}));
  EXPECT_FALSE(sent({{"origin", "https://"}}));
}

}  // namespace
}  // namespace truce::http
