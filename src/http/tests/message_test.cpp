#include "message.h"

#include <gtest/gtest.h>

namespace truce::http {
namespace {

using Query = std::map<std::string, std::string>;

struct Decoded {
  std::string target;
  std::string path;
  Query query;
};

TEST(Target, is_split_and_decoded) {
  const std::vector<Decoded> table = {
      {"/", "/", {}},
      {"/v1/vms", "/v1/vms", {}},
      {"/v1/vms/", "/v1/vms/", {}},
      {"//", "//", {}},
      {"/a%20b", "/a b", {}},
      {"/a+b", "/a+b", {}},
      {"/%c3%A4", "/\u00e4", {}},
      {"/v1/vms?watch", "/v1/vms", {{"watch", ""}}},
      {"/v1?a=1&b=x%3Dy&c=", "/v1", {{"a", "1"}, {"b", "x=y"}, {"c", ""}}},
      {"/v1?a=1+2", "/v1", {{"a", "1 2"}}},
      {"/v1?", "/v1", {}},
      {"/v1?&&a=/x?y", "/v1", {{"a", "/x?y"}}},
      {"/v1?a=..%2Fb", "/v1", {{"a", "../b"}}},
      {"http://host:80/x?y=1", "/x", {{"y", "1"}}},
      {"https://host", "/", {}},
  };
  for (const auto& row : table) {
    Request request;
    auto decoded = decode_target(row.target, request);
    ASSERT_TRUE(decoded.has_value()) << row.target << ": " << decoded.error().message;
    EXPECT_EQ(request.path, row.path) << row.target;
    EXPECT_EQ(request.query, row.query) << row.target;
  }
}

TEST(Target, is_refused_when_it_is_not_clean) {
  for (std::string_view target :
       {"",     "*",        "v1",         "host:443", "/%",         "/%4",
        "/%zz", "/%4g",     "/%00",       "/a?b=%00", "/a%0d%0a",   "/%7f",
        "/%2F", "/a/%2f/b", "/.",         "/a/../b",  "/%2e%2e/x",  "/a/%2e",
        "/%ff", "/%c0%80",  "/%ed%a0%80", "/a#b",     "/a?b=1&b=2", "/a?b=%"}) {
    Request request;
    auto decoded = decode_target(target, request);
    ASSERT_FALSE(decoded.has_value()) << target;
    EXPECT_EQ(decoded.error().code, Code::invalid) << target;
  }
}

TEST(Text, is_utf8_only_in_its_shortest_form) {
  for (std::string_view text : {"", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (std::string_view text :
       {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Head, is_written_with_the_fields_that_protect_a_browser) {
  Response response;
  response.status = 202;
  response.body = "abc";
  response.headers["ETag"] = "\"7\"";
  EXPECT_EQ(head_of(response, Framing::length, true).value(),
            "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 3\r\n"
            "ETag: \"7\"\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
            "Connection: keep-alive\r\n\r\n");
}

TEST(Head, leaves_a_handlers_own_cache_rule_alone) {
  Response response;
  response.headers["cache-control"] = "max-age=60";
  auto head = head_of(response, Framing::length, false).value();
  EXPECT_EQ(head.find("no-store"), std::string::npos);
  EXPECT_NE(head.find("cache-control: max-age=60\r\n"), std::string::npos);
}

TEST(Head, refuses_fields_that_would_split_the_answer) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"X-A", "a\r\nX-B: b"},  {"X-A", std::string("a\0b", 3)}, {"X A", "a"}, {"", "a"},
      {"Content-Length", "3"}, {"transfer-encoding", "chunked"}};
  for (const auto& [name, value] : table) {
    Response response;
    response.headers[name] = value;
    EXPECT_FALSE(head_of(response, Framing::length, true).has_value()) << name;
  }
  Response response;
  response.content_type = "text/plain\r\nX: y";
  EXPECT_FALSE(head_of(response, Framing::length, true).has_value());
}

}  // namespace
}  // namespace truce::http
