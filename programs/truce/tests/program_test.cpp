// The real program against a daemon that says what the test tells it to.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <fstream>

#include "fake_daemon.h"

namespace truce::cli {
namespace {

constexpr auto task_text =
    R"({{"name":"t-1","kind":"vm.start","target":"vms/web01","state":"{}","progress":{},"step":"{}",)"
    R"("error":"{}","created":"2026-11-22T11:13:47.000Z"}})";

std::string task(std::string_view state, double progress = 0, std::string_view step = "",
                 std::string_view error = "") {
  return fmt::format(task_text, state, progress, step, error);
}

std::string vm(std::string_view name) {
  return fmt::format(R"({{"name":"{}","observed":"off","cpus":1,"memory":1073741824,"host":"h1"}})",
                     name);
}

class Program : public testing::Test {
 protected:
  int status(const Output& output) { return output.status.code.value_or(-1); }
  FakeDaemon daemon;
};

TEST_F(Program, nobody_there_is_exit_status_3) {
  auto got = daemon.run({"vm", "list"});
  EXPECT_EQ(status(got), 3);
  EXPECT_EQ(got.out, "");
  EXPECT_TRUE(got.err.starts_with("truce: vm list: " + daemon.url())) << got.err;
  EXPECT_EQ(std::ranges::count(got.err, '\n'), 1);
}

TEST_F(Program, wrong_usage_is_exit_status_2_and_asks_nobody) {
  EXPECT_EQ(status(daemon.run({"vm", "strat", "a"})), 2);
  EXPECT_EQ(status(daemon.run({"vm", "create", "a", "--memory", "much"})), 2);
  EXPECT_EQ(status(daemon.run({"vm", "list", "--url", "nowhere"})), 2);
}

TEST_F(Program, a_refusal_is_exit_status_1_and_names_the_option) {
  daemon.on("POST /v1/vms", [](const http::Request&) {
    return http::problem(Error{Code::invalid, "must be from 32MiB to 16TiB", "/memory"});
  });
  daemon.start();
  auto got = daemon.run({"vm", "create", "web01", "--memory", "1KiB"});
  EXPECT_EQ(status(got), 1);
  EXPECT_EQ(got.err, "truce: vm create web01: --memory: must be from 32MiB to 16TiB\n");
}

TEST_F(Program, a_list_follows_its_pages_to_the_end) {
  daemon.on("GET /v1/vms", [](const http::Request& request) {
    auto after = request.query.contains("after") ? request.query.at("after") : "";
    http::Response response;
    auto name = after.empty() ? "a" : after == "a" ? "b" : "c";
    response.body = fmt::format(R"({{"revision":7,"items":[{}],"next":"{}"}})", vm(name),
                                after == "b" ? "" : name);
    return response;
  });
  daemon.start();
  EXPECT_EQ(daemon.run({"vm", "list", "--quiet"}).out, "a\nb\nc\n");
  EXPECT_EQ(daemon.run({"vm", "list", "--quiet", "--limit", "1"}).out, "a\n");
  auto all = boost::json::parse(daemon.run({"vm", "list", "--format", "json"}).out);
  EXPECT_EQ(all.at("items").as_array().size(), 3U);
  EXPECT_EQ(all.at("next").as_string(), "");
}

TEST_F(Program, a_server_that_never_ends_its_pages_is_left) {
  daemon.on("GET /v1/vms", 200, R"({"revision":7,"items":[],"next":"again"})");
  daemon.start();
  EXPECT_EQ(status(daemon.run({"vm", "list"})), 0);
  EXPECT_EQ(daemon.requests().size(), 2U);
}

TEST_F(Program, a_task_is_waited_for_and_its_steps_are_told) {
  auto count = std::make_shared<int>(0);
  daemon.on("POST /v1/vms/web01/start", 202, task("queued"));
  daemon.on("GET /v1/tasks/t-1", [count](const http::Request&) {
    http::Response response;
    int n = (*count)++;
    response.body = n == 0   ? task("running", 0.25, "making the disk")
                    : n == 1 ? task("running", 0.5, "booting")
                             : task("succeeded", 1);
    return response;
  });
  daemon.start();
  auto got = daemon.run({"vm", "start", "web01"});
  EXPECT_EQ(status(got), 0);
  EXPECT_TRUE(got.out.starts_with("vm.start vms/web01: done in ")) << got.out;
  EXPECT_EQ(got.err,
            "vm.start vms/web01: 25%: making the disk\nvm.start vms/web01: 50%: booting\n");
  EXPECT_TRUE(daemon.requests().at(1).starts_with("GET /v1/tasks/t-1?wait="));
}

TEST_F(Program, a_task_that_is_not_waited_for_is_named) {
  daemon.on("POST /v1/vms/web01/start", 202, task("queued"));
  daemon.start();
  EXPECT_EQ(daemon.run({"vm", "start", "web01", "--no-wait"}).out, "t-1\n");
  EXPECT_EQ(daemon.requests().size(), 1U);
}

TEST_F(Program, a_task_that_fails_is_one_line_and_exit_status_1) {
  daemon.on("POST /v1/vms/web01/start", 202, task("queued"));
  daemon.on("GET /v1/tasks/t-1", 200, task("failed", 0, "", "no host fits"));
  daemon.start();
  auto got = daemon.run({"vm", "start", "web01"});
  EXPECT_EQ(status(got), 1);
  EXPECT_EQ(got.out, "");
  EXPECT_EQ(got.err, "truce: vm start web01: no host fits\n");
}

TEST_F(Program, a_cancelled_task_is_a_success_only_for_who_cancelled_it) {
  daemon.on("POST /v1/vms/web01/start", 202, task("queued"));
  daemon.on("POST /v1/tasks/t-1/cancel", 202, task("running"));
  daemon.on("GET /v1/tasks/t-1", 200, task("cancelled"));
  daemon.start();
  EXPECT_EQ(status(daemon.run({"vm", "start", "web01"})), 1);
  EXPECT_EQ(status(daemon.run({"task", "cancel", "t-1"})), 0);
  EXPECT_EQ(status(daemon.run({"task", "wait", "t-1"})), 1);
}

/// Waits until something is so; the test's own time limit is the bound.
void until(const std::function<bool()>& is_so) {
  while (!is_so()) std::this_thread::sleep_for(10ms);
}

ExitStatus end_of(Process& process) {
  asio::io_context loop;
  auto ended = asio::co_spawn(loop, process.wait(), asio::use_future);
  loop.run();
  return ended.get().value();
}

std::string content(const std::filesystem::path& path) {
  return read_file(path).value_or("");
}

TEST_F(Program, ctrl_c_leaves_a_task_running_and_says_how_to_cancel_it) {
  daemon.on("POST /v1/vms/web01/start", 202, task("queued"));
  daemon.on("GET /v1/tasks/t-1", [](const http::Request&) {
    http::Response response;
    response.stream = [](http::BodyWriter&) -> Async<void> { co_await sleep_for(1h); };
    return response;
  });
  daemon.start();
  auto errors = daemon.folder() / "errors";
  auto process = daemon.start_program({"vm", "start", "web01"}, errors);
  until([&] { return daemon.requests().size() == 2; });
  ASSERT_TRUE(process.signal(SIGINT));
  EXPECT_EQ(end_of(process).signal, std::nullopt);
  EXPECT_TRUE(content(errors).contains("which goes on; to cancel it: truce task cancel t-1"))
      << content(errors);
}

TEST_F(Program, watching_prints_changes_and_ends_with_ctrl_c) {
  daemon.on("GET /v1/vms", [](const http::Request& request) {
    http::Response response;
    if (!request.query.contains("watch")) {
      response.body = fmt::format(R"({{"revision":7,"items":[{}],"next":""}})", vm("a"));
      return response;
    }
    EXPECT_EQ(request.query.at("since"), "7");
    response.content_type = "text/event-stream";
    response.stream = [](http::BodyWriter& writer) -> Async<void> {
      co_await writer.write(fmt::format(
          "event: put\nid: 8\ndata: {{\"revision\":8,\"name\":\"b\",\"object\":{}}}\n\n", vm("b")));
      co_await writer.write(
          "event: delete\nid: 9\ndata: {\"revision\":9,\"name\":\"a\",\"object\":null}\n\n");
      co_await writer.write("event: gone\ndata: \"list again\"\n\n");
    };
    return response;
  });
  daemon.start();
  auto got = daemon.run({"vm", "list", "--watch"});
  EXPECT_EQ(got.out,
            "NAME  OBSERVED  CPUS  MEMORY  ADDRESSES  TEMPLATE  HOST\n"
            "a     off          1    1GiB  -          -         h1\n"
            "b     off          1    1GiB  -          -         h1\n"
            "a (gone)\n");
  EXPECT_EQ(status(got), 1);
  EXPECT_TRUE(got.err.contains("list again"));
}

TEST_F(Program, a_program_in_the_guest_gives_its_outputs_and_its_status) {
  daemon.on("POST /v1/vms/web01/exec", 200, R"({"exit_code":7,"out":"hello\n","err":"oh\n"})");
  daemon.start();
  auto got = daemon.run({"vm", "exec", "web01", "--timeout", "5", "--", "sh", "-c", "echo 'a b'"});
  EXPECT_EQ(status(got), 7);
  EXPECT_EQ(got.out, "hello\n");
  EXPECT_EQ(got.err, "oh\n");
  EXPECT_EQ(daemon.requests().at(0),
            R"(POST /v1/vms/web01/exec {"argv":["sh","-c","echo 'a b'"],"timeout_seconds":5})");
}

TEST_F(Program, a_screenshot_goes_to_its_file_or_to_standard_output) {
  daemon.on("GET /v1/vms/web01/screenshot", [](const http::Request&) {
    http::Response response;
    response.content_type = "image/png";
    response.body = std::string("\x89PNG\0x", 6);
    return response;
  });
  daemon.start();
  EXPECT_EQ(status(daemon.run({"vm", "screenshot", "web01", "web01.png"})), 0);
  EXPECT_EQ(content(daemon.folder() / "web01.png"), std::string("\x89PNG\0x", 6));
  EXPECT_EQ(daemon.run({"vm", "screenshot", "web01", "-"}).out, std::string("\x89PNG\0x", 6));

  daemon.on("GET /v1/tasks/t-1/screenshot", [](const http::Request&) {
    http::Response response;
    response.content_type = "image/png";
    response.body = "of the task";
    return response;
  });
  EXPECT_EQ(daemon.run({"task", "screenshot", "t-1", "-"}).out, "of the task");
}

TEST_F(Program, cloud_init_is_read_from_a_file_or_from_standard_input) {
  daemon.on("POST /v1/vms", 202, task("succeeded"));
  daemon.start();
  std::ofstream(daemon.folder() / "user-data") << "#cloud-config\n";
  daemon.run({"vm", "create", "a", "--cloud-init", "user-data"});
  daemon.run({"vm", "create", "b", "--cloud-init", "-"}, "#!/bin/sh\n");
  EXPECT_EQ(daemon.requests().at(0), R"(POST /v1/vms {"name":"a","cloud_init":"#cloud-config\n"})");
  EXPECT_EQ(daemon.requests().at(1), R"(POST /v1/vms {"name":"b","cloud_init":"#!/bin/sh\n"})");
}

TEST_F(Program, a_console_carries_piped_input_and_output) {
  daemon.on("POST /v1/vms/web01/console", 200, R"({"ticket":"k","path":"/v1/consoles/k"})");
  daemon.on("GET /v1/consoles/k", [](const http::Request&) {
    http::Response response;
    response.socket = [](http::WebSocket& socket) -> Async<void> {
      auto first = co_await socket.read();
      if (first) co_await socket.write("you said: " + *first);
      co_await socket.close("done");
    };
    return response;
  });
  daemon.start();
  auto got = daemon.run({"vm", "console", "web01", "--linger", "60"}, "uptime\n");
  EXPECT_EQ(status(got), 0) << got.err;
  EXPECT_EQ(got.out, "you said: uptime\n");
}

TEST_F(Program, a_console_is_left_when_piped_input_has_ended_and_nothing_comes) {
  daemon.on("POST /v1/vms/web01/console", 200, R"({"ticket":"k","path":"/v1/consoles/k"})");
  daemon.on("GET /v1/consoles/k", [](const http::Request&) {
    http::Response response;
    response.socket = [](http::WebSocket& socket) -> Async<void> {
      while (co_await socket.read()) {
      }
    };
    return response;
  });
  daemon.start();
  auto got = daemon.run({"vm", "console", "web01", "--linger", "0"}, "x");
  EXPECT_EQ(status(got), 0) << got.err;
}

TEST_F(Program, completion_asks_for_names_and_is_silent_without_an_answer) {
  EXPECT_EQ(daemon.run({"__complete", "--", "vm", "start", "w"}).out, "");
  daemon.on("GET /v1/vms", 200,
            fmt::format(R"({{"revision":1,"items":[{},{}],"next":""}})", vm("web01"), vm("db")));
  daemon.start();
  auto got = daemon.run({"__complete", "--", "vm", "start", "w"});
  EXPECT_EQ(got.out, "web01\n");
  EXPECT_EQ(got.err, "");
}

TEST_F(Program, a_login_is_remembered_once_the_server_knows_the_caller) {
  auto known = std::make_shared<std::atomic<bool>>(false);
  daemon.on("GET /v1", [known](const http::Request& request) {
    http::Response response;
    auto token =
        request.headers.contains("authorization") ? request.headers.at("authorization") : "";
    response.body =
        fmt::format(R"({{"version":"1","fingerprint":"ab","user":"{}","role":"admin"}})",
                    *known && token == "Bearer secret" ? "eva" : "");
    return response;
  });
  daemon.start();
  auto refused = daemon.run({"login", daemon.url(), "--token", "secret"});
  EXPECT_EQ(status(refused), 1);
  EXPECT_FALSE(std::filesystem::exists(daemon.folder() / "client.json"));
  *known = true;
  auto got = daemon.run({"login", daemon.url(), "--token", "secret"});
  EXPECT_EQ(status(got), 0) << got.err;
  EXPECT_TRUE(got.out.contains("as eva (admin)")) << got.out;
  EXPECT_TRUE(daemon.run({"server", "show"}).out.contains("eva")) << "the stored token is sent";
}

TEST_F(Program, a_server_is_added_as_the_platform_that_it_is) {
  daemon.on(
      "POST /v1/platforms", 201,
      R"({"name":"old","url":"ssh://root@old.example.com","created":"2026-11-22T11:13:47.000Z"})");
  daemon.start();
  auto got = daemon.run({"host", "add", "ssh://root@old.example.com"});
  EXPECT_EQ(status(got), 0) << got.err;
  EXPECT_TRUE(daemon.requests().back().starts_with(
      R"(POST /v1/platforms {"name":"old","url":"ssh://root@old.example.com","password":"")"));
  for (const char* url : {"ssh://root@192.0.2.9", "ssh://root@[2001:db8::1]", "node2"})
    EXPECT_EQ(status(daemon.run({"host", "add", url})), 2) << url;
  EXPECT_EQ(status(daemon.run({"host", "add", "ssh://root@192.0.2.9", "--name", "old"})), 0);
}

TEST_F(Program, an_answer_that_is_not_json_is_an_error_and_not_a_crash) {
  daemon.on("GET /v1/vms", 200, "<html>");
  daemon.on("GET /v1/pools", 200, "[]");
  daemon.on("GET /v1/vms/a", 200, "7");
  daemon.start();
  EXPECT_EQ(status(daemon.run({"vm", "list"})), 1);
  EXPECT_EQ(status(daemon.run({"pool", "list"})), 1);
  EXPECT_NE(status(daemon.run({"vm", "show", "a"})), -1);
}

}  // namespace
}  // namespace truce::cli
