#include "body.h"

#include <gtest/gtest.h>

namespace truce::http {
namespace {

struct Case {
  std::string bytes;
  std::string body;
  std::string rest;
};

TEST(Body, chunks_are_joined_however_they_are_cut) {
  const std::vector<Case> table = {
      {"0\r\n\r\n", "", ""},
      {"3\r\nabc\r\n0\r\n\r\nGET", "abc", "GET"},
      {"3;a=\"b\"\r\nabc\r\n002\r\nde\r\n0;x\r\nA: b\r\nC: d\r\n\r\n", "abcde", ""},
      {"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", ""},
      {"4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", ""},
  };
  for (const auto& row : table) {
    for (std::size_t step = 1; step <= row.bytes.size(); ++step) {
      BodyDecoder decoder(Framing::chunked, 0, kib(1));
      std::string body;
      std::string rest;
      for (std::size_t at = 0; at < row.bytes.size(); at += step) {
        auto bytes = std::string_view(row.bytes).substr(at, step);
        auto fed = decoder.feed(bytes, body);
        ASSERT_TRUE(fed.has_value()) << row.bytes << ": " << fed.error().message;
        rest += bytes;
      }
      EXPECT_TRUE(decoder.done()) << row.bytes;
      EXPECT_EQ(body, row.body);
      EXPECT_EQ(rest, row.rest);
    }
  }
}

TEST(Body, malformed_chunks_are_refused) {
  for (std::string text : {"\r\n", "x\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1 \r\na",
                           "1\na", "1\r\nab", "1\r\na\n", "0\r\n\n", "0\r\n\r\r\n", "1;\x01\r\n",
                           "10000000000000000\r\n", "1\r\na\r\n\r\n"}) {
    BodyDecoder decoder(Framing::chunked, 0, kib(1));
    std::string body;
    text += "0\r\n\r\n\r\n";  // whatever follows cannot mend it
    std::string_view bytes = text;
    auto fed = decoder.feed(bytes, body);
    ASSERT_FALSE(fed.has_value()) << text;
    EXPECT_EQ(fed.error().code, Code::invalid) << text;
  }
}

TEST(Body, lines_between_chunks_are_bounded) {
  for (const auto& text : {"1;" + std::string(1000, 'x'), "0\r\n" + std::string(10'000, 'x')}) {
    BodyDecoder decoder(Framing::chunked, 0, kib(1));
    std::string body;
    std::string_view bytes = text;
    EXPECT_FALSE(decoder.feed(bytes, body).has_value());
  }
  BodyDecoder decoder(Framing::chunked, 0, kib(1));
  std::string body;
  std::string many = "0\r\n";
  for (int i = 0; i < 5000; ++i) many += "a: b\r\n";
  std::string_view bytes = many;
  EXPECT_FALSE(decoder.feed(bytes, body).has_value());
}

TEST(Body, is_bounded_in_every_framing) {
  const std::string large(2000, 'x');
  for (auto framing : {Framing::chunked, Framing::length, Framing::until_close}) {
    BodyDecoder decoder(framing, 2000, kib(1));
    std::string body;
    auto text = framing == Framing::chunked ? "7d0\r\n" + large : large;
    std::string_view bytes = text;
    auto fed = decoder.feed(bytes, body);
    ASSERT_FALSE(fed.has_value());
    EXPECT_EQ(fed.error().code, Code::limit);
    EXPECT_LE(body.size(), 1024U);
  }
}

TEST(Body, of_a_known_length_leaves_the_next_message_alone) {
  BodyDecoder decoder(Framing::length, 3, kib(1));
  std::string body;
  std::string_view bytes = "abcGET";
  ASSERT_TRUE(decoder.feed(bytes, body).has_value());
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(body, "abc");
  EXPECT_EQ(bytes, "GET");
  EXPECT_TRUE(BodyDecoder(Framing::length, 0, kib(1)).done());
  EXPECT_TRUE(BodyDecoder(Framing::none, 7, kib(1)).done());
  EXPECT_FALSE(BodyDecoder(Framing::until_close, 0, kib(1)).done());
}

}  // namespace
}  // namespace truce::http
