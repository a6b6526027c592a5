#include "qmp.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/read_until.hpp>
#include <cstring>

namespace truce::qemu {
namespace {

using Socket = Qmp::Socket;

/// A QEMU that says what the test tells it to, at the other end of a socket pair.
struct Peer {
  explicit Peer(asio::io_context& loop) : socket(loop) {}
  Async<std::string> line() {
    auto [ec, size] =
        co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer), '\n', as_result);
    if (ec) co_return "";
    auto text = buffer.substr(0, size - 1);
    buffer.erase(0, size);
    co_return text;
  }
  Async<void> say(std::string text) {
    co_await asio::async_write(socket, asio::buffer(text), as_result);
  }
  Socket socket;
  std::string buffer;
};

struct Scene {
  explicit Scene(QmpLimits limits = {}) : peer(loop), running(loop.get_executor()) {
    Socket ours(loop);
    asio::local::connect_pair(ours, peer.socket);
    qmp = std::make_shared<Qmp>(
        std::move(ours), [this](const QmpEvent& e) { events.push_back(e.name); }, limits);
  }
  /// Runs the test's body, with the connection's reader beside it.
  void play(std::function<Async<void>(Scene&)> body) {
    running.spawn(read(*this));
    auto all = [](Scene& scene, std::function<Async<void>(Scene&)> inner) -> Async<void> {
      co_await inner(scene);
      scene.qmp->close();
      co_await scene.running.join();
    };
    asio::co_spawn(loop, all(*this, std::move(body)), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    loop.run();
  }
  static Async<void> read(Scene& scene) { scene.ended = co_await scene.qmp->run(); }

  asio::io_context loop;
  Peer peer;
  Scope running;
  std::shared_ptr<Qmp> qmp;
  std::vector<std::string> events;
  std::optional<Error> ended;
};

Code code_of(const Result<json::value>& answer) {
  return answer ? Code::internal : answer.error().code;
}

TEST(Qmp, a_call_is_answered_with_its_result) {
  Scene().play([](Scene& s) -> Async<void> {
    auto call = s.qmp->execute("query-status", {{"verbose", true}});
    auto sent = json::parse(co_await s.peer.line()).as_object();
    EXPECT_EQ(sent["execute"], "query-status");
    EXPECT_EQ(sent["arguments"].as_object()["verbose"], true);
    co_await s.peer.say(R"({"QMP": {"version": {}, "capabilities": []}})"
                        "\r\n");
    co_await s.peer.say(R"({"return": {"status": "running"}, "id": 1})"
                        "\r\n");
    auto answer = co_await std::move(call);
    EXPECT_TRUE(answer && answer->as_object()["status"] == "running");
  });
}

TEST(Qmp, answers_out_of_order_find_their_calls_and_events_between_them_are_told) {
  Scene().play([](Scene& s) -> Async<void> {
    auto first = s.qmp->execute("a");
    auto second = s.qmp->execute("b");
    co_await s.peer.line();
    co_await s.peer.line();
    co_await s.peer.say("{\"event\": \"STOP\"}\n{\"return\": \"B\", \"id\": 2}\n{\"event\": \"RES");
    co_await s.peer.say("ET\", \"data\": {\"guest\": true}}\n{\"return\": \"A\", \"id\": 1}\n");
    auto [a, b] = co_await (std::move(first) && std::move(second));
    EXPECT_TRUE(a && *a == "A");
    EXPECT_TRUE(b && *b == "B");
    EXPECT_EQ(s.events, (std::vector<std::string>{"STOP", "RESET"}));
  });
}

TEST(Qmp, a_refusal_is_an_error_that_names_the_command) {
  Scene().play([](Scene& s) -> Async<void> {
    auto call = s.qmp->execute("no-such");
    co_await s.peer.line();
    co_await s.peer.say(
        R"({"error": {"class": "CommandNotFound", "desc": "The command no-such has not been found"}, "id": 1})"
        "\n");
    auto answer = co_await std::move(call);
    EXPECT_EQ(code_of(answer), Code::unsupported);
    EXPECT_EQ(answer.error().message, "QMP no-such: The command no-such has not been found");
  });
}

TEST(Qmp, junk_ends_the_connection_and_fails_the_calls_under_way) {
  Scene scene;
  scene.play([](Scene& s) -> Async<void> {
    auto call = s.qmp->execute("a");
    co_await s.peer.say("hello\n");
    EXPECT_EQ(code_of(co_await std::move(call)), Code::unavailable);
    EXPECT_EQ(code_of(co_await s.qmp->execute("b")), Code::unavailable);
  });
  ASSERT_TRUE(scene.ended);
  EXPECT_EQ(scene.ended->code, Code::corrupt);
}

TEST(Qmp, a_disconnect_in_the_middle_of_a_call_fails_it) {
  Scene scene;
  scene.play([](Scene& s) -> Async<void> {
    auto call = s.qmp->execute("a");
    co_await s.peer.line();
    co_await s.peer.say("{\"retu");
    s.peer.socket.close();
    EXPECT_EQ(code_of(co_await std::move(call)), Code::unavailable);
  });
  ASSERT_TRUE(scene.ended);
  EXPECT_EQ(scene.ended->code, Code::unavailable);
}

TEST(Qmp, a_line_over_the_limit_ends_the_connection) {
  Scene scene({.line_bytes = 1000});
  scene.play([](Scene& s) -> Async<void> {
    auto call = s.qmp->execute("a");
    co_await s.peer.say("{\"event\": \"" + std::string(400, 'x') + "\"}\n");
    co_await s.peer.say(std::string(1001, 'x'));
    EXPECT_EQ(code_of(co_await std::move(call)), Code::unavailable);
    EXPECT_EQ(s.events.size(), 1U);
  });
  ASSERT_TRUE(scene.ended);
  EXPECT_EQ(scene.ended->code, Code::limit);
}

TEST(Qmp, a_call_without_an_answer_times_out_and_a_late_answer_hurts_nobody) {
  Scene().play([](Scene& s) -> Async<void> {
    EXPECT_EQ(code_of(co_await s.qmp->execute("slow", {}, 5ms)), Code::timeout);
    co_await s.peer.line();
    auto next = s.qmp->execute("quick");
    co_await s.peer.line();
    co_await s.peer.say("{\"return\": 1, \"id\": 1}\n{\"return\": 2, \"id\": 2}\n");
    auto answer = co_await std::move(next);
    EXPECT_TRUE(answer && *answer == 2);
  });
}

TEST(Qmp, more_calls_than_the_limit_are_refused) {
  Scene({.outstanding_calls = 2}).play([](Scene& s) -> Async<void> {
    auto first = s.qmp->execute("a");
    auto second = s.qmp->execute("b");
    EXPECT_EQ(code_of(co_await s.qmp->execute("c")), Code::limit);
    co_await s.peer.line();
    co_await s.peer.line();
    co_await s.peer.say("{\"return\": 1, \"id\": 1}\n{\"return\": 2, \"id\": 2}\n");
    EXPECT_TRUE(co_await std::move(first));
    EXPECT_TRUE(co_await std::move(second));
  });
}

TEST(Qmp, a_descriptor_travels_with_its_command_and_a_second_one_waits_for_the_first) {
  Scene().play([](Scene& s) -> Async<void> {
    int pipes[2];
    EXPECT_EQ(::pipe(pipes), 0);
    Fd reading(pipes[0]);
    auto first = s.qmp->execute("getfd", {{"fdname", "a"}}, 10s, Fd(::dup(pipes[1])));
    auto second = s.qmp->execute("getfd", {{"fdname", "b"}}, 10s, Fd(pipes[1]));
    co_await s.peer.socket.async_wait(Socket::wait_read, as_result);
    char text[4096];
    iovec part{text, sizeof text};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    auto size = ::recvmsg(s.peer.socket.native_handle(), &message, MSG_CMSG_CLOEXEC);
    EXPECT_GT(size, 0);
    std::string_view got(text, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    EXPECT_TRUE(got.contains("\"a\"") && !got.contains("\"b\"")) << got;
    auto* header = CMSG_FIRSTHDR(&message);
    EXPECT_NE(header, nullptr);
    if (header == nullptr) co_return;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    Fd received(fd);
    EXPECT_EQ(::write(fd, "x", 1), 1);
    char byte = 0;
    EXPECT_EQ(::read(reading.get(), &byte, 1), 1);
    EXPECT_EQ(byte, 'x');
    co_await s.peer.say("{\"return\": {}, \"id\": 1}\n");
    EXPECT_TRUE(co_await std::move(first));
    EXPECT_TRUE((co_await s.peer.line()).contains("\"b\""));
    co_await s.peer.say("{\"return\": {}, \"id\": 2}\n");
    EXPECT_TRUE(co_await std::move(second));
  });
}

TEST(Qmp, lines_that_are_no_messages_are_corrupt) {
  for (const char* line : {"", "null", "[]", "{}", "{\"event\": 5}", "{\"QMP\": 1}",
                           "{\"error\": \"x\"}", "{\"return\": 1} x", "\xff\xfe"}) {
    auto message = parse_qmp(line);
    EXPECT_TRUE(!message && message.error().code == Code::corrupt) << line;
  }
  auto odd_id = parse_qmp("{\"return\": 1, \"id\": -4}");
  ASSERT_TRUE(odd_id);
  EXPECT_EQ(std::get<QmpReply>(*odd_id).id, 0U);
  auto greeting =
      parse_qmp(R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}}})");
  ASSERT_TRUE(greeting);
  EXPECT_EQ(std::get<QmpGreeting>(*greeting).version, "7.2.22");
}

// What a fuzzer starts with: each message cut everywhere, and each of its bytes changed.
TEST(Qmp, a_damaged_message_is_read_or_refused) {
  int tried = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(TRUCE_TEST_FILES) + "/corpus_qmp_fuzz")) {
    auto whole = read_file(entry.path());
    ASSERT_TRUE(whole);
    EXPECT_TRUE(parse_qmp(*whole)) << entry.path();
    for (std::size_t i = 0; i < whole->size(); ++i, ++tried) {
      EXPECT_FALSE(parse_qmp(whole->substr(0, i))) << entry.path() << " cut at " << i;
      for (char byte : {'\0', '"', '{', '9', '\xff'}) {
        auto changed = *whole;
        changed[i] = byte;
        auto message = parse_qmp(changed);
        if (!message) EXPECT_EQ(message.error().code, Code::corrupt);
      }
    }
  }
  EXPECT_GT(tried, 100);
}

}  // namespace
}  // namespace truce::qemu
