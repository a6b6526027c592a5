// The server, spoken to in raw bytes.
#include "connect.h"
#include "loopback.h"

namespace truce::http {
namespace {

constexpr std::string_view close_get = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

Async<Response> never_called(Request request) {
  ADD_FAILURE() << "the handler got " << request.method << " " << request.path;
  co_return Response{};
}

std::string get(std::string_view target, std::string_view fields = {}) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}\r\n", target, fields);
}

// Waits until something that other coroutines of the loop bring about has come true.
template <class Condition>
Async<void> until(Condition condition) {
  while (!condition()) co_await sleep_for(5ms);
}

TEST(Server, refuses_malformed_requests_before_the_handler) {
  Loopback at(never_called);
  struct Case {
    std::string bytes;
    int status;
  };
  const std::vector<Case> table = {
      {"nonsense\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},  // no Host
      {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
      {std::string("GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n", 29), 400},
      {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /../etc HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"CONNECT a:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: a pony\r\n\r\n", 417},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 0},  // a TLS hello: not yet a line
  };
  for (const auto& row : table) {
    auto bytes = row.status == 0 ? row.bytes + "\r\n\r\n" : row.bytes;
    auto answer = at.raw(bytes);
    EXPECT_EQ(status_in(answer), row.status == 0 ? 400 : row.status) << row.bytes << "\n" << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << answer;
    EXPECT_EQ(count_of(answer, "HTTP/1.1 "), 1U) << answer;
  }
  EXPECT_EQ(at.server.counters().refused, table.size());
}

TEST(Server, reads_requests_however_they_are_cut) {
  Loopback at(echo);
  auto dribble = [](std::filesystem::path path) -> Async<std::string> {
    asio::local::stream_protocol::socket s(co_await asio::this_coro::executor);
    co_await s.async_connect(asio::local::stream_protocol::endpoint(path.string()), as_result);
    std::string request =
        "POST /a%20b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n";
    for (char& c : request) co_await asio::async_write(s, asio::buffer(&c, 1), as_result);
    std::string answer;
    co_await asio::async_read(s, asio::dynamic_buffer(answer), as_result);
    co_return answer;
  };
  auto answer = at.loop.run(dribble(at.socket));
  EXPECT_EQ(status_in(answer), 200) << answer;
  EXPECT_NE(answer.find("X-Path: /a b\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nabcde")) << answer;
}

TEST(Server, answers_pipelined_requests_in_order) {
  Loopback at(echo);
  auto post = [](std::string_view body) {
    return fmt::format("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}", body.size(),
                       body);
  };
  auto answer = at.raw(post("first") + post("second") + "\r\n" + get("/third"));
  EXPECT_EQ(count_of(answer, "HTTP/1.1 200 OK"), 3U) << answer;
  EXPECT_LT(answer.find("\r\n\r\nfirst"), answer.find("\r\n\r\nsecond")) << answer;
  EXPECT_NE(answer.find("X-Path: /third\r\n"), std::string::npos) << answer;
}

TEST(Server, closes_after_http_1_0) {
  Loopback at(echo);
  auto answer = at.raw("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(status_in(answer), 200);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
}

TEST(Server, answers_head_like_get_without_the_body) {
  Loopback at([](Request request) -> Async<Response> {
    Response response;
    EXPECT_EQ(request.method, "GET");
    if (request.path == "/stream") {
      response.stream = [](BodyWriter&) -> Async<void> {
        ADD_FAILURE() << "HEAD ran the stream";
        co_return;
      };
    }
    response.body = "four";
    co_return response;
  });
  auto answer = at.raw("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 4\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
  answer = at.raw("HEAD /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_in(answer), 200) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(Server, tells_the_client_to_go_ahead_with_a_body) {
  Loopback at(echo);
  auto careful = [](std::filesystem::path path) -> Async<std::string> {
    asio::local::stream_protocol::socket s(co_await asio::this_coro::executor);
    co_await s.async_connect(asio::local::stream_protocol::endpoint(path.string()), as_result);
    std::string head =
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n"
        "Content-Length: 4\r\n\r\n";
    co_await asio::async_write(s, asio::buffer(head), as_result);
    std::string answer(25, ' ');
    co_await asio::async_read(s, asio::buffer(answer), as_result);
    co_await asio::async_write(s, asio::buffer("body", 4), as_result);
    co_await asio::async_read(s, asio::dynamic_buffer(answer), as_result);
    co_return answer;
  };
  auto answer = at.loop.run(careful(at.socket));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("body")) << answer;
}

TEST(Server, turns_what_a_handler_throws_into_500) {
  Loopback at([](Request request) -> Async<Response> {
    if (request.path == "/fields") {
      Response response;
      response.headers["X-Bad"] = "a\r\nSet-Cookie: b";
      co_return response;
    }
    throw std::runtime_error("the handler's secret");
  });
  auto answer = at.raw(get("/"));
  EXPECT_EQ(status_in(answer), 500) << answer;
  EXPECT_EQ(answer.find("secret"), std::string::npos) << answer;
  answer = at.raw(get("/fields"));
  EXPECT_EQ(status_in(answer), 500) << answer;
  EXPECT_EQ(answer.find("Set-Cookie"), std::string::npos) << answer;
}

TEST(ServerLimits, a_large_body_gets_413) {
  Limits limits;
  limits.body = kib(64);
  Loopback at(never_called, limits);
  auto announced = at.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
  EXPECT_EQ(status_in(announced), 413) << announced;
  std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
  auto grown = at.raw("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk +
                      chunk + chunk + "0\r\n\r\n");
  EXPECT_EQ(status_in(grown), 413) << grown;
}

TEST(ServerLimits, a_body_of_just_the_limit_passes) {
  Limits limits;
  limits.body = kib(64);
  Loopback at(echo, limits);
  auto answer =
      at.raw("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 65536\r\n\r\n" +
             std::string(65536, 'x'));
  EXPECT_EQ(status_in(answer), 200);
}

TEST(ServerLimits, a_client_that_sends_too_much_still_reads_why_not) {
  Limits limits;
  limits.body = mib(1);
  Loopback at(never_called, limits);
  for (const auto& endpoint : {at.unix_endpoint(), at.tls_endpoint()}) {
    Client client(at.loop.executor(), endpoint);
    auto answer = at.loop.run(client.send("POST", "/", std::string(2 * 1024 * 1024, 'x')));
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer->status, 413);
  }
}

TEST(ServerLimits, large_header_fields_get_431) {
  Limits limits;
  limits.headers = kib(4);
  Loopback at(never_called, limits);
  auto one = at.raw(get("/", "X-Large: " + std::string(5000, 'x') + "\r\n"));
  EXPECT_EQ(status_in(one), 431) << one;
  std::string fields;
  for (int i = 0; i < 500; ++i) fields += fmt::format("X-{}: y\r\n", i);
  auto many = at.raw(get("/", fields));
  EXPECT_EQ(status_in(many), 431) << many;
  auto target = at.raw(get("/" + std::string(100'000, 'x')));
  EXPECT_EQ(status_in(target), 431) << target;
}

TEST(ServerLimits, an_unfinished_request_gets_408) {
  Limits limits;
  limits.request = 60ms;
  Loopback at(never_called, limits);
  for (std::string_view part : {"G", "GET / HTTP/1.1\r\nHost: x\r\n",
                                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"}) {
    auto answer = at.raw(std::string(part));
    EXPECT_EQ(status_in(answer), 408) << part << "\n" << answer;
  }
}

TEST(ServerLimits, a_request_that_dribbles_gets_408_too) {
  Limits limits;
  limits.request = 60ms;
  Loopback at(never_called, limits);
  auto slow = [](std::filesystem::path path) -> Async<std::string> {
    asio::local::stream_protocol::socket s(co_await asio::this_coro::executor);
    co_await s.async_connect(asio::local::stream_protocol::endpoint(path.string()), as_result);
    std::string answer;
    co_await asio::async_write(s, asio::buffer("GET / HTTP/1.1\r\n", 16), as_result);
    while (true) {
      auto [ec, n] = co_await asio::async_write(s, asio::buffer("X: y\r\n", 6), as_result);
      if (ec || s.available() > 0) break;
      co_await sleep_for(5ms);
    }
    co_await asio::async_read(s, asio::dynamic_buffer(answer), as_result);
    co_return answer;
  };
  auto answer = at.loop.run(slow(at.socket));
  EXPECT_EQ(status_in(answer), 408) << answer;
}

TEST(ServerLimits, a_silent_connection_is_closed_without_a_word) {
  Limits limits;
  limits.idle = 40ms;
  Loopback at(never_called, limits);
  EXPECT_EQ(at.raw(""), "");
  Client client(at.loop.executor(), at.tls_endpoint());
  auto wire = at.loop.run(connect(at.loop.executor(), at.tls_endpoint()));
  ASSERT_TRUE(wire.has_value());
  at.loop.run(until([&] { return at.server.counters().connections == 0; }));
}

TEST(ServerLimits, a_silent_tls_handshake_is_closed) {
  Limits limits;
  limits.request = 40ms;
  Loopback at(never_called, limits);
  auto silent = [](std::uint16_t port) -> Async<std::size_t> {
    TcpSocket s(co_await asio::this_coro::executor);
    co_await s.async_connect({asio::ip::address_v4::loopback(), port}, as_result);
    std::string answer;
    auto [ec, n] = co_await asio::async_read(s, asio::dynamic_buffer(answer), as_result);
    co_return n;
  };
  EXPECT_EQ(at.loop.run(silent(at.port)), 0U);
}

TEST(ServerLimits, an_address_that_asks_too_often_gets_429) {
  Limits limits;
  limits.requests_per_second = 0.001;
  Loopback at(echo, limits);
  Client client(at.loop.executor(), at.tls_endpoint());
  EXPECT_EQ(at.loop.run(client.send("GET", "/"))->status, 200);
  auto refused = at.loop.run(client.send("GET", "/"));
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(refused->headers["retry-after"], "1");
  Client local(at.loop.executor(), at.unix_endpoint());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(at.loop.run(local.send("GET", "/"))->status, 200);
}

TEST(ServerLimits, an_address_with_too_many_connections_gets_429) {
  Limits limits;
  limits.connections_per_address = 2;
  Loopback at(echo, limits);
  Client one(at.loop.executor(), at.tls_endpoint());
  Client two(at.loop.executor(), at.tls_endpoint());
  Client three(at.loop.executor(), at.tls_endpoint());
  EXPECT_EQ(at.loop.run(one.send("GET", "/"))->status, 200);
  EXPECT_EQ(at.loop.run(two.send("GET", "/"))->status, 200);
  auto refused = at.loop.run(three.send("GET", "/"));
  ASSERT_TRUE(refused.has_value()) << refused.error().message;
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(at.loop.run(one.send("GET", "/"))->status, 200);
}

TEST(ServerLimits, a_connection_too_many_gets_503) {
  Limits limits;
  limits.connections = 1;
  Loopback at(echo, limits);
  Client one(at.loop.executor(), at.unix_endpoint());
  EXPECT_EQ(at.loop.run(one.send("GET", "/"))->status, 200);
  auto answer = at.raw(std::string(close_get));
  EXPECT_EQ(status_in(answer), 503) << answer;
  Client other(at.loop.executor(), at.tls_endpoint());
  auto refused = at.loop.run(other.send("POST", "/", "body"));
  ASSERT_TRUE(refused.has_value()) << refused.error().message;
  EXPECT_EQ(refused->status, 503);
}

TEST(Server, a_stream_to_http_1_0_ends_with_the_connection) {
  Loopback at([](Request) -> Async<Response> {
    Response response;
    response.stream = [](BodyWriter& out) -> Async<void> {
      co_await out.write("one");
      co_await out.write("");
      co_await out.write("two");
    };
    co_return response;
  });
  auto answer = at.raw("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("\r\n\r\nonetwo")) << answer;
  EXPECT_EQ(answer.find("chunked"), std::string::npos) << answer;
  answer = at.raw(get("/"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")) << answer;
}

TEST(Server, a_stream_that_throws_is_seen_to_be_cut_off) {
  Loopback at([](Request) -> Async<Response> {
    Response response;
    response.stream = [](BodyWriter& out) -> Async<void> {
      co_await out.write("one");
      throw std::runtime_error("half way");
    };
    co_return response;
  });
  auto answer = at.raw(get("/"));
  EXPECT_TRUE(answer.ends_with("3\r\none\r\n")) << answer;
  for (const auto& endpoint : {at.unix_endpoint(), at.tls_endpoint()}) {
    Client client(at.loop.executor(), endpoint);
    auto cut = at.loop.run(client.send("GET", "/"));
    ASSERT_FALSE(cut.has_value());
    EXPECT_EQ(cut.error().code, Code::unavailable);
  }
}

TEST(Server, requests_pipelined_behind_a_stream_are_answered) {
  Loopback at([](Request request) -> Async<Response> {
    Response response;
    response.body = "plain";
    if (request.path == "/stream") {
      response.stream = [](BodyWriter& out) -> Async<void> {
        co_await sleep_for(10ms);  // so that the next request arrives meanwhile
        co_await out.write("piece");
      };
    }
    co_return response;
  });
  auto answer = at.raw("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n" + get("/plain"));
  EXPECT_EQ(count_of(answer, "HTTP/1.1 200 OK"), 2U) << answer;
  EXPECT_TRUE(answer.ends_with("plain")) << answer;
}

TEST(Server, a_plain_request_for_a_web_socket_gets_426) {
  Loopback at([](Request) -> Async<Response> {
    Response response;
    response.socket = [](WebSocket&) -> Async<void> { co_return; };
    co_return response;
  });
  auto answer = at.raw(get("/"));
  EXPECT_EQ(status_in(answer), 426) << answer;
  EXPECT_NE(answer.find("Upgrade: websocket\r\n"), std::string::npos) << answer;
}

TEST(Server, replaces_a_stale_socket_file_but_not_a_live_one_or_another_file) {
  Loopback at(echo);
  Server second(at.loop.executor(), {}, echo);
  auto live = second.listen_unix(at.socket, 0600);
  ASSERT_FALSE(live.has_value());
  EXPECT_EQ(live.error().code, Code::conflict);

  auto stale = at.folder.path() / "stale.sock";
  {
    asio::io_context context;
    asio::local::stream_protocol::acceptor dead(context, {stale.string()});
  }
  ASSERT_TRUE(std::filesystem::is_socket(stale));
  auto replaced = second.listen_unix(stale, 0660);
  ASSERT_TRUE(replaced.has_value()) << replaced.error().message;
  auto permissions = std::filesystem::status(stale).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms(0660));
  EXPECT_EQ(status_in(at.loop.run(Loopback::exchange(stale, std::string(close_get)))), 200);

  auto file = at.folder.path() / "file";
  ASSERT_TRUE(write_file_durably(file, "precious").has_value());
  auto refused = second.listen_unix(file, 0600);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_EQ(read_file(file).value(), "precious");

  auto long_path = second.listen_unix("/tmp/" + std::string(200, 'x'), 0600);
  ASSERT_FALSE(long_path.has_value());
  EXPECT_EQ(long_path.error().code, Code::invalid);
  at.loop.run(second.stop());
  EXPECT_FALSE(std::filesystem::exists(stale)) << "stop() leaves its socket file behind";
}

TEST(Server, names_the_port_that_is_taken) {
  Loopback at(echo);
  Server second(at.loop.executor(), {}, echo);
  auto taken = second.listen_tls("127.0.0.1", at.port, at.tls);
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, Code::conflict);
  EXPECT_NE(taken.error().message.find(std::to_string(at.port)), std::string::npos);
  EXPECT_EQ(second.listen_tls("nowhere", 0, at.tls).error().code, Code::invalid);
}

}  // namespace
}  // namespace truce::http
