#include "model/operations.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <set>

#include "model/config.h"
#include "model/openapi.h"

namespace truce::model {
namespace {

std::string refusal(Operation operation, const std::map<std::string, std::string>& query) {
  auto result = check_query(row_of(operation), query);
  return result ? "taken" : result.error().field + ": " + result.error().message;
}

TEST(Operations, the_index_of_a_row_is_its_operation) {
  for (std::size_t i = 0; i < operations.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(operations[i].operation), i) << operations[i].id;
  }
  EXPECT_EQ(row_of(Operation::create_vm).path, "/v1/vms");
  EXPECT_EQ(row_of(Operation::create_vm).request, "VmCreate");
  EXPECT_EQ(row_of(Operation::create_vm).status, 202);
}

TEST(Operations, all_that_change_something_need_more_than_view_and_are_audited) {
  // What concerns nobody but the caller, and what hosts join by and report: their handlers look at
  // who that is.
  const std::set<std::string_view> own{
      "sign_in",     "sign_out",       "change_password",   "begin_totp",  "confirm_totp",
      "remove_totp", "delete_session", "create_first_user", "enroll_host", "exchange_authorities"};
  for (const auto& row : operations) {
    if (row.method == "GET") continue;
    EXPECT_EQ(row.permission >= Permission::operate, !own.contains(row.id)) << row.id;
    // What comes again and again is told at its beginning and end.
    bool piece = row.id == "put_upload_content" || row.id == "exchange_authorities";
    bool only_tells = row.id.starts_with("report_");  // by POST, as it has a body
    EXPECT_TRUE(row.audit || piece || only_tells) << row.id;
  }
}

TEST(Operations, no_two_have_the_same_method_and_path) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& row : operations)
    EXPECT_TRUE(seen.emplace(row.method, row.path).second) << row.id;
}

TEST(Query, known_parameters_are_taken) {
  EXPECT_EQ(refusal(Operation::list_vms, {{"limit", "10"}, {"after", ""}, {"observed", "off"}}),
            "taken");
  EXPECT_EQ(refusal(Operation::delete_vm, {{"force", ""}}), "taken");
  EXPECT_EQ(refusal(Operation::get_vm, {}), "taken");
}

TEST(Query, only_lists_can_be_watched) {
  EXPECT_EQ(refusal(Operation::list_pools, {{"watch", ""}, {"since", "12"}}), "taken");
  EXPECT_EQ(refusal(Operation::get_pool, {{"watch", ""}}), "?watch: is not known");
  EXPECT_EQ(refusal(Operation::list_pools, {{"since", "-1"}}), "?since: must be at least 0");
}

TEST(Query, mistakes_are_named) {
  EXPECT_EQ(refusal(Operation::list_vms, {{"limt", "1"}}),
            "?limt: is not known; did you mean 'limit'?");
  EXPECT_EQ(refusal(Operation::list_vms, {{"limit", "ten"}}), "?limit: must be an integer");
  EXPECT_EQ(refusal(Operation::list_vms, {{"limit", "1 "}}), "?limit: must be an integer");
  EXPECT_EQ(refusal(Operation::list_vms, {{"limit", ""}}), "?limit: must be an integer");
  EXPECT_EQ(refusal(Operation::list_vms, {{"limit", "0"}}), "?limit: must be from 1 to 1000");
  EXPECT_EQ(refusal(Operation::list_vms, {{"limit", "99999999999999999999"}}),
            "?limit: must be an integer");
  EXPECT_EQ(refusal(Operation::list_tasks, {{"state", "done"}}),
            "?state: must be one of queued, running, succeeded, failed, cancelled");
  EXPECT_EQ(refusal(Operation::delete_vm, {{"force", "yes"}}), "?force: must be true or false");
}

TEST(Openapi, describes_every_operation_in_full) {
  auto document = boost::json::parse(openapi_json());
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  for (const auto& row : operations) {
    std::string method(row.method);
    std::ranges::transform(method, method.begin(),
                           [](char c) { return static_cast<char>(std::tolower(c)); });
    EXPECT_EQ(document.at("paths").at(row.path).at(method).at("operationId").as_string(), row.id);
  }
  auto& page = document.at("components").at("schemas").at("VmList");
  EXPECT_EQ(page.at("properties").at("items").at("items").at("$ref").as_string(),
            "#/components/schemas/Vm");
  EXPECT_FALSE(page.as_object().contains("x-list-of"));
}

TEST(Config, defaults_are_those_of_the_schema) {
  Config config;
  EXPECT_EQ(config.state_dir, "/var/lib/truce");
  EXPECT_EQ(config.uid_base, 720000);
  EXPECT_EQ(config_options[0].name, "state-dir");
  EXPECT_EQ(config_options[0].default_value, config.state_dir);
}

}  // namespace
}  // namespace truce::model
