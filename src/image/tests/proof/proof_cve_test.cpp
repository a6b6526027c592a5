// The patterns of known vulnerabilities that no other test of a format has.
#include <sys/socket.h>

#include "image/nbd_file.h"
#include "nbd/nbd_support.h"
#include "package/ovf.h"
#include "package/package_support.h"
#include "vdi/layout.h"
#include "vhd/vhd_make.h"
#include "xva/xva.h"

namespace truce::image {
namespace {

Code code_of(const std::shared_ptr<File>& file, std::string_view format) {
  auto image = open(file, {}, format);
  return image ? Code::internal : image.error().code;
}

/// An empty dynamic VHD whose header says this.
std::shared_ptr<MemoryFile> vhd_that_says(std::uint32_t entries, std::uint32_t block_bytes) {
  auto file = vhd::in_memory(vhd::make_empty(8 << 20));
  auto header = vhd::make_header(1536, entries, block_bytes);
  EXPECT_TRUE(file->write(512, header.bytes));
  return file;
}

TEST(Cve, cve_2014_0142_vhd_blocks_of_no_size_are_refused) {
  ASSERT_EQ(code_of(vhd_that_says(128, 64 << 10), "vhd"), Code::internal);
  for (std::uint32_t block : {0U, 1U, 511U, 513U, 65537U, 1U << 31, ~0U})
    EXPECT_EQ(code_of(vhd_that_says(128, block), "vhd"), Code::corrupt) << block;
}

TEST(Cve, cve_2014_0144_counts_of_blocks_in_vhd_and_vdi_fit_the_file) {
  for (std::uint32_t entries : {127U, 0U})
    EXPECT_EQ(code_of(vhd_that_says(entries, 64 << 10), "vhd"), Code::corrupt) << entries;
  for (std::uint32_t entries : {~0U, 1U << 31, 0x40000000U}) {  // what is not needed is not read
    auto image = open(vhd_that_says(entries, 64 << 10), {}, "vhd");
    if (image) expect_content(**image, Content(8 << 20));
  }
  for (std::uint32_t blocks : {~0U, 1U << 31, 0x40000000U, 1U << 27, 0U}) {
    auto file = std::make_shared<MemoryFile>("disk");
    ASSERT_TRUE(store(*find_format("vdi"), file, Content(3 << 20, std::byte{1})));
    Content value(4);
    put_le<std::uint32_t>(value, 0, blocks);
    ASSERT_TRUE(file->write(vdi::at_blocks, value));
    EXPECT_NE(code_of(file, "vdi"), Code::internal) << blocks;
  }
}

/// A qcow image whose header has these bytes at `at`.
std::shared_ptr<MemoryFile> qcow_that_says(std::size_t at, View bytes) {
  auto file = std::make_shared<MemoryFile>("disk");
  EXPECT_TRUE(store(*find_format("qcow"), file, Content(1 << 20, std::byte{1})));
  EXPECT_TRUE(file->write(at, bytes));
  return file;
}

TEST(Cve, cve_2014_0222_sizes_of_l2_tables_of_qcow_are_bounded) {
  for (int bits : {0, 5, 14, 32, 63, 64, 255}) {
    Content value{static_cast<std::byte>(bits)};
    EXPECT_EQ(code_of(qcow_that_says(33, value), "qcow"), Code::corrupt) << bits;
    if (bits != 14) EXPECT_EQ(code_of(qcow_that_says(32, value), "qcow"), Code::corrupt) << bits;
  }
}

TEST(Cve, cve_2014_0223_sizes_of_qcow_disks_do_not_overflow_the_l1_table) {
  Content value(8);
  for (std::uint64_t size : {~std::uint64_t{0}, ~std::uint64_t{0} << 9, std::uint64_t{1} << 63,
                             std::uint64_t{1} << 61, std::uint64_t{1} << 50}) {
    put_be<std::uint64_t>(value, 0, size);
    EXPECT_NE(code_of(qcow_that_says(24, value), "qcow"), Code::internal) << size;
  }
}

TEST(Cve, cve_2017_15118_and_15119_nbd_options_of_any_length_are_bounded) {
  using namespace nbd;
  auto file = std::make_shared<MemoryFile>("disk", Content(4096));
  auto disks = one_disk(nbd::raw_image(file, false), Access::read_only);
  for (std::uint32_t length : {4097U, 65537U, 32U << 20, ~0U}) {
    Says says;
    says.hello().number<std::uint64_t>(option_magic);
    says.number<std::uint32_t>(static_cast<std::uint32_t>(nbd::Option::list));
    says.number<std::uint32_t>(length).payload(70000, 'n');
    auto ended = talk(says, disks);
    EXPECT_LT(ended.output.size(), 100000U) << length;
  }
  auto named = talk(Says().hello().go(std::string(5000, 'n')), disks);
  EXPECT_LT(named.output.size(), 1000U);
  auto promised = Says().hello().number<std::uint64_t>(option_magic);
  promised.number<std::uint32_t>(static_cast<std::uint32_t>(nbd::Option::go))
      .number<std::uint32_t>(6);
  promised.number<std::uint32_t>(~0U).number<std::uint16_t>(0);  // a name longer than its option
  EXPECT_LT(talk(promised, disks).output.size(), 1000U);
}

TEST(Cve, cve_2017_2630_no_answer_of_an_nbd_server_is_larger_than_what_it_is_read_into) {
  using namespace nbd;
  for (std::uint32_t length : {70000U, 1U << 31, ~0U}) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    Fd ours(ends[0]), theirs(ends[1]);
    Says says;
    says.text("NBDMAGICIHAVEOPT").number<std::uint16_t>(3);
    says.number<std::uint64_t>(option_reply_magic);
    says.number<std::uint32_t>(static_cast<std::uint32_t>(nbd::Option::structured_reply));
    says.number<std::uint32_t>(0x80000001).number<std::uint32_t>(length).payload(60000, 'e');
    ASSERT_EQ(::write(theirs.get(), says.bytes.data(), says.bytes.size()),
              static_cast<ssize_t>(says.bytes.size()));
    ::shutdown(theirs.get(), SHUT_WR);
    EXPECT_FALSE(NbdFile::adopt(std::move(ours), "disk", {}));
  }
}

TEST(Cve, a_billion_laughs_and_external_entities_in_ovf_and_xva_are_refused) {
  std::string laughs = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol0 \"lol\">";
  for (int i = 1; i < 10; ++i) {
    std::string ten;
    for (int n = 0; n < 10; ++n) ten += fmt::format("&lol{};", i - 1);
    laughs += fmt::format("<!ENTITY lol{} \"{}\">", i, ten);
  }
  laughs += "]><Envelope>&lol9;</Envelope>";
  for (const auto& text :
       {laughs, std::string("<!DOCTYPE v SYSTEM \"http://example.org/x.dtd\"><value/>"),
        std::string(
            "<!DOCTYPE v [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><value>&e;</value>")}) {
    auto ovf = package::parse_ovf(text, {}, "test");
    ASSERT_FALSE(ovf);
    EXPECT_EQ(ovf.error().code, Code::forbidden) << ovf.error().message;
    auto xva = package::parse_ova_xml(text, {}, "test");
    ASSERT_FALSE(xva);
    EXPECT_EQ(xva.error().code, Code::forbidden) << xva.error().message;
  }
}

}  // namespace
}  // namespace truce::image
