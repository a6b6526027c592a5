// What one release does with what another one has stored or sends.
#include "base/release.h"
#include "cluster/cluster.h"
#include "estate.h"
#include "manager/leadership.h"

namespace truce::release {

std::int64_t played_format = 1;

std::string version() {
  return "1.2.3";
}
std::int64_t format() {
  return played_format;
}
std::int64_t oldest_format() {
  return 1;
}

}  // namespace truce::release

namespace truce::manager {
namespace {

/// For a test, this is the release that knows that format as its newest.
struct Played {
  explicit Played(std::int64_t format) { release::played_format = format; }
  ~Played() { release::played_format = 1; }
};

/// An estate that nobody has started, on a store that has this.
template <class Work>
void with_state(std::vector<store::Write> writes, Work work) {
  on_loop([&](asio::any_io_executor loop) -> Async<void> {
    Estate estate(loop);
    if (!writes.empty()) EXPECT_TRUE(co_await estate.store.commit({}, std::move(writes)));
    co_await work(estate);
    estate.node.close();
    if (estate.manager) co_await estate.manager->stop();
  });
}

Async<std::string> stored(Estate& estate, std::string key) {
  auto entry = co_await estate.store.get(key);
  co_return entry && *entry ? (*entry)->value : std::string();
}

TEST(Formats, fields_and_keys_of_a_newer_release_stay_when_an_older_one_writes) {
  with_state({{"future/thing", "not even JSON"}}, [](Estate& estate) -> Async<void> {
    co_await estate.start();
    co_await estate.connect();
    auto text = co_await stored(estate, "hosts/h1");
    text.insert(1, R"("future":{"deep":[1,2]},)");
    EXPECT_TRUE(co_await estate.store.commit({}, {{"hosts/h1", text}}));
    for (const auto* rack : {"r1", "r2"}) {
      auto set = co_await estate.call("PATCH", "/v1/hosts/h1",
                                      fmt::format(R"({{"fault_domain":"{}"}})", rack));
      EXPECT_EQ(set.status, 200) << set.raw;
    }
    text = co_await stored(estate, "hosts/h1");
    EXPECT_NE(text.find(R"("future":{"deep":[1,2]})"), text.npos) << text;
    EXPECT_NE(text.find(R"("fault_domain":"r2")"), text.npos) << text;
    EXPECT_EQ(co_await stored(estate, "future/thing"), "not even JSON");
  });
}

TEST(Formats, a_state_of_a_newer_format_is_refused_before_anything_else_in_it_is_read) {
  std::vector<store::Write> newer{{"vms/web01", R"({"wanted":"hovering"})"}, {"state/format", "2"}};
  with_state(newer, [](Estate& estate) -> Async<void> {
    Settings settings;
    settings.node_socket = estate.folder / "node.sock";
    Manager manager(estate.loop, estate.store, settings);
    auto started = co_await manager.start();
    EXPECT_FALSE(started);
    if (started) co_return;
    EXPECT_EQ(started.error().code, Code::unsupported);
    EXPECT_NE(started.error().message.find("the state has format 2"), std::string::npos);
    auto checked = co_await check_state(estate.store);
    EXPECT_FALSE(checked);
    co_await manager.stop();
  });
}

TEST(Formats, a_format_that_is_no_number_is_a_damaged_state) {
  with_state({{"state/format", "2x"}}, [](Estate& estate) -> Async<void> {
    auto checked = co_await check_state(estate.store);
    EXPECT_FALSE(checked);
    if (!checked) EXPECT_EQ(checked.error().code, Code::corrupt);
  });
}

TEST(Formats, the_common_format_is_the_newest_that_all_hosts_know) {
  Played release(3);
  struct Row {
    std::vector<std::int64_t> hosts;
    std::int64_t common;
  };
  const Row rows[] = {{{}, 1}, {{3, 3}, 3}, {{3, 1, 2}, 1}, {{4, 3}, 3}, {{2, 2}, 2}};
  for (const auto& row : rows) {
    asio::io_context context;
    Inventory inventory(context.get_executor());
    store::Listing listing;
    for (auto format : row.hosts) {
      model::Host host{.name = fmt::format("h{}", listing.entries.size())};
      host.format = format;
      listing.entries.push_back({key_of<model::Host>(host.name), model::to_text(host), 1, 1});
    }
    ASSERT_TRUE(inventory.load(listing));
    EXPECT_EQ(common_format(inventory), row.common);
  }
}

// Waits until the cluster is shown so.
Async<void> shown(Estate& estate, std::string pointer, std::int64_t number) {
  for (int i = 0; i < 1000; ++i) {
    if ((co_await estate.call("GET", "/v1/cluster")).number(pointer) == number) co_return;
    co_await sleep_for(10ms);
  }
  ADD_FAILURE() << pointer << " is never " << number;
}

TEST(Formats, the_format_is_raised_once_the_last_host_knows_a_newer_one) {
  Played release(2);
  model::Host old{.name = "h2", .state = model::HostState::offline};
  with_state({{"hosts/h2", model::to_text(old)}}, [](Estate& estate) -> Async<void> {
    estate.node.format = 2;
    co_await estate.start();
    auto link = (estate.folder / "node.sock").string();
    co_await estate.node.connect(link, "h1");
    co_await shown(estate, "/versions/1.2.3", 1);
    EXPECT_EQ((co_await estate.call("GET", "/v1/cluster")).number("/format"), 1);
    PlayedNode second(estate.loop);
    second.format = 2;
    co_await second.connect(link, "h2");
    co_await shown(estate, "/format", 2);
    EXPECT_EQ(co_await stored(estate, "state/format"), "2");
    auto events = co_await estate.call("GET", "/v1/events?target=cluster");
    EXPECT_EQ(events.text("/items/0/kind"), "cluster.format") << events.raw;
    second.close();
  });
}

TEST(Formats, a_node_that_does_not_know_the_format_is_told_why_it_is_not_served) {
  Played release(2);
  model::Host old{.name = "h2", .state = model::HostState::offline};
  old.format = 2;
  with_state(
      {{"state/format", "2"}, {"hosts/h2", model::to_text(old)}},
      [](Estate& estate) -> Async<void> {
        co_await estate.start();
        auto socket = co_await connect_unix((estate.folder / "node.sock").string());
        EXPECT_TRUE(socket);
        if (!socket) co_return;
        EXPECT_TRUE(co_await write_frame(*socket, R"({"hello":{"host":"h2","version":"0.9"}})"));
        auto frame = co_await within(5s, read_frame(*socket, mib(1)), "refusal");
        EXPECT_TRUE(frame);
        auto message = model::from_text<model::ToNode>(frame.value_or("{}"));
        EXPECT_TRUE(message && message->refused &&
                    message->refused->contains("knows none after 1"));
        EXPECT_FALSE(co_await within(5s, read_frame(*socket, mib(1)), "end"));
        auto shown = co_await estate.call("GET", "/v1/hosts/h2");
        EXPECT_EQ(shown.text("/state"), "offline");
        EXPECT_EQ(shown.text("/version"), "0.9");
        EXPECT_NE(shown.text("/problem").find("upgrade it"), std::string::npos);
      });
}

TEST(Formats, what_a_node_says_in_words_of_a_newer_release_costs_only_that) {
  with_state({}, [](Estate& estate) -> Async<void> {
    co_await estate.start();
    co_await estate.connect();
    co_await estate.node.send(
        R"({"report":{"vms":[{"uuid":"u","observed":"levitating","generation":1}]}})");
    co_await estate.node.send(R"({"thought":"none","report":{"mood":"good"}})");
    co_await estate.make_machine("web01");  // over the same connection
    EXPECT_EQ((co_await estate.call("GET", "/v1/hosts/h1")).text("/state"), "online");
  });
}

}  // namespace
}  // namespace truce::manager
