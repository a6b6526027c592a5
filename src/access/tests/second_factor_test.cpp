#include "access/second_factor.h"

#include <gtest/gtest.h>

namespace truce::access {
namespace {

constexpr std::string_view secret = "12345678901234567890";

Time at(std::int64_t seconds) {
  return Time(std::chrono::seconds(seconds));
}

// [RFC 4648 10], without padding
TEST(Base32, is_as_the_standard_has_it) {
  constexpr std::pair<const char*, const char*> rows[] = {{"", ""},
                                                          {"f", "MY"},
                                                          {"fo", "MZXQ"},
                                                          {"foo", "MZXW6"},
                                                          {"foob", "MZXW6YQ"},
                                                          {"fooba", "MZXW6YTB"},
                                                          {"foobar", "MZXW6YTBOI"}};
  for (auto [bytes, text] : rows) {
    EXPECT_EQ(base32_encode(bytes), text);
    EXPECT_EQ(base32_decode(text), bytes);
  }
  EXPECT_EQ(base32_decode("mzxw 6yt-boi"), "foobar");
  for (const char* wrong : {"1", "MZ=", "MZ\n", "Ü"}) EXPECT_FALSE(base32_decode(wrong)) << wrong;
}

// [RFC 4226 D]
TEST(Totp, codes_are_those_of_hotp) {
  constexpr const char* codes[] = {"755224", "287082", "359152", "969429", "338314",
                                   "254676", "287922", "162583", "399871", "520489"};
  for (int step = 0; step < 10; ++step) EXPECT_EQ(totp_code(secret, step), codes[step]);
}

// [RFC 6238 B], of which we show the last six of eight digits
TEST(Totp, codes_are_those_of_their_time) {
  constexpr std::pair<std::int64_t, const char*> rows[] = {
      {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
      {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
  for (auto [time, code] : rows) EXPECT_EQ(totp_step(secret, code, at(time), 0), time / 30) << time;
}

TEST(Totp, a_step_before_and_after_is_let_in_and_no_more) {
  constexpr std::int64_t step = 1'000'000;
  auto time = at(step * 30 + 29);
  for (auto [of, counts] : {std::pair(step - 2, false),
                            {step - 1, true},
                            {step, true},
                            {step + 1, true},
                            {step + 2, false}}) {
    EXPECT_EQ(totp_step(secret, totp_code(secret, of), time, 0).has_value(), counts) << of;
  }
}

TEST(Totp, a_code_counts_once_and_no_older_one_after_it) {
  constexpr std::int64_t step = 1'000'000;
  auto time = at(step * 30);
  EXPECT_EQ(totp_step(secret, totp_code(secret, step), time, step - 1), step);
  EXPECT_FALSE(totp_step(secret, totp_code(secret, step), time, step));
  EXPECT_FALSE(totp_step(secret, totp_code(secret, step - 1), time, step));
  EXPECT_EQ(totp_step(secret, totp_code(secret, step + 1), time, step), step + 1);
}

TEST(Totp, spaces_between_digits_do_not_count_and_anything_else_does) {
  EXPECT_TRUE(totp_step(secret, "287 082", at(59), 0));
  for (const char* wrong : {"", "28708", "2870822", "287083", "28708x"})
    EXPECT_FALSE(totp_step(secret, wrong, at(59), 0)) << wrong;
}

TEST(Totp, an_authenticator_is_told_all_it_needs) {
  EXPECT_EQ(totp_uri("MZXW6", "Truce", "eva"),
            "otpauth://totp/Truce:eva?secret=MZXW6&issuer=Truce&algorithm=SHA1&digits=6&period=30");
}

TEST(PaperCode, is_read_as_it_is_typed) {
  auto code = paper_code("0123456789");
  EXPECT_EQ(code, "GAYT-EMZU-GU3D-OOBZ");
  auto hash = paper_code_sha256(code);
  EXPECT_EQ(paper_code_sha256("gayt emzugu3doobz"), hash);
  EXPECT_NE(paper_code_sha256("GAYT-EMZU-GU3D-OOBA"), hash);
}

}  // namespace
}  // namespace truce::access
