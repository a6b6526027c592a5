#include "image_probe.h"

#include <gtest/gtest.h>

namespace truce::storage {
namespace {

Result<ImageKind> classify(const std::string& content) {
  auto tail = content.substr(content.size() - std::min<std::size_t>(content.size(), 512));
  return classify_image({content, tail, content.size()});
}

std::string qcow2(std::uint32_t version, std::uint64_t backing_at, std::uint32_t backing_size) {
  std::string image(65536, '\0');
  auto put = [&image](std::size_t at, std::uint64_t value, int bytes) {
    for (int i = bytes; i-- > 0; value >>= 8) {
      image[at + static_cast<std::size_t>(i)] = static_cast<char>(value & 0xff);
    }
  };
  image.replace(0, 4, "QFI\xfb");
  put(4, version, 4);
  put(8, backing_at, 8);
  put(16, backing_size, 4);
  put(24, 1 << 20, 8);
  return image;
}

TEST(ImageProbe, a_qcow2_that_stands_alone_is_accepted_in_both_versions) {
  EXPECT_EQ(classify(qcow2(2, 0, 0)), ImageKind::qcow2);
  EXPECT_EQ(classify(qcow2(3, 0, 0)), ImageKind::qcow2);
  EXPECT_EQ(parse_qcow2_header(qcow2(3, 0, 0))->virtual_size, mib(1));
}

TEST(ImageProbe, a_qcow2_with_a_backing_name_anywhere_is_refused) {
  auto image = qcow2(3, 1024, 11);
  image.replace(1024, 11, "/etc/shadow");
  EXPECT_EQ(parse_qcow2_header(image)->backing, "/etc/shadow");
  EXPECT_EQ(classify(image).error().code, Code::invalid);
  EXPECT_EQ(classify(qcow2(3, 65530, 100)).error().code, Code::corrupt);
  EXPECT_EQ(classify(qcow2(3, ~0ULL, 100)).error().code, Code::corrupt);
  EXPECT_EQ(classify(qcow2(3, 1024, 0)).error().code, Code::corrupt);
}

TEST(ImageProbe, an_old_qcow_is_refused) {
  EXPECT_EQ(classify(qcow2(1, 0, 0)).error().code, Code::unsupported);
  EXPECT_EQ(classify(qcow2(3, 0, 0).substr(0, 50)).error().code, Code::corrupt);
}

TEST(ImageProbe, a_vmdk_header_that_sends_its_reader_to_the_descriptor_is_refused) {
  std::string image(4096, '\0');
  image.replace(0, 4, "KDMV");
  image[28] = 1;
  image[36] = 4;
  image.replace(512, 60, "createType=\"monolithicSparse\"\nRW 8 SPARSE \"x.vmdk\"\nparentCID=f");
  EXPECT_EQ(classify(image).error().code, Code::invalid) << "capacity 0";
  image[12] = 8;
  EXPECT_EQ(classify(image).error().code, Code::invalid) << "parent f";
  image.replace(512 + 50, 20, "parentCID=ffffffff\n\0\0");
  image.replace(512, 73,
                "createType=\"monolithicSparse\"\nRW 8 SPARSE \"x.vmdk\"\nparentCID=ffffffff\n  ");
  EXPECT_EQ(classify(image), ImageKind::vmdk);
  image[36] = 127;
  EXPECT_EQ(classify(image).error().code, Code::corrupt) << "descriptor beyond the end";
}

TEST(ImageProbe, a_differencing_vhd_is_refused) {
  std::string image(1024, '\0');
  image.replace(0, 8, "conectix");
  image.replace(512, 8, "conectix");
  image[63] = 3;
  EXPECT_EQ(classify(image), ImageKind::vhd);
  image[63] = 4;
  EXPECT_EQ(classify(image).error().code, Code::invalid);
}

TEST(ImageProbe, text_and_nothing_are_no_disks) {
  EXPECT_EQ(classify("").error().code, Code::invalid);
  EXPECT_EQ(classify(std::string(4096, 'x')).error().code, Code::invalid);
  EXPECT_EQ(classify("root:x:0:0:root:/root:/bin/bash\n").error().code, Code::invalid);
}

TEST(ImageProbe, a_partition_that_ends_behind_the_file_means_that_it_was_cut_off) {
  std::string image(8192, '\0');
  image.replace(510, 2, "\x55\xaa");
  image[446 + 4] = '\x83';
  image[446 + 8] = 8;
  image[446 + 12] = 8;
  EXPECT_EQ(classify(image), ImageKind::raw);
  image[446 + 12] = 9;
  EXPECT_EQ(classify(image).error().code, Code::corrupt);
}

}  // namespace
}  // namespace truce::storage
