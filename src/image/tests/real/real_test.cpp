// Images that neither we nor QEMU have made. What each is: README.md.
#include <zlib.h>

#include "package/digest.h"
#include "proof/variants.h"

namespace truce::image {
namespace {

const std::string disk = "335ceb83d28a81b05147a97fbee63ce797f6702a896fe3c21883f2f3d3400a3b";
const std::string base = "2f10f6ab2b615a788848c413e6146fe8d6a9ad192c9a6b07e146730be6ab3ce7";
const std::string zeros_16 = "080acf35a507ac9849cfcba47dc2ad83e01b75663a516279c8b9d243b719643e";
const std::string zeros_64 = "3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351";

struct Real {
  std::string name, format, variant, sum;
  std::uint64_t corruptions = 0, leaks = 0;  ///< that its maker has left in it
  std::vector<std::string> beside = {};      ///< files that it refers to
};
inline void PrintTo(const Real& image, std::ostream* out) {
  *out << image.name;
}

const std::vector<Real> all{
    {"bochs.vhd", "vhd", "dynamic",
     "76e90c1210a618c6ba1add8a5845267d3c2d24e7333c3b82e848e4759dae79bf"},
    {"bochs.vmdk", "vmdk", "monolithicSparse", disk},
    {"e2image.qcow2", "qcow2", "compat 0.10",
     "6e09222dbfbb14b6f725a6ec35990213efdbb8e3590abd73bd036eca3f6a9586", 0, 2},
    {"fattools.vdi", "vdi", "dynamic", disk, 0, 1},
    {"fattools.vhd", "vhd", "dynamic", disk},
    {"fattools.vhdx", "vhdx", "dynamic", disk},
    {"fattools.vmdk", "vmdk", "twoGbMaxExtentSparse", disk, 2, 0, {"fattools-s001.vmdk"}},
    {"fattools-base.vhd", "vhd", "dynamic", base},
    {"fattools-child.vhd", "vhd", "differencing", disk, 0, 0, {"fattools-base.vhd"}},
    {"fattools-base.vhdx", "vhdx", "dynamic", base},
    {"fattools-child.vhdx", "vhdx", "differencing", base, 0, 0, {"fattools-base.vhdx"}},
    {"go-fixed.vhd", "vhd", "fixed", disk},
    {"go-empty.vhd", "vhd", "dynamic", zeros_16},
    {"go.qcow2", "qcow2", "compat 1.1", disk},
    {"go-subclusters.qcow2", "qcow2", "compat 1.1", disk},
    {"node-empty.vhdx", "vhdx", "dynamic", zeros_64},
    {"open-vmdk.vmdk", "vmdk", "streamOptimized", disk},
    {"vmdkstream.vmdk", "vmdk", "streamOptimized", disk},
    {"xen.vhd", "vhd", "dynamic", disk},
    {"xen-base.vhd", "vhd", "dynamic", base},
    {"xen-child.vhd", "vhd", "differencing", disk, 0, 0, {"xen-base.vhd"}},
};

Content unpacked(const std::string& name) {
  auto path = TRUCE_TEST_FILES "/real/images/" + name + ".gz";
  gzFile packed = ::gzopen(path.c_str(), "rb");
  EXPECT_NE(packed, nullptr) << path;
  Content content(17 << 20);  // more than any of them
  auto length = ::gzread(packed, content.data(), static_cast<unsigned>(content.size()));
  EXPECT_GT(length, 0) << path;
  content.resize(static_cast<std::size_t>(std::max(length, 0)));
  EXPECT_EQ(::gzclose(packed), Z_OK) << path;
  return content;
}

class OfOthers : public testing::TestWithParam<Real> {
 protected:
  void SetUp() override {
    const auto& name = GetParam().name;
    file_ = std::make_shared<MemoryFile>(name, unpacked(name));
    for (const auto& other : GetParam().beside)
      beside_.files[other] = std::make_shared<MemoryFile>(other, unpacked(other));
  }

  std::shared_ptr<File> file_;
  proof::FilesInMemory beside_;
};
INSTANTIATE_TEST_SUITE_P(All, OfOthers, testing::ValuesIn(all));

TEST_P(OfOthers, are_recognised_checked_and_read_to_the_last_byte) {
  EXPECT_EQ(open(file_).has_value(), GetParam().beside.empty()) << "without what it refers to";
  auto opened = open(file_, {.external = External::follow, .neighbours = &beside_});
  ASSERT_TRUE(opened) << opened.error().message;
  auto& image = *opened;
  auto description = image->description();
  EXPECT_EQ(description.format, GetParam().format);
  EXPECT_EQ(description.variant, GetParam().variant);
  auto report = image->check();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->corruptions, GetParam().corruptions);
  EXPECT_EQ(report->leaks, GetParam().leaks);
  auto digest = package::RunningDigest::start(ManifestDigest::sha256);
  ASSERT_TRUE(digest);
  Content piece(1'000'003);  // no unit of any format
  for (std::uint64_t at = 0; at < image->size(); at += piece.size()) {
    auto part = Span(piece).first(std::min<std::uint64_t>(piece.size(), image->size() - at));
    auto read = image->read(at, part);
    ASSERT_TRUE(read) << read.error().message;
    digest->add(part);
  }
  EXPECT_EQ(digest->finish(), GetParam().sum);
}

TEST(DifferenceOfBlktap, is_not_read_over_another_parent) {
  auto file = std::make_shared<MemoryFile>("xen-child.vhd", unpacked("xen-child.vhd"));
  proof::FilesInMemory beside;
  beside.files["xen-base.vhd"] =
      std::make_shared<MemoryFile>("xen-base.vhd", unpacked("fattools-base.vhd"));
  auto image = open(file, {.external = External::follow, .neighbours = &beside});
  ASSERT_FALSE(image);
  EXPECT_NE(image.error().message.find("id"), std::string::npos) << image.error().message;
}

}  // namespace
}  // namespace truce::image
