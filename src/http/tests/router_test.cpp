#include "http/router.h"

#include <gtest/gtest.h>

namespace truce::http {
namespace {

Router example() {
  Router router;
  router.add("GET", "/v1/vms", 1);
  router.add("POST", "/v1/vms", 2);
  router.add("GET", "/v1/vms/{name}", 3);
  router.add("GET", "/v1/vms/all", 4);
  router.add("DELETE", "/v1/vms/{name}", 5);
  router.add("POST", "/v1/vms/{name}/start", 6);
  router.add("GET", "/", 7);
  router.add("GET", "/v1/vms/{name}/snapshots/{snapshot}", 8);
  router.add("GET", "/v1/{kind}/web01", 9);
  return router;
}

TEST(Router, finds_the_row_and_its_parameters) {
  auto router = example();
  using Parameters = std::map<std::string, std::string>;
  struct Case {
    std::string method, path;
    std::size_t row;
    Parameters parameters;
  };
  const std::vector<Case> table = {
      {"GET", "/v1/vms", 1, {}},
      {"POST", "/v1/vms", 2, {}},
      {"GET", "/v1/vms/web02", 3, {{"name", "web02"}}},
      {"GET", "/v1/vms/all", 4, {}},
      {"DELETE", "/v1/vms/all", 5, {{"name", "all"}}},
      {"POST", "/v1/vms/a b/start", 6, {{"name", "a b"}}},
      {"GET", "/", 7, {}},
      {"GET", "/v1/vms/a/snapshots/b", 8, {{"name", "a"}, {"snapshot", "b"}}},
      {"GET", "/v1/vms/web01", 3, {{"name", "web01"}}},  // the literal further left wins
      {"GET", "/v1/hosts/web01", 9, {{"kind", "hosts"}}},
  };
  for (const auto& row : table) {
    auto found = router.find(row.method, row.path);
    ASSERT_TRUE(found.has_value()) << row.path << ": " << found.error().message;
    EXPECT_EQ(found->row, row.row) << row.path;
    EXPECT_EQ(found->parameters, row.parameters) << row.path;
  }
}

TEST(Router, knows_no_other_paths) {
  auto router = example();
  for (std::string_view path : {"", "v1/vms", "/v1", "/v1/vms/", "/v1/vms//start",
                                "/v1/vms/a/start/", "//v1/vms", "/V1/vms", "/v1/vms/{name}/stop"}) {
    auto found = router.find("GET", path);
    ASSERT_FALSE(found.has_value()) << path;
    EXPECT_EQ(found.error().code, Code::not_found) << path;
    EXPECT_EQ(router.refusal("GET", path).status, 404) << path;
  }
}

TEST(Router, says_which_methods_a_path_has) {
  auto router = example();
  auto found = router.find("PUT", "/v1/vms/web01");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Code::unsupported);
  EXPECT_NE(found.error().message.find("DELETE, GET"), std::string::npos) << found.error().message;
  auto refusal = router.refusal("PUT", "/v1/vms/web01");
  EXPECT_EQ(refusal.status, 405);
  EXPECT_EQ(refusal.headers["Allow"], "DELETE, GET");
}

TEST(RouterDeathTest, refuses_two_rows_for_one_path) {
  auto router = example();
  EXPECT_DEATH(router.add("GET", "/v1/vms/{other}", 10), "two routes match the same path");
}

}  // namespace
}  // namespace truce::http
