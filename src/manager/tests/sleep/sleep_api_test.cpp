// Power controls through the API: what is taken, what is kept, and that no password is shown.
#include "cluster/played_membership.h"

namespace truce::manager {
namespace {

constexpr std::string_view controller_password = "correct horse";

/// What the manager's power control is made of and does.
struct Switchboard {
  std::vector<std::string> made;  ///< addresses and passwords
  power::PowerState state = power::PowerState::on;
};

class Switch final : public power::PowerControl {
 public:
  explicit Switch(Switchboard& board) : board_(board) {}
  Async<Result<power::PowerState>> state() override { co_return board_.state; }
  Async<Result<void>> wake() override {
    board_.state = power::PowerState::on;
    co_return Result<void>();
  }
  Async<Result<void>> off(power::Off) override {
    board_.state = power::PowerState::off;
    co_return Result<void>();
  }

 private:
  Switchboard& board_;
};

/// A cluster of h1 and h2, whose node is connected.
template <class Work>
void with_switchboard(Work work) {
  on_loop([&](asio::any_io_executor loop) -> Async<void> {
    PlayedMembership membership;
    Switchboard board;
    Estate estate(loop);
    estate.adjust = [&](Settings& settings) {
      settings.host = "h1";
      settings.membership = &membership;
      settings.power_pace.step = 5ms;
      settings.power_pace.again = 20ms;
      settings.power_pace.call = 20ms;
      settings.power_control =
          [&](const model::Host& host,
              SecretPtr secret) -> Result<std::unique_ptr<power::PowerControl>> {
        board.made.push_back(host.power + " " + std::string(secret ? secret->text() : ""));
        return std::make_unique<Switch>(board);
      };
    };
    co_await estate.start();
    co_await estate.connect();
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    PlayedNode node(loop);
    co_await node.introduce(connect_as(estate, "h2"), "h2");
    co_await until([&]() -> Async<bool> { co_return co_await state_of(estate, "h2") == "online"; });
    co_await work(estate, node, board);
    node.close();
    estate.node.close();
    co_await estate.manager->stop();
  });
}

Async<Answer> set(Estate& estate, std::string body) {
  co_return co_await estate.call("PATCH", "/v1/hosts/h2", std::move(body));
}

Async<Answer> set_ipmi(Estate& estate, std::string address = "ipmi://truce@192.0.2.9") {
  co_return co_await set(estate, fmt::format(R"({{"power":"{}","power_password":"{}"}})", address,
                                             controller_password));
}

// Answers the manager's questions as a node does on which nothing is.
Async<void> agree(PlayedNode& node) {
  while (true) {
    auto message = co_await node.next();
    if (!message.call) continue;
    EXPECT_EQ(message.call->verb, model::CallVerb::power_off);
    EXPECT_TRUE(message.call->only_ask) << "its controller does it";
    model::FromNode told;
    told.reply = model::CallReply{.id = message.call->id};
    co_await node.send(told);
    co_return;
  }
}

TEST(HostPower, a_password_is_kept_sealed_and_stands_in_nothing_that_is_shown) {
  with_switchboard([](Estate& estate, PlayedNode&, Switchboard& board) -> Async<void> {
    auto answer = co_await set_ipmi(estate);
    EXPECT_EQ(answer.status, 200) << answer.raw;
    EXPECT_EQ(answer.text("/power"), "ipmi://truce@192.0.2.9");
    auto power = co_await estate.call("GET", "/v1/hosts/h2/power");
    EXPECT_EQ(power.text("/state"), "on");
    EXPECT_EQ(board.made.back(), "ipmi://truce@192.0.2.9 correct horse");
    auto everything = co_await estate.store.list("");
    std::string sealed;
    for (const auto& entry : everything->entries) {
      EXPECT_EQ(entry.value.find(controller_password), std::string::npos) << entry.key;
      if (entry.key == "host-power/h2") sealed = entry.value;
    }
    EXPECT_FALSE(sealed.empty());
    for (std::string_view path :
         {"/v1/hosts/h2", "/v1/hosts", "/v1/hosts/h2/power", "/v1/events"}) {
      auto shown = co_await estate.call("GET", std::string(path));
      EXPECT_EQ(shown.raw.find(controller_password), std::string::npos) << path;
      EXPECT_EQ(shown.raw.find(sealed), std::string::npos) << path;
    }
  });
}

TEST(HostPower, a_password_is_not_given_to_another_controller) {
  with_switchboard([](Estate& estate, PlayedNode&, Switchboard&) -> Async<void> {
    EXPECT_EQ((co_await set_ipmi(estate)).status, 200);
    auto other = co_await set(estate, R"({"power":"ipmi://truce@192.0.2.66"})");
    EXPECT_EQ(other.text("/field"), "/power_password") << other.raw;
    EXPECT_EQ((co_await set(estate, R"({"power":"ipmi://truce@192.0.2.9"})")).status, 200);
    EXPECT_EQ((co_await set(estate, R"({"label":{"rack":"r1"}})")).status, 200);
    EXPECT_EQ((co_await estate.call("GET", "/v1/hosts/h2/power")).text("/state"), "on");
    EXPECT_EQ((co_await set(estate, R"({"power":"none"})")).text("/power"), "");
    auto kept = co_await estate.store.get("host-power/h2");
    EXPECT_TRUE(kept && !*kept) << "what nobody needs is forgotten";
    EXPECT_EQ((co_await estate.call("GET", "/v1/hosts/h2/power")).text("/problem"),
              "it has no power control");
  });
}

TEST(HostPower, what_is_no_power_control_is_refused_with_the_field) {
  with_switchboard([](Estate& estate, PlayedNode&, Switchboard&) -> Async<void> {
    for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
             {R"("power":"bmc1")", "/power"},
             {R"("power":"redfish://truce@bmc1","power_fingerprint":"12")", "/power_fingerprint"},
             {R"("power":"wol:52:54:00:12:34:56","power_password":"x")", "/power_password"},
             {R"("power":"ipmi://truce@bmc1")", "/power_password"},
             {R"("power":"ipmi://truce@bmc1","power_password":"a password of more than 20")",
              "/power"},
             {R"("power_password":"x")", "/power_password"}}) {
      auto refused = co_await set(estate, "{" + body + "}");
      EXPECT_EQ(refused.text("/field"), field) << body << refused.raw;
    }
    EXPECT_EQ((co_await set(estate, R"({"power":"wol:52:54:00:12:34:56"})")).status, 200);
    EXPECT_EQ(co_await state_of(estate, "h2", "/power"), "wol:52:54:00:12:34:56");
  });
}

TEST(HostPower, a_host_sleeps_by_a_word_and_reports_itself_awake_when_it_was_woken) {
  with_switchboard([](Estate& estate, PlayedNode& node, Switchboard& board) -> Async<void> {
    EXPECT_EQ((co_await estate.call("POST", "/v1/hosts/h2/sleep", "{}")).status, 409);
    EXPECT_EQ((co_await set_ipmi(estate)).status, 200);
    EXPECT_EQ((co_await estate.call("POST", "/v1/hosts/h2/wake")).status, 409) << "it is awake";
    auto begun = co_await estate.call("POST", "/v1/hosts/h2/sleep", "{}");
    EXPECT_EQ(begun.status, 202) << begun.raw;
    co_await agree(node);
    EXPECT_EQ(co_await estate.task_ends(begun.text("/name")), "succeeded");
    EXPECT_EQ(co_await state_of(estate, "h2", "/sleep"), "asleep");
    EXPECT_EQ(board.state, power::PowerState::off);
    node.close();
    auto cluster = co_await estate.call("GET", "/v1/cluster");
    EXPECT_EQ(cluster.number("/asleep"), 1);
    EXPECT_EQ(cluster.text("/problem"), "") << "nothing is wrong with it";
    EXPECT_EQ((co_await estate.call("GET", "/v1/summary")).raw.find("h2"), std::string::npos);
    EXPECT_EQ((co_await estate.call("POST", "/v1/hosts/h2/drain", "{}")).status, 409);
    auto exposed = co_await estate.call("GET", "/metrics");
    EXPECT_NE(exposed.raw.find("truce_hosts_asleep 1"), std::string::npos);

    auto woken = co_await estate.call("POST", "/v1/hosts/h2/wake");
    EXPECT_EQ(woken.status, 202) << woken.raw;
    co_await until([&]() -> Async<bool> { co_return board.state == power::PowerState::on; });
    PlayedNode again(estate.loop);
    co_await again.introduce(connect_as(estate, "h2"), "h2");
    EXPECT_EQ(co_await estate.task_ends(woken.text("/name")), "succeeded");
    auto shown = co_await estate.call("GET", "/v1/hosts/h2");
    EXPECT_EQ(shown.text("/sleep"), "awake");
    EXPECT_EQ(shown.text("/draining"), "false");
    EXPECT_EQ(shown.text("/power_tried"), "true");
    EXPECT_EQ(shown.text("/power"), "ipmi://truce@192.0.2.9");
    again.close();
  });
}

TEST(HostPower, a_host_that_leaves_takes_its_password_along) {
  with_switchboard([](Estate& estate, PlayedNode& node, Switchboard&) -> Async<void> {
    EXPECT_EQ((co_await set_ipmi(estate)).status, 200);
    node.close();
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/hosts/h2?force=true")).status, 204);
    auto kept = co_await estate.store.get("host-power/h2");
    EXPECT_TRUE(kept && !*kept);
  });
}

}  // namespace
}  // namespace truce::manager
