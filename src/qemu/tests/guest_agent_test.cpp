#include "guest_agent.h"

#include <gtest/gtest.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>

#include "base/file.h"
#include "base/random.h"
#include "qmp.h"

namespace truce::qemu {
namespace {

using Local = asio::local::stream_protocol;

/// An agent that answers each command with what the test gave for it; before the answer to a sync
/// it says `junk`.
class FakeAgent {
 public:
  explicit FakeAgent(asio::io_context& loop)
      : path_("/tmp/truce-agent-" + random_hex(6)), acceptor_(loop, Local::endpoint(path_)) {}
  ~FakeAgent() { ::unlink(path_.c_str()); }

  /// Serves `connections` conversations.
  Async<void> serve(int connections) {
    for (int i = 0; i < connections; ++i) {
      auto [ec, socket] = co_await acceptor_.async_accept(as_result);
      if (ec) co_return;
      std::string buffer;
      while (co_await answer(socket, buffer)) {
      }
    }
  }

  std::map<std::string, std::vector<std::string>> answers;  ///< the last one stays
  std::string junk;
  std::vector<std::string> asked;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Async<bool> answer(Local::socket& socket, std::string& buffer) {
    auto [ec, size] =
        co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer), '\n', as_result);
    if (ec) co_return false;
    auto line = buffer.substr(0, size);
    buffer.erase(0, size);
    if (line.starts_with('\xff')) line.erase(0, 1);
    auto command = json::parse(line);
    auto name = text_in(command, "execute");
    asked.push_back(line);
    std::string reply;
    if (name == "guest-sync-delimited") {
      reply = junk + "\xff" +
              fmt::format("{{\"return\": {}}}\n", integer_in(command.at("arguments"), "id"));
    } else {
      auto& known = answers[name];
      if (known.empty()) co_return true;  // it never answers
      reply = known.front() + "\n";
      if (known.size() > 1) known.erase(known.begin());
    }
    auto [failed, written] = co_await asio::async_write(socket, asio::buffer(reply), as_result);
    co_return !failed;
  }

  std::string path_;
  Local::acceptor acceptor_;
};

void with_agent(int connections, std::function<Async<void>(FakeAgent&)> body) {
  asio::io_context loop;
  FakeAgent agent(loop);
  Scope scope(loop.get_executor());
  scope.spawn(agent.serve(connections));
  auto all = [](Scope& running, FakeAgent& fake,
                std::function<Async<void>(FakeAgent&)> inner) -> Async<void> {
    co_await inner(fake);
    running.cancel();
    co_await running.join();
  };
  asio::co_spawn(loop, all(scope, agent, std::move(body)), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  loop.run();
}

Agents agents_at(const std::string& path) {
  return Agents([path](const std::string&) -> Result<std::filesystem::path> { return path; });
}

TEST(GuestAgent, old_answers_and_junk_before_the_sync_are_skipped) {
  with_agent(1, [](FakeAgent& agent) -> Async<void> {
    agent.junk = "{\"return\": {}}\nlogin: \xff{\"return\": 5}\n\xff\xff\n";
    agent.answers["guest-ping"] = {"{\"return\": {}}"};
    EXPECT_TRUE(co_await agents_at(agent.path()).ping("vm"));
  });
}

TEST(GuestAgent, an_agent_that_is_absent_is_unavailable) {
  with_agent(1, [](FakeAgent& agent) -> Async<void> {
    auto answer = co_await ask_agent(agent.path(), "guest-silence", {}, 50ms);
    EXPECT_TRUE(!answer && answer.error().code == Code::unavailable);
  });
  with_agent(0, [](FakeAgent&) -> Async<void> {
    auto answer = co_await ask_agent("/tmp/truce-agent-none", "guest-ping", {}, 50ms);
    EXPECT_TRUE(!answer && answer.error().code == Code::unavailable);
  });
}

TEST(GuestAgent, an_agent_that_talks_junk_without_end_is_given_up) {
  with_agent(1, [](FakeAgent& agent) -> Async<void> {
    agent.junk = std::string(2 << 20, 'x');
    auto answer = co_await ask_agent(agent.path(), "guest-ping", {}, 20s);
    EXPECT_TRUE(!answer && answer.error().code == Code::corrupt);
  });
}

TEST(GuestAgent, a_refusal_is_told_in_its_words) {
  with_agent(1, [](FakeAgent& agent) -> Async<void> {
    agent.answers["guest-ping"] = {
        R"({"error": {"class": "CommandNotFound", "desc": "it is blocked"}})"};
    auto answer = co_await agents_at(agent.path()).ping("vm");
    EXPECT_TRUE(!answer && answer.error().code == Code::unsupported);
    EXPECT_EQ(answer.error().message, "guest agent: it is blocked");
  });
}

TEST(GuestAgent, a_program_runs_to_its_end_and_its_output_is_decoded) {
  with_agent(4, [](FakeAgent& agent) -> Async<void> {
    agent.answers["guest-exec"] = {R"({"return": {"pid": 42}})"};
    agent.answers["guest-exec-status"] = {
        R"({"return": {"exited": false}})", R"({"return": {"exited": false}})",
        R"({"return": {"exited": true, "exitcode": 3, "out-data": "aGVsbG8K", "err-data": "b29wcw=="}})"};
    std::vector<std::string> words = {"/bin/echo", "hello", "a b"};
    auto result = co_await agents_at(agent.path()).exec("vm", words, 10s);
    EXPECT_TRUE(result);
    if (!result) co_return;
    EXPECT_EQ(result->exit_code, 3);
    EXPECT_EQ(result->out, "hello\n");
    EXPECT_EQ(result->err, "oops");
    auto sent = json::parse(agent.asked.at(1)).at("arguments");
    EXPECT_EQ(sent.at("path"), "/bin/echo");
    EXPECT_EQ(sent.at("arg"), (json::array{"hello", "a b"}));
  });
}

TEST(GuestAgent, a_program_that_a_signal_ended_answers_as_shells_do) {
  with_agent(2, [](FakeAgent& agent) -> Async<void> {
    agent.answers["guest-exec"] = {R"({"return": {"pid": 42}})"};
    agent.answers["guest-exec-status"] = {R"({"return": {"exited": true, "signal": 9}})"};
    std::vector<std::string> words = {"/bin/sleep"};
    auto result = co_await agents_at(agent.path()).exec("vm", words, 10s);
    EXPECT_TRUE(result && result->exit_code == 137);
  });
}

TEST(GuestAgent, a_program_that_does_not_end_in_time_is_a_timeout) {
  with_agent(100, [](FakeAgent& agent) -> Async<void> {
    agent.answers["guest-exec"] = {R"({"return": {"pid": 42}})"};
    agent.answers["guest-exec-status"] = {R"({"return": {"exited": false}})"};
    std::vector<std::string> words = {"/bin/sleep"};
    auto result = co_await agents_at(agent.path()).exec("vm", words, 100ms);
    EXPECT_TRUE(!result && result.error().code == Code::timeout);
  });
}

TEST(GuestAgent, addresses_are_those_that_others_can_reach_with_ipv4_first) {
  auto interfaces = json::parse(R"([
    {"name": "lo", "ip-addresses": [{"ip-address": "127.0.0.1"}, {"ip-address": "::1"}]},
    {"name": "eth0", "ip-addresses": [
      {"ip-address": "fe80::5054:ff:fe00:1", "ip-address-type": "ipv6", "prefix": 64},
      {"ip-address": "2001:db8::5", "ip-address-type": "ipv6", "prefix": 64},
      {"ip-address": "10.77.0.5", "ip-address-type": "ipv4", "prefix": 24},
      {"ip-address": "10.77.0.5"}, {"ip-address": "169.254.3.4"}, {"ip-address": "<script>"}, 7]},
    {"name": "down"}, "odd", {"name": "eth1", "ip-addresses": {"a": 1}}])");
  EXPECT_EQ(addresses_in(interfaces), (std::vector<std::string>{"10.77.0.5", "2001:db8::5"}));
  EXPECT_TRUE(addresses_in(json::parse("{}")).empty());
}

TEST(GuestAgent, who_a_guest_says_that_it_is_is_one_short_line) {
  auto told =
      identity_in(json::parse(R"({"host-name": "web-one\n\u0007"})"),
                  json::parse(R"({"name": "Debian", "pretty-name": "Debian GNU/Linux 12"})"));
  EXPECT_EQ(told.host_name, "web-one");
  EXPECT_EQ(told.os, "Debian GNU/Linux 12");
  json::value many(json::object{{"host-name", std::string(127, 'x') + "\u00e9\u00e9"}});
  EXPECT_EQ(identity_in(many, {}).host_name, std::string(127, 'x')) << "no half of a letter";
  EXPECT_EQ(identity_in({}, json::parse(R"({"name": "FreeBSD"})")).os, "FreeBSD");
  EXPECT_EQ(identity_in(json::parse("[]"), json::parse("7")).host_name, "");
}

TEST(GuestAgent, old_agents_do_not_tell_who_the_guest_is) {
  with_agent(2, [](FakeAgent& agent) -> Async<void> {
    agent.answers["guest-get-host-name"] = {R"({"return": {"host-name": "web-one"}})"};
    agent.answers["guest-get-osinfo"] = {
        R"({"error": {"class": "CommandNotFound", "desc": "not known"}})"};
    auto told = co_await agents_at(agent.path()).identity("vm");
    EXPECT_TRUE(told);
    if (told) EXPECT_EQ(told->host_name, "web-one");
    if (told) EXPECT_EQ(told->os, "");
  });
}

TEST(GuestAgent, a_guest_cannot_flood_us_with_addresses) {
  json::array addresses;
  for (int i = 0; i < 1000; ++i) {
    addresses.push_back(json::object{{"ip-address", fmt::format("10.1.{}.{}", i / 250, i % 250)}});
  }
  EXPECT_EQ(addresses_in(json::array{json::object{{"ip-addresses", addresses}}}).size(), 64U);
}

TEST(GuestAgent, base64_is_decoded_or_refused) {
  for (auto [text, bytes] :
       {std::pair{"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYg==", "foob"}}) {
    auto decoded = decode_base64(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(*decoded, bytes);
  }
  for (const char* text : {"Z", "Zg=", "Zg!=", "Zm9v Zm9"})
    EXPECT_FALSE(decode_base64(text)) << text;
}

}  // namespace
}  // namespace truce::qemu
