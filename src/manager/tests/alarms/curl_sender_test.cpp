// The sender against servers that are really there, over TLS too.
#include "alarms/curl_sender.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "http/server.h"
#include "on_loop.h"

namespace truce::manager {
namespace {

/// A web server with a certificate of its own making, and what it was asked.
class Receiver {
 public:
  explicit Receiver(asio::any_io_executor loop)
      : folder(std::filesystem::temp_directory_path() / ("truce-sender-" + random_hex(6))),
        server_(loop, {}, [this](http::Request request) { return answer(std::move(request)); }) {
    EXPECT_TRUE(make_folder(folder));
    http::Tls tls{folder / "server.crt", folder / "server.key"};
    EXPECT_TRUE(http::ensure_certificate(tls, {"localhost"}));
    auto listening = server_.listen_tls("127.0.0.1", 0, tls);
    EXPECT_TRUE(listening);
    url = fmt::format("https://localhost:{}/hook/secret", listening.value_or(0));
  }
  ~Receiver() { EXPECT_TRUE(remove_tree(folder)); }
  Async<void> stop() { co_await server_.stop(); }

  std::filesystem::path folder;
  std::string url;
  int status = 200;
  std::string body = "ok";
  Duration pause{};
  std::vector<http::Request> asked;

 private:
  Async<http::Response> answer(http::Request request) {
    asked.push_back(std::move(request));
    if (pause > Duration{}) co_await sleep_for(pause);
    http::Response response;
    response.status = status;
    response.body = body;
    if (status == 302) response.headers["Location"] = "https://localhost/elsewhere";
    co_return response;
  }

  http::Server server_;
};

template <class Work>
void with_receiver(Work work) {
  on_loop([&](asio::any_io_executor loop) -> Async<void> {
    Receiver receiver(loop);
    co_await work(receiver);
    co_await receiver.stop();
  });
}

std::string authorities(const Receiver& receiver) {
  return (receiver.folder / "server.crt").string();
}

TEST(CurlSender, a_document_arrives_as_it_is) {
  with_receiver([](Receiver& receiver) -> Async<void> {
    CurlSender sender({}, authorities(receiver));
    auto done = co_await sender.post(receiver.url + "?a=b", R"({"text":"ä"})");
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_EQ(receiver.asked.size(), 1U);
    const auto& request = receiver.asked.at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/hook/secret");
    EXPECT_EQ(request.query.at("a"), "b");
    EXPECT_EQ(request.body, R"({"text":"ä"})");
    EXPECT_EQ(request.headers.at("content-type"), "application/json");
  });
}

TEST(CurlSender, a_server_whose_certificate_nobody_vouches_for_is_told_nothing) {
  with_receiver([](Receiver& receiver) -> Async<void> {
    CurlSender sender({});
    auto done = co_await sender.post(receiver.url, "{}");
    EXPECT_FALSE(done);
    EXPECT_TRUE(done.error().message.contains("certificate")) << done.error().message;
    EXPECT_FALSE(done.error().message.contains("secret")) << done.error().message;
    EXPECT_EQ(receiver.asked.size(), 0U);
  });
}

TEST(CurlSender, other_answers_than_success_are_errors_and_redirections_are_not_followed) {
  with_receiver([](Receiver& receiver) -> Async<void> {
    CurlSender sender({}, authorities(receiver));
    for (int status : {201, 204}) {
      receiver.status = status;
      receiver.body.clear();
      auto done = co_await sender.post(receiver.url, "{}");
      EXPECT_TRUE(done) << status;
    }
    for (int status : {302, 404, 500}) {
      receiver.status = status;
      receiver.asked.clear();
      auto done = co_await sender.post(receiver.url, "{}");
      EXPECT_FALSE(done);
      EXPECT_TRUE(done.error().message.starts_with(fmt::format("answered {}", status)));
      EXPECT_EQ(receiver.asked.size(), 1U);
    }
  });
}

TEST(CurlSender, of_an_endless_answer_only_the_beginning_is_read) {
  with_receiver([](Receiver& receiver) -> Async<void> {
    receiver.body = std::string(20U << 20U, 'x');
    CurlSender sender({}, authorities(receiver));
    auto done = co_await sender.post(receiver.url, "{}");
    EXPECT_TRUE(done) << "it said 200";
  });
}

TEST(CurlSender, what_is_under_way_is_broken_off_within_moments) {
  with_receiver([](Receiver& receiver) -> Async<void> {
    receiver.pause = 5s;
    auto sender = std::make_unique<CurlSender>(MailSettings{}, authorities(receiver));
    auto began = std::chrono::steady_clock::now();
    auto stop_soon = [](CurlSender& one) -> Async<void> {
      co_await sleep_for(200ms);
      one.stop();
    };
    auto done = co_await (sender->post(receiver.url, "{}") && stop_soon(*sender));
    EXPECT_EQ(done.error().code, Code::cancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
    auto later = co_await sender->mail("a@b", "");
    EXPECT_EQ(later.error().code, Code::cancelled);
  });
}

TEST(CurlSender, mail_settings_that_cannot_work_are_refused) {
  EXPECT_TRUE(check_mail_settings({}));
  EXPECT_TRUE(check_mail_settings({"smtp://mail.example.com:25", "a@b", "", ""}));
  EXPECT_TRUE(check_mail_settings({"smtps://[fd00::1]:465", "a@b", "me", "/etc/x"}));
  for (const auto& [settings, option] : std::vector<std::pair<MailSettings, std::string>>{
           {{"mail.example.com", "a@b", "", ""}, "smtp-server"},
           {{"http://mail.example.com", "a@b", "", ""}, "smtp-server"},
           {{"smtp://mail.example.com/path", "a@b", "", ""}, "smtp-server"},
           {{"smtp://me:word@mail.example.com", "a@b", "", ""}, "smtp-server"},
           {{"smtp://mail.example.com", "", "", ""}, "smtp-from"},
           {{"smtp://mail.example.com", "Truce <a@b>", "", ""}, "smtp-from"},
           {{"smtp://mail.example.com", "a@b", "me", ""}, "smtp-user"},
           {{"smtp://mail.example.com", "a@b", "", "/etc/x"}, "smtp-user"}}) {
    auto checked = check_mail_settings(settings);
    ASSERT_FALSE(checked) << settings.server;
    EXPECT_TRUE(checked.error().message.starts_with(option)) << checked.error().message;
    EXPECT_FALSE(checked.error().message.contains("word@")) << checked.error().message;
  }
}

}  // namespace
}  // namespace truce::manager
