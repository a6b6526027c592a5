// Deltas, extents of ESXi, and extents of several kinds in one disk.
#include "vmdk_support.h"

namespace truce::image {
namespace {

class Kinds : public ::testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) { return folder_ / name; }
  void write_text(const std::string& name, const std::string& text) {
    write_whole(path(name), std::as_bytes(std::span(text)));
  }
  std::unique_ptr<Image> open_file(const std::string& name) {
    auto file = DiskFile::open(path(name), DiskFile::Access::read_only);
    EXPECT_TRUE(file) << file.error().message;
    return file ? opened(*file, follow(neighbours_)) : nullptr;
  }
  void run(const std::string& command) {
    auto ran = run_command("cd " + path("").string() + " && " + command);
    ASSERT_EQ(ran.status, 0) << ran.output;
  }

  TestFolder folder_;
  VmdkFolder neighbours_{folder_ / ""};
};

TEST_F(Kinds, a_delta_of_qemu_img_shows_its_parent_where_it_has_nothing) {
  auto content = sparse_content(4 << 20, 11);
  write_whole(path("raw"), content);
  run("qemu-img convert -f raw -O vmdk raw base.vmdk");
  for (std::string zeroed : {"off", "on"}) {
    auto name = "delta-" + zeroed + ".vmdk";
    run("qemu-img create -f vmdk -b base.vmdk -F vmdk -o zeroed_grain=" + zeroed + " " + name);
    run("qemu-io -f vmdk -c 'write -P 7 100k 200k' -c 'write -z 1M 512k' " + name + " >/dev/null");
    auto expected = content;
    std::fill_n(expected.begin() + 100 * 1024, 200 * 1024, std::byte{7});
    std::fill_n(expected.begin() + (1 << 20), 512 * 1024, std::byte{});
    auto image = open_file(name);
    ASSERT_NE(image, nullptr);
    expect_content(*image, expected);
    EXPECT_EQ(content_by_qemu(path(name), "vmdk"), expected);
    ASSERT_EQ(image->description().references.size(), 1U);
    EXPECT_EQ(image->description().references[0].role, "parent");
    EXPECT_EQ(image->check().value().problems, std::vector<std::string>{});
  }
}

TEST_F(Kinds, a_geometry_that_no_bios_makes_is_told) {
  MemoryNeighbours neighbours;
  neighbours.files["flat"] = std::make_shared<MemoryFile>("flat", noise(128 << 10, 1));
  auto geometry = [&](const std::string& heads, const std::string& sectors) {
    auto text = descriptor_text("monolithicFlat", "RW 256 FLAT \"flat\" 0\n") +
                "ddb.geometry.cylinders = \"20\"\nddb.geometry.heads = \"" + heads +
                "\"\nddb.geometry.sectors = \"" + sectors + "\"\n";
    auto image = opened(std::make_shared<MemoryFile>("d.vmdk", text), follow(neighbours));
    return image == nullptr ? "nothing" : image->description().geometry;
  };
  EXPECT_EQ(geometry("4", "17"), "20/4/17");
  EXPECT_EQ(geometry("255", "63"), "");
  EXPECT_EQ(geometry("16", "63"), "");
}

TEST_F(Kinds, a_delta_over_a_parent_that_was_changed_is_refused) {
  run("qemu-img create -f vmdk base.vmdk 1M && qemu-img create -f vmdk -b base.vmdk -F vmdk "
      "d.vmdk");
  auto bytes = read_whole(path("base.vmdk"));
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  auto at = text.find("CID=") + 4;
  bytes[at] = static_cast<std::byte>(text[at] == '0' ? '1' : '0');
  write_whole(path("base.vmdk"), bytes);
  auto file = DiskFile::open(path("d.vmdk"), DiskFile::Access::read_only);
  auto image = open(*file, follow(neighbours_));
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::corrupt);
  EXPECT_NE(image.error().message.find("the parent was changed"), std::string::npos)
      << image.error().message;
}

TEST_F(Kinds, a_parent_that_is_smaller_ends_in_zeros) {
  MemoryNeighbours neighbours;
  auto content = noise(128 << 10, 1);
  neighbours.files["flat"] = std::make_shared<MemoryFile>("flat", content);
  neighbours.files["base.vmdk"] = std::make_shared<MemoryFile>(
      "base.vmdk", descriptor_text("monolithicFlat", "RW 256 FLAT \"flat\" 0\n"));
  neighbours.files["empty"] = sparse_image(Content(1 << 20));
  // An extent inside a descriptor of its own: its own descriptor is not asked for.
  auto text = descriptor_text("twoGbMaxExtentSparse", "RW 2048 SPARSE \"empty\"\n",
                              "parentCID=12345678\nparentFileNameHint=\"base.vmdk\"\n");
  auto image = opened(std::make_shared<MemoryFile>("d.vmdk", text), follow(neighbours));
  ASSERT_NE(image, nullptr);
  content.resize(1 << 20);
  expect_content(*image, content);
}

/// An ESX extent: 3 grains of 64 KiB, the last of them far away.
Content cowd_extent(View content, std::uint32_t sectors) {
  Content bytes(65536 * 4);
  put_le<std::uint32_t>(bytes, 0, vmdk::cowd_magic);
  put_le<std::uint32_t>(bytes, 4, 1);
  put_le<std::uint32_t>(bytes, 8, 3);
  put_le<std::uint32_t>(bytes, 12, sectors);
  put_le<std::uint32_t>(bytes, 16, 128);
  put_le<std::uint32_t>(bytes, 20, 4);
  put_le<std::uint32_t>(bytes, 24, 1);
  put_le<std::uint32_t>(bytes, 28, 512);
  put_le<std::uint32_t>(bytes, 2048, 5);  // the directory: its table is at sector 5
  const std::array<std::size_t, 3> grains{1, 2, 20};
  for (std::size_t i = 0; i < grains.size(); ++i) {
    auto at = 65536 * (i + 1);
    put_le<std::uint32_t>(bytes, 5 * 512 + grains[i] * 4, static_cast<std::uint32_t>(at / 512));
    std::ranges::copy(content.subspan(grains[i] * 65536, 65536),
                      bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return bytes;
}

Content three_grains(std::size_t size) {
  Content content(size);
  auto stored = noise(3 * 65536, 2);
  std::copy_n(stored.begin(), 2 * 65536, content.begin() + 65536);
  std::copy_n(stored.begin() + 2 * 65536, 65536, content.begin() + 20 * 65536);
  return content;
}

TEST_F(Kinds, an_esx_extent_is_read_as_qemu_img_reads_it) {
  auto content = three_grains(2 << 20);
  write_whole(path("disk-delta.vmdk"), cowd_extent(content, 4096));
  write_text("disk.vmdk",
             descriptor_text("vmfsSparse", "RW 4096 VMFSSPARSE \"disk-delta.vmdk\"\n"));
  auto image = open_file("disk.vmdk");
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(image->description().block_size, 65536U);
  expect_content(*image, content);
  EXPECT_EQ(image->check().value().problems, std::vector<std::string>{});
  EXPECT_EQ(content_by_qemu(path("disk.vmdk"), "vmdk"), content);
}

/// An seSparse extent of 2 tables: the disk's grains 0, 5 and 5000 are stored, 6 is zero, 7
/// unmapped.
Content sesparse_extent(View content, std::uint64_t sectors) {
  Content bytes(512 * 512);
  auto field = [&](std::size_t at, std::uint64_t value) {
    put_le<std::uint64_t>(bytes, at, value);
  };
  field(0, vmdk::sesparse_magic);
  field(8, 0x200000001);
  field(16, sectors);
  field(24, 8);
  field(32, 64);
  // position and size in sectors: volatile header, journal header, journal, directory, tables,
  // free bitmap, back map, grains
  const std::array<std::pair<std::uint64_t, std::uint64_t>, 8> regions{
      {{1, 1}, {2, 2}, {8, 8}, {16, 8}, {64, 128}, {192, 8}, {200, 8}, {208, 300}}};
  for (std::size_t i = 0; i < regions.size(); ++i) {
    field(80 + i * 16, regions[i].first);
    field(88 + i * 16, regions[i].second);
  }
  field(512, 0xcafecafe);
  field(16 * 512, 0x1000000000000001);      // the first table is the second one
  field(16 * 512 + 8, 0x1000000000000000);  // and the second the first
  auto entry = [&](std::size_t table, std::size_t index, std::uint64_t value) {
    field(64 * 512 + table * 32768 + index * 8, value);
  };
  entry(1, 0, 0x3000000000000000);
  entry(1, 5, 0x3002000000000000);
  entry(1, 6, 0x2000000000000000);
  entry(1, 7, 0x1000000000000000);
  entry(0, 5000 - 4096, 0x3001000000000000);
  auto put = [&](std::size_t grain, std::size_t place) {
    std::ranges::copy(content.subspan(grain * 4096, 4096),
                      bytes.begin() + static_cast<std::ptrdiff_t>(208 * 512 + place * 4096));
  };
  put(0, 0);
  put(5, 2);
  put(5000, 1);
  return bytes;
}

TEST_F(Kinds, an_sesparse_extent_is_read_as_qemu_img_reads_it) {
  Content content(24 << 20);
  auto stored = noise(3 * 4096, 4);
  std::copy_n(stored.begin(), 4096, content.begin());
  std::copy_n(stored.begin() + 4096, 4096, content.begin() + 5 * 4096);
  std::copy_n(stored.begin() + 8192, 4096, content.begin() + 5000 * 4096);
  write_whole(path("disk-sesparse.vmdk"), sesparse_extent(content, content.size() / 512));
  write_text("disk.vmdk",
             descriptor_text("seSparse", "RW 49152 SESPARSE \"disk-sesparse.vmdk\"\n"));
  auto image = open_file("disk.vmdk");
  ASSERT_NE(image, nullptr);
  expect_content(*image, content);
  EXPECT_EQ(image->extent(6 * 4096, 8192).value().kind, Kind::zero);
  EXPECT_EQ(image->check().value().problems, std::vector<std::string>{});
  EXPECT_EQ(content_by_qemu(path("disk.vmdk"), "vmdk"), content);
}

TEST_F(Kinds, an_sesparse_extent_with_a_journal_is_refused) {
  auto bytes = sesparse_extent(Content(24 << 20), 49152);
  bytes[512 + 24] = std::byte{1};
  MemoryNeighbours neighbours;
  neighbours.files["x"] = std::make_shared<MemoryFile>("x", bytes);
  auto text = descriptor_text("seSparse", "RW 49152 SESPARSE \"x\"\n");
  auto image = open(std::make_shared<MemoryFile>("d", text), follow(neighbours));
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::unsupported);
  EXPECT_NE(image.error().message.find("journal"), std::string::npos) << image.error().message;
}

TEST_F(Kinds, a_disk_of_several_kinds_of_extents_is_read_as_qemu_img_reads_it) {
  auto flat = noise(64 << 10, 1);
  write_whole(path("disk-f001.vmdk"), flat);
  auto sparse = sparse_content(1 << 20, 2);
  auto file = DiskFile::create(path("disk-s002.vmdk"));
  ASSERT_TRUE(file && store(*find_format("vmdk"), *file, sparse));
  // From sector 8 of the flat file, a gap of zeros, a whole sparse extent but for its last sectors.
  write_text("disk.vmdk", descriptor_text("twoGbMaxExtentFlat",
                                          "RW 100 FLAT \"disk-f001.vmdk\" 8\n"
                                          "RW 300 ZERO\n"
                                          "RDONLY 2000 SPARSE \"disk-s002.vmdk\"\n"));
  Content expected(flat.begin() + 8 * 512, flat.begin() + 108 * 512);
  expected.resize(expected.size() + 300 * 512);
  expected.insert(expected.end(), sparse.begin(), sparse.begin() + 2000 * 512);
  auto image = open_file("disk.vmdk");
  ASSERT_NE(image, nullptr);
  expect_content(*image, expected);
  EXPECT_EQ(image->extent(100 * 512, 512).value().kind, Kind::zero);
}

TEST_F(Kinds, a_flat_disk_of_esxi_is_read_as_qemu_img_reads_it) {
  auto content = sparse_content(1 << 20, 3);
  write_whole(path("disk-flat.vmdk"), content);
  write_text("disk.vmdk", descriptor_text("vmfs", "RW 2048 VMFS \"disk-flat.vmdk\"\n"));
  auto image = open_file("disk.vmdk");
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(image->description().references[0].name, "disk-flat.vmdk");
  expect_content(*image, content);
  EXPECT_EQ(content_by_qemu(path("disk.vmdk"), "vmdk"), content);
  EXPECT_EQ(neighbours_.opened, std::vector<std::string>{"disk-flat.vmdk"});
}

TEST_F(Kinds, a_zeroed_grain_hides_the_parent_only_where_the_flag_says_so) {
  auto file = sparse_image(noise(256 << 10, 5));
  auto gd = le<std::uint64_t>(file->content(), 56) * 512;
  auto table = le<std::uint32_t>(file->content(), gd) * 512ULL;
  poke(*file, table + 4, 1, 4);
  Content buffer(65536);
  EXPECT_EQ(opened(file)->read(65536, buffer).error().code, Code::corrupt);
  poke(*file, 8, 7, 4);
  auto image = opened(file);
  EXPECT_EQ(image->extent(65536, 65536).value().kind, Kind::zero);
  ASSERT_TRUE(image->read(65536, buffer));
  EXPECT_TRUE(all_zero(buffer));
}

TEST_F(Kinds, one_extent_of_a_disk_is_not_taken_for_the_disk) {
  MemoryNeighbours neighbours;
  ASSERT_TRUE(store(*find_format("vmdk"), std::make_shared<MemoryFile>("d.vmdk"),
                    noise(65536 * 2, 1), subformat("twoGbMaxExtentSparse", &neighbours)));
  auto part = neighbours.files.at("d-s001.vmdk");
  for (auto external : {External::refuse, External::follow}) {
    auto image = open(part, {.external = external, .neighbours = &neighbours});
    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().code, Code::precondition);
    EXPECT_NE(image.error().message.find("descriptor"), std::string::npos);
  }
  auto image = opened(part, {.external = External::ignore});
  EXPECT_EQ(image->description().variant, "extent");
  EXPECT_EQ(image->size(), 2 * 65536U);
}

}  // namespace
}  // namespace truce::image
