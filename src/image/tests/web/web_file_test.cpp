// Disks on web servers: what is read, and what is not believed.
#include <future>

#include "base/random.h"
#include "image/http_file.h"
#include "web/answer.h"
#include "web_support.h"

namespace truce::image::web {
namespace {

using namespace std::chrono_literals;

const Content& content() {
  static const Content bytes = sparse_content(3'000'001, 5);
  return bytes;
}

HttpFileOptions hasty() {
  HttpFileOptions options;
  options.stalled = 300ms;
  options.attempts = 2;
  return options;
}

/// The error of opening, or of reading everything in pieces.
Result<void> read_all(const std::string& url, const HttpFileOptions& options = hasty(),
                      std::size_t piece = 300'000) {
  TRY(auto file, HttpFile::open(url, options));
  Content got(file->size());
  for (std::size_t at = 0; at < got.size(); at += piece)
    TRY_VOID(file->read(at, Span(got).subspan(at, std::min(piece, got.size() - at))));
  EXPECT_TRUE(got == content());
  return {};
}

Code failure_of(TestServer::Answering answering) {
  TestServer server(std::move(answering));
  auto outcome = read_all(server.url());
  EXPECT_FALSE(outcome);
  return outcome ? Code::internal : outcome.error().code;
}

TEST(WebAnswer, reads_content_ranges_and_refuses_those_that_make_no_sense) {
  auto range = parse_content_range("bytes 0-99/1000");
  ASSERT_TRUE(range && range->part && range->total);
  EXPECT_EQ(range->part->first, 0);
  EXPECT_EQ(range->part->last, 99);
  EXPECT_EQ(*range->total, 1000);
  EXPECT_TRUE(parse_content_range("Bytes 5-5/*"));
  EXPECT_FALSE(parse_content_range("Bytes 5-5/*")->total);
  EXPECT_FALSE(parse_content_range("bytes */77")->part);
  for (const char* bad :
       {"", "bytes", "bytes ", "bytes 0-9", "bytes 9-0/10", "bytes 0-10/10", "bytes -1/10",
        "bytes 1-/10", "bytes 0-9/18446744073709551616", "bytes 0-9/9223372036854775808",
        "bytes */*", "octets 0-9/10", "bytes 0-9/10, 20-29/10", "bytes 0x0-9/10", "bytes 0-9/-10"})
    EXPECT_FALSE(parse_content_range(bad)) << bad;
}

TEST(WebAnswer, believes_nothing_that_contradicts_itself) {
  Answer answer;
  for (const char* line : {"HTTP/1.1 206 Partial", "Content-Range: bytes 0-9/100", "ETag: \"a\"",
                           "content-range: bytes 0-9/200"})
    answer.add(line);
  EXPECT_EQ(answer.check(0, 9, nullptr).error().code, Code::corrupt);
  answer.add("HTTP/1.1 206 again");  // 100 Continue and the like come before
  answer.add("Content-Range: bytes 0-9/100\r\n");
  EXPECT_TRUE(answer.check(0, 9, nullptr));
  EXPECT_TRUE(answer.version().etag.empty());
}

TEST(WebFile, reads_what_the_server_has_in_any_pieces) {
  TestServer server([](const Asked& asked) { return part_of(content(), asked); });
  for (std::size_t piece : {1'000UL, 65'536UL, 300'000UL, 3'000'001UL})
    EXPECT_TRUE(read_all(server.url(), hasty(), piece)) << piece;
}

TEST(WebFile, small_reads_cost_few_requests_and_bounded_memory) {
  TestServer server([](const Asked& asked) { return part_of(content(), asked); });
  auto options = hasty();
  options.cache = 1 << 20;
  ASSERT_TRUE(read_all(server.url(), options, 512));
  // 46 blocks, read ahead by 1, 1, 2, 4, 8, 16.
  EXPECT_LE(server.requests(), 9);
  EXPECT_EQ(server.connections(), 1);
}

TEST(WebFile, several_threads_read_over_several_connections) {
  TestServer server([](const Asked& asked) {
    std::this_thread::sleep_for(20ms);
    return part_of(content(), asked);
  });
  auto file = HttpFile::open(server.url(), hasty());
  ASSERT_TRUE(file);
  std::vector<std::future<bool>> readers;
  for (std::size_t i = 0; i < 8; ++i) {
    readers.push_back(std::async(std::launch::async, [&, i] {
      Content got(300'000);
      auto at = i * 330'000;
      return (*file)->read(at, got).has_value() &&
             std::ranges::equal(got, View(content()).subspan(at, got.size()));
    }));
  }
  for (auto& reader : readers) EXPECT_TRUE(reader.get());
  EXPECT_GT(server.connections(), 1);
  EXPECT_LE(server.connections(), 4);
}

TEST(WebFile, a_server_without_ranges_is_refused_after_one_request) {
  TestServer server([](const Asked&) {
    return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 3000001\r\n\r\n" +
                 std::string(3'000'001, 'x')};
  });
  auto outcome = read_all(server.url());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::unsupported);
  EXPECT_EQ(server.requests(), 1);
}

TEST(WebFile, an_object_that_changes_is_an_error_never_mixed_bytes) {
  auto changed = [](std::string etag, std::string modified, bool longer) {
    return [=](const Asked& asked) {
      if (asked.number == 1) return part_of(content(), asked, {.more = "Last-Modified: Mon\r\n"});
      static const Content other = sparse_content(3'000'002, 6);
      return part_of(longer ? other : content(), asked,
                     {.etag = etag, .more = "Last-Modified: " + modified + "\r\n"});
    };
  };
  EXPECT_EQ(failure_of(changed("\"two\"", "Mon", false)), Code::conflict);
  EXPECT_EQ(failure_of(changed("\"one\"", "Tue", false)), Code::conflict);
  EXPECT_EQ(failure_of(changed("\"one\"", "Mon", true)), Code::conflict);
  EXPECT_EQ(failure_of(changed("", "Mon", false)), Code::conflict);
  EXPECT_EQ(failure_of([](const Asked& asked) {
              if (asked.number == 1) return part_of(content(), asked);
              EXPECT_EQ(asked.fields.at("if-match"), "\"one\"");
              return Reply{"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n"};
            }),
            Code::conflict);
}

TEST(WebFile, says_whether_a_change_would_be_noticed) {
  TestServer server([](const Asked& asked) { return part_of(content(), asked, {.etag = ""}); });
  auto file = HttpFile::open(server.url(), hasty());
  ASSERT_TRUE(file);
  EXPECT_FALSE((*file)->versioned());
}

TEST(WebFile, lies_about_the_range_and_the_length_are_found) {
  auto with = [](const std::string& range, std::size_t length) {
    return [=](const Asked& asked) {
      if (asked.number == 1) return part_of(content(), asked);
      return Reply{
          fmt::format("HTTP/1.1 206 Partial\r\nETag: \"one\"\r\nContent-Length: {}\r\n{}\r\n",
                      length, range) +
          std::string(length, 'x')};
    };
  };
  EXPECT_EQ(failure_of(with("Content-Range: bytes 1-300000/3000001\r\n", 300'000)), Code::corrupt);
  EXPECT_EQ(failure_of(with("Content-Range: bytes 0-99/3000001\r\n", 100)), Code::corrupt);
  EXPECT_EQ(failure_of(with("", 300'000)), Code::corrupt);
  EXPECT_EQ(failure_of(with("Content-Range: bytes 0-299999/3000001\r\n", 300'005)), Code::corrupt);
  EXPECT_EQ(failure_of(with("Content-Range: bytes 0-299999/3000001\r\n", 299'000)), Code::io);
  EXPECT_EQ(failure_of([](const Asked& asked) {
              auto reply = part_of(content(), asked, {.more = "Content-Encoding: gzip\r\n"});
              return reply;
            }),
            Code::unsupported);
}

TEST(WebFile, an_endless_answer_without_a_length_is_broken_off) {
  EXPECT_EQ(failure_of([](const Asked& asked) {
              if (asked.number == 1) return part_of(content(), asked);
              return Reply{
                  "HTTP/1.1 206 Partial\r\nETag: \"one\"\r\n"
                  "Content-Range: bytes 0-299999/3000001\r\n\r\n" +
                      std::string(400'000, 'x'),
                  Reply::Then::close};
            }),
            Code::corrupt);
}

TEST(WebFile, connections_that_break_are_tried_again_and_not_for_ever) {
  TestServer mended([](const Asked& asked) {
    auto reply = part_of(content(), asked);
    if (asked.number == 3) return Reply{reply.bytes.substr(0, 5000), Reply::Then::close};
    if (asked.number == 5) return Reply{"", Reply::Then::close};
    return reply;
  });
  EXPECT_TRUE(read_all(mended.url()));
  TestServer broken([](const Asked& asked) {
    auto reply = part_of(content(), asked);
    return asked.number == 1 ? reply : Reply{reply.bytes.substr(0, 900), Reply::Then::close};
  });
  EXPECT_EQ(read_all(broken.url()).error().code, Code::io);
  EXPECT_EQ(broken.requests(), 3);
}

TEST(WebFile, a_server_that_is_busy_is_asked_again) {
  TestServer server([](const Asked& asked) {
    if (asked.number % 2 == 1) return Reply{"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"};
    return part_of(content(), asked);
  });
  EXPECT_TRUE(read_all(server.url(), hasty(), 3'000'001));
}

TEST(WebFile, a_server_that_stalls_costs_a_bounded_time) {
  TestServer server([](const Asked& asked) {
    auto reply = part_of(content(), asked);
    if (asked.number > 1) return Reply{reply.bytes.substr(0, 2000), Reply::Then::stall};
    return reply;
  });
  auto options = hasty();
  options.attempts = 1;
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(read_all(server.url(), options).error().code, Code::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(WebFile, cancelling_ends_a_request_that_waits) {
  TestServer server([](const Asked& asked) {
    auto reply = part_of(content(), asked);
    return asked.number == 1 ? reply : Reply{"", Reply::Then::stall};
  });
  std::atomic<bool> cancelled = false;
  HttpFileOptions options;
  options.cancelled = &cancelled;
  std::jthread soon([&] {
    std::this_thread::sleep_for(200ms);
    cancelled = true;
  });
  EXPECT_EQ(read_all(server.url(), options).error().code, Code::cancelled);
}

TEST(WebFile, redirections_are_followed_to_web_servers_only_and_with_a_bound) {
  auto to = [](std::string where) {
    return [=](const Asked& asked) {
      if (asked.path == "/there") return part_of(content(), asked);
      return Reply{"HTTP/1.1 302 Found\r\nContent-Length: 5\r\nLocation: " + where +
                   "\r\n\r\nthere"};
    };
  };
  TestServer good(to("/there"));
  EXPECT_TRUE(read_all(good.url()));
  EXPECT_EQ(failure_of(to("/round")), Code::limit);
  EXPECT_EQ(failure_of(to("file:///etc/passwd")), Code::forbidden);
  EXPECT_EQ(failure_of(to("ftp://127.0.0.1/x")), Code::forbidden);
  EXPECT_EQ(failure_of([](const Asked& asked) {  // not in the middle of reading
              if (asked.number == 1) return part_of(content(), asked);
              return Reply{"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /there\r\n\r\n"};
            }),
            Code::unsupported);
}

TEST(WebFile, credentials_go_to_the_first_server_only) {
  std::atomic<unsigned> with = 0;
  TestServer other([&](const Asked& asked) {
    if (asked.fields.contains("authorization") || asked.fields.contains("x-key")) ++with;
    return part_of(content(), asked);
  });
  TestServer first([&](const Asked& asked) {
    EXPECT_EQ(asked.fields.at("authorization"), "Basic bWU6c2VjcmV0");
    EXPECT_EQ(asked.fields.at("x-key"), "k");
    return Reply{"HTTP/1.1 307 There\r\nContent-Length: 0\r\nLocation: " + other.url() +
                 "\r\n\r\n"};
  });
  auto options = hasty();
  options.headers = {"X-Key: k"};
  auto url = first.url();
  EXPECT_TRUE(read_all("http://me:secret@" + url.substr(7), options));
  EXPECT_EQ(first.requests(), 1);
  EXPECT_EQ(with, 0);
}

TEST(WebFile, errors_name_neither_passwords_nor_queries) {
  TestServer server(
      [](const Asked&) { return Reply{"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"}; });
  auto url = "http://me:secret@" + server.url("/disk?signature=hidden").substr(7);
  for (const auto& each : {url, std::string("http://me:secret@127.0.0.1:1/d?signature=hidden"),
                           std::string("http://me:secret@nowhere.invalid/d?signature=hidden"),
                           std::string("http://me:secret@[broken/d?signature=hidden")}) {
    auto file = HttpFile::open(each, hasty());
    ASSERT_FALSE(file) << each;
    const auto& message = file.error().message;
    for (const char* hidden : {"me:", "secret", "signature", "hidden"})
      EXPECT_EQ(message.find(hidden), message.npos) << message;
  }
}

TEST(WebFile, images_of_all_formats_open_over_it) {
  auto disk = sparse_content(3 << 20, 8);
  for (const auto* format : formats()) {
    if (format->build == nullptr || format->name == "raw") continue;
    auto image = std::make_shared<MemoryFile>();
    ASSERT_TRUE(store(*format, image, disk)) << format->name;
    TestServer server([&](const Asked& asked) { return part_of(image->content(), asked); });
    auto file = HttpFile::open(server.url(), hasty());
    ASSERT_TRUE(file) << file.error().message;
    auto opened = open(*file);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ((*opened)->description().format, format->name);
    expect_content(**opened, disk);
  }
}

}  // namespace
}  // namespace truce::image::web
