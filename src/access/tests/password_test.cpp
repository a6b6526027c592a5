#include "access/password.h"

#include <gtest/gtest.h>

namespace truce::access {
namespace {

constexpr HashCost cheap{8, 1, 1};
constexpr std::string_view salt = "sixteen bytes...";

TEST(Password, twelve_characters_of_any_kind_are_taken) {
  EXPECT_TRUE(check_password("aaaaaaaaaaaa", "eva"));
  EXPECT_TRUE(check_password("            ", "eva"));
  EXPECT_TRUE(check_password("ééééééééééêê", "eva"));
  EXPECT_EQ(check_password("aaaaaaaaaaa", "eva").error().code, Code::invalid);
  EXPECT_FALSE(check_password("éééééé", "eva")) << "twelve bytes are not twelve characters";
  EXPECT_FALSE(check_password("", ""));
}

TEST(Password, the_own_name_is_refused) {
  EXPECT_FALSE(check_password("administrator", "administrator"));
  EXPECT_FALSE(check_password("Administrator", "administrator"));
  EXPECT_TRUE(check_password("administrator1", "administrator"));
}

TEST(Password, a_hash_knows_its_password_only) {
  auto phc = hash_password("correct horse", salt, cheap);
  EXPECT_TRUE(phc.starts_with("$argon2id$v=19$m=8,t=1,p=1$")) << phc;
  EXPECT_TRUE(check_hash(phc, "correct horse").right);
  EXPECT_FALSE(check_hash(phc, "correct horsf").right);
  EXPECT_FALSE(check_hash(phc, "").right);
  EXPECT_NE(phc, hash_password("correct horse", "another salt....", cheap));
}

// From the reference implementation's own tests (argon2id, version 1.3).
TEST(Password, hashes_are_argon2id_as_others_make_it) {
  EXPECT_EQ(hash_password("password", "somesalt", {65536, 2, 1}),
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$"
            "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
}

TEST(Password, a_hash_of_another_cost_is_outdated) {
  EXPECT_TRUE(check_hash(hash_password("correct horse", salt, cheap), "correct horse").outdated);
  auto verdict = check_hash(hash_password("correct horse", salt), "correct horse");
  EXPECT_TRUE(verdict.right);
  EXPECT_FALSE(verdict.outdated);
}

TEST(Password, what_is_no_hash_is_never_right) {
  for (const char* phc : {"", "x", "$argon2id$", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA"})
    EXPECT_FALSE(check_hash(phc, "").right) << phc;
}

TEST(Password, secrets_are_compared_whole) {
  EXPECT_TRUE(same_secret("", ""));
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "ab"));
}

// [RFC 4231 4.3]
TEST(Password, hmac_is_as_the_standard_has_it) {
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace truce::access
