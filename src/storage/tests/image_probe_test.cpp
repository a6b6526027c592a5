#include "image_probe.h"

#include <gtest/gtest.h>

namespace truce::storage {
namespace {

Result<std::string> probe(const std::string& content) {
  return probe_image(image::MemoryFile("image", content));
}

std::string with_partition(std::uint8_t type, std::uint8_t start, std::uint8_t sectors) {
  std::string image(8192, '\0');
  image.replace(510, 2, "\x55\xaa");
  image[446 + 4] = static_cast<char>(type);
  image[446 + 8] = static_cast<char>(start);
  image[446 + 12] = static_cast<char>(sectors);
  return image;
}

TEST(ImageProbe, what_has_a_magic_is_named_as_the_engine_names_it) {
  std::string image(65536, '\0');
  image.replace(0, 8, std::string_view("QFI\xfb\0\0\0\3", 8));
  EXPECT_EQ(probe(image), "qcow2");
  image.replace(0, 8, "vhdxfile");
  EXPECT_EQ(probe(image), "vhdx");
}

TEST(ImageProbe, what_could_be_two_things_is_refused) {
  std::string image(65536, '\0');
  image.replace(0, 8, std::string_view("QFI\xfb\0\0\0\3", 8));
  image.replace(65024, 8, "conectix");
  EXPECT_EQ(probe(image).error().code, Code::precondition);
}

TEST(ImageProbe, an_iso_and_a_package_are_told_from_disks) {
  std::string iso(34816, '\0');
  iso.replace(32769, 5, "CD001");
  iso[32848] = 17;
  iso[32897] = 8;
  EXPECT_EQ(probe(iso), iso_kind);
  iso[32848] = 18;
  EXPECT_EQ(probe(iso).error().code, Code::corrupt) << "it is cut off";
  std::string package(1024, '\0');
  package.replace(257, 5, "ustar");
  EXPECT_EQ(probe(package), package_kind);
}

TEST(ImageProbe, text_and_nothing_are_no_disks) {
  EXPECT_EQ(probe("").error().code, Code::invalid);
  EXPECT_EQ(probe(std::string(4096, 'x')).error().code, Code::invalid);
  EXPECT_EQ(probe("root:x:0:0:root:/root:/bin/bash\n").error().code, Code::invalid);
}

TEST(ImageProbe, an_encrypted_disk_is_refused) {
  std::string image(4096, '\0');
  image.replace(0, 6, "LUKS\xba\xbe");
  EXPECT_EQ(probe(image).error().code, Code::unsupported);
}

TEST(ImageProbe, a_partition_that_ends_behind_the_file_means_that_it_was_cut_off) {
  EXPECT_EQ(probe(with_partition(0x83, 8, 8)), "raw");
  EXPECT_EQ(probe(with_partition(0x83, 8, 9)).error().code, Code::corrupt);
}

TEST(ImageProbe, a_gpt_or_an_ext_file_system_that_is_longer_than_the_file_was_cut_off) {
  auto gpt = with_partition(0xee, 1, 255);
  gpt.replace(512, 8, "EFI PART");
  gpt[544] = 15;
  EXPECT_EQ(probe(gpt), "raw");
  gpt[544] = 16;
  EXPECT_EQ(probe(gpt).error().code, Code::corrupt);
  std::string ext(8192, '\0');
  ext.replace(1080, 2, "\x53\xef");
  ext[1028] = 8;
  EXPECT_EQ(probe(ext), "raw");
  ext[1028] = 9;
  EXPECT_EQ(probe(ext).error().code, Code::corrupt);
}

}  // namespace
}  // namespace truce::storage
