#include "sse.h"

#include <gtest/gtest.h>

namespace truce::http {

static bool operator==(const ServerEvent& a, const ServerEvent& b) {
  return a.event == b.event && a.data == b.data;
}

namespace {

struct Case {
  std::string text;
  std::vector<ServerEvent> events;
};

const std::vector<Case>& table() {
  static const std::vector<Case> rows = {
      {"", {}},
      {"data: a\n\n", {{"", "a"}}},
      {"data:a\r\n\r\n", {{"", "a"}}},
      {"data: a\r\rdata: b\r\r", {{"", "a"}, {"", "b"}}},
      {"event: put\ndata: {\"a\":1}\n\n", {{"put", "{\"a\":1}"}}},
      {"data: a\ndata: b\n\n", {{"", "a\nb"}}},
      {"data\n\n", {{"", ""}}},
      {"data:  two\n\n", {{"", " two"}}},
      {": a comment\n\n", {}},
      {"event: alone\n\ndata: a\n\n", {{"", "a"}}},
      {"id: 7\nretry: 3\nother: x\ndata: a\n\n", {{"", "a"}}},
      {"\xef\xbb\xbf"
       "data: a\n\n",
       {{"", "a"}}},
      {"data: not complete\n", {}},
      {"data: a\n\ndata: b", {{"", "a"}}},
  };
  return rows;
}

TEST(Sse, events_are_read_from_one_piece) {
  for (const auto& row : table()) {
    SseParser parser;
    EXPECT_EQ(parser.feed(row.text).value(), row.events) << row.text;
  }
}

TEST(Sse, events_are_read_byte_by_byte) {
  for (const auto& row : table()) {
    SseParser parser;
    std::vector<ServerEvent> events;
    for (char c : row.text) {
      for (auto& event : parser.feed({&c, 1}).value()) events.push_back(event);
    }
    EXPECT_EQ(events, row.events) << row.text;
  }
}

TEST(Sse, an_event_without_end_is_refused) {
  SseParser line;
  std::string piece(1024 * 1024, 'x');
  Result<std::vector<ServerEvent>> fed;
  for (int i = 0; i < 5 && fed; ++i) fed = line.feed(piece);
  ASSERT_FALSE(fed.has_value());
  EXPECT_EQ(fed.error().code, Code::limit);

  SseParser many_lines;
  fed = {};
  for (int i = 0; i < 5 && fed; ++i) fed = many_lines.feed("data: " + piece + "\n");
  ASSERT_FALSE(fed.has_value());
  EXPECT_EQ(fed.error().code, Code::limit);
}

}  // namespace
}  // namespace truce::http
