// Two hosts that mean each other well.
#include <boost/asio/ip/tcp.hpp>

#include "world.h"

namespace truce::link {

namespace {

/// Writes, ends writing, and reads what the other side has to say, all at once.
Async<std::string> exchange(UnixSocket& socket, std::string bytes) {
  auto write = [](UnixSocket& to, std::string all) -> Async<bool> {
    bool sent = co_await send(to, std::move(all));
    boost::system::error_code ec;
    to.shutdown(UnixSocket::shutdown_send, ec);
    co_return sent && !ec;
  };
  auto [sent, got] = co_await (write(socket, std::move(bytes)) && receive(socket));
  EXPECT_TRUE(sent);
  co_return got;
}

}  // namespace

TEST(Link, both_ends_see_each_others_names) {
  World world;
  world.listen();
  auto socket = must(world.call());
  auto in = world.next();
  EXPECT_EQ(in.peer.host, "h1");
  EXPECT_EQ(in.peer.fingerprint, world.h1->certificate().fingerprint);
  EXPECT_EQ(in.peer.serial, world.h1->certificate().serial);
  EXPECT_TRUE(in.peer.address.starts_with("127.0.0.1:")) << in.peer.address;
  must(in_loop(world.loop, write_frame(socket, "from h1")));
  EXPECT_EQ(must(in_loop(world.loop, read_frame(in.socket, kib(1)))), "from h1");
  must(in_loop(world.loop, write_frame(in.socket, "from h2")));
  EXPECT_EQ(must(in_loop(world.loop, read_frame(socket, kib(1)))), "from h2");
}

TEST(Link, bytes_arrive_both_ways_and_the_end_of_one_way_leaves_the_other_open) {
  World world;
  world.listen();
  auto socket = must(world.call());
  auto in = world.next();
  auto there = random_bytes(5'000'001);
  auto back = random_bytes(3'000'017);
  // One way at first: h1 ends writing, and h2 answers afterwards.
  auto first = [&]() -> Async<bool> {
    auto write = [&]() -> Async<bool> {
      bool sent = co_await send(socket, there);
      socket.shutdown(UnixSocket::shutdown_send);
      co_return sent;
    };
    auto [got, sent] = co_await (receive(in.socket) && write());
    co_return sent&& got == there;
  };
  EXPECT_TRUE(in_loop(world.loop, first()));
  auto second = [&]() -> Async<bool> {
    auto write = [&]() -> Async<bool> {
      bool sent = co_await send(in.socket, back);
      in.socket.close();
      co_return sent;
    };
    auto [got, sent] = co_await (receive(socket) && write());
    co_return sent&& got == back;
  };
  EXPECT_TRUE(in_loop(world.loop, second()));
  socket.close();
  EXPECT_TRUE(eventually([&] { return world.relays.connections() == 0; }));
  EXPECT_TRUE(eventually([&] { return world.there.connections() == 0; }));
}

TEST(Link, two_hundred_connections_work_at_once_and_leave_no_descriptor_behind) {
  World world;
  world.listen({.handshakes = 512, .handshakes_of_address = 512});
  auto before = open_sockets();
  constexpr int count = 200;
  int done = 0;
  auto echo = [&]() -> Async<void> {
    auto in = co_await world.take();
    auto all = co_await receive(in.socket);
    co_await send(in.socket, in.peer.host + all);
  };
  auto ask = [&](int number) -> Async<void> {
    auto socket = co_await dial(world.relays, world.h1, world.target());
    if (!socket) throw std::runtime_error(socket.error().message);
    auto text = std::string(static_cast<std::size_t>(number) * 100, 'x') + std::to_string(number);
    auto got = co_await exchange(*socket, text);
    if (got == "h1" + text) ++done;
  };
  Scope scope(world.loop.get_executor());
  for (int i = 0; i < count; ++i) {
    scope.spawn(echo());
    scope.spawn(ask(i));
  }
  in_loop(world.loop, [&]() -> Async<bool> {
    co_await scope.join();
    co_return true;
  }());
  EXPECT_EQ(done, count);
  EXPECT_EQ(world.listener->refused(), 0U);
  EXPECT_TRUE(eventually([&] { return open_sockets() == before; }));
  EXPECT_EQ(world.relays.connections(), 0U);
}

TEST(Link, a_service_that_is_not_there_or_a_host_that_is_not_welcome_is_told_so) {
  World world;
  bool welcome = false;
  world.listen({.admit = [&](const Peer& peer) -> Result<void> {
    if (welcome) return {};
    return fail(Code::forbidden, "{} has been removed from the cluster", peer.host);
  }});
  auto removed = world.call();
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, Code::forbidden);
  EXPECT_TRUE(removed.error().message.ends_with("h1 has been removed from the cluster"))
      << removed.error().message;
  welcome = true;
  auto other = world.target();
  other.service = "other";
  auto absent = world.call(world.h1, other);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, Code::not_found);
  EXPECT_EQ(world.listener->refused(), 2U);
  auto choosy = world.target();
  choosy.admit = [](const Peer&) { return Result<void>(fail(Code::forbidden, "not you")); };
  auto refused = world.call(world.h1, choosy);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.ends_with("not you")) << refused.error().message;
  EXPECT_TRUE(world.call());
}

TEST(Link, a_socket_stays_of_use_when_its_descriptor_is_given_away) {
  World world;
  world.listen();
  auto socket = must(world.call());
  auto in = world.next();
  Fd given(socket.release());
  ASSERT_EQ(::write(given.get(), "bytes", 5), 5);
  given = Fd();
  EXPECT_EQ(in_loop(world.loop, receive(in.socket)), "bytes");
}

TEST(Link, what_was_written_arrives_even_if_nobody_reads_what_comes_back) {
  World world({.patience = 200ms});
  world.listen();
  auto socket = must(world.call());
  auto in = world.next();
  // h2 writes more than fits anywhere; h1 writes a little and goes.
  auto flood = [&]() -> Async<void> {
    while (co_await send(in.socket, std::string(100'000, 'f'))) {
    }
  };
  Scope scope(world.loop.get_executor());
  scope.spawn(flood());
  EXPECT_TRUE(in_loop(world.loop, send(socket, "goodbye")));
  socket.close();
  EXPECT_EQ(in_loop(world.loop, receive(in.socket)), "goodbye");
  in_loop(world.loop, [&]() -> Async<bool> {
    co_await scope.join();  // the writer gets an error in the end
    co_return true;
  }());
  EXPECT_TRUE(eventually([&] { return world.relays.connections() == 0; }));
}

TEST(Link, a_connection_ends_when_its_key_has_carried_what_it_may) {
  World world({.key_life = mib(1)});
  world.listen();
  auto socket = must(world.call());
  auto in = world.next();
  auto bytes = random_bytes(4'000'000);
  auto [sent, got] = in_loop(world.loop, [&]() -> Async<std::pair<bool, std::string>> {
    auto [written, read] = co_await (send(socket, bytes) && receive(in.socket));
    co_return std::pair(written, read);
  }());
  EXPECT_FALSE(sent);
  EXPECT_LT(got.size(), bytes.size());
  EXPECT_TRUE(bytes.starts_with(got));
}

TEST(Link, connections_with_a_removed_host_end) {
  World world;
  world.listen();
  auto socket = must(world.call());
  auto in = world.next();
  world.there.end("h3");
  must(in_loop(world.loop, write_frame(socket, "still there")));
  EXPECT_EQ(must(in_loop(world.loop, read_frame(in.socket, kib(1)))), "still there");
  world.there.end("h1");
  EXPECT_EQ(in_loop(world.loop, receive(socket)), "");
  EXPECT_EQ(in_loop(world.loop, receive(in.socket)), "");
  EXPECT_TRUE(eventually([&] { return world.there.connections() == 0; }));
}

TEST(Link, more_connections_than_allowed_are_refused) {
  World world({.connections = 2});
  world.listen();
  auto first = must(world.call());
  auto second = must(world.call());
  auto third = world.call();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Code::limit);
  second.close();
  world.next();
  world.next();  // both of h2's ends are gone with these
  EXPECT_TRUE(eventually([&] { return world.relays.connections() < 2; }));
  EXPECT_TRUE(eventually([&] { return world.there.connections() < 2; }));
  EXPECT_TRUE(world.call());
}

TEST(Link, an_address_where_nobody_answers_is_unavailable) {
  World world;
  world.listen();
  auto nobody = world.target();
  world.listener.reset();
  EXPECT_TRUE(eventually([&] {
    auto refused = world.call(world.h1, nobody);
    return !refused && refused.error().code == Code::unavailable;
  }));
  for (const char* address : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", ":1",
                              "::1:1", "[::1]", "[127.0.0.1]:1"}) {
    nobody.address = address;
    auto wrong = world.call(world.h1, nobody);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, Code::invalid) << address;
  }
}

TEST(Link, a_name_is_looked_up) {
  World world;
  world.listen();
  auto named = world.target();
  named.address = fmt::format("localhost:{}", world.listener->port());
  EXPECT_TRUE(world.call(world.h1, named));
}

TEST(Link, a_dial_that_is_cancelled_goes_on_at_once_and_leaves_nothing) {
  World world;
  // Somebody who takes the connection and never says a word.
  asio::ip::tcp::acceptor silent(world.loop, {asio::ip::address_v4::loopback(), 0});
  auto before = open_sockets();
  Target target{.address = fmt::format("127.0.0.1:{}", silent.local_endpoint().port()),
                .host = "h2",
                .service = peer_service,
                .limit = std::chrono::hours(1)};
  auto try_it = [&]() -> Async<Result<bool>> {
    auto socket = co_await dial(world.relays, world.h1, target);
    co_return socket.has_value();
  };
  auto result = in_loop(world.loop, within(100ms, try_it(), "the test"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::timeout);
  EXPECT_TRUE(eventually([&] { return open_sockets() == before; }));
  target.limit = 100ms;
  auto late = world.call(world.h1, target);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::timeout);
}

TEST(Link, stopping_ends_all_while_bytes_flow) {
  World world;
  world.listen();
  std::vector<UnixSocket> sockets;
  std::vector<Incoming> ins;
  for (int i = 0; i < 8; ++i) {
    sockets.push_back(must(world.call()));
    ins.push_back(world.next());
  }
  Scope scope(world.loop.get_executor());
  std::size_t arrived = 0;
  for (int i = 0; i < 8; ++i) {
    scope.spawn([](UnixSocket& to) -> Async<void> {
      while (co_await send(to, std::string(50'000, 'x'))) {
      }
    }(sockets[static_cast<std::size_t>(i)]));
    scope.spawn([](UnixSocket& from, std::size_t& count) -> Async<void> {
      std::string piece(10'000, '\0');
      while (true) {
        auto [ec, size] = co_await from.async_read_some(asio::buffer(piece), as_result);
        if (ec) co_return;
        count += size;
      }
    }(ins[static_cast<std::size_t>(i)].socket, arrived));
  }
  world.loop.restart();
  while (arrived < 2'000'000) world.loop.run_one();
  world.relays.stop();
  in_loop(world.loop, [&]() -> Async<bool> {
    co_await scope.join();
    co_return true;
  }());
  EXPECT_EQ(world.relays.connections(), 0U);
  auto later = world.call();
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, Code::cancelled);
  world.there.stop();
  world.there.stop();
  world.listener.reset();
}

TEST(Link, stopping_in_the_midst_of_handshakes_ends_them) {
  World world;
  world.listen({.handshakes = 512, .handshakes_of_address = 512});
  std::vector<Result<UnixSocket>> results;
  Scope scope(world.loop.get_executor());
  for (int i = 0; i < 50; ++i) {
    scope.spawn([](World& w, std::vector<Result<UnixSocket>>& to) -> Async<void> {
      to.push_back(co_await dial(w.relays, w.h1, w.target()));
    }(world, results));
  }
  world.loop.restart();
  for (int i = 0; i < 60; ++i) world.loop.poll_one();
  world.there.stop();
  world.relays.stop();
  in_loop(world.loop, [&]() -> Async<bool> {
    co_await scope.join();
    co_return true;
  }());
  EXPECT_EQ(results.size(), 50U);
}

TEST(Link, a_listener_that_has_gone_calls_no_service_any_more) {
  World world;
  world.listen();
  auto target = world.target();
  Scope scope(world.loop.get_executor());
  Result<UnixSocket> result = fail(Code::internal, "not yet");
  scope.spawn([](World& w, Target to, Result<UnixSocket>& into) -> Async<void> {
    into = co_await dial(w.relays, w.h1, std::move(to));
  }(world, target, result));
  world.loop.restart();
  world.loop.poll();  // it is on its way
  ::usleep(100'000);  // most likely as far as the loop's decision
  world.listener.reset();
  in_loop(world.loop, [&]() -> Async<bool> {
    co_await scope.join();
    co_return true;
  }());
  EXPECT_FALSE(result);
  EXPECT_TRUE(world.incoming.empty());
}

}  // namespace truce::link
