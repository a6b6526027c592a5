#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "http/http.h"

namespace truce::http {
namespace {

namespace json = boost::json;

TEST(Problem, has_the_members_of_rfc_9457_and_ours) {
  auto response = problem(Error{Code::invalid, "cpus: 0 is too few", "/cpus"});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  json::object expected = {{"type", "urn:truce:error:invalid"},
                           {"title", "Bad Request"},
                           {"status", 400},
                           {"code", "invalid"},
                           {"detail", "cpus: 0 is too few"},
                           {"field", "/cpus"}};
  EXPECT_EQ(json::parse(response.body), expected);
  auto plain = json::parse(problem(Error{Code::not_found, "no web01", {}}).body);
  EXPECT_FALSE(plain.as_object().contains("field"));
}

TEST(Problem, survives_the_way_there_and_back) {
  for (auto code :
       {Code::invalid, Code::unauthenticated, Code::forbidden, Code::not_found, Code::conflict,
        Code::precondition, Code::limit, Code::unavailable, Code::timeout, Code::cancelled,
        Code::unsupported, Code::corrupt, Code::io, Code::internal}) {
    Error error{code, "what, why, what to do", "/field"};
    auto response = problem(error);
    EXPECT_EQ(response.status, status_of(code));
    auto back = error_of(response.status, response.body);
    EXPECT_EQ(back.code, code) << to_string(code);
    EXPECT_EQ(back.message, error.message);
    EXPECT_EQ(back.field, error.field);
  }
}

TEST(Problem, status_is_that_of_the_code) {
  EXPECT_EQ(status_of(Code::unauthenticated), 401);
  EXPECT_EQ(status_of(Code::conflict), 409);
  EXPECT_EQ(status_of(Code::precondition), 409);
  EXPECT_EQ(status_of(Code::limit), 429);
  EXPECT_EQ(status_of(Code::unsupported), 501);
  EXPECT_EQ(status_of(Code::internal), 500);
}

TEST(Problem, error_of_something_else_tells_the_status) {
  for (std::string_view body :
       {"", "<html>", "[]", "3", "{\"detail\":7}", "{\"code\":\"none\"}", "{"}) {
    auto error = error_of(502, body);
    EXPECT_EQ(error.code, Code::unavailable) << body;
    EXPECT_EQ(error.message, "the server answered 502 Bad Gateway") << body;
  }
  EXPECT_EQ(error_of(404, "").code, Code::not_found);
  EXPECT_EQ(error_of(412, "").code, Code::precondition);
  EXPECT_EQ(error_of(418, "").code, Code::invalid);
  EXPECT_EQ(error_of(599, "").code, Code::internal);
}

}  // namespace
}  // namespace truce::http
