// Orders and places of lists, the summary, and the search over all kinds.
#include "estate.h"

namespace truce::manager {
namespace {

std::string names(const Answer& answer) {
  std::string all;
  for (const auto& item : answer.body.at("items").as_array())
    all += std::string(item.at("name").as_string()) + " ";
  return all;
}

Async<void> create(Estate& estate, std::string body) {
  auto answer = co_await estate.call("POST", "/v1/vms", body);
  EXPECT_EQ(answer.status, 202) << boost::json::serialize(answer.body);
}

Async<void> four_machines(Estate& estate) {
  co_await create(estate, R"({"name":"web01","disk":1048576,"cpus":2,"memory":536870912})");
  co_await create(estate, R"({"name":"web02","disk":1048576,"cpus":1,"memory":1073741824})");
  co_await create(estate,
                  R"({"name":"db","disk":1048576,"cpus":2,"memory":268435456,"project":"shop"})");
  co_await create(estate, R"({"name":"old","disk":1048576,"cpus":4,"memory":268435456,)"
                          R"("labels":{"Owner":"Eva"},"description":"The ledger of 1998"})");
}

TEST(Lists, machines_come_in_any_order_and_from_any_place) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await four_machines(estate);
    struct Row {
      const char *query, *names, *next, *total;
    };
    for (const auto& row : {
             Row{"sort=name", "db old web01 web02 ", "", "4"},
             {"descending", "web02 web01 old db ", "", "4"},
             {"sort=memory", "db old web01 web02 ", "", "4"},
             {"sort=memory&descending=true", "web02 web01 db old ", "", "4"},
             {"sort=cpus&limit=2", "web02 db ", "db", "4"},
             {"sort=cpus&limit=2&after=db", "web01 old ", "", "4"},
             {"sort=project&descending", "db old web01 web02 ", "", "4"},
             {"offset=1&limit=2", "old web01 ", "web01", "4"},
             {"offset=3", "web02 ", "", "4"},
             {"offset=9", "", "", "4"},
             {"offset=0&contains=web", "web01 web02 ", "", "2"},
             {"offset=0&project=shop", "db ", "", "1"},
         }) {
      auto answer = co_await estate.call("GET", std::string("/v1/vms?") + row.query);
      EXPECT_EQ(answer.status, 200) << row.query;
      if (answer.status != 200) continue;
      EXPECT_EQ(names(answer), row.names) << row.query;
      EXPECT_EQ(answer.text("/next"), row.next) << row.query;
      EXPECT_EQ(answer.text("/total"), row.total) << row.query;
    }
    struct Bad {
      const char *query, *field;
    };
    for (const auto& [query, field] : {Bad{"sort=colour", "?sort"},
                                       {"sort=name&watch", "?watch"},
                                       {"offset=-1", "?offset"},
                                       {"sort=cpus&after=none", "?after"}}) {
      auto answer = co_await estate.call("GET", std::string("/v1/vms?") + query);
      EXPECT_EQ(answer.status, 400) << query;
      EXPECT_EQ(answer.text("/field"), field) << query;
    }
  });
}

TEST(Lists, the_summary_counts_and_tells_what_is_wrong) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await four_machines(estate);
    auto vm = co_await estate.node.machine("web01", 1);
    model::VmReport seen{vm.uuid, model::Observed::running, 0};
    seen.failed = "the disk is full";
    seen.generation = 1;
    co_await estate.node.report(seen);
    Answer answer;
    for (int i = 0; i < 100 && answer.text("/problem_count") != "1"; ++i) {
      co_await sleep_for(20ms);
      answer = co_await estate.call("GET", "/v1/summary");
    }
    EXPECT_EQ(answer.text("/vms"), "4");
    EXPECT_EQ(answer.text("/hosts"), "1");
    EXPECT_EQ(answer.text("/cpus"), "4");
    EXPECT_EQ(answer.text("/cpus_given"), "2");
    EXPECT_EQ(answer.text("/memory_given"), "536870912");
    EXPECT_EQ(answer.text("/problems/0/target"), "vms/web01");
    EXPECT_EQ(answer.text("/problems/0/message"), "the disk is full");
    estate.node.close();
    for (int i = 0; i < 100 && answer.text("/problems/0/target") != "hosts/h1"; ++i) {
      co_await sleep_for(20ms);
      answer = co_await estate.call("GET", "/v1/summary");
    }
    EXPECT_EQ(answer.text("/problems/0/target"), "hosts/h1") << "the worst comes first";
    EXPECT_EQ(answer.text("/problems/0/severity"), "critical");
    EXPECT_NE(answer.text("/problems/0/advice"), "");
    EXPECT_EQ(answer.text("/cpus"), "0") << "nobody can use what is offline";
  });
}

TEST(Lists, a_search_finds_every_word_wherever_it_stands) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await four_machines(estate);
    struct Row {
      const char *text, *names;
    };
    for (const auto& [text, found] : {Row{"web01", "web01 "},
                                      {"WEB", "web01 web02 "},
                                      {"eva", "old "},
                                      {"ledger%201998", "old "},
                                      {"old%20eva", "old "},
                                      {"old%20web", ""},
                                      {"10.77", "default "},
                                      {"h1", "h1 "},
                                      {"%20", ""}}) {
      std::string decoded(text);
      for (auto at = decoded.find("%20"); at != decoded.npos; at = decoded.find("%20"))
        decoded.replace(at, 3, " ");
      auto answer = co_await estate.call("GET", "/v1/search?limit=10&text=" + decoded);
      EXPECT_EQ(answer.status, 200) << text;
      std::string hits;
      for (const auto& item : answer.body.at("items").as_array()) {
        if (item.at("kind").as_string() == "tasks" || item.at("field").as_string() == "host")
          continue;
        hits += std::string(item.at("name").as_string()) + " ";
      }
      EXPECT_EQ(hits, found) << text;
    }
    auto label = co_await estate.call("GET", "/v1/search?text=eva");
    EXPECT_EQ(label.text("/items/0/field"), "labels");
    EXPECT_EQ(label.text("/items/0/found"), "Owner=Eva");
    auto few = co_await estate.call("GET", "/v1/search?text=web&limit=1");
    EXPECT_EQ(few.text("/items/0/kind"), "vms");
    EXPECT_EQ(few.text("/more"), "true");
    EXPECT_EQ((co_await estate.call("GET", "/v1/search")).text("/field"), "?text");
    EXPECT_EQ((co_await estate.call("GET", "/v1/search?text=" + std::string(201, 'x'))).status,
              400);
  });
}

TEST(Lists, a_search_shows_nobody_what_is_not_theirs) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await four_machines(estate);
    auto made = co_await estate.call("POST", "/v1/tokens",
                                     R"({"name":"shopper","role":"viewer","projects":["shop"]})");
    std::map<std::string, std::string> as{{"authorization", "Bearer " + made.text("/token")}};
    auto own = co_await estate.call("GET", "/v1/search?text=db", "", as);
    EXPECT_EQ(own.text("/items/0/name"), "db");
    auto foreign = co_await estate.call("GET", "/v1/search?text=web", "", as);
    EXPECT_EQ(foreign.body.at("items").as_array().size(), 0U);
    auto token = co_await estate.call("GET", "/v1/search?text=shopper", "", as);
    EXPECT_EQ(token.body.at("items").as_array().size(), 0U);
    EXPECT_EQ((co_await estate.call("GET", "/v1/summary", "", as)).text("/vms"), "1");
  });
}

}  // namespace
}  // namespace truce::manager
