#include "http/ranges.h"

#include "loopback.h"

namespace truce::http {
namespace {

TEST(Ranges, of_a_field_only_what_one_may_rely_on_is_taken) {
  constexpr std::uint64_t size = 1000;
  struct Case {
    std::string_view field;
    std::optional<ByteRange> range;
  };
  const std::vector<Case> table = {
      {"bytes=0-0", ByteRange{0, 1}},
      {"bytes=0-999", ByteRange{0, 1000}},
      {"bytes=10-5000", ByteRange{10, 990}},
      {"Bytes= 999- ", ByteRange{999, 1}},
      {"bytes=-1", ByteRange{999, 1}},
      {"bytes=-5000", ByteRange{0, 1000}},
      {"bytes=0-18446744073709551615", ByteRange{0, 1000}},
      {"", {}},
      {"bytes", {}},
      {"bytes=", {}},
      {"bytes=-", {}},
      {"bytes=5-4", {}},
      {"bytes=+1-2", {}},
      {"bytes=0x1-2", {}},
      {"bytes=1 -2", {}},
      {"bytes=0-1,5-6", {}},
      {"bytes=0-99999999999999999999", {}},
      {"lines=0-1", {}},
  };
  for (const auto& row : table) {
    auto range = parse_range(row.field, size);
    ASSERT_TRUE(range) << row.field;
    EXPECT_EQ(*range, row.range) << row.field;
  }
  for (std::string_view field : {"bytes=1000-", "bytes=1000-2000", "bytes=-0"}) {
    auto range = parse_range(field, size);
    ASSERT_FALSE(range) << field;
    EXPECT_EQ(range.error().code, Code::invalid);
  }
  EXPECT_FALSE(parse_range("bytes=0-", 0));
}

/// Ten digits as a file.
Async<Response> ten_digits(Request request) {
  auto answer = answer_file(request, 10, "tag");
  if (!answer.range) co_return std::move(answer.response);
  answer.response.stream = [range = *answer.range](BodyWriter& writer) -> Async<void> {
    for (auto at = range.first; at < range.first + range.length; ++at)
      co_await writer.write(std::to_string(at));
  };
  co_return std::move(answer.response);
}

TEST(Ranges, a_file_is_sent_whole_or_in_parts_and_its_head_alone) {
  Loopback at(ten_digits);
  Client client(at.loop.executor(), at.unix_endpoint());
  auto get = [&](std::string method, std::map<std::string, std::string> headers) {
    auto answer = at.loop.run(client.send(std::move(method), "/", {}, std::move(headers)));
    EXPECT_TRUE(answer) << answer.error().message;
    return answer.value_or(Response{});
  };
  auto whole = get("GET", {});
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, "0123456789");
  EXPECT_EQ(whole.headers["content-length"], "10");
  EXPECT_EQ(whole.headers["etag"], "\"tag\"");
  auto part = get("GET", {{"Range", "bytes=3-5"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "345");
  EXPECT_EQ(part.headers["content-range"], "bytes 3-5/10");
  EXPECT_EQ(get("GET", {{"Range", "bytes=8-"}, {"If-Range", "\"tag\""}}).body, "89");
  EXPECT_EQ(get("GET", {{"Range", "bytes=8-"}, {"If-Range", "\"old\""}}).status, 200);
  auto behind = get("GET", {{"Range", "bytes=10-"}});
  EXPECT_EQ(behind.status, 416);
  EXPECT_EQ(behind.headers["content-range"], "bytes */10");
  auto head = get("HEAD", {});
  EXPECT_EQ(head.headers["content-length"], "10");
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(at.server.counters().connections, 1U) << "the connection is kept";
}

TEST(Ranges, a_body_that_is_not_as_long_as_was_said_ends_the_connection) {
  for (std::string written : {"short", "longer than that"}) {
    Loopback at([written](Request) -> Async<Response> {
      Response response;
      response.length = 10;
      response.stream = [written](BodyWriter& writer) -> Async<void> {
        auto done = co_await writer.write(written);
        EXPECT_EQ(done.has_value(), written == "short");
      };
      co_return response;
    });
    Client client(at.loop.executor(), at.unix_endpoint());
    auto answer = at.loop.run(client.send("GET", "/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::unavailable);
  }
}

TEST(Ranges, a_client_gets_a_file_piece_by_piece_and_a_refusal_as_it_is) {
  Loopback at(ten_digits);
  Client client(at.loop.executor(), at.tls_endpoint());
  std::string got;
  auto keep = [&](const Response& head, std::string piece) -> Result<void> {
    EXPECT_EQ(head.status, 206);
    got += piece;
    return {};
  };
  auto answer = at.loop.run(client.receive("/", {{"Range", "bytes=2-"}}, keep));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->headers["content-range"], "bytes 2-9/10");
  EXPECT_EQ(got, "23456789");
  answer = at.loop.run(client.receive("/", {{"Range", "bytes=10-"}}, keep));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 416);
  EXPECT_EQ(error_of(answer->status, answer->body).code, Code::invalid);
  auto full = [](const Response&, std::string) -> Result<void> {
    return fail(Code::limit, "the disk is full");
  };
  auto failed = at.loop.run(client.receive("/", {}, full));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::limit);
}

}  // namespace
}  // namespace truce::http
