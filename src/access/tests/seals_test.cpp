#include "access/seals.h"

#include <gtest/gtest.h>

namespace truce::access {
namespace {

constexpr std::string_view place = "platforms/prod/password";

std::string opened(const Seals& seals, std::string_view sealed, std::string_view where = place) {
  auto secret = seals.open(sealed, where);
  if (!secret) return fmt::format("error {}", static_cast<int>(secret.error().code));
  return std::string((*secret)->text());
}

std::string error(Code code) {
  return fmt::format("error {}", static_cast<int>(code));
}

TEST(Seals, what_was_sealed_is_opened_and_not_to_be_seen) {
  auto seals = Seals::fresh();
  for (std::string secret :
       {std::string("correct horse"), std::string(), std::string("\0\n\xff", 3)}) {
    auto sealed = seals.seal(secret, place);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(opened(seals, *sealed), secret);
    EXPECT_EQ(sealed->find("horse"), std::string::npos);
    EXPECT_NE(*sealed, *seals.seal(secret, place)) << "each has a nonce of its own";
  }
}

TEST(Seals, a_sealed_text_is_good_in_its_own_place_only) {
  auto seals = Seals::fresh();
  auto sealed = *seals.seal("secret", place);
  EXPECT_EQ(opened(seals, sealed, "platforms/other/password"), error(Code::corrupt));
  EXPECT_EQ(opened(seals, sealed, ""), error(Code::corrupt));
}

TEST(Seals, what_was_changed_is_refused_and_it_is_said_what_to_do) {
  auto seals = Seals::fresh();
  auto sealed = *seals.seal("a key", place);  // of a length that base64 leaves no spare bits at
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    auto secret = seals.open(changed, place);
    ASSERT_FALSE(secret) << changed;
    EXPECT_TRUE(secret.error().message.ends_with("set it again")) << secret.error().message;
    EXPECT_FALSE(seals.open(sealed.substr(0, i), place));
  }
}

TEST(Seals, another_key_is_another_error) {
  auto sealed = *Seals::fresh().seal("secret", place);
  EXPECT_EQ(opened(Seals::fresh(), sealed), error(Code::precondition));
}

TEST(Seals, keys_are_read_as_they_were_told) {
  auto seals = Seals::fresh();
  auto again = Seals::read(seals.text()->text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->ids(), seals.ids());
  EXPECT_EQ(opened(*again, *seals.seal("secret", place)), "secret");
  std::string text(seals.text()->text());
  for (std::string wrong : {std::string(), std::string("\n"), std::string("x\n"), text.substr(1),
                            "g" + text.substr(1), text + "\n"})
    EXPECT_EQ(Seals::read(wrong).error().code, Code::corrupt) << wrong;
}

TEST(Seals, managers_that_come_together_lose_nothing) {
  auto one = Seals::fresh(), two = Seals::fresh();
  auto by_one = *one.seal("first", place), by_two = *two.seal("second", place);
  EXPECT_TRUE(*one.take(two));
  EXPECT_FALSE(*one.take(two)) << "nothing is new";
  EXPECT_EQ(one.ids().front(), two.ids().front()) << "the other's key seals now";
  EXPECT_EQ(opened(one, by_one), "first");
  EXPECT_EQ(opened(one, by_two), "second");
  EXPECT_EQ(opened(two, *one.seal("third", place)), "third");
  EXPECT_EQ(Seals::read(one.text()->text())->ids(), one.ids());
}

TEST(Seals, keys_and_secrets_are_bounded) {
  auto seals = Seals::fresh();
  for (int i = 1; i < 16; ++i) ASSERT_TRUE(seals.take(Seals::fresh()));
  auto before = seals.ids();
  EXPECT_EQ(seals.take(Seals::fresh()).error().code, Code::limit);
  EXPECT_EQ(seals.ids(), before);
  EXPECT_TRUE(seals.seal(std::string(longest_sealed_secret, 'x'), place));
  EXPECT_EQ(seals.seal(std::string(longest_sealed_secret + 1, 'x'), place).error().code,
            Code::invalid);
}

}  // namespace
}  // namespace truce::access
