// OVF and OVA: every field report that image-engine.md names, dialects, and what is written.
#include <unistd.h>

#include <thread>

#include "package/hardware.h"
#include "package/manifest.h"
#include "package/ovf.h"
#include "package_support.h"

namespace truce::image {
namespace {

constexpr std::size_t mebibyte = 1 << 20;

Result<std::unique_ptr<Package>> package_of(const std::string& ovf, View disk,
                                            const std::string& manifest = {}) {
  Archive archive;
  archive.add("vm.ovf", ovf).add("disk.raw", disk);
  if (!manifest.empty()) archive.add("vm.mf", manifest);
  return read_package(archive.file());
}

Content gzipped(View content) {
  TestFolder folder;
  write_whole(folder / "plain", content);
  run_command("gzip -n '" + (folder / "plain").string() + "'");
  return read_whole(folder / "plain.gz");
}

TEST(Ova, a_disk_is_read_in_place) {
  auto content = sparse_content(mebibyte, 1);
  auto package = package_of(OvfText{}.text(), content);
  ASSERT_TRUE(package) << package.error().message;
  const auto& appliance = (*package)->appliance();
  EXPECT_EQ(appliance.name, "vm");
  EXPECT_EQ(appliance.cpus, 2U);
  EXPECT_EQ(appliance.memory, 512U << 20);
  ASSERT_EQ(appliance.disks.size(), 1U);
  EXPECT_EQ(appliance.disks[0].controller, Controller::pvscsi);
  EXPECT_EQ(appliance.disks[0].unit, 4U);
  auto image = (*package)->open_disk(0);
  ASSERT_TRUE(image) << image.error().message;
  package->reset();  // the image outlives the package
  expect_content(**image, content);
}

TEST(Ova, a_descriptor_that_is_not_first_is_told) {
  Content disk(mebibyte);
  Archive archive;
  archive.add("disk.raw", disk).add("vm.ovf", OvfText{}.text());
  auto package = read_package(archive.file());
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_TRUE(says((*package)->warnings(), "not the first member"));
  EXPECT_EQ(read_package(Archive().add("disk.raw", disk).file()).error().code, Code::corrupt);
  EXPECT_EQ(read_package(Archive().add("a.ovf", "x").add("b.ovf", "x").file()).error().code,
            Code::corrupt);
}

TEST(Ova, digest_spacing_letters_and_line_ends_do_not_matter) {
  auto disk = sparse_content(mebibyte, 2);
  auto ovf = OvfText{}.text();
  auto hex = sha256(disk), upper = hex;
  for (auto& c : upper) c = static_cast<char>(std::toupper(c));
  for (const auto& line :
       {"SHA256(disk.raw)= " + hex, "SHA256 (disk.raw) = " + hex, "SHA256(disk.raw)=" + hex,
        "sha256 (disk.raw)= " + upper, "SHA256(disk.raw)= " + hex + "\r",
        "  SHA-256( disk.raw )= " + hex + " "}) {
    auto package =
        package_of(ovf, disk, "SHA256(vm.ovf)= " + sha256(bytes_of(ovf)) + "\n" + line + "\n");
    ASSERT_TRUE(package) << package.error().message;
    auto verified = (*package)->verify({});
    EXPECT_TRUE(verified) << line << ": " << verified.error().message;
    EXPECT_TRUE((*package)->warnings().empty()) << listed((*package)->warnings());
  }
}

TEST(Ova, digests_of_all_three_kinds_are_compared) {
  auto disk = sparse_content(mebibyte, 3);
  struct Row {
    std::string word;
    ManifestDigest digest;
  };
  for (const auto& [word, digest] : {Row{"SHA1", ManifestDigest::sha1},
                                     {"SHA256", ManifestDigest::sha256},
                                     {"SHA512", ManifestDigest::sha512}}) {
    auto hex = *package::digest_of(digest, disk);
    auto right = package_of(OvfText{}.text(), disk, word + "(disk.raw)= " + hex + "\n");
    EXPECT_TRUE(right && (*right)->verify({})) << word;
    hex[0] = hex[0] == '0' ? '1' : '0';
    auto wrong = package_of(OvfText{}.text(), disk, word + "(disk.raw)= " + hex + "\n");
    ASSERT_TRUE(wrong);
    EXPECT_EQ((*wrong)->verify({}).error().code, Code::corrupt) << word;
  }
  auto none = package_of(OvfText{}.text(), disk);
  EXPECT_EQ((*none)->verify({}).error().code, Code::unsupported);
}

TEST(Ova, lax_manifest_lines_are_noted_and_passed_over) {
  auto disk = sparse_content(mebibyte, 4);
  auto package =
      package_of(OvfText{}.text(), disk,
                 "\n# made by hand\nnothing at all\nMD5(disk.raw)= 00\nSHA256(disk.raw)= 12\n"
                 "SHA256(snapshot.vmsn)= " +
                     sha256({}) + "\nSHA256(disk.raw)= " + sha256(disk));
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_TRUE((*package)->verify({}));
  EXPECT_TRUE(says((*package)->warnings(), "nothing at all"));
  EXPECT_TRUE(says((*package)->warnings(), "MD5(disk.raw)"));
  EXPECT_FALSE(says((*package)->warnings(), "made by hand"));
  auto names = package::parse_manifest("SHA1(a (1).vmdk)= " + std::string(40, 'a'));
  ASSERT_EQ(names.entries.size(), 1U);
  EXPECT_EQ(names.entries[0].name, "a (1).vmdk");
}

TEST(Ova, a_signature_is_noted_and_not_looked_at) {
  Archive archive;
  archive.add("vm.ovf", OvfText{}.text()).add("vm.mf", "x").add("vm.cert", "x");
  archive.add("disk.raw", Content(mebibyte));
  auto package = read_package(archive.file());
  ASSERT_TRUE(package);
  EXPECT_TRUE(says((*package)->warnings(), "signed"));
}

TEST(Ova, a_wrong_capacity_is_replaced_by_the_disks_own) {
  auto disk = sparse_content(mebibyte, 5);
  for (std::string wrong : {"4096", "1", "99999999999999999999999", "", "-5"}) {
    auto package = package_of(OvfText{.capacity = wrong}.text(), disk);
    ASSERT_TRUE(package) << package.error().message;
    EXPECT_EQ((*package)->appliance().disks[0].capacity, mebibyte) << wrong;
    EXPECT_TRUE(says((*package)->warnings(), "is of 1048576 bytes")) << wrong;
  }
  for (auto [units, capacity] : {std::pair{"byte * 2^20", "1"},
                                 {"byte*2^10", "1024"},
                                 {"MegaBytes", "1"},
                                 {"KB", "1024"},
                                 {"byte * 1024 * 1024", "1"},
                                 {"", "1048576"}}) {
    auto package = package_of(OvfText{.capacity = capacity, .units = units}.text(), disk);
    ASSERT_TRUE(package);
    EXPECT_FALSE(says((*package)->warnings(), "is of")) << units << listed((*package)->warnings());
  }
}

TEST(Ova, a_capacity_equal_to_the_size_of_the_file_is_replaced) {
  TestFolder folder;
  ASSERT_EQ(run_command("qemu-img create -f vmdk -o subformat=monolithicSparse '" +
                        (folder / "d.vmdk").string() + "' 8M")
                .status,
            0);
  auto disk = read_whole(folder / "d.vmdk");
  auto package = package_of(
      OvfText{.capacity = std::to_string(disk.size()), .format = "vmdk.html#x"}.text(), disk);
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_EQ((*package)->appliance().disks[0].capacity, 8 * mebibyte)
      << listed((*package)->warnings());
  EXPECT_TRUE(says((*package)->warnings(), "is of 8388608 bytes"));
}

TEST(Ova, gzipped_disks_are_unpacked_with_a_bound) {
  auto disk = sparse_content(mebibyte, 6);
  for (std::string attributes : {"ovf:compression=\"gzip\"", ""}) {
    auto package = package_of(OvfText{.file_attributes = attributes}.text(), gzipped(disk));
    ASSERT_TRUE(package) << package.error().message;
    EXPECT_TRUE((*package)->appliance().disks[0].gzip);
    EXPECT_EQ(says((*package)->warnings(), "though the descriptor"), attributes.empty());
    EXPECT_EQ((*package)->open_disk(0).error().code, Code::unsupported);
    TestFolder folder;
    auto unpacked = unpack(**package, folder / "out");
    ASSERT_TRUE(unpacked) << unpacked.error().message;
    EXPECT_EQ(read_whole(folder / "out/disk.raw"), disk);
    auto bounded = unpack(**package, folder / "small", {.largest_inflated = mebibyte - 1});
    EXPECT_EQ(bounded.error().code, Code::limit);
    EXPECT_FALSE(std::filesystem::exists(folder / "small/disk.raw"));
    auto exact =
        unpack(**package, folder / "exact", {.format = "raw", .largest_inflated = mebibyte});
    ASSERT_TRUE(exact) << exact.error().message;
    EXPECT_EQ(read_whole(folder / "exact/vm-disk1.raw"), disk);
  }
  auto cut = gzipped(disk);
  cut.resize(cut.size() / 2);
  auto damaged = package_of(OvfText{}.text(), cut);
  TestFolder folder;
  EXPECT_EQ(unpack(**damaged, folder / "x").error().code, Code::corrupt);
}

TEST(Ovf, files_in_chunks_are_one) {
  auto disk = sparse_content(mebibyte, 7);
  Archive archive;
  archive.add("vm.ovf",
              OvfText{.file_attributes = "ovf:size=\"1048576\" ovf:chunkSize=\"400000\""}.text());
  for (std::size_t i = 0; i < 3; ++i) {
    auto part =
        View(disk).subspan(i * 400'000, std::min<std::size_t>(400'000, mebibyte - i * 400'000));
    archive.add("disk.raw.00000000" + std::to_string(i), part);
  }
  auto package = read_package(archive.file());
  ASSERT_TRUE(package) << package.error().message;
  auto image = (*package)->open_disk(0);
  ASSERT_TRUE(image) << image.error().message;
  expect_content(**image, disk);
}

TEST(Ovf, what_leads_elsewhere_is_not_followed) {
  for (std::string href :
       {"http://example.org/d", "../../etc/passwd", "/etc/passwd", "nothing.raw", ""}) {
    auto package = package_of(OvfText{.href = href}.text(), Content(512));
    ASSERT_TRUE(package) << package.error().message;  // shown, with a warning
    EXPECT_FALSE((*package)->open_disk(0)) << href;
  }
  TestFolder folder;
  std::filesystem::create_directory(folder / "in");
  write_whole(folder / "secret", Content(512));
  write_whole(folder / "in/vm.ovf", bytes_of(OvfText{.href = "../secret"}.text()));
  auto package = read_package(folder / "in");
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_EQ((*package)->open_disk(0).error().code, Code::forbidden);
}

TEST(Ovf, names_with_percent_signs_are_found) {
  auto disk = sparse_content(mebibyte, 8);
  Archive archive;
  archive.add("vm.ovf", OvfText{.href = "my%20disk.raw"}.text()).add("my disk.raw", disk);
  auto package = read_package(archive.file());
  ASSERT_TRUE(package);
  EXPECT_TRUE((*package)->open_disk(0)) << listed((*package)->warnings());
}

TEST(Ovf, hostile_xml_is_refused) {
  auto code = [](const std::string& text) {
    auto ovf = package::parse_ovf(text, {}, "test");
    return ovf ? Code::internal : ovf.error().code;
  };
  EXPECT_EQ(
      code("<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><Envelope>&a;</Envelope>"),
      Code::forbidden);
  std::string deep, many;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  for (int i = 0; i < 100; ++i) deep += "</a>";
  EXPECT_EQ(code(deep), Code::limit);
  for (int i = 0; i < 500'000; ++i) many += "<a/>";
  EXPECT_EQ(code("<Envelope>" + many + "</Envelope>"), Code::limit);
  EXPECT_EQ(code(std::string(5 << 20, ' ')), Code::limit);
  EXPECT_EQ(code("<Envelope>"), Code::corrupt);
  EXPECT_EQ(code(""), Code::corrupt);
  EXPECT_EQ(code("<Envelope/>"), Code::corrupt);
  std::string disks;
  for (int i = 0; i < 300; ++i) disks += "<Disk diskId='d' capacity='1'/>";
  EXPECT_EQ(code("<Envelope><DiskSection>" + disks + "</DiskSection><VirtualSystem/></Envelope>"),
            Code::limit);
  EXPECT_EQ(code("<Envelope><DiskSection><Disk diskId='d' "
                 "fileRef='gone'/></DiskSection><VirtualSystem/></Envelope>"),
            Code::corrupt);
}

TEST(Ovf, virtualbox_and_vmware_dialects_are_read) {
  struct Row {
    std::string file;
    Controller controller;
    NicModel nic;
    Firmware firmware;
    std::uint64_t memory;
  };
  for (const auto& row :
       {Row{"virtualbox2.ovf", Controller::sata, NicModel::e1000, Firmware::uefi, 512},
        Row{"vmware.ovf", Controller::pvscsi, NicModel::vmxnet3, Firmware::uefi, 8192}}) {
    auto text = read_whole(std::filesystem::path(TRUCE_TEST_FILES) / "package" / row.file);
    ASSERT_FALSE(text.empty()) << row.file;
    auto ovf =
        package::parse_ovf({reinterpret_cast<const char*>(text.data()), text.size()}, {}, row.file);
    ASSERT_TRUE(ovf) << ovf.error().message;
    ASSERT_EQ(ovf->appliance.disks.size(), 1U);
    EXPECT_EQ(ovf->appliance.disks[0].controller, row.controller) << row.file;
    EXPECT_EQ(ovf->appliance.disks[0].format, "vmdk");
    ASSERT_EQ(ovf->appliance.nics.size(), 1U);
    EXPECT_EQ(ovf->appliance.nics[0].model, row.nic) << row.file;
    EXPECT_EQ(ovf->appliance.firmware, row.firmware) << row.file;
    EXPECT_EQ(ovf->appliance.memory, row.memory << 20) << row.file;
    EXPECT_TRUE(ovf->warnings.empty()) << listed(ovf->warnings);
  }
}

Appliance example() {
  auto appliance = plain_appliance("web <01> & more", 3);
  appliance.description = "Serves \"pages\"";
  appliance.cpus = 4;
  appliance.cores_per_socket = 2;
  appliance.memory = std::uint64_t{3} << 30;
  appliance.firmware = Firmware::uefi;
  appliance.disks[1] = {.controller = Controller::virtio_block, .unit = 7};
  appliance.disks[2] = {.controller = Controller::pvscsi};
  appliance.nics.push_back(
      {.model = NicModel::virtio, .network = "DMZ", .mac = "00:50:56:01:02:03"});
  appliance.guest_os = "debian12_64Guest";
  appliance.guest_os_number = 96;
  appliance.boot_order = {"disk", "network"};
  appliance.properties = {
      {"Product", "vm.hostname", "string", "web", "Host name", "Of the machine"}};
  return appliance;
}

TEST(Ovf, what_is_written_is_the_golden_file_and_reads_back_the_same) {
  auto appliance = example();
  std::vector<package::OvfFile> files;
  for (unsigned i = 1; i <= 3; ++i) {
    auto& disk = appliance.disks[i - 1];
    disk.id = fmt::format("vmdisk{}", i), disk.name = fmt::format("Hard Disk {}", i);
    disk.capacity = i * mebibyte;
    files.push_back({.id = fmt::format("file{}", i),
                     .href = fmt::format("web-disk{}.vmdk", i),
                     .size = 1000 + i});
  }
  ASSERT_TRUE(package::settle(appliance.disks));
  std::vector<std::string> warnings;
  auto text = package::write_ovf(appliance, files, "vmx-13", warnings);
  EXPECT_TRUE(says(warnings, "disk 2: its controller becomes lsilogic"));
  EXPECT_TRUE(says(warnings, "network adapter 2: becomes VmxNet3"));
  auto golden = std::filesystem::path(TRUCE_TEST_FILES) / "package" / "written.ovf";
  if (std::getenv("TRUCE_UPDATE_GOLDEN") != nullptr) write_whole(golden, bytes_of(text));
  EXPECT_EQ(read_whole(golden), bytes_of(text)) << text;
  EXPECT_EQ(run_command("xmllint --noout '" + golden.string() + "'").output, "");

  auto back = package::parse_ovf(text, {}, "written");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(back->warnings.empty()) << listed(back->warnings);
  const auto& read = back->appliance;
  EXPECT_EQ(read.name, appliance.name);
  EXPECT_EQ(read.description, appliance.description);
  EXPECT_EQ(read.cpus, 4U);
  EXPECT_EQ(read.cores_per_socket, 2U);
  EXPECT_EQ(read.memory, appliance.memory);
  EXPECT_EQ(read.firmware, Firmware::uefi);
  EXPECT_EQ(read.guest_os, appliance.guest_os);
  EXPECT_EQ(read.boot_order, appliance.boot_order);
  ASSERT_EQ(read.properties.size(), 1U);
  EXPECT_EQ(read.properties[0].key, "vm.hostname");
  ASSERT_EQ(read.disks.size(), 3U);
  EXPECT_EQ(read.disks[1].controller, Controller::lsilogic);
  EXPECT_NE(read.disks[1].unit, 7U);  // the controller's own
  EXPECT_EQ(read.disks[2].controller, Controller::pvscsi);
  EXPECT_EQ(read.disks[2].capacity, 3 * mebibyte);
  ASSERT_EQ(read.nics.size(), 2U);
  EXPECT_EQ(read.nics[1].model, NicModel::vmxnet3);
  EXPECT_EQ(read.nics[1].mac, "00:50:56:01:02:03");
}

TEST(Hardware, units_are_multiplied_without_overflow) {
  using package::unit_factor;
  EXPECT_EQ(unit_factor("byte * 2^20"), 1U << 20);
  EXPECT_EQ(unit_factor("hertz"), std::nullopt);
  EXPECT_EQ(unit_factor("byte * 2^64"), std::nullopt);
  EXPECT_EQ(unit_factor("byte * 2^40 * 2^40"), std::nullopt);
  EXPECT_EQ(unit_factor("byte * 0"), std::nullopt);
  EXPECT_EQ(unit_factor("*"), std::nullopt);
  EXPECT_EQ(package::tidy_mac("00-50-56-AB-CD-EF"), "00:50:56:ab:cd:ef");
  EXPECT_EQ(package::tidy_mac("nonsense"), "");
}

TEST(Hardware, disks_without_a_place_are_moved_and_too_many_are_refused) {
  std::vector<PackagedDisk> disks(5, {.controller = Controller::ide});
  EXPECT_EQ(package::settle(disks).error().code, Code::limit);
  disks.assign(4, {.controller = Controller::ide});
  ASSERT_TRUE(package::settle(disks));
  EXPECT_EQ(disks[3].bus, 1U);
  EXPECT_EQ(disks[3].unit, 1U);
}

}  // namespace
}  // namespace truce::image
