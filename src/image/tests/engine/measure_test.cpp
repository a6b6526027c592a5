#include "image/measure.h"

#include <sys/stat.h>

#include "image/convert.h"
#include "image/place.h"
#include "support.h"

namespace truce::image {
namespace {

struct Variant {
  const char* format;
  std::map<std::string, std::string, std::less<>> options;
};

const std::vector<Variant>& uncompressed() {
  static const std::vector<Variant> all{{"raw", {}},
                                        {"qcow2", {}},
                                        {"qcow2", {{"compat", "0.10"}}},
                                        {"qcow2", {{"cluster_size", "4096"}}},
                                        {"qcow2", {{"cluster_size", "2M"}}},
                                        {"qcow2", {{"extended_l2", "on"}}},
                                        {"vhd", {}},
                                        {"vhd", {{"subformat", "fixed"}}},
                                        {"vhdx", {}},
                                        {"vhdx", {{"subformat", "fixed"}}},
                                        {"vmdk", {}},
                                        {"vmdk", {{"subformat", "monolithicFlat"}}},
                                        {"vmdk", {{"subformat", "twoGbMaxExtentSparse"}}},
                                        {"vdi", {}},
                                        {"vdi", {{"subformat", "static"}}},
                                        {"qcow", {}}};
  return all;
}

std::uint64_t allocated(const std::filesystem::path& folder) {
  std::uint64_t sum = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    struct stat status{};
    if (::stat(entry.path().c_str(), &status) == 0)
      sum += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  return sum;
}

/// What a conversion of `source` takes in a folder of its own.
std::uint64_t converted(const Format& format, BuildOptions options, Image& source) {
  TestFolder folder;
  auto target = Target::create(folder / "disk.img", Target::Existing::refuse).value();
  options.neighbours = &target->neighbours();
  auto builder = build(format, target->file(), options).value();
  auto done = convert(source, *builder, {});
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_TRUE(target->commit(Target::Durability::durable));
  return allocated(folder / "");
}

TEST(Measure, what_is_not_compressed_takes_what_was_said) {
  TestFolder folder;
  auto content = sparse_content(24 << 20, 8);
  write_whole(folder / "source.raw", {});
  auto raw = DiskFile::open(folder / "source.raw", DiskFile::Access::read_write).value();
  ASSERT_TRUE(store(*find_format("raw"), raw, content));
  ASSERT_TRUE(raw->flush());
  auto packed_file = DiskFile::create(folder / "source.qcow2").value();
  BuildOptions zlib;
  zlib.options["compression"] = "zlib";
  ASSERT_TRUE(store(*find_format("qcow2"), packed_file, content, zlib));
  auto plain = open(raw, {}, "raw").value();
  auto packed = open(packed_file, {}, "qcow2").value();
  for (auto* source : {plain.get(), packed.get()}) {
    for (const auto& [name, chosen] : uncompressed()) {
      auto about = std::string(name) + " from " + source->description().format;
      for (const auto& [key, value] : chosen) about += " " + key + "=" + value;
      SCOPED_TRACE(about);
      BuildOptions options{.size = content.size()};
      options.options = chosen;
      auto needed = measure(*find_format(name), options, source);
      ASSERT_TRUE(needed) << needed.error().message;
      EXPECT_FALSE(needed->at_most);
      auto real = converted(*find_format(name), options, *source);
      // A file system needs a block or two for its own lists of where a file lies.
      EXPECT_LE(needed->required, real);
      EXPECT_GE(needed->required + 16384, real);
      EXPECT_LE(needed->required, needed->fully_allocated);
      EXPECT_GE(needed->fully_allocated, content.size());
      EXPECT_LE(needed->fully_allocated, content.size() + (8 << 20));
    }
  }
}

TEST(Measure, what_is_compressed_takes_no_more_than_was_said) {
  std::mt19937_64 random(3);
  Content noise(3 << 20);
  for (auto& byte : noise) byte = static_cast<std::byte>(random());
  auto source = open(std::make_shared<MemoryFile>("noise", noise), {}, "raw").value();
  for (const Variant& variant :
       {Variant{"qcow2", {{"compression", "zlib"}}}, Variant{"qcow2", {{"compression", "zstd"}}},
        Variant{"vmdk", {{"subformat", "streamOptimized"}}}}) {
    SCOPED_TRACE(variant.format);
    BuildOptions options{.size = noise.size()};
    options.options = variant.options;
    auto needed = measure(*find_format(variant.format), options, source.get());
    ASSERT_TRUE(needed) << needed.error().message;
    EXPECT_TRUE(needed->at_most);
    auto real = converted(*find_format(variant.format), options, *source);
    EXPECT_GE(needed->required, real);
    EXPECT_LE(needed->required, real + real / 8);
  }
}

TEST(Measure, an_empty_disk_is_measured_without_writing_it) {
  constexpr std::uint64_t size = std::uint64_t{64} << 30;
  for (auto name : {"qcow2", "vhd", "vhdx", "vmdk", "vdi"}) {
    SCOPED_TRACE(name);
    auto needed = measure(*find_format(name), {.size = size}, nullptr);
    ASSERT_TRUE(needed) << needed.error().message;
    EXPECT_LE(needed->required, 16U << 20);
    EXPECT_GE(needed->fully_allocated, size);
    EXPECT_LE(needed->fully_allocated, size + (256U << 20));
  }
}

}  // namespace
}  // namespace truce::image
