// An estate that a platform which only pretends can be added to.
#pragma once

#include "estate.h"
#include "platform/fake.h"

namespace truce::manager {

constexpr std::string_view platform_wish =
    R"({"name":"prod","url":"fake://eva@one","password":"secret-1"})";

/// The platform, and with what it was reached.
struct Theirs {
  std::shared_ptr<platform::FakeEstate> estate = std::make_shared<platform::FakeEstate>();
  std::vector<std::string> passwords, urls;
};

/// Runs a test with an estate, a connected node, and a platform that nobody has added yet.
template <class Work>
void with_platform(Work work) {
  on_loop([&](asio::any_io_executor loop) -> Async<void> {
    Theirs theirs;
    Estate estate(loop);
    estate.adjust = [&](Settings& settings) {
      auto open = [&](asio::any_io_executor on, platform::Account account) {
        theirs.passwords.emplace_back(account.password ? account.password->text() : "none");
        theirs.urls.push_back(account.user + " at " + account.url);
        return std::make_unique<platform::FakePlatform>(std::move(on), theirs.estate);
      };
      settings.platform_kinds["fake"] = settings.platform_kinds["libvirt+fake"] = open;
      settings.platform_pace = {.look = 2ms, .save = 2ms, .feed = {10s, 1ms, 5ms}};
    };
    co_await estate.start();
    co_await estate.connect();
    co_await work(estate, theirs);
    estate.node.close();
    co_await estate.manager->stop();
  });
}

/// The platform as it is shown, once `so` is true of it.
inline Async<Answer> platform_when(Estate& estate, std::function<bool(const Answer&)> so) {
  Answer answer;
  do {
    answer = co_await estate.call("GET", "/v1/platforms/prod");
    co_await sleep_for(1ms);
  } while (!so(answer));
  co_return answer;
}

inline Async<Answer> when_it_is(Estate& estate, std::string state) {
  co_return co_await platform_when(
      estate, [state](const Answer& answer) { return answer.text("/state") == state; });
}

inline Async<void> add_platform(Estate& estate) {
  auto added = co_await estate.call("POST", "/v1/platforms", std::string(platform_wish));
  EXPECT_EQ(added.status, 201) << added.raw;
  co_await when_it_is(estate, "connected");
}

using Names = std::vector<std::string>;

/// Of the machines in a list.
inline Async<Names> names(Estate& estate, std::string query) {
  auto listed = co_await estate.call("GET", "/v1/vms?" + query);
  EXPECT_EQ(listed.status, 200) << listed.raw;
  Names out;
  if (listed.status != 200) co_return out;
  for (const auto& item : listed.body.at("items").as_array())
    out.emplace_back(item.at("name").as_string());
  co_return out;
}

}  // namespace truce::manager
