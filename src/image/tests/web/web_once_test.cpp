// What is sent to a web server, which answers as a test wants.
#include "image/http_once.h"
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
      ::shutdown(client.get(), SHUT_WR);
      // What is not read of what came would take the answer away from who sends.
      while (!answer.empty() && ::recv(client.get(), piece, sizeof piece, 0) > 0) continue;
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
Result<std::uint64_t> send(const std::string& url, std::size_t size, HttpOnceOptions options = {},
                           const std::string& method = "POST") {
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
  auto sent = http_upload(url, method, out.get(), options);
  out = Fd();
  return sent;
}

TEST(HttpUpload, all_that_comes_is_sent_in_chunks_with_the_headers) {
  OneAnswer server(answer("201 Created"), all);
  auto sent = send(server.url(), 300'000, {.headers = {"Overwrite: t"}}, "PUT");
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(*sent, 300'000U);
  auto came = server.came();
  EXPECT_TRUE(came.starts_with("PUT /nfc/disk?secret=x HTTP/1.1\r\n")) << came.substr(0, 200);
  EXPECT_TRUE(came.contains("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(came.contains("Overwrite: t\r\n"));
  EXPECT_FALSE(came.contains("Expect:"));
  EXPECT_EQ(std::ranges::count(came, 'x'), 300'000 + 1);
}

TEST(HttpUpload, a_raw_disk_is_sent_with_its_length_and_all_its_zeros) {
  ::signal(SIGPIPE, SIG_IGN);
  auto file = std::make_shared<MemoryFile>();
  ASSERT_TRUE(file->resize(1 << 20));
  const std::string text = "at the end";
  ASSERT_TRUE(file->write((1 << 20) - text.size(), std::as_bytes(std::span(text))));
  auto disk = open(file, {}, "raw");
  ASSERT_TRUE(disk);
  OneAnswer server(answer("200 OK"), [&](const std::string& came) { return came.ends_with(text); });
  auto sent =
      http_send(server.url(), "PUT", **disk, *find_format("raw"), {.size = 1 << 20}, {}, {});
  ASSERT_TRUE(sent) << sent.error().message;
  auto came = server.came();
  EXPECT_TRUE(came.contains("Content-Length: 1048576\r\n")) << came.substr(0, 300);
  EXPECT_FALSE(came.contains("chunked"));
  EXPECT_EQ(came.size() - came.find("\r\n\r\n") - 4, 1U << 20);
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

// A disk of 1 MiB with a byte at its beginning and one at its end, as it is sent.
std::string sent_disk() {
  std::string disk(1 << 20, '\0');
  disk.front() = disk.back() = 'd';
  return disk;
}
std::string with_length(std::string_view body, std::size_t length) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", length, body);
}

// All of a raw disk that is 1 MiB long.
Result<std::string> take(const std::string& url, HttpOnceOptions options = {}) {
  TRY(auto stream, http_stream(url, options, {.format = "raw", .size = 1 << 20}));
  std::string disk(1 << 20, '\0');
  while (true) {
    TRY(auto piece, stream->next());
    if (!piece) return disk;
    std::vector<std::byte> bytes(piece->length);
    TRY_VOID(stream->decode(*piece, bytes));
    std::memcpy(disk.data() + piece->start, bytes.data(), bytes.size());
  }
}

TEST(HttpStream, a_disk_comes_as_it_is_sent) {
  ::signal(SIGPIPE, SIG_IGN);
  OneAnswer server(with_length(sent_disk(), 1 << 20), head);
  auto came = take(server.url(), {.headers = {"Accept: x"}});
  ASSERT_TRUE(came) << came.error().message;
  EXPECT_TRUE(*came == sent_disk());
  auto asked = server.came();
  EXPECT_TRUE(asked.starts_with("GET /nfc/disk?secret=x HTTP/1.1\r\n")) << asked;
  EXPECT_TRUE(asked.contains("Accept: x\r\n"));
}

TEST(HttpStream, one_that_is_cut_off_refused_or_too_short_is_an_error_that_says_why) {
  ::signal(SIGPIPE, SIG_IGN);
  OneAnswer cut(with_length(sent_disk().substr(0, 500'000), 1 << 20), head);
  auto came = take(cut.url());
  ASSERT_FALSE(came);
  EXPECT_EQ(came.error().code, Code::unavailable) << came.error().message;
  OneAnswer refused("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", head);
  came = take(refused.url());
  ASSERT_FALSE(came);
  EXPECT_EQ(came.error().code, Code::not_found) << came.error().message;
  EXPECT_FALSE(came.error().message.contains("secret")) << came.error().message;
  OneAnswer small(with_length(sent_disk().substr(0, 500'000), 500'000), head);
  came = take(small.url());
  ASSERT_FALSE(came);
  EXPECT_EQ(came.error().code, Code::unavailable) << came.error().message;
  EXPECT_TRUE(came.error().message.contains("500000 of 1048576")) << came.error().message;
}

TEST(HttpStream, who_stops_reading_ends_it_and_it_can_be_called_off) {
  ::signal(SIGPIPE, SIG_IGN);
  std::atomic<bool> cancelled = false;
  OneAnswer silent("", [](const std::string&) { return false; });
  std::jthread caller([&] { cancelled = true; });
  EXPECT_EQ(take(silent.url(), {.cancelled = &cancelled}).error().code, Code::cancelled);
  OneAnswer server(with_length(sent_disk(), 1 << 20), head);
  auto stream = http_stream(server.url(), {}, {.format = "raw", .size = 1 << 20});
  ASSERT_TRUE(stream);
  EXPECT_TRUE((*stream)->next());
  stream->reset();  // it does not hang
}

}  // namespace
}  // namespace truce::image::web
