// What is sent to a web server, which answers as a test wants.
#include "image/http_upload.h"
#include "web_support.h"

namespace truce::image::web {
namespace {

/// Takes one connection, reads until `enough` of what came says so, and answers.
class OneAnswer {
 public:
  using Enough = std::function<bool(const std::string& came)>;
  OneAnswer(std::string answer, Enough enough) {
    std::tie(listener_, port_) = listen_on_loopback();
    thread_ = std::jthread([this, answer = std::move(answer), enough = std::move(enough)] {
      Fd client(::accept(listener_.get(), nullptr, nullptr));
      char piece[65536];
      while (!enough(came_)) {
        auto got = ::recv(client.get(), piece, sizeof piece, 0);
        if (got <= 0) return;
        came_.append(piece, static_cast<std::size_t>(got));
      }
      (void)!::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    });
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  ~OneAnswer() { ::shutdown(listener_.get(), SHUT_RDWR); }  // nobody may have come
  [[nodiscard]] std::string url() const {
    return fmt::format("http://127.0.0.1:{}/nfc/disk?secret=x", port_);
  }
  std::string came() {
    thread_.join();
    return came_;
  }

 private:
  Fd listener_;
  std::uint16_t port_ = 0;
  std::string came_;
  std::jthread thread_;
};

std::string answer(std::string_view status) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
}
bool all(const std::string& came) {
  return came.ends_with("\r\n0\r\n\r\n");
}
bool head(const std::string& came) {
  return came.contains("\r\n\r\n");
}

/// Sends so many bytes by a pipe.
Result<std::uint64_t> send(const std::string& url, std::size_t size,
                           HttpUploadOptions options = {}) {
  ::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  Fd out(ends[0]), in(ends[1]);
  std::jthread writer([&in, size] {
    std::string piece(65536, 'x');
    for (std::size_t left = size; left > 0;) {
      auto done = ::write(in.get(), piece.data(), std::min(left, piece.size()));
      if (done <= 0) break;
      left -= static_cast<std::size_t>(done);
    }
    in = Fd();
  });
  auto sent = http_upload(url, out.get(), options);
  out = Fd();
  return sent;
}

TEST(HttpUpload, all_that_comes_is_sent_in_chunks_with_the_headers) {
  OneAnswer server(answer("201 Created"), all);
  auto sent = send(server.url(), 300'000, {.method = "PUT", .headers = {"Overwrite: t"}});
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(*sent, 300'000U);
  auto came = server.came();
  EXPECT_TRUE(came.starts_with("PUT /nfc/disk?secret=x HTTP/1.1\r\n")) << came.substr(0, 200);
  EXPECT_TRUE(came.contains("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(came.contains("Overwrite: t\r\n"));
  EXPECT_FALSE(came.contains("Expect:"));
  EXPECT_EQ(std::ranges::count(came, 'x'), 300'000 + 1);
}

TEST(HttpUpload, what_a_server_refuses_is_told_without_the_query) {
  struct Row {
    std::string_view status;
    Code code;
  };
  for (const auto& row :
       {Row{"403 Forbidden", Code::forbidden}, Row{"404 Not Found", Code::not_found},
        Row{"411 Length Required", Code::unsupported}, Row{"500 Oops", Code::unavailable},
        Row{"302 Found", Code::unavailable}}) {
    OneAnswer server(answer(row.status), head);
    auto sent = send(server.url(), 8 << 20);
    ASSERT_FALSE(sent) << row.status;
    EXPECT_EQ(sent.error().code, row.code) << sent.error().message;
    EXPECT_FALSE(sent.error().message.contains("secret")) << sent.error().message;
  }
}

TEST(HttpUpload, a_server_that_hangs_up_or_is_not_there_is_an_error) {
  {
    OneAnswer server("", [](const std::string& came) { return came.size() > 100'000; });
    auto sent = send(server.url(), 64 << 20);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, Code::unavailable) << sent.error().message;
  }
  EXPECT_EQ(send("http://127.0.0.1:1/x", 10).error().code, Code::unavailable);
  EXPECT_EQ(send("ftp://127.0.0.1/x", 10).error().code, Code::invalid);
}

TEST(HttpUpload, it_can_be_called_off_and_does_not_wait_for_ever) {
  std::atomic<bool> cancelled = true;
  OneAnswer first("", [](const std::string&) { return false; });
  EXPECT_EQ(send(first.url(), 1 << 20, {.cancelled = &cancelled}).error().code, Code::cancelled);
  OneAnswer second("", [](const std::string&) { return false; });
  EXPECT_EQ(send(second.url(), 1000, {.stalled = std::chrono::milliseconds(1)}).error().code,
            Code::timeout);
}

}  // namespace
}  // namespace truce::image::web
