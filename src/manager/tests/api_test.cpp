// What the API refuses, to whom, and how it lists and watches.
#include "estate.h"

namespace truce::manager {
namespace {

/// A request that is refused, and how.
struct Refused {
  const char *method, *target, *body;
  int status;
  const char* field;
};
constexpr Refused refused[] = {
    {"POST", "/v1/vms", "{", 400, "(none)"},
    {"POST", "/v1/vms", "[]", 400, "(none)"},
    {"POST", "/v1/vms", "{}", 400, "/name"},
    {"POST", "/v1/vms", R"({"name":"Web01","disk":1048576})", 400, "/name"},
    {"POST", "/v1/vms", R"({"name":"a","disk":1})", 400, "/disk"},
    {"POST", "/v1/vms", R"({"name":"a","disk":1048576,"cpus":0})", 400, "/cpus"},
    {"POST", "/v1/vms", R"({"name":"a","disk":1048576,"cpus":"2"})", 400, "/cpus"},
    {"POST", "/v1/vms", R"({"name":"a","disk":1048576,"memroy":1})", 400, "/memroy"},
    {"POST", "/v1/vms", R"({"name":"a","disk":1048576,"forward":["x"]})", 400, "/forward/0"},
    {"POST", "/v1/vms", R"({"name":"a","disk":1048576,"network":"none"})", 400, "/network"},
    {"POST", "/v1/vms", R"({"name":"a","template":"none"})", 400, "/template"},
    {"POST", "/v1/vms", R"({"name":"a"})", 400, "/template"},
    {"POST", "/v1/vms", R"({"name":"a","disk":1048576,"hardware":{"cores":0}})", 400,
     "/hardware/cores"},
    {"POST", "/v1/vms", R"({"name":"a","disk":1048576,"hardware":{"secure_boot":"microsoft"}})",
     400, "/hardware/secure_boot"},
    {"POST", "/v1/vms", R"({"name":"a","disk":1048576,"hardware":{"gpu_3d":true}})", 400,
     "/hardware/gpu_3d"},
    {"POST", "/v1/vms", R"({"name":"a","disk":1048576,"answer_file":"d-i x"})", 400,
     "/answer_file"},
    {"POST", "/v1/vms", R"({"name":"a","disk":1048576,"answer_kind":"preseed"})", 400,
     "/answer_kind"},
    {"POST", "/v1/vms/web01/start", R"({"boot":"floppy"})", 400, "/boot"},
    {"PATCH", "/v1/vms/web01", R"({"hardware":{"numa_nodes":2}})", 400, "/hardware/numa_nodes"},
    {"POST", "/v1/vms", R"({"name":"web01","disk":1048576})", 409, "/name"},
    {"GET", "/v1/vms?limit=0", "", 400, "?limit"},
    {"GET", "/v1/vms?limit=many", "", 400, "?limit"},
    {"GET", "/v1/vms?observed=flying", "", 400, "?observed"},
    {"GET", "/v1/vms?colour=red", "", 400, "?colour"},
    {"GET", "/v1/vms/none", "", 404, "(none)"},
    {"GET", "/v1/none", "", 404, "(none)"},
    {"PUT", "/v1/vms/web01", "", 405, "(none)"},
    {"POST", "/v1/vms/web01/pause", "", 409, "(none)"},
    {"POST", "/v1/vms/web01/reset", "", 409, "(none)"},
    {"POST", "/v1/vms/web01/rename", R"({"new_name":"web01"})", 409, "/new_name"},
    {"PATCH", "/v1/vms/web01", R"({"memory":1})", 400, "/memory"},
    {"POST", "/v1/templates", R"({"name":"x"})", 400, "/recipe"},
    {"POST", "/v1/templates", R"({"name":"x","file":"relative"})", 400, "/file"},
    {"POST", "/v1/networks", R"({"name":"x","subnet":"10.0.0.1"})", 400, "/subnet"},
    {"DELETE", "/v1/networks/default", "", 409, "(none)"},
    {"POST", "/v1/tokens", R"({"name":"x","role":"king"})", 400, "/role"},
    {"POST", "/v1/tokens", R"({"name":"x","certificate":"none"})", 400, "/certificate"},
    {"GET", "/v1/consoles/none", "", 400, "(none)"},
};

TEST(Api, bad_input_gets_a_problem_that_names_the_field) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    for (const auto& row : refused) {
      auto answer = co_await estate.call(row.method, row.target, row.body);
      EXPECT_EQ(answer.status, row.status) << row.method << " " << row.target << " " << row.body;
      EXPECT_EQ(answer.text("/field"), row.field) << row.target << " " << row.body;
      EXPECT_NE(answer.text("/detail"), "(none)") << row.target;
    }
  });
}

Async<std::string> token(Estate& estate, std::string body) {
  auto created = co_await estate.call("POST", "/v1/tokens", body);
  EXPECT_EQ(created.status, 201);
  co_return "Bearer " + created.text("/token");
}

TEST(Api, each_role_may_do_its_own_and_nobody_else_anything) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    auto viewer = co_await token(estate, R"({"name":"v","role":"viewer"})");
    auto worker = co_await token(estate, R"({"name":"o","role":"operator"})");
    auto admin = co_await token(estate, R"({"name":"a","role":"admin"})");
    estate.unix_user.reset();
    struct Row {
      const char *method, *target;
      int nobody, viewer, worker, admin;
    };
    const Row rows[] = {
        {"GET", "/healthz", 200, 200, 200, 200},
        {"GET", "/v1", 200, 200, 200, 200},
        {"GET", "/v1/vms", 401, 200, 200, 200},
        {"GET", "/metrics", 401, 200, 200, 200},
        {"POST", "/v1/vms/web01/stop", 401, 403, 202, 202},
        {"POST", "/v1/templates", 401, 403, 403, 400},
        {"GET", "/v1/tokens", 401, 403, 403, 200},
    };
    for (const auto& row : rows) {
      EXPECT_EQ((co_await estate.call(row.method, row.target)).status, row.nobody) << row.target;
      auto as = [&](std::string who) {
        return estate.call(row.method, row.target, "", {{"authorization", std::move(who)}});
      };
      EXPECT_EQ((co_await as(viewer)).status, row.viewer) << row.target;
      EXPECT_EQ((co_await as(worker)).status, row.worker) << row.target;
      EXPECT_EQ((co_await as(admin)).status, row.admin) << row.target;
      EXPECT_EQ((co_await as("Bearer nonsense")).status, 401) << row.target;
    }
  });
}

TEST(Api, a_token_of_one_project_sees_and_touches_only_that_one) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    auto holder = co_await token(estate, R"({"name":"o","role":"operator","projects":["shop"]})");
    estate.unix_user.reset();
    std::map<std::string, std::string> headers{{"authorization", holder}};
    auto listed = co_await estate.call("GET", "/v1/vms", "", headers);
    EXPECT_EQ(listed.body.at("items").as_array().size(), 0U);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/web01", "", headers)).status, 404);
    EXPECT_EQ((co_await estate.call("POST", "/v1/vms/web01/start", "", headers)).status, 404);
    EXPECT_EQ(
        (co_await estate.call("GET", "/v1/events", "", headers)).body.at("items").as_array().size(),
        0U);
    auto other = co_await estate.call("POST", "/v1/vms", R"({"name":"b","disk":1048576})", headers);
    EXPECT_EQ(other.status, 403);
    auto own = co_await estate.call("POST", "/v1/vms",
                                    R"({"name":"b","disk":1048576,"project":"shop"})", headers);
    EXPECT_EQ(own.status, 202);
  });
}

TEST(Api, a_withdrawn_or_expired_token_opens_nothing) {
  with_estate([](Estate& estate) -> Async<void> {
    auto holder = co_await token(estate, R"({"name":"v","role":"viewer"})");
    std::map<std::string, std::string> headers{{"authorization", holder}};
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms", "", headers)).status, 200);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/tokens/v")).status, 204);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms", "", headers)).status, 401);
    auto soon = to_string(now() + 30ms);
    auto brief = co_await token(estate, fmt::format(R"({{"name":"w","expires":"{}"}})", soon));
    co_await sleep_for(40ms);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms", "", {{"authorization", brief}})).status, 401);
  });
}

TEST(Api, the_text_of_a_token_is_stored_nowhere) {
  with_estate([](Estate& estate) -> Async<void> {
    auto holder = co_await token(estate, R"({"name":"v"})");
    auto secret = holder.substr(std::string("Bearer ").size());
    auto stored = co_await estate.store.list("");
    for (const auto& entry : stored->entries) {
      EXPECT_EQ(entry.value.find(secret), std::string::npos) << entry.key;
    }
  });
}

TEST(Api, every_change_is_an_event_with_its_user) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    auto events = co_await estate.call("GET", "/v1/events?target=vms/web01");
    bool found = false;
    for (const auto& event : events.body.at("items").as_array()) {
      if (event.at("kind").as_string() != "api.create_vm") continue;
      found = true;
      EXPECT_EQ(event.at("user").as_string(), "root");
      EXPECT_EQ(event.at("address").as_string(), "unix");
    }
    EXPECT_TRUE(found);
  });
}

TEST(Api, lists_come_in_pages_and_filtered) {
  with_estate([](Estate& estate) -> Async<void> {
    for (const char* name : {"a1", "a2", "b1"}) co_await estate.make_machine(name);
    auto first = co_await estate.call("GET", "/v1/vms?limit=2");
    EXPECT_EQ(first.text("/items/0/name"), "a1");
    EXPECT_EQ(first.text("/next"), "a2");
    auto second = co_await estate.call("GET", "/v1/vms?limit=2&after=a2");
    EXPECT_EQ(second.text("/items/0/name"), "b1");
    EXPECT_EQ(second.text("/next"), "");
    auto filtered = co_await estate.call("GET", "/v1/vms?contains=a&observed=off");
    EXPECT_EQ(filtered.body.at("items").as_array().size(), 2U);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms?observed=running"))
                  .body.at("items")
                  .as_array()
                  .size(),
              0U);
  });
}

TEST(Api, a_change_under_if_match_needs_the_revision_that_was_read) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    auto read = co_await estate.call("GET", "/v1/vms/web01");
    auto tag = read.headers.at("ETag");
    auto first =
        co_await estate.call("PATCH", "/v1/vms/web01", R"({"cpus":2})", {{"if-match", tag}});
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.text("/cpus"), "2");
    auto second =
        co_await estate.call("PATCH", "/v1/vms/web01", R"({"cpus":3})", {{"if-match", tag}});
    EXPECT_EQ(second.status, 412);
    EXPECT_EQ(second.text("/field"), "If-Match");
  });
}

/// Gathers what a stream writes.
class Gathered : public http::BodyWriter {
 public:
  Async<Result<void>> write(std::string piece) override {
    text += piece;
    if (stopped) co_return fail(Code::cancelled, "gone");
    co_return Result<void>{};
  }
  std::string text;
  bool stopped = false;
};

http::Request asked_by_root(std::string path) {
  http::Request request;
  request.method = "GET";
  request.path = std::move(path);
  request.peer.unix_user = 0;
  return request;
}

/// Does `body` while the watch that was asked for is open.
Async<void> while_watching(Estate& estate, http::Request request,
                           std::function<Async<void>(Gathered& gathered)> body) {
  auto response = co_await estate.manager->handle(std::move(request));
  EXPECT_TRUE(response.stream);
  Gathered gathered;
  Scope scope(estate.loop);
  scope.spawn(response.stream(gathered));
  co_await sleep_for(20ms);
  co_await body(gathered);
  scope.cancel();
  co_await scope.join();
}

TEST(Api, a_watch_begins_with_what_is_and_goes_on_with_what_changes) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("a1");
    auto request = asked_by_root("/v1/vms");
    request.query["watch"] = "";
    co_await while_watching(estate, request, [&](Gathered& gathered) -> Async<void> {
      EXPECT_TRUE(gathered.text.contains("event: put"));
      EXPECT_TRUE(gathered.text.contains("event: synced"));
      gathered.text.clear();
      auto vm = co_await estate.make_machine("a2");
      EXPECT_TRUE(gathered.text.contains(R"("name":"a2")"));
      gathered.text.clear();
      co_await estate.call("DELETE", "/v1/vms/a2");
      co_await estate.node.machine("a2", 2);
      co_await estate.node.report(model::VmReport{vm.uuid, model::Observed::absent, 2});
      co_await sleep_for(50ms);
      EXPECT_TRUE(gathered.text.contains("event: delete"));
    });
  });
}

TEST(Api, a_watch_ends_for_who_is_not_known_any_more) {
  with_estate([](Estate& estate) -> Async<void> {
    Limits limits;
    limits.admin_group = 77;
    estate.manager->change(limits);
    auto request = asked_by_root("/v1/watch");
    request.peer.unix_user = 12345;
    request.peer.unix_groups = {77};
    co_await while_watching(estate, request, [&](Gathered& gathered) -> Async<void> {
      estate.manager->change({});
      co_await estate.make_machine("unseen");
      co_await sleep_for(20ms);
      EXPECT_TRUE(gathered.text.contains("event: gone")) << gathered.text;
      EXPECT_FALSE(gathered.text.contains("unseen")) << gathered.text;
    });
  });
}

TEST(Api, the_watch_of_everything_tells_of_each_kind_from_a_revision_on) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("a1");
    auto request = asked_by_root("/v1/watch");
    co_await while_watching(estate, request, [&](Gathered& gathered) -> Async<void> {
      EXPECT_TRUE(gathered.text.starts_with("event: synced"));
      EXPECT_FALSE(gathered.text.contains("a1"));
      co_await estate.call("PATCH", "/v1/vms/a1", R"({"description":"new"})");
      co_await sleep_for(20ms);
      EXPECT_TRUE(gathered.text.contains(R"({"kind":"vms",)"));
      EXPECT_TRUE(gathered.text.contains(R"({"kind":"events",)"));
    });
    request.query["since"] = "1000000";
    EXPECT_EQ((co_await estate.manager->handle(request)).status, 400);
  });
}

TEST(Api, tasks_come_newest_first_on_request) {
  with_estate([](Estate& estate) -> Async<void> {
    for (const char* name : {"a1", "a2", "a3"}) co_await estate.make_machine(name);
    auto first = co_await estate.call("GET", "/v1/tasks?newest=true&limit=2");
    EXPECT_EQ(first.text("/items/0/target"), "vms/a3");
    EXPECT_EQ(first.text("/items/1/target"), "vms/a2");
    auto second =
        co_await estate.call("GET", "/v1/tasks?newest=true&limit=2&after=" + first.text("/next"));
    EXPECT_EQ(second.text("/items/0/target"), "vms/a1");
    EXPECT_EQ(second.text("/next"), "");
  });
}

TEST(Api, questions_to_a_host_that_is_gone_are_answered_as_unavailable) {
  with_estate([](Estate& estate) -> Async<void> {
    auto vm = co_await estate.make_machine("web01");
    co_await estate.call("POST", "/v1/vms/web01/start");
    co_await estate.node.machine("web01", 2);
    co_await estate.node.report(model::VmReport{vm.uuid, model::Observed::running, 2});
    co_await sleep_for(50ms);
    estate.node.close();
    co_await sleep_for(50ms);
    EXPECT_EQ((co_await estate.call("POST", "/v1/vms/web01/reset")).status, 503);
  });
}

}  // namespace
}  // namespace truce::manager
