// One certificate authority takes another one's place: the decisions, and the API.
#include "cluster/rotation.h"

#include "played_membership.h"

namespace truce::manager {
namespace {

using model::AuthorityReport;
using model::AuthorityRotation;
using model::RotationStage;

AuthorityRotation rotation_in(RotationStage stage) {
  AuthorityRotation rotation{.stage = stage, .old = "old", .fresh = "new"};
  rotation.etcd_fresh = "etcd-new";
  return rotation;
}

/// What a host says that has nothing to do in `stage` any more.
AuthorityReport done_with(RotationStage stage, const std::string& host) {
  AuthorityReport report{.host = host};
  bool last = stage == RotationStage::forget;
  report.believed = last ? std::vector<std::string>{"new"} : std::vector<std::string>{"old", "new"};
  report.etcd_believed = last ? std::vector<std::string>{"etcd-new"}
                              : std::vector<std::string>{"etcd-new", "etcd-old"};
  bool early = stage == RotationStage::trust;
  report.signed_by = early ? "old" : "new";
  report.etcd_signed_by = early ? "etcd-old" : "etcd-new";
  report.keys = {"old", "new", "etcd-old", "etcd-new"};
  return report;
}

constexpr RotationStage stages[]{RotationStage::trust, RotationStage::issue, RotationStage::forget};

TEST(Rotation, a_stage_is_done_by_who_has_done_all_of_it) {
  for (auto stage : stages) {
    auto rotation = rotation_in(stage);
    EXPECT_TRUE(has_done(rotation, done_with(stage, "h1"), true));
    EXPECT_FALSE(has_done(rotation, {.host = "h1"}, true));
    EXPECT_FALSE(has_done(rotation, {.host = "h1"}, false));
  }
}

TEST(Rotation, what_is_lacking_keeps_a_stage_from_being_done) {
  using Change = std::function<void(AuthorityReport&)>;
  struct Case {
    RotationStage stage;
    Change change;
    bool of_managers_only;
  };
  const std::vector<Case> cases{
      {RotationStage::trust, [](auto& r) { r.believed = {"old"}; }, false},
      {RotationStage::trust, [](auto& r) { r.keys = {"old", "etcd-old", "etcd-new"}; }, true},
      {RotationStage::trust, [](auto& r) { r.keys = {"old", "new", "etcd-old"}; }, true},
      {RotationStage::trust, [](auto& r) { r.etcd_believed = {"etcd-old"}; }, true},
      {RotationStage::issue, [](auto& r) { r.signed_by = "old"; }, false},
      {RotationStage::issue, [](auto& r) { r.etcd_signed_by = "etcd-old"; }, true},
      {RotationStage::forget, [](auto& r) { r.believed = {"old", "new"}; }, false},
      {RotationStage::forget, [](auto& r) { r.believed = {"old"}; }, false},
      {RotationStage::forget, [](auto& r) { r.etcd_believed = {}; }, true},
      {RotationStage::forget, [](auto& r) { r.etcd_believed = {"etcd-old", "etcd-new"}; }, true}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    auto report = done_with(cases[i].stage, "h1");
    cases[i].change(report);
    auto rotation = rotation_in(cases[i].stage);
    EXPECT_FALSE(has_done(rotation, report, true)) << i;
    EXPECT_EQ(has_done(rotation, report, false), cases[i].of_managers_only) << i;
    rotation.etcd_fresh.clear();  // truced runs no etcd
    bool of_etcd = cases[i].of_managers_only && i != 1;
    EXPECT_EQ(has_done(rotation, report, true), of_etcd) << i;
  }
}

TEST(Rotation, a_report_counts_as_long_as_it_holds_and_gives_the_turn_back) {
  auto rotation = rotation_in(RotationStage::trust);
  rotation.turn = "h2";
  rotation = with_report(rotation, done_with(RotationStage::trust, "h1"), true);
  EXPECT_EQ(rotation.done, std::vector<std::string>{"h1"});
  EXPECT_EQ(rotation.turn, "h2");
  rotation = with_report(rotation, done_with(RotationStage::trust, "h2"), true);
  EXPECT_EQ(rotation.turn, "");
  EXPECT_EQ(rotation.done, (std::vector<std::string>{"h1", "h2"}));
  EXPECT_EQ(missing(rotation, {"h1", "h2", "h3"}), std::vector<std::string>{"h3"});
  // A disk that was put back, for instance.
  rotation = with_report(rotation, {.host = "h1"}, true);
  EXPECT_EQ(rotation.done, std::vector<std::string>{"h2"});
}

TEST(Rotation, stages_follow_one_another_and_each_begins_with_nobody) {
  auto rotation = rotation_in(RotationStage::trust);
  rotation.done = {"h1"};
  rotation.turn = "h1";
  auto second = next_stage(rotation);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->stage, RotationStage::issue);
  EXPECT_TRUE(second->done.empty());
  EXPECT_EQ(second->turn, "");
  auto third = next_stage(*second);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->stage, RotationStage::forget);
  EXPECT_FALSE(next_stage(*third));
}

TEST(Rotation, members_of_etcd_start_anew_one_by_one_while_all_are_well) {
  const std::vector<std::string> managers{"h1", "h2", "h3"};
  std::map<std::string, SeatState> well{{"h1", {}}, {"h2", {}}, {"h3", {}}};
  for (auto stage : {RotationStage::trust, RotationStage::forget}) {
    auto rotation = rotation_in(stage);
    EXPECT_EQ(turn_of(rotation, "h2", managers, well), "h2");  // who leads goes first
    rotation.done = {"h2"};
    EXPECT_EQ(turn_of(rotation, "h2", managers, well), "h1");
    rotation.turn = "h1";
    auto ill = well;
    ill["h1"].problem = "it starts";
    EXPECT_EQ(turn_of(rotation, "h2", managers, ill), "h1");  // it has its turn still
    rotation.turn.clear();
    EXPECT_EQ(turn_of(rotation, "h2", managers, ill), "");
    auto without_vote = well;
    without_vote["h3"].votes = false;
    EXPECT_EQ(turn_of(rotation, "h2", managers, without_vote), "");
    EXPECT_EQ(turn_of(rotation, "h2", managers, {{"h1", {}}, {"h2", {}}}), "");
    rotation.turn = "h9";  // was taken out meanwhile
    EXPECT_EQ(turn_of(rotation, "h2", managers, well), "h1");
    rotation.done = managers;
    EXPECT_EQ(turn_of(rotation, "h2", managers, well), "");
  }
  EXPECT_EQ(turn_of(rotation_in(RotationStage::issue), "h1", managers, well), "");
}

TEST(Rotation, others_follow_who_leads) {
  auto rotation = rotation_in(RotationStage::trust);
  EXPECT_TRUE(may_follow(rotation, "h1", "h1"));
  EXPECT_FALSE(may_follow(rotation, "h2", "h1"));
  rotation.done = {"h1"};
  EXPECT_TRUE(may_follow(rotation, "h2", "h1"));
}

/// As a host of the cluster says it.
Async<Answer> report(Estate& estate, std::string as, AuthorityReport body) {
  auto user = std::exchange(estate.unix_user, std::nullopt);
  estate.host = std::move(as);
  auto answer = co_await estate.call("POST", "/v1/cluster/authorities", model::to_text(body));
  estate.host.clear();
  estate.unix_user = user;
  co_return answer;
}

AuthorityReport report_of(const std::string& host, std::vector<std::string> believed,
                          std::string signed_by) {
  AuthorityReport report{.host = host, .believed = std::move(believed)};
  report.signed_by = std::move(signed_by);
  report.keys = {"fresh-1"};
  return report;
}

Async<void> until_stage(Estate& estate, std::string stage) {
  co_await until([&]() -> Async<bool> {
    co_return (co_await estate.call("GET", "/v1/cluster")).text("/rotation/stage") == stage;
  });
}

TEST(Seals, managers_get_the_keys_that_they_lack_and_nodes_never) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    auto keys = std::string(estate.seals.text()->text());
    EXPECT_EQ((co_await report(estate, "h1", {.host = "h1"})).text("/seals"), keys);
    AuthorityReport has{.host = "h1"};
    has.seals = estate.seals.ids();
    EXPECT_EQ((co_await report(estate, "h1", has)).text("/seals"), "");
    has.seals = {"another"};
    EXPECT_EQ((co_await report(estate, "h1", has)).text("/seals"), keys);
    EXPECT_EQ((co_await report(estate, "h2", {.host = "h2"})).text("/seals"), "");
  });
}

TEST(Rotation, goes_through_its_stages_as_hosts_report_and_waits_for_who_is_away) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    EXPECT_EQ((co_await estate.call("POST", "/v1/cluster/rotate-ca")).status, 409);
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    co_await invite(estate, "h3");
    const std::string old(64, 'f');
    auto begun = co_await estate.call("POST", "/v1/cluster/rotate-ca");
    EXPECT_EQ(begun.status, 200) << begun.raw;
    EXPECT_EQ(begun.text("/rotation/fresh"), "fresh-1");
    EXPECT_EQ((co_await estate.call("POST", "/v1/cluster/rotate-ca")).status, 409);
    auto shown = co_await estate.call("GET", "/v1/cluster");
    EXPECT_NE(shown.text("/rotation/waits").find("h2 is offline"), std::string::npos) << shown.raw;
    EXPECT_EQ(shown.text("/fingerprint"), old);

    // Nobody is told before who leads has done it, and no node ever gets a key.
    auto early = co_await report(estate, "h2", report_of("h2", {old}, old));
    EXPECT_EQ(early.text("/authority"), "");
    auto own = co_await report(estate, "h1", report_of("h1", {old, "fresh-1"}, old));
    EXPECT_EQ(own.text("/authority_key"), "key of fresh-1");
    auto told = co_await report(estate, "h2", report_of("h2", {old}, old));
    EXPECT_EQ(told.text("/authority"), "certificate of fresh-1");
    EXPECT_EQ(told.text("/authority_key"), "");
    EXPECT_FALSE(told.raw.contains("key of"));
    EXPECT_EQ((co_await report(estate, "h2", report_of("h2", {old, "fresh-1"}, old))).status, 200);
    co_await until_stage(estate, "issue");

    shown = co_await estate.call("GET", "/v1/cluster");
    EXPECT_EQ(shown.text("/fingerprint"), "fresh-1");
    EXPECT_EQ((co_await estate.call("GET", "/v1/cluster/tokens")).text("/items"), "[]");
    EXPECT_EQ((co_await enroll(estate, request_of("h2", ""), "h2")).status, 201);
    EXPECT_EQ(membership.signed_with, "fresh-1");
    co_await report(estate, "h1", report_of("h1", {old, "fresh-1"}, "fresh-1"));
    co_await report(estate, "h2", report_of("h2", {old, "fresh-1"}, "fresh-1"));
    co_await until_stage(estate, "forget");
    co_await report(estate, "h1", report_of("h1", {"fresh-1"}, "fresh-1"));
    co_await report(estate, "h2", report_of("h2", {old, "fresh-1"}, "fresh-1"));
    shown = co_await estate.call("GET", "/v1/cluster");
    EXPECT_EQ(shown.text("/rotation/done"), R"(["h1"])");
    co_await report(estate, "h2", report_of("h2", {"fresh-1"}, "fresh-1"));
    co_await until_stage(estate, "(none)");
    auto events = co_await estate.call("GET", "/v1/events?target=cluster");
    EXPECT_TRUE(events.raw.contains("nobody believes"));
  });
}

TEST(Rotation, who_is_taken_out_is_waited_for_no_more) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    co_await estate.call("POST", "/v1/cluster/rotate-ca");
    const std::string old(64, 'f');
    co_await report(estate, "h1", report_of("h1", {old, "fresh-1"}, old));
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/hosts/h2?force=true")).status, 204);
    co_await until_stage(estate, "issue");
  });
}

TEST(Rotation, a_leader_without_the_new_key_makes_another_authority_and_begins_anew) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    co_await found_cluster(estate);
    co_await estate.call("POST", "/v1/cluster/rotate-ca");
    membership.made = "lost with its disk";
    co_await until([&]() -> Async<bool> {
      auto shown = co_await estate.call("GET", "/v1/cluster");
      co_return shown.text("/rotation/fresh") == "fresh-2" &&
          shown.text("/rotation/stage") == "trust";
    });
  });
}

TEST(Rotation, a_host_speaks_for_itself) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    co_await estate.call("POST", "/v1/cluster/rotate-ca");
    EXPECT_EQ((co_await report(estate, "h2", report_of("h1", {}, ""))).status, 403);
    EXPECT_EQ((co_await report(estate, "", report_of("h1", {}, ""))).status, 403);
    EXPECT_EQ((co_await report(estate, "h2", {.host = "h2"})).status, 200);
  });
}

}  // namespace
}  // namespace truce::manager
