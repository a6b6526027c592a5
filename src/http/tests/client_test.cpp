// Client and server together, on both transports.
#include <openssl/ssl.h>
#include <unistd.h>

#include "connect.h"
#include "loopback.h"

namespace truce::http {
namespace {

enum class Transport { unix_socket, tls };

class Both : public testing::TestWithParam<Transport> {
 protected:
  static Endpoint endpoint(const Loopback& at) {
    return GetParam() == Transport::tls ? at.tls_endpoint() : at.unix_endpoint();
  }
};

INSTANTIATE_TEST_SUITE_P(Transports, Both, testing::Values(Transport::unix_socket, Transport::tls),
                         [](const auto& info) {
                           return info.param == Transport::tls ? "tls" : "unix_socket";
                         });

template <class Condition>
Async<void> until(Condition condition) {
  while (!condition()) co_await sleep_for(5ms);
}

Async<void> echo_messages(WebSocket& socket) {
  while (true) {
    auto message = co_await socket.read();
    if (!message) co_return;
    if (auto written = co_await socket.write(*message); !written) co_return;
  }
}

Async<Response> echo_socket(Request) {
  Response response;
  response.socket = echo_messages;
  co_return response;
}

TEST_P(Both, requests_and_answers_make_the_round_trip) {
  Loopback at(echo);
  Client client(at.loop.executor(), endpoint(at));
  for (std::size_t size : {0UL, 1UL, 40'000UL, 3'000'000UL}) {
    std::string body(size, 'x');
    auto answer = at.loop.run(client.send("PUT", "/v1/vms/a%20b?watch", body));
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->content_type, "text/plain");
    EXPECT_EQ(answer->headers["x-method"], "PUT");
    EXPECT_EQ(answer->headers["x-path"], "/v1/vms/a b");
    EXPECT_EQ(answer->headers["x-content-type-options"], "nosniff");
    EXPECT_EQ(answer->headers["cache-control"], "no-store");
    EXPECT_EQ(answer->body.size(), size);
  }
  EXPECT_EQ(at.server.counters().connections, 1U) << "the connection is kept";
  EXPECT_EQ(at.server.counters().requests, 4U);
}

TEST_P(Both, an_answer_without_body_does_not_hang) {
  Loopback at([](Request request) -> Async<Response> {
    Response response;
    response.status = request.path == "/204" ? 204 : 304;
    response.body = "never sent";
    co_return response;
  });
  Client client(at.loop.executor(), endpoint(at));
  EXPECT_EQ(at.loop.run(client.send("GET", "/204"))->status, 204);
  EXPECT_EQ(at.loop.run(client.send("GET", "/304"))->body, "");
  EXPECT_EQ(at.loop.run(client.send("HEAD", "/304"))->status, 304);
}

TEST_P(Both, the_token_and_the_clients_fields_arrive) {
  std::map<std::string, std::string> seen;
  Loopback at([&seen](Request request) -> Async<Response> {
    seen = request.headers;
    co_return Response{};
  });
  auto to = endpoint(at);
  to.token = "secret";
  Client client(at.loop.executor(), to);
  EXPECT_EQ(at.loop.run(client.send("POST", "/", "{}", {{"If-Match", "\"7\""}}))->status, 200);
  EXPECT_EQ(seen["authorization"], "Bearer secret");
  EXPECT_EQ(seen["if-match"], "\"7\"");
  EXPECT_EQ(seen["content-type"], "application/json");
  auto bad = at.loop.run(client.send("GET", "/", {}, {{"X", "a\r\nY: b"}}));
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, Code::invalid);
  EXPECT_EQ(at.loop.run(client.send("GET", "/a b")).error().code, Code::invalid);
}

TEST_P(Both, a_connection_that_the_server_closed_is_made_anew) {
  Limits limits;
  limits.idle = 40ms;
  Loopback at(echo, limits);
  Client client(at.loop.executor(), endpoint(at));
  for (int i = 0; i < 3; ++i) {
    auto answer = at.loop.run(client.send("POST", "/", "x"));
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    at.loop.run(until([&] { return at.server.counters().connections == 0; }));
  }
}

TEST_P(Both, two_hundred_connections_at_once_are_served) {
  Loopback at(echo);
  constexpr int connections = 200;
  constexpr int requests = 5;
  int answered = 0;
  auto talk = [](asio::any_io_executor loop, Endpoint to, int id, int& count) -> Async<void> {
    Client client(loop, to);
    for (int i = 0; i < requests; ++i) {
      auto body = fmt::format("{}/{}", id, i);
      auto answer = co_await client.send("POST", "/", body);
      // Two hundred keys are agreed on one thread: on a busy machine some wait too long.
      for (int again = 0; !answer && answer.error().code == Code::timeout && again < 9; ++again)
        answer = co_await client.send("POST", "/", body);
      if (!answer) ADD_FAILURE() << answer.error().message;
      if (answer && answer->body == body) ++count;
    }
  };
  Scope scope(at.loop.executor());
  for (int i = 0; i < connections; ++i) {
    scope.spawn(talk(at.loop.executor(), endpoint(at), i, answered));
  }
  at.loop.run(scope.join());
  EXPECT_EQ(answered, connections * requests);
  at.loop.run(until([&] { return at.server.counters().connections == 0; }));
}

TEST_P(Both, events_arrive_until_the_reader_has_enough) {
  bool ended = false;
  Loopback at([&ended](Request request) -> Async<Response> {
    Response response;
    response.content_type = "text/event-stream";
    response.stream = [&ended, count = request.query.contains("two") ? 2 : 1000000](
                          BodyWriter& out) -> Async<void> {
      Result<void> written;
      for (int i = 0; i < count && written; ++i) {
        written = co_await out.write(fmt::format("event: put\ndata: {}\n\n", i));
        co_await sleep_for(1ms);
      }
      ended = true;
    };
    co_return response;
  });
  Client client(at.loop.executor(), endpoint(at));
  std::vector<std::string> seen;
  auto three = at.loop.run(client.events("/events", [&](const ServerEvent& event) {
    EXPECT_EQ(event.event, "put");
    seen.push_back(event.data);
    return seen.size() < 3;
  }));
  EXPECT_TRUE(three.has_value());
  EXPECT_EQ(seen, (std::vector<std::string>{"0", "1", "2"}));
  at.loop.run(until([&] { return at.server.counters().streams == 0; }));

  seen.clear();
  auto two = at.loop.run(client.events("/events?two", [&](const ServerEvent& event) {
    seen.push_back(event.data);
    return true;
  }));
  ASSERT_FALSE(two.has_value());
  EXPECT_EQ(two.error().code, Code::unavailable);
  EXPECT_EQ(seen.size(), 2U);
  EXPECT_TRUE(ended);
}

TEST_P(Both, a_refused_event_stream_is_the_servers_error) {
  Loopback at([](Request) -> Async<Response> {
    co_return problem(Error{Code::forbidden, "not for you", {}});
  });
  Client client(at.loop.executor(), endpoint(at));
  auto refused = at.loop.run(client.events("/events", [](const ServerEvent&) { return true; }));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::forbidden);
  EXPECT_EQ(refused.error().message, "not for you");
  auto socket = at.loop.run(client.web_socket("/events"));
  ASSERT_FALSE(socket.has_value());
  EXPECT_EQ(socket.error().code, Code::forbidden);
  EXPECT_EQ(socket.error().message, "not for you");
}

TEST_P(Both, a_silent_stream_ends_when_its_reader_has_left) {
  bool started = false;
  bool ended = false;
  Loopback at([&](Request) -> Async<Response> {
    Response response;
    response.stream = [&](BodyWriter&) -> Async<void> {
      started = true;
      co_await sleep_for(std::chrono::hours(1));
      ended = true;
    };
    co_return response;
  });
  auto leave = [](Client& client, bool& is_started) -> Async<Result<void>> {
    auto events = [](Client& c) -> Async<Result<void>> {
      co_return co_await c.events("/", [](const ServerEvent&) { return true; });
    };
    co_await (events(client) || until([&] { return is_started; }));
    co_return Result<void>();
  };
  Client client(at.loop.executor(), endpoint(at));
  EXPECT_TRUE(at.loop.run(leave(client, started)).has_value());
  at.loop.run(until([&] { return at.server.counters().streams == 0; }));
  EXPECT_TRUE(ended);
}

TEST_P(Both, a_reader_that_does_not_read_holds_the_writer_up_and_is_cut_off) {
  Limits limits;
  limits.request = 80ms;
  std::size_t accepted = 0;
  std::optional<Result<void>> last;
  Loopback at(
      [&](Request) -> Async<Response> {
        Response response;
        response.stream = [&](BodyWriter& out) -> Async<void> {
          for (last.emplace(); *last;) {
            last = co_await out.write(std::string(8 * 1024, 'x'));
            if (*last) ++accepted;
          }
        };
        co_return response;
      },
      limits);
  auto wire = at.loop.run(connect(at.loop.executor(), endpoint(at)));
  ASSERT_TRUE(wire.has_value()) << wire.error().message;
  auto ask = [](Wire& to) -> Async<void> {
    std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    co_await to.async_write_some(asio::buffer(request), as_result);
  };
  at.loop.run(ask(**wire));
  at.loop.run(until([&] { return accepted > 0 && at.server.counters().streams == 0; }));
  ASSERT_TRUE(last.has_value());
  ASSERT_FALSE(last->has_value());
  EXPECT_EQ(last->error().code, Code::cancelled);
  EXPECT_LT(accepted, 5000U) << "what the peer does not read must not be held in memory";
}

TEST_P(Both, streams_beyond_the_limit_get_503) {
  Limits limits;
  limits.streams = 1;
  Loopback at(echo_socket, limits);
  Client client(at.loop.executor(), endpoint(at));
  auto first = at.loop.run(client.web_socket("/"));
  ASSERT_TRUE(first.has_value()) << first.error().message;
  auto second = at.loop.run(client.web_socket("/"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::limit);
  at.loop.run((*first)->close(""));
  at.loop.run(until([&] { return at.server.counters().streams == 0; }));
  EXPECT_TRUE(at.loop.run(client.web_socket("/")).has_value());
}

TEST_P(Both, web_socket_messages_are_echoed) {
  Loopback at(echo_socket);
  Client client(at.loop.executor(), endpoint(at));
  auto opened = at.loop.run(client.web_socket("/v1/consoles/x"));
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  auto& socket = **opened;
  for (std::size_t size : {0UL, 1UL, 126UL, 70'000UL, 1024UL * 1024}) {
    std::string message(size, '\xff');
    ASSERT_TRUE(at.loop.run(socket.write(message)).has_value());
    auto back = at.loop.run(socket.read());
    ASSERT_TRUE(back.has_value()) << size << ": " << back.error().message;
    EXPECT_TRUE(*back == message) << size;
  }
  EXPECT_EQ(at.loop.run(socket.write(std::string(1024 * 1024 + 1, 'x'))).error().code, Code::limit);
  at.loop.run(socket.close("enough"));
  at.loop.run(until([&] { return at.server.counters().streams == 0; }));
  EXPECT_EQ(at.loop.run(socket.read()).error().code, Code::cancelled);
}

TEST_P(Both, web_socket_carries_both_ways_at_once) {
  constexpr std::size_t messages = 200;
  Loopback at(echo_socket);
  Client client(at.loop.executor(), endpoint(at));
  auto opened = at.loop.run(client.web_socket("/"));
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  std::size_t received = 0;
  auto read = [](WebSocket& socket, std::size_t& count) -> Async<void> {
    while (count < messages) {
      auto message = co_await socket.read();
      if (!message) co_return;
      ++count;
    }
  };
  auto write = [](WebSocket& socket) -> Async<void> {
    for (std::size_t i = 0; i < messages; ++i) {
      if (!co_await socket.write(std::string(10'000, 'x'))) co_return;
    }
  };
  Scope scope(at.loop.executor());
  scope.spawn(read(**opened, received));
  scope.spawn(write(**opened));
  at.loop.run(scope.join());
  EXPECT_EQ(received, messages);
}

TEST_P(Both, web_socket_sees_the_server_close) {
  Loopback at([](Request) -> Async<Response> {
    Response response;
    response.socket = [](WebSocket& socket) -> Async<void> { co_await socket.write("last words"); };
    co_return response;
  });
  Client client(at.loop.executor(), endpoint(at));
  auto opened = at.loop.run(client.web_socket("/"));
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(at.loop.run((*opened)->read()).value(), "last words");
  EXPECT_EQ(at.loop.run((*opened)->read()).error().code, Code::cancelled);
}

TEST_P(Both, a_web_socket_that_nobody_writes_to_can_be_left) {
  Loopback at([](Request) -> Async<Response> {
    Response response;
    response.socket = [](WebSocket& socket) -> Async<void> {
      co_await (echo_messages(socket) || sleep_for(20ms));
    };
    co_return response;
  });
  Client client(at.loop.executor(), endpoint(at));
  auto opened = at.loop.run(client.web_socket("/"));
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(at.loop.run((*opened)->read()).error().code, Code::cancelled);
  at.loop.run(until([&] { return at.server.counters().streams == 0; }));
}

TEST_P(Both, stop_ends_everything_that_is_open) {
  Loopback at([](Request request) -> Async<Response> {
    Response response;
    if (request.path == "/slow") co_await sleep_for(std::chrono::hours(1));
    if (request.path == "/socket") response.socket = echo_messages;
    if (request.path == "/stream") {
      response.stream = [](BodyWriter& out) -> Async<void> {
        co_await out.write("data: first\n\n");
        co_await sleep_for(std::chrono::hours(1));
      };
    }
    co_return response;
  });
  auto to = endpoint(at);
  Client client(at.loop.executor(), to);
  EXPECT_EQ(at.loop.run(client.send("GET", "/kept"))->status, 200);
  auto socket = at.loop.run(client.web_socket("/socket"));
  ASSERT_TRUE(socket.has_value());
  int events = 0;
  int ended = 0;
  auto stream = [](asio::any_io_executor loop, Endpoint e, int& seen, int& done) -> Async<void> {
    Client own(loop, e);
    auto result = co_await own.events("/stream", [&](const ServerEvent&) { return ++seen > 0; });
    if (!result) ++done;
  };
  auto slow = [](asio::any_io_executor loop, Endpoint e, int& done) -> Async<void> {
    Client own(loop, e);
    auto result = co_await own.send("GET", "/slow");
    if (!result) ++done;
  };
  Scope scope(at.loop.executor());
  scope.spawn(stream(at.loop.executor(), to, events, ended));
  scope.spawn(slow(at.loop.executor(), to, ended));
  at.loop.run(until([&] { return events == 1 && at.server.counters().requests == 4; }));
  at.loop.run(at.server.stop());
  EXPECT_EQ(at.server.counters().connections, 0U);
  EXPECT_EQ(at.server.counters().streams, 0U);
  at.loop.run(scope.join());
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(at.loop.run((*socket)->read()).error().code, Code::cancelled);
  at.loop.run(at.server.stop());
  auto refused = at.loop.run(client.send("GET", "/"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::unavailable);
}

TEST(Client, the_user_behind_a_unix_socket_is_known) {
  std::optional<Peer> seen;
  Loopback at([&seen](Request request) -> Async<Response> {
    seen = request.peer;
    co_return Response{};
  });
  Client client(at.loop.executor(), at.unix_endpoint());
  EXPECT_EQ(at.loop.run(client.send("GET", "/"))->status, 200);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->address, "unix");
  EXPECT_EQ(seen->unix_user, ::getuid());
  EXPECT_NE(std::ranges::find(seen->unix_groups, ::getgid()), seen->unix_groups.end());
  EXPECT_EQ(seen->certificate_sha256, "");
}

TEST(Client, the_fingerprint_of_its_certificate_is_seen_by_the_server) {
  std::optional<Peer> seen;
  Loopback at([&seen](Request request) -> Async<Response> {
    seen = request.peer;
    co_return Response{};
  });
  Tls own{at.folder.path() / "client.crt", at.folder.path() / "client.key"};
  auto fingerprint = ensure_certificate(own, {"client"}).value();
  auto to = at.tls_endpoint();
  Client anonymous(at.loop.executor(), to);
  EXPECT_EQ(at.loop.run(anonymous.send("GET", "/"))->status, 200);
  EXPECT_EQ(seen->certificate_sha256, "");
  EXPECT_TRUE(seen->address.starts_with("127.0.0.1:")) << seen->address;
  EXPECT_FALSE(seen->unix_user.has_value());
  to.certificate = own.certificate;
  to.key = own.key;
  Client known(at.loop.executor(), to);
  EXPECT_EQ(at.loop.run(known.send("GET", "/"))->status, 200);
  EXPECT_EQ(seen->certificate_sha256, fingerprint);
}

TEST(Client, a_certificate_that_is_not_the_pinned_one_is_refused) {
  Loopback at(echo);
  auto to = at.tls_endpoint();
  to.fingerprint = std::string(64, '0');
  Client wrong(at.loop.executor(), to);
  auto refused = at.loop.run(wrong.send("GET", "/"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::forbidden);
  EXPECT_NE(refused.error().message.find(at.fingerprint), std::string::npos);
  EXPECT_EQ(at.loop.run(wrong.web_socket("/")).error().code, Code::forbidden);
  to.fingerprint.clear();
  Client none(at.loop.executor(), to);
  EXPECT_EQ(at.loop.run(none.send("GET", "/")).error().code, Code::forbidden);
  EXPECT_EQ(at.server.counters().requests, 0U);

  std::string capitals;
  for (std::size_t i = 0; i < at.fingerprint.size(); ++i) {
    if (i > 0 && i % 2 == 0) capitals += ':';
    capitals += static_cast<char>(std::toupper(at.fingerprint[i]));
  }
  to.fingerprint = capitals;
  Client right(at.loop.executor(), to);
  EXPECT_EQ(at.loop.run(right.send("GET", "/"))->status, 200);
}

TEST(Client, the_servers_fingerprint_can_be_asked_for) {
  Loopback at(echo);
  auto seen = at.loop.run(server_fingerprint(at.loop.executor(), at.tls_endpoint().url));
  ASSERT_TRUE(seen.has_value()) << seen.error().message;
  EXPECT_EQ(*seen, at.fingerprint);
  auto none = at.loop.run(server_fingerprint(at.loop.executor(), at.unix_endpoint().url));
  EXPECT_EQ(none.error().code, Code::invalid);
}

TEST(Client, says_what_it_tried_when_nobody_listens) {
  Loop loop;
  TemporaryFolder folder;
  Endpoint to;
  to.url = "unix:" + (folder.path() / "none.sock").string();
  Client client(loop.executor(), to);
  auto refused = loop.run(client.send("GET", "/"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_NE(refused.error().message.find(to.url), std::string::npos);
  to.url = "https://127.0.0.1:1";
  Client tls(loop.executor(), to);
  EXPECT_EQ(loop.run(tls.send("GET", "/")).error().code, Code::unavailable);
}

TEST(Client, reads_addresses_of_servers) {
  EXPECT_EQ(parse_location("unix:/run/truce/truced.sock")->path, "/run/truce/truced.sock");
  EXPECT_EQ(parse_location("https://host:7443")->authority(), "host:7443");
  EXPECT_EQ(parse_location("https://host")->port, "443");
  EXPECT_EQ(parse_location("https://[::1]:7443/")->host, "::1");
  EXPECT_EQ(parse_location("https://[::1]:7443")->authority(), "[::1]:7443");
  for (std::string_view url :
       {"", "unix:", "unix:run/x", "http://host", "https://", "https://host/v1", "https://u:p@host",
        "https://host:99999x", "host:7443"}) {
    auto location = parse_location(url);
    ASSERT_FALSE(location.has_value()) << url;
    EXPECT_EQ(location.error().code, Code::invalid) << url;
  }
}

// A server that answers its first request and closes the connection at the second one's first byte.
class Fickle {
 public:
  explicit Fickle(Loop& loop, const std::filesystem::path& path)
      : acceptor_(loop.executor(), {path.string()}), scope_(loop.executor()) {
    scope_.spawn(accept());
  }
  Async<void> stop() {
    scope_.cancel();
    co_await scope_.join();
  }
  int connections = 0;

 private:
  Async<void> accept() {
    while (true) {
      auto [ec, socket] = co_await acceptor_.async_accept(as_result);
      if (ec) co_return;
      ++connections;
      scope_.spawn(answer_once(std::move(socket)));
    }
  }
  static Async<void> answer_once(UnixSocket socket) {
    std::string bytes(4096, ' ');
    co_await socket.async_read_some(asio::buffer(bytes), as_result);
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    co_await asio::async_write(socket, asio::buffer(answer), as_result);
    co_await socket.async_read_some(asio::buffer(bytes), as_result);
  }
  asio::local::stream_protocol::acceptor acceptor_;
  Scope scope_;
};

TEST(Client, repeats_only_what_may_be_done_twice) {
  Loop loop;
  TemporaryFolder folder;
  auto path = folder.path() / "fickle.sock";
  Fickle server(loop, path);
  Endpoint to;
  to.url = "unix:" + path.string();
  Client reader(loop.executor(), to);
  EXPECT_EQ(loop.run(reader.send("GET", "/"))->status, 200);
  EXPECT_EQ(loop.run(reader.send("GET", "/"))->status, 200);
  EXPECT_EQ(server.connections, 2);
  Client writer(loop.executor(), to);
  EXPECT_EQ(loop.run(writer.send("POST", "/"))->status, 200);
  auto lost = loop.run(writer.send("POST", "/"));
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, Code::unavailable);
  EXPECT_EQ(server.connections, 3);
  loop.run(server.stop());
}

TEST(Client, gives_up_on_what_is_not_http) {
  Loop loop;
  TemporaryFolder folder;
  auto path = folder.path() / "odd.sock";
  asio::local::stream_protocol::acceptor acceptor(loop.executor(), {path.string()});
  for (std::string text :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"}) {
    auto answer = [](asio::local::stream_protocol::acceptor& from,
                     std::string bytes) -> Async<void> {
      auto [ec, socket] = co_await from.async_accept(as_result);
      co_await asio::async_write(socket, asio::buffer(bytes), as_result);
    };
    Scope scope(loop.executor());
    scope.spawn(answer(acceptor, text));
    Endpoint to;
    to.url = "unix:" + path.string();
    Client client(loop.executor(), to);
    auto refused = loop.run(client.send("GET", "/"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Code::corrupt) << refused.error().message;
    loop.run(scope.join());
  }
}

TEST(Client, a_handshake_older_than_tls_1_2_is_refused) {
  Loopback at(echo);
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_max_proto_version(context->native_handle(), TLS1_1_VERSION);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_VERSION);
  SSL_CTX_set_cipher_list(context->native_handle(), "ALL:@SECLEVEL=0");
  auto shake = [](std::uint16_t port, TlsContext with) -> Async<bool> {
    TcpSocket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, as_result);
    Wire wire(std::move(socket), with);
    auto ec = co_await wire.handshake(asio::ssl::stream_base::client);
    co_return !ec;
  };
  EXPECT_FALSE(at.loop.run(shake(at.port, context)));
  auto modern = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_max_proto_version(modern->native_handle(), TLS1_2_VERSION);
  EXPECT_TRUE(at.loop.run(shake(at.port, modern)));
}

}  // namespace
}  // namespace truce::http
