// Bytes, Time, errors, random ids, base64, files.
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "base/revert.h"
#include "base/time.h"

namespace truce {
namespace {

TEST(Bytes, sizes_are_read_in_every_unit) {
  const std::pair<const char*, std::uint64_t> rows[] = {{"0", 0},
                                                        {"4096", 4096},
                                                        {"512MiB", 512ULL << 20},
                                                        {"20GiB", 20ULL << 30},
                                                        {"2G", 2ULL << 30},
                                                        {"1.5TiB", 3ULL << 39},
                                                        {"7B", 7},
                                                        {"1KiB", 1024}};
  for (auto [text, bytes] : rows) {
    auto parsed = parse_bytes(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->count, bytes) << text;
  }
}

TEST(Bytes, what_is_not_a_size_is_refused_with_an_example) {
  for (const char* text : {"", "GiB", "-1", "1X", "1 GiB", "1e3", "nan", "inf", "99999999TiB"}) {
    auto parsed = parse_bytes(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::invalid);
  }
}

TEST(Bytes, are_shown_in_the_largest_fitting_unit) {
  EXPECT_EQ(to_string(mib(512)), "512MiB");
  EXPECT_EQ(to_string(Bytes{1536ULL << 20}), "1.5GiB");
  EXPECT_EQ(to_string(Bytes{17}), "17B");
}

TEST(Time, text_and_time_convert_both_ways) {
  const std::string text = "2026-02-28T23:59:59.007Z";
  auto time = parse_time(text);
  ASSERT_TRUE(time);
  EXPECT_EQ(to_string(*time), text);
  for (const char* wrong : {"", "2026-02-30T00:00:00.000Z", "2026-01-01T25:00:00.000Z",
                            "2026-01-01 00:00:00.000Z", "2026-01-01T00:00:00.000Zx"}) {
    EXPECT_FALSE(parse_time(wrong)) << wrong;
  }
}

TEST(Result, an_error_tells_its_story_outwards) {
  Error error{Code::corrupt, "checksum differs", ""};
  EXPECT_EQ(error.within("region table").within("import web01").message,
            "import web01: region table: checksum differs");
  for (int i = 0; i <= static_cast<int>(Code::internal); ++i) {
    auto code = static_cast<Code>(i);
    EXPECT_EQ(parse_code(to_string(code)), code);
  }
}

TEST(Random, a_uuid_has_its_version_and_variant) {
  auto uuid = random_uuid();
  ASSERT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
  EXPECT_NE(uuid, random_uuid());
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Base64, converts_both_ways_and_refuses_what_it_is_not) {
  for (const char* text : {"", "f", "fo", "foo", "foob"}) {
    auto back = base64_decode(base64_encode(text));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, text);
  }
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  for (const char* wrong : {"Zm9", "Zm9v*g==", "====", "Zm9v\n", "Z==="}) {
    EXPECT_FALSE(base64_decode(wrong)) << wrong;
  }
}

TEST(File, a_durable_write_replaces_the_whole_and_leaves_nothing_beside) {
  auto folder = std::filesystem::temp_directory_path() / ("truce-base-" + random_hex(6));
  ASSERT_TRUE(make_folder(folder / "a" / "b"));
  auto path = folder / "a" / "b" / "file";
  ASSERT_TRUE(write_file_durably(path, "one", 0600));
  ASSERT_TRUE(write_file_durably(path, "two", 0600));
  EXPECT_EQ(*read_file(path), "two");
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".new"));
  EXPECT_EQ(read_file(path, Bytes{2}).error().code, Code::limit);
  EXPECT_EQ(read_file(folder / "none").error().code, Code::not_found);
  ASSERT_TRUE(remove_tree(folder));
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_TRUE(remove_tree(folder));
}

TEST(Revert, undoes_newest_first_unless_all_went_well) {
  std::string done;
  {
    Revert revert;
    revert.add([&] { done += 'a'; });
    revert.add([&] { done += 'b'; });
  }
  EXPECT_EQ(done, "ba");
  {
    Revert revert;
    revert.add([&] { done += 'c'; });
    revert.success();
  }
  EXPECT_EQ(done, "ba");
}

}  // namespace
}  // namespace truce
