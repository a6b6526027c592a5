#include "upkeep/redact.h"

#include <gtest/gtest.h>

namespace truce::manager {
namespace {

TEST(Redact, what_looks_like_a_secret_goes_and_the_rest_stays) {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},
      {"nothing to hide here: 42", "nothing to hide here: 42"},
      {"password: hunter2", "password: [removed]"},
      {"PASSWORD=hunter2 next", "PASSWORD=[removed] next"},
      {"--admin-password hunter2 next", "--admin-password [removed] next"},
      {"the password is not said", "the password is not said"},
      {"-object secret,id=a,data=hunter2 -m 1", "-object secret,[removed] -m 1"},
      {R"({"password": "hun ter2", "name": "web"})", R"({"password": "[removed]", "name": "web"})"},
      {R"("api_token":"x","b":1)", R"("api_token":"[removed]","b":1)"},
      {"Authorization: Bearer abc.def", "Authorization: Bearer [removed]"},
      {"https://eva:word@host/path", "https://eva:[removed]@host/path"},
      {"https://host:7443/path", "https://host:7443/path"},
      {"root:$6$saltsalt$abcdefghijklmnop:1", "root:[removed]"},
      {"costs $5 and $6 today", "costs $5 and $6 today"},
      {"truce-0123456789abcdef0123456789abcdef here", "[removed] here"},
      {"truce-0123 is a name", "truce-0123 is a name"},
      {"a -----BEGIN EC PRIVATE KEY-----\nMIIB\n-----END EC PRIVATE KEY----- b", "a [removed] b"},
      {"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
       "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"},
      {"-----BEGIN PRIVATE KEY-----\nMIIB", "[removed]"},
  };
  for (auto [text, wanted] : rows) EXPECT_EQ(redacted(text), wanted) << text;
}

TEST(Redact, text_of_any_kind_is_read_to_its_end) {
  std::string noise;
  for (int i = 0; i < 200'000; ++i) noise += static_cast<char>((i * 7919) >> 3);
  EXPECT_LE(redacted(noise).size(), noise.size() * 10);
  EXPECT_EQ(redacted(std::string(100'000, '$')), std::string(100'000, '$'));
}

}  // namespace
}  // namespace truce::manager
