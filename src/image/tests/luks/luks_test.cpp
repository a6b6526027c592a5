#include "luks/luks.h"

#include <gtest/gtest.h>

#include "luks/cipher.h"
#include "qcow2/qcow2_support.h"

namespace truce::image {
namespace {

const Secret key(std::string_view("a key of at least sixteen characters"));

std::shared_ptr<MemoryFile> with_header() {
  auto made = luks::make(key);
  EXPECT_TRUE(made) << made.error().message;
  made->front.resize(made->area);
  return std::make_shared<MemoryFile>("luks", std::move(made->front));
}

// IEEE 1619-2007, annex B: XTS-AES-256, vector 10, a data unit of 512 bytes with the number 0xff.
TEST(Luks, sectors_are_encrypted_as_the_standard_says) {
  auto from_hex = [](std::string_view text) {
    Content bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
      bytes.push_back(
          static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    return bytes;
  };
  Secret xts(luks::master_bytes);
  auto keys = from_hex(
      "2718281828459045235360287471352662497757247093699959574966967627"
      "3141592653589793238462643383279502884197169399375105820974944592");
  std::ranges::copy(keys, xts.bytes().begin());
  Content bytes(512);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  auto plain = bytes;
  ASSERT_TRUE(luks::cipher(luks::Way::encrypt, xts, 0xff, bytes));
  auto expected = from_hex("1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b");
  EXPECT_TRUE(std::ranges::equal(View(bytes).first(expected.size()), expected));
  ASSERT_TRUE(luks::cipher(luks::Way::decrypt, xts, 0xff, bytes));
  EXPECT_EQ(bytes, plain);
}

TEST(Luks, a_header_is_opened_by_its_key_and_no_other) {
  auto file = with_header();
  auto master = luks::unlock(*file, 0, file->size(), key);
  ASSERT_TRUE(master) << master.error().message;
  EXPECT_EQ((*master)->bytes().size(), luks::master_bytes);
  Secret other(std::string_view("another key of sixteen characters"));
  EXPECT_EQ(luks::unlock(*file, 0, file->size(), other).error().code, Code::forbidden);
}

TEST(Luks, each_header_has_a_master_key_of_its_own) {
  auto one = with_header(), two = with_header();
  auto first = luks::unlock(*one, 0, one->size(), key);
  auto second = luks::unlock(*two, 0, two->size(), key);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(std::ranges::equal((*first)->bytes(), (*second)->bytes()));
}

TEST(Luks, a_damaged_header_is_an_error) {
  auto file = with_header();
  auto put = [&](std::uint64_t at, std::uint32_t value) {
    Content bytes(4);
    put_be<std::uint32_t>(bytes, 0, value);
    return file->write(at, bytes).has_value();
  };
  auto code = [&] { return luks::unlock(*file, 0, file->size(), key).error().code; };
  ASSERT_TRUE(put(208 + 40, 0xffffffff));
  EXPECT_EQ(code(), Code::corrupt) << "the slot lies elsewhere";
  ASSERT_TRUE(put(208 + 40, 8) && put(208 + 4, 0xffffffff));
  EXPECT_EQ(code(), Code::limit) << "it would take for ever";
  ASSERT_TRUE(put(208 + 4, 1) && put(208, 1));
  EXPECT_EQ(code(), Code::corrupt) << "neither in use nor free";
  ASSERT_TRUE(put(208, 0xdead));
  EXPECT_EQ(code(), Code::forbidden) << "no slot is in use";
  ASSERT_TRUE(put(108, 32));
  EXPECT_EQ(code(), Code::unsupported) << "another key length";
  ASSERT_TRUE(put(0, 0));
  EXPECT_EQ(code(), Code::corrupt) << "no header";
}

TEST(Luks, what_lies_behind_the_encryption_is_read_and_written_at_any_place) {
  auto file = std::make_shared<MemoryFile>("disk", Content(8192));
  auto secret = std::make_unique<Secret>(luks::master_bytes);
  for (std::size_t i = 0; i < luks::master_bytes; ++i)
    secret->bytes()[i] = static_cast<std::byte>(i);
  auto plain = luks::decrypted(file, std::move(secret));
  Content model(8192);
  ASSERT_TRUE(plain->write_zeroes(0, model.size()));
  std::mt19937_64 random(7);
  for (int i = 0; i < 200; ++i) {
    auto at = random() % 8000;
    Content bytes(1 + random() % (8192 - at), static_cast<std::byte>(random()));
    ASSERT_TRUE(plain->write(at, bytes));
    std::ranges::copy(bytes, model.begin() + static_cast<std::ptrdiff_t>(at));
    Content read(1 + random() % 700);
    auto from = random() % (8192 - read.size());
    ASSERT_TRUE(plain->read(from, read));
    EXPECT_TRUE(std::ranges::equal(View(model).subspan(from, read.size()), View(read)));
  }
  EXPECT_EQ(plain->descriptor(), -1) << "the kernel would copy what is encrypted";
}

TEST(Luks, an_encrypted_image_without_its_key_is_described_and_not_read) {
  auto file = std::make_shared<MemoryFile>("disk", Content());
  ASSERT_TRUE(qcow2::make_encrypted(file, {.size = 1 << 20}, key));
  auto image = open(file, {}, "qcow2");
  ASSERT_TRUE(image) << image.error().message;
  const auto& details = (*image)->description().details;
  std::pair<std::string, std::string> luks_row("encryption", "LUKS");
  EXPECT_NE(std::ranges::find(details, luks_row), details.end());
  auto report = (*image)->check();
  EXPECT_EQ(exit_code(report), 0) << problems(report);
}

}  // namespace
}  // namespace truce::image
