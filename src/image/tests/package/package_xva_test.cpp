// XVA: chunks inside a tar, read in place; what is written as an import of XenServer takes it.
#include "package_support.h"
#include "xva/xva.h"

namespace truce::image {
namespace {

constexpr std::size_t mebibyte = 1 << 20;

std::string ova_xml(std::uint64_t size) {
  auto member = [](const std::string& name, const std::string& value) {
    return "<member><name>" + name + "</name><value>" + value + "</value></member>";
  };
  auto object = [&](const std::string& type, const std::string& id, const std::string& fields) {
    return "<value><struct>" + member("class", type) + member("id", id) +
           member("snapshot", "<struct>" + fields + "</struct>") + "</struct></value>";
  };
  return "<value><struct>" +
         member(
             "objects",
             "<array><data>" +
                 object("VM", "Ref:1",
                        member("name_label", "win") + member("VCPUs_max", "2") +
                            member("memory_static_max", "2147483648") +
                            member("HVM_boot_policy", "BIOS order") +
                            member("HVM_boot_params", "<struct>" + member("firmware", "uefi") +
                                                          member("order", "cd") + "</struct>")) +
                 object("VBD", "Ref:2",
                        member("VM", "Ref:1") + member("VDI", "Ref:3") + member("type", "Disk") +
                            member("userdevice", "0") +
                            member("bootable", "<boolean>1</boolean>")) +
                 object("VDI", "Ref:3",
                        member("name_label", "c") + member("virtual_size", std::to_string(size))) +
                 object("VIF", "Ref:4",
                        member("VM", "Ref:1") + member("MAC", "AA:BB:CC:00:11:22") +
                            member("network", "Ref:5")) +
                 object("network", "Ref:5", member("name_label", "lan")) + "</data></array>") +
         "</struct></value>";
}

class Xva {
 public:
  explicit Xva(std::uint64_t size) { archive.add("ova.xml", ova_xml(size)); }
  Xva& chunk(const std::string& number, View content, std::string checksum = {}) {
    archive.add("Ref:3/" + number, content);
    if (checksum.empty()) checksum = *package::digest_of(ManifestDigest::sha1, content);
    archive.add("Ref:3/" + number + (checksum.size() == 16 ? ".xxhash" : ".checksum"), checksum);
    return *this;
  }
  Archive archive;
};

TEST(Xva, chunks_that_are_left_out_are_zeros) {
  auto first = sparse_content(mebibyte, 1), third = sparse_content(mebibyte, 2);
  Content tail(1000, std::byte{7});
  Xva xva(5 * mebibyte + 1000);
  xva.chunk("00000000", first).chunk("00000002", third).chunk("00000005", tail);
  auto package = read_package(xva.archive.file());
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_EQ((*package)->kind(), PackageKind::xva);
  EXPECT_TRUE((*package)->warnings().empty()) << listed((*package)->warnings());
  const auto& appliance = (*package)->appliance();
  EXPECT_EQ(appliance.name, "win");
  EXPECT_EQ(appliance.cpus, 2U);
  EXPECT_EQ(appliance.memory, std::uint64_t{2} << 30);
  EXPECT_EQ(appliance.firmware, Firmware::uefi);
  EXPECT_EQ(appliance.boot_order, (std::vector<std::string>{"disk", "cdrom"}));
  ASSERT_EQ(appliance.nics.size(), 1U);
  EXPECT_EQ(appliance.nics[0].mac, "aa:bb:cc:00:11:22");
  EXPECT_EQ(appliance.nics[0].network, "lan");
  ASSERT_EQ(appliance.disks.size(), 1U);
  EXPECT_TRUE(appliance.disks[0].bootable);
  Content whole(5 * mebibyte + 1000);
  std::ranges::copy(first, whole.begin());
  std::ranges::copy(third, whole.begin() + 2 * mebibyte);
  std::ranges::copy(tail, whole.begin() + 5 * mebibyte);
  auto image = (*package)->open_disk(0);
  ASSERT_TRUE(image) << image.error().message;
  expect_content(**image, whole);
  EXPECT_TRUE((*package)->verify({}));
}

TEST(Xva, an_empty_chunk_that_kept_a_connection_alive_takes_no_place) {
  auto first = sparse_content(mebibyte, 3), second = sparse_content(mebibyte, 4);
  Xva xva(2 * mebibyte);
  xva.chunk("00000000", first).chunk("00000001", {}).chunk("00000002", second);
  auto package = read_package(xva.archive.file());
  ASSERT_TRUE(package) << package.error().message;
  auto whole = first;
  whole.insert(whole.end(), second.begin(), second.end());
  expect_content(**(*package)->open_disk(0), whole);
}

TEST(Xva, a_last_chunk_filled_up_and_an_unpadded_number_are_read) {
  auto first = sparse_content(mebibyte, 5);
  Content padded(mebibyte);
  std::ranges::fill(Span(padded).first(512), std::byte{9});
  Xva xva(mebibyte + 512);
  xva.chunk("00000000", first).chunk("1", padded);
  auto package = read_package(xva.archive.file());
  ASSERT_TRUE(package) << package.error().message;
  auto whole = first;
  whole.insert(whole.end(), padded.begin(), padded.begin() + 512);
  expect_content(**(*package)->open_disk(0), whole);
}

TEST(Xva, checksums_of_both_kinds_are_compared) {
  Content chunk = bytes_of("abc");
  auto code = [&](const std::string& checksum) {
    Xva xva(3);
    xva.chunk("00000000", chunk, checksum);
    auto package = read_package(xva.archive.file());
    auto verified = (*package)->verify({});
    return verified ? Code::internal : verified.error().code;
  };
  EXPECT_EQ(code("44BC2CF5AD770999"), Code::internal);
  EXPECT_EQ(code("a9993e364706816aba3e25717850c26c9cd0d89d"), Code::internal);
  EXPECT_EQ(code("44BC2CF5AD770998"), Code::corrupt);
  EXPECT_EQ(code("a9993e364706816aba3e25717850c26c9cd0d89e"), Code::corrupt);
  Archive bare;
  bare.add("ova.xml", ova_xml(3)).add("Ref:3/00000000", chunk);
  EXPECT_EQ((*read_package(bare.file()))->verify({}).error().code, Code::unsupported);
}

TEST(Xva, chunks_where_none_can_be_are_refused) {
  Content chunk(mebibyte);
  auto code = [](Xva& xva) {
    auto package = read_package(xva.archive.file());
    return package ? Code::internal : package.error().code;
  };
  Xva beyond(mebibyte);
  EXPECT_EQ(code(beyond.chunk("00000000", chunk).chunk("00000001", chunk)), Code::corrupt);
  Xva far(mebibyte);
  EXPECT_EQ(code(far.chunk("18446744073709551615", chunk)), Code::corrupt);
  Xva back(4 * mebibyte);
  EXPECT_EQ(code(back.chunk("00000002", chunk).chunk("00000001", chunk)), Code::corrupt);
  Xva twice(4 * mebibyte);
  EXPECT_EQ(code(twice.chunk("00000002", chunk).chunk("2", chunk)), Code::corrupt);
  Xva large(64 * mebibyte);
  EXPECT_EQ(code(large.chunk("00000000", Content(17 * mebibyte))), Code::limit);
}

TEST(Xva, compressed_packages_are_named_as_such) {
  auto message = [](std::string_view head) {
    std::string bytes(1024, '\0');
    std::ranges::copy(head, bytes.begin());
    return read_package(std::make_shared<MemoryFile>("x.xva", bytes)).error().message;
  };
  EXPECT_TRUE(message("\x1f\x8b\x08").contains("gzip -d"));
  EXPECT_TRUE(message("\x28\xb5\x2f\xfd").contains("zstd -d"));
  EXPECT_TRUE(message("nothing").contains("no tar archive"));
}

TEST(Xva, what_is_packed_holds_first_and_last_chunk_and_comes_out_again) {
  TestFolder folder;
  Content disk(4 * mebibyte + 512);
  std::ranges::fill(Span(disk).subspan(2 * mebibyte + 5, 100), std::byte{1});
  auto second = sparse_content(3 * mebibyte, 6);
  auto appliance = plain_appliance("web & db", 2);
  appliance.nics[0].mac = "00:50:56:01:02:03";
  appliance.memory = std::uint64_t{2} << 30;
  auto file = DiskFile::create(folder / "web.xva");
  ASSERT_TRUE(file);
  FileSink sink(**file);
  auto packed =
      pack_xva(appliance, {{raw_image(disk), nullptr}, {raw_image(second), nullptr}}, sink);
  ASSERT_TRUE(packed) << packed.error().message;
  auto in = "cd '" + (folder / "").string() + "' && tar xf web.xva && ";
  auto names = run_command(in + "tar tf web.xva").output;
  EXPECT_TRUE(
      names.starts_with("ova.xml\nRef:0000/00000000\nRef:0000/00000000.checksum\n"
                        "Ref:0000/00000002\nRef:0000/00000002.checksum\n"
                        "Ref:0000/00000004\nRef:0000/00000004.checksum\nRef:0001/00000000\n"))
      << names;
  EXPECT_EQ(run_command(in + "xmllint --noout ova.xml").output, "");
  EXPECT_EQ(run_command(in + "sha1sum Ref:0000/00000002 | cut -c1-40 | tr -d '\\n' | cmp - "
                             "Ref:0000/00000002.checksum")
                .output,
            "");
  EXPECT_EQ(std::filesystem::file_size(folder / "Ref:0000/00000004"), 512U);
  auto package = read_package(folder / "web.xva");
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_TRUE((*package)->warnings().empty()) << listed((*package)->warnings());
  EXPECT_EQ((*package)->appliance().name, "web & db");
  EXPECT_EQ((*package)->appliance().nics.at(0).mac, "00:50:56:01:02:03");
  EXPECT_EQ((*package)->appliance().nics.at(0).network, "VM Network");
  auto unpacked = unpack(**package, folder / "out");
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_EQ(unpacked->files,
            (std::vector<std::string>{"web___db-disk1.raw", "web___db-disk2.raw"}));
  EXPECT_EQ(read_whole(folder / "out/web___db-disk1.raw"), disk);
  EXPECT_EQ(read_whole(folder / "out/web___db-disk2.raw"), second);
}

}  // namespace
}  // namespace truce::image
