// Requests that one server passes on to another: what arrives, what comes back, and who is
// believed.
#include "http/forward.h"

#include <sys/socket.h>

#include "loopback.h"

namespace truce::http {
namespace {

using Protocol = asio::local::stream_protocol;

constexpr std::size_t large = 3U << 20;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  return text;
}

Async<void> send_events(BodyWriter& writer) {
  for (int i = 0; i < 3; ++i) {
    if (!co_await writer.write(fmt::format("event: tick\ndata: {}\n\n", i))) co_return;
  }
  // As a watch does: it goes on until who asked for it leaves.
  while (co_await writer.write(": alive\n\n")) co_await sleep_for(10ms);
}

Async<void> echo_messages(WebSocket& socket) {
  while (true) {
    auto message = co_await socket.read();
    if (!message || !co_await socket.write("echo " + *message)) co_return;
  }
}

/// What the far server has: a bit of everything.
Async<Response> far(Request request) {
  Response response;
  if (request.path == "/events") {
    response.content_type = "text/event-stream";
    response.stream = send_events;
  } else if (request.path == "/large") {
    response.content_type = "application/octet-stream";
    response.length = large;
    response.stream = [](BodyWriter& writer) -> Async<void> {
      auto text = pattern(large);
      for (std::size_t at = 0; at < large; at += 100'000)
        if (!co_await writer.write(text.substr(at, 100'000))) co_return;
    };
  } else if (request.path == "/socket") {
    response.socket = echo_messages;
  } else if (request.path == "/refused") {
    response = problem(Error{Code::precondition, "not now", "/name"});
  } else if (request.path == "/cut") {
    response.length = large;
    response.stream = [](BodyWriter& writer) -> Async<void> { co_await writer.write("some"); };
  } else {
    response = co_await echo(request);
    for (const auto& [name, value] : request.query)
      response.headers["X-Query"] += name + "=" + value + ";";
    response.headers["X-Host"] = request.peer.host;
    response.headers["X-Administrator"] = request.peer.administrator;
    response.headers["X-Cookie"] = request.headers["cookie"];
  }
  co_return response;
}

/// A near server whose requests all go on to a far one, as from `host`.
class Passage {
 public:
  explicit Passage(std::string host) : far_server(loop(), {}, far), host_(std::move(host)) {}
  ~Passage() {
    near.loop.run(near.server.stop());
    near.loop.run(far_server.stop());
  }

  asio::any_io_executor loop() { return near.loop.executor(); }
  Response get(std::string target, std::string method = "GET", std::string body = {},
               std::map<std::string, std::string> headers = {}) {
    auto work = [](Passage& self, std::string m, std::string t, std::string b,
                   std::map<std::string, std::string> h) -> Async<Result<Response>> {
      Client client(self.loop(), self.near.tls_endpoint());
      co_return co_await client.send(std::move(m), std::move(t), std::move(b), std::move(h));
    };
    auto answer = near.loop.run(
        work(*this, std::move(method), std::move(target), std::move(body), std::move(headers)));
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : Response{};
  }
  Async<Response> pass(Request request) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    Peer peer;
    peer.address = "192.0.2.2:7000";
    peer.host = host_;
    far_server.serve(UnixSocket(loop(), Protocol(), ends[0]), peer);
    request.peer.administrator = administrator;
    auto answer = co_await forward(UnixSocket(loop(), Protocol(), ends[1]), std::move(request));
    co_return answer ? *std::move(answer) : problem(answer.error());
  }

  std::string administrator;
  Loopback near{[this](Request request) { return pass(std::move(request)); }};
  Server far_server;

 private:
  std::string host_;
};

std::string field(const Response& response, const std::string& name) {
  auto found = response.headers.find(name);
  return found == response.headers.end() ? "(none)" : found->second;
}

TEST(Forward, a_request_arrives_as_it_was_and_its_answer_too) {
  Passage passage("h2");
  auto body = pattern(large);
  auto answer = passage.get("/a%20b/c%25?x=1%262&y", "PUT", body, {{"Cookie", "a=b"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, body);
  EXPECT_EQ(answer.content_type, "text/plain");
  EXPECT_EQ(field(answer, "x-method"), "PUT");
  EXPECT_EQ(field(answer, "x-path"), "/a b/c%");
  EXPECT_EQ(field(answer, "x-query"), "x=1&2;y=;");
  EXPECT_EQ(field(answer, "x-cookie"), "a=b");
  auto refused = passage.get("/refused", "POST");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(error_of(refused.status, refused.body).field, "/name");
}

TEST(Forward, who_asked_is_believed_from_a_host_of_the_cluster_and_from_nobody_else) {
  for (std::string host : {"h2", ""}) {
    Passage passage(host);
    passage.administrator = "root";
    auto answer = passage.get("/who", "GET", {}, {{"X-Truce-Forwarded-Administrator", "eve"}});
    EXPECT_EQ(field(answer, "x-host"), host.empty() ? "" : "h2");
    EXPECT_EQ(field(answer, "x-administrator"), host.empty() ? "" : "root");
    EXPECT_EQ(field(answer, "x-peer").starts_with(host.empty() ? "192.0.2.2" : "127.0.0.1"), true);
    passage.administrator.clear();
    answer = passage.get("/who", "GET", {}, {{"X-Truce-Forwarded-Administrator", "eve"}});
    EXPECT_EQ(field(answer, "x-administrator"), "");
  }
}

TEST(Forward, a_large_body_comes_with_its_length_and_one_that_is_cut_off_is_seen_to_be) {
  Passage passage("h2");
  auto answer = passage.get("/large");
  EXPECT_EQ(answer.body, pattern(large));
  EXPECT_EQ(field(answer, "content-length"), std::to_string(large));
  auto cut = [](Passage& self) -> Async<Result<Response>> {
    Client client(self.loop(), self.near.tls_endpoint());
    co_return co_await client.send("GET", "/cut");
  };
  auto failed = passage.near.loop.run(cut(passage));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::unavailable);
}

TEST(Forward, events_come_one_by_one_and_end_when_who_asked_leaves) {
  Passage passage("h2");
  auto watch = [](Passage& self, std::vector<std::string>& seen) -> Async<void> {
    Client client(self.loop(), self.near.tls_endpoint());
    auto done = co_await client.events("/events", [&](ServerEvent event) {
      seen.push_back(event.data);
      return seen.size() < 3;
    });
    EXPECT_TRUE(done);
    while (self.far_server.counters().streams > 0) co_await sleep_for(5ms);
  };
  std::vector<std::string> seen;
  passage.near.loop.run(watch(passage, seen));
  EXPECT_EQ(seen, (std::vector<std::string>{"0", "1", "2"}));
}

TEST(Forward, a_web_socket_goes_through_both_ways) {
  Passage passage("h2");
  auto talk = [](Passage& self) -> Async<void> {
    Client client(self.loop(), self.near.tls_endpoint());
    auto socket = co_await client.web_socket("/socket");
    EXPECT_TRUE(socket) << socket.error().message;
    if (!socket) co_return;
    for (std::string text : {"one", "two"}) {
      EXPECT_TRUE(co_await (*socket)->write(text));
      EXPECT_EQ(co_await (*socket)->read(), "echo " + text);
    }
    co_await (*socket)->close("");
    while (self.far_server.counters().streams > 0) co_await sleep_for(5ms);
    auto refused = co_await client.web_socket("/refused");
    EXPECT_FALSE(refused);
  };
  passage.near.loop.run(talk(passage));
}

TEST(Forward, a_far_side_that_says_nothing_is_an_error) {
  Loop loop;
  auto ask = [](asio::any_io_executor on) -> Async<Result<Response>> {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    {
      UnixSocket gone(on, Protocol(), ends[0]);
    }
    Request request;
    request.method = "GET";
    request.path = "/";
    co_return co_await forward(UnixSocket(on, Protocol(), ends[1]), std::move(request));
  };
  auto answer = loop.run(ask(loop.executor()));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
}

TEST(Server, finishing_lets_a_request_end_and_cuts_streams_off) {
  bool answered = false;
  Loopback at([&](Request request) -> Async<Response> {
    if (request.path == "/events") co_return co_await far(std::move(request));
    co_await sleep_for(100ms);
    answered = true;
    co_return co_await echo(std::move(request));
  });
  auto both = [](Loopback& self) -> Async<int> {
    auto slow = [](Loopback& there) -> Async<int> {
      Client client(there.loop.executor(), there.unix_endpoint());
      auto answer = co_await client.send("GET", "/slow");
      co_return answer ? answer->status : 0;
    };
    auto watching = [](Loopback& there) -> Async<bool> {
      Client client(there.loop.executor(), there.unix_endpoint());
      co_return (co_await client.events("/events", [](const ServerEvent&) {
        return true;
      })).has_value();
    };
    auto end = [](Loopback& there) -> Async<bool> {
      while (there.server.counters().requests < 2) co_await sleep_for(5ms);
      co_await there.server.finish(30s);
      co_return true;
    };
    auto [status, others] = co_await (slow(self) && (watching(self) && end(self)));
    EXPECT_FALSE(std::get<0>(others));
    co_return status;
  };
  EXPECT_EQ(at.loop.run(both(at)), 200);
  EXPECT_TRUE(answered);
}

}  // namespace
}  // namespace truce::http
