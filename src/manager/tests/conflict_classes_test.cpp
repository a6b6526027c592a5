// Conflict classes through the API: who may not be beside whom.
#include "estate.h"

namespace truce::manager {
namespace {

Async<void> make_class(Estate& estate, std::string body, int status = 201, std::string field = {}) {
  auto made = co_await estate.call("POST", "/v1/conflict-classes", std::move(body));
  EXPECT_EQ(made.status, status) << boost::json::serialize(made.body);
  if (!field.empty()) EXPECT_EQ(made.text("/field"), field);
}

std::string vm_body(std::string_view name, std::string_view conflict_class) {
  return fmt::format(R"({{"name":"{}","disk":1048576,"memory":67108864,"conflict_class":"{}"}})",
                     name, conflict_class);
}

TEST(ConflictClasses, are_made_changed_and_deleted_when_no_machine_is_of_them) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await make_class(estate, R"({"name":"bank-a","conflicts_with":["bank-b","bank-b"]})");
    co_await make_class(estate, R"({"name":"bank-a"})", 409, "/name");
    co_await make_class(estate, R"({"name":"odd","conflicts_with":["odd"]})", 400,
                        "/conflicts_with/0");
    auto shown = co_await estate.call("GET", "/v1/conflict-classes/bank-a");
    EXPECT_EQ(shown.body.at("conflicts_with").as_array().size(), 1U);
    auto missing = co_await estate.call("GET", "/v1/conflict-classes/none");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.text("/detail"), "there is no conflict class 'none'");
    auto created = co_await estate.call("POST", "/v1/vms", vm_body("m", "none"));
    EXPECT_EQ(created.text("/field"), "/conflict_class");
    EXPECT_EQ((co_await estate.call("POST", "/v1/vms", vm_body("m", "bank-a"))).status, 202);
    auto used = co_await estate.call("DELETE", "/v1/conflict-classes/bank-a");
    EXPECT_EQ(used.status, 409);
    auto changed = co_await estate.call("PATCH", "/v1/conflict-classes/bank-a",
                                        R"({"description":"x","conflicts_with":[]})");
    EXPECT_EQ(changed.status, 200);
    EXPECT_TRUE(!changed.body.as_object().contains("conflicts_with") ||
                changed.body.at("conflicts_with").as_array().empty());
    auto freed = co_await estate.call("PATCH", "/v1/vms/m", R"({"conflict_class":""})");
    EXPECT_EQ(freed.status, 200);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/conflict-classes/bank-a")).status, 204);
  });
}

TEST(ConflictClasses, a_machine_waits_while_one_of_another_class_is_on_the_only_host) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await make_class(estate, R"({"name":"bank-a","conflicts_with":["bank-b"]})");
    co_await make_class(estate, R"({"name":"bank-b"})");
    co_await make_class(estate, R"({"name":"bank-c"})");
    EXPECT_EQ((co_await estate.call("POST", "/v1/vms", vm_body("a", "bank-a"))).status, 202);
    auto first = co_await estate.node.machine("a", 1);
    EXPECT_EQ(first.conflict_class, "bank-a");
    EXPECT_EQ((co_await estate.call("POST", "/v1/vms", vm_body("b", "bank-b"))).status, 202);
    constexpr std::string_view why =
        "has 'a' of the conflict class bank-a, beside which no machine of bank-b may be";
    std::string problem;
    for (int i = 0; i < 100 && problem.empty(); ++i) {
      co_await sleep_for(20ms);
      problem = (co_await estate.call("GET", "/v1/vms/b")).text("/problem");
    }
    EXPECT_TRUE(problem.starts_with("no host fits: ") && problem.contains(why)) << problem;

    auto c = co_await estate.call("POST", "/v1/vms", vm_body("c", "bank-c"));
    EXPECT_EQ(c.status, 202);
    co_await estate.node.machine("c", 1);
    auto beside = co_await estate.call("PATCH", "/v1/vms/c", R"({"conflict_class":"bank-b"})");
    EXPECT_EQ(beside.status, 409) << "they would be beside each other";
    auto widened = co_await estate.call("PATCH", "/v1/conflict-classes/bank-c",
                                        R"({"conflicts_with":["bank-a"]})");
    EXPECT_EQ(widened.status, 409) << "they are beside each other";
    EXPECT_TRUE(widened.text("/detail").contains("'a' (bank-a)")) << widened.text("/detail");

    // It is placed once they do not conflict any more.
    auto ended =
        co_await estate.call("PATCH", "/v1/conflict-classes/bank-a", R"({"conflicts_with":[]})");
    EXPECT_EQ(ended.status, 200);
    co_await estate.node.machine("b", 1);
  });
}

}  // namespace
}  // namespace truce::manager
