// Alarms that are quick, and a sender that only pretends.
#pragma once

#include <deque>
#include <set>

#include "estate.h"

namespace truce::manager {

/// Keeps what was sent; receivers may be down, or never answer.
class FakeSender final : public Sender {
 public:
  explicit FakeSender(asio::any_io_executor loop) : loop_(std::move(loop)) {}

  Async<Result<void>> post(std::string url, std::string document) override {
    co_return co_await take(std::move(url), std::move(document));
  }
  Async<Result<void>> mail(std::string to, std::string text) override {
    co_return co_await take(std::move(to), std::move(text));
  }
  void stop() override {}

  std::vector<std::pair<std::string, std::string>> sent;  ///< receiver and text
  std::set<std::string> down;
  std::set<std::string> silent;
  int tries = 0;

  /// Documents that a webhook has got.
  [[nodiscard]] std::vector<boost::json::object> documents(const std::string& url) const {
    std::vector<boost::json::object> all;
    for (const auto& [receiver, text] : sent)
      if (receiver == url) all.push_back(boost::json::parse(text).as_object());
    return all;
  }

 private:
  Async<Result<void>> take(std::string receiver, std::string text) {
    ++tries;
    co_await sleep_for(1ms);
    if (silent.contains(receiver)) co_await sleep_for(1h);
    if (down.contains(receiver)) co_return fail(Code::unavailable, "answered 503");
    sent.emplace_back(std::move(receiver), std::move(text));
    co_return Result<void>{};
  }

  asio::any_io_executor loop_;
};

inline const std::string chat = "https://chat.example.com/hooks/secret-word";
inline const std::string pager = "https://pager.example.com/other-word";

/// An estate whose alarms are looked at and told within moments.
struct AlarmLab {
  explicit AlarmLab(asio::any_io_executor loop) : sender(loop), estate(loop) {
    estate.sender = &sender;
    estate.alarm_pace = {.look = 50ms,
                         .settle = 5ms,
                         .gather = 40ms,
                         .grace = 0ms,
                         .first_retry = 20ms,
                         .longest_retry = 50ms};
    estate.mail.server = "smtp://mail.example.com:25";
    estate.mail.from = "truce@example.com";
  }

  Async<void> create(std::string body) {
    auto made = co_await estate.call("POST", "/v1/alarms", body);
    EXPECT_EQ(made.status, 201) << boost::json::serialize(made.body);
  }
  /// An alarm for hosts that are offline, told at once to `chat`.
  Async<void> create_gone() {
    co_await create(R"({"name":"gone","subject":"host","state":"offline","for_seconds":0,)"
                    R"("webhook":[")" +
                    chat + R"("]})");
  }
  Async<void> report(model::Vm vm, model::Observed observed, std::string problem = {}) {
    model::VmReport seen{vm.uuid, observed, vm.generation};
    seen.failed = std::move(problem);
    co_await estate.node.report(seen);
  }
  /// Waits until it is so.
  template <class So>
  Async<bool> until(So so) {
    for (int i = 0; i < 500; ++i) {
      if (so()) co_return true;
      co_await sleep_for(10ms);
    }
    ADD_FAILURE() << "this did not come true";
    co_return false;
  }
  Async<bool> raised(std::string alarm, std::int64_t count) {
    for (int i = 0; i < 500; ++i) {
      auto shown = co_await estate.call("GET", "/v1/alarms/" + alarm);
      if (shown.text("/raised_count") == std::to_string(count)) co_return true;
      co_await sleep_for(10ms);
    }
    ADD_FAILURE() << alarm << " is not raised for " << count;
    co_return false;
  }
  /// Waits until the store has nothing left below a prefix.
  Async<bool> none_left(std::string prefix) {
    for (int i = 0; i < 500; ++i) {
      auto left = co_await estate.store.list(prefix);
      if (left->entries.empty()) co_return true;
      co_await sleep_for(10ms);
    }
    ADD_FAILURE() << "there is still something in " << prefix;
    co_return false;
  }
  /// Kinds of the events of a target, the oldest first.
  Async<std::vector<std::string>> events(std::string target) {
    auto listed = co_await estate.call("GET", "/v1/events?limit=1000&target=" + target);
    std::vector<std::string> kinds;
    for (const auto& event : listed.body.at("items").as_array())
      kinds.emplace_back(event.at("kind").as_string());
    co_return kinds;
  }

  FakeSender sender;
  Estate estate;
};

/// Runs a test's coroutine with a lab whose node is connected.
template <class Work>
void with_alarms(Work work) {
  on_loop([&](asio::any_io_executor loop) -> Async<void> {
    AlarmLab lab(loop);
    co_await lab.estate.start();
    co_await lab.estate.connect();
    co_await work(lab);
    lab.estate.node.close();
    co_await lab.estate.manager->stop();
  });
}

}  // namespace truce::manager
