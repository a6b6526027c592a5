// Archives: what tar writes, what tar reads, and what strangers send.
#include <sys/stat.h>

#include "package/ovf_package.h"
#include "package_support.h"
#include "tar/slice.h"

namespace truce::image {
namespace {

using package::Members, package::TarReader, package::TarWriter;

Result<std::unique_ptr<Members>> members_of(std::shared_ptr<File> file,
                                            std::uint32_t limit = 1000) {
  return Members::read(std::move(file), limit);
}

Code refusal_of(const Archive& archive) {
  auto members = members_of(archive.file());
  EXPECT_FALSE(members);
  return members ? Code::internal : members.error().code;
}

TEST(Tar, reads_what_tar_writes_in_all_its_formats) {
  TestFolder folder;
  auto content = sparse_content(300'000, 1);
  std::string long_name = std::string(80, 'n') + "/" + std::string(90, 'm');
  std::filesystem::create_directory(folder / std::string(80, 'n'));
  write_whole(folder / "disk.vmdk", content);
  write_whole(folder / "empty", {});
  write_whole(folder / long_name, content);
  for (std::string format : {"gnu", "oldgnu", "pax", "ustar", "v7"}) {
    bool long_too = format != "v7";
    auto ran = run_command("cd '" + (folder / "").string() + "' && tar cf " + format +
                           ".tar --format=" + format + " disk.vmdk empty" +
                           (long_too ? " ./" + std::string(80, 'n') : ""));
    ASSERT_EQ(ran.status, 0) << ran.output;
    auto file = DiskFile::open(folder / (format + ".tar"), DiskFile::Access::read_only);
    ASSERT_TRUE(file);
    auto members = members_of(*file);
    ASSERT_TRUE(members) << format << ": " << members.error().message;
    EXPECT_EQ((*members)->list().size(), long_too ? 3U : 2U) << format;
    for (const auto& name : {std::string("disk.vmdk"), long_name}) {
      if (name == long_name && !long_too) continue;
      auto member = (*members)->open(name);
      ASSERT_TRUE(member) << format << ": " << member.error().message;
      Content got((*member)->size());
      ASSERT_TRUE((*member)->read(0, got));
      EXPECT_EQ(got, content) << format;
    }
    EXPECT_TRUE((*members)->notes().empty()) << listed((*members)->notes());
  }
}

TEST(Tar, what_is_written_tar_reads_without_a_word) {
  TestFolder folder;
  auto content = sparse_content(70'001, 2);
  auto file = DiskFile::create(folder / "a.tar");
  ASSERT_TRUE(file);
  FileSink sink(**file);
  TarWriter tar(sink, 1'700'000'000);
  ASSERT_TRUE(tar.file("first.ovf", bytes_of("hello")));
  ASSERT_TRUE(tar.file("disk.vmdk", content));
  ASSERT_TRUE(tar.file(std::string(100, 'x'), {}));
  ASSERT_TRUE(tar.finish());
  EXPECT_EQ((*file)->size() % 10240, 0U);
  EXPECT_EQ(tar.begin(std::string(101, 'x'), 0).error().code, Code::invalid);
  auto ran = run_command("cd '" + (folder / "").string() + "' && tar xf a.tar && tar tf a.tar");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.output, "first.ovf\ndisk.vmdk\n" + std::string(100, 'x') + "\n");
  EXPECT_EQ(read_whole(folder / "disk.vmdk"), content);
}

TEST(Tar, sizes_beyond_eight_gibibytes_go_both_ways) {
  TestFolder folder;
  constexpr std::uint64_t large = (std::uint64_t{9} << 30) + 5;
  auto file = DiskFile::create(folder / "large.tar");
  ASSERT_TRUE(file);
  FileSink sink(**file);
  TarWriter tar(sink, 0);
  ASSERT_TRUE(tar.begin("large", large));
  ASSERT_TRUE((*file)->resize(512 + round_up(large, 512) + 1024));  // all of it a hole
  auto ran = run_command("tar tvf '" + (folder / "large.tar").string() + "'");
  EXPECT_EQ(ran.status, 0);
  EXPECT_TRUE(ran.output.contains(std::to_string(large))) << ran.output;
  auto members = members_of(*file);
  ASSERT_TRUE(members) << members.error().message;
  EXPECT_EQ((*members)->list().at(0).size, large);
  for (std::string format : {"gnu", "pax"}) {
    ASSERT_EQ(run_command("cd '" + (folder / "").string() + "' && rm -f l b.tar && truncate -s " +
                          std::to_string(large) + " l && tar c --format=" + format +
                          " l | head -c 10240 > b.tar && truncate -s 9663680000 b.tar")
                  .status,
              0);
    auto theirs = DiskFile::open(folder / "b.tar", DiskFile::Access::read_only);
    TarReader reader(**theirs, 10);
    auto member = reader.next();
    ASSERT_TRUE(member && *member) << format;
    EXPECT_EQ((*member)->size, large) << format;
  }
}

TEST(Tar, names_that_lead_outside_are_refused) {
  EXPECT_EQ(refusal_of(Archive().add("/etc/passwd", "x")), Code::forbidden);
  EXPECT_EQ(refusal_of(Archive().add("../x", "x")), Code::forbidden);
  EXPECT_EQ(refusal_of(Archive().add("a/../../x", "x")), Code::forbidden);
  EXPECT_EQ(refusal_of(Archive().add("a/..", "x")), Code::forbidden);
  EXPECT_EQ(refusal_of(Archive().add("a\nb", "x")), Code::corrupt);
  EXPECT_EQ(refusal_of(Archive().add("", "x")), Code::corrupt);
  EXPECT_EQ(refusal_of(Archive().add("pax", "20 path=/etc/passwd\n", 'x').add("fine", "x")),
            Code::forbidden);
  EXPECT_EQ(refusal_of(Archive().add("long", "../outside", 'L').add("fine", "x")), Code::forbidden);
  EXPECT_TRUE(members_of(Archive().add("./a..b/c", "x").file()));
}

TEST(Tar, links_devices_and_sparse_members_are_refused) {
  for (char type : std::string("12346"))
    EXPECT_EQ(refusal_of(Archive().add("x", "", type)), Code::forbidden) << type;
  for (char type : std::string("SVMX"))
    EXPECT_EQ(refusal_of(Archive().add("x", "", type)), Code::unsupported) << type;
  TestFolder folder;
  auto ran = run_command("cd '" + (folder / "").string() +
                         "' && truncate -s 1M s && tar cSf gnu.tar --format=gnu s && tar cSf "
                         "pax.tar --format=pax s && ln -s s l && tar cf link.tar l");
  ASSERT_EQ(ran.status, 0) << ran.output;
  for (std::string name : {"gnu", "pax", "link"}) {
    auto members =
        members_of(*DiskFile::open(folder / (name + ".tar"), DiskFile::Access::read_only));
    ASSERT_FALSE(members) << name;
    EXPECT_EQ(members.error().code, name == "link" ? Code::forbidden : Code::unsupported) << name;
  }
}

TEST(Tar, damage_is_told) {
  Archive archive;
  archive.add("a", "content").add("b", "content");
  auto damaged = archive;
  damaged.bytes[1024 + 3] ^= std::byte{1};
  EXPECT_EQ(refusal_of(damaged), Code::corrupt);
  auto cut = std::make_shared<MemoryFile>(
      "cut", Content(archive.bytes.begin(), archive.bytes.end() - 800));
  EXPECT_EQ(members_of(cut).error().code, Code::corrupt);
  EXPECT_EQ(refusal_of(Archive().add("same", "1").add("same", "2")), Code::corrupt);
  EXPECT_EQ(refusal_of(Archive().add("same", "1").add("./same", "2")), Code::corrupt);
  auto endless = std::make_shared<MemoryFile>("endless", archive.bytes);
  auto members = members_of(endless);
  ASSERT_TRUE(members);
  EXPECT_TRUE(says((*members)->notes(), "no end mark"));
  for (std::string bad : {"99 path=x\n", "0 path=x\n", "x path=x\n", "8 path=x", "9 size=z\n",
                          "7 path\n", "30 size=99999999999999999999\n"})
    EXPECT_EQ(refusal_of(Archive().add("pax", bad, 'x').add("f", "x")), Code::corrupt) << bad;
  EXPECT_EQ(refusal_of(Archive().add("pax", "29 size=18446744073709551615\n", 'x').add("f", "x")),
            Code::corrupt);
}

TEST(Tar, counts_and_lengths_are_bounded) {
  Archive archive;
  for (int i = 0; i < 11; ++i) archive.add(std::to_string(i), "");
  EXPECT_EQ(members_of(archive.file(), 10).error().code, Code::limit);
  EXPECT_TRUE(members_of(archive.file(), 11));
  EXPECT_EQ(refusal_of(Archive().add("long", std::string(70'000, 'n'), 'L').add("f", "x")),
            Code::limit);
  EXPECT_EQ(refusal_of(Archive().add("long", std::string(5'000, 'n'), 'L').add("f", "x")),
            Code::limit);
}

TEST(Tar, dot_underscore_files_are_passed_over_with_a_note) {
  auto members = members_of(Archive()
                                .add("._vm.ovf", "junk")
                                .add("vm.ovf", "x")
                                .add("sub/._disk", "junk")
                                .add("sub/", "", '5')
                                .file());
  ASSERT_TRUE(members) << members.error().message;
  ASSERT_EQ((*members)->list().size(), 1U);
  EXPECT_EQ((*members)->list()[0].name, "vm.ovf");
  EXPECT_TRUE(says((*members)->notes(), "._vm.ovf"));
}

TEST(Tar, spaces_in_owner_names_do_no_harm) {
  Archive archive;
  archive.owner = "Domain Users and others";
  EXPECT_TRUE(members_of(archive.add("vm.ovf", "x").file()));
}

TEST(Slice, is_a_window_that_nothing_leaves) {
  auto content = sparse_content(100'000, 3);
  auto whole = std::make_shared<MemoryFile>("whole", content);
  package::SliceFile slice(whole, 1000, 50'000, "part");
  Content got(50'000);
  ASSERT_TRUE(slice.read(0, got));
  EXPECT_TRUE(std::ranges::equal(got, View(content).subspan(1000, 50'000)));
  EXPECT_EQ(slice.read(1, got).error().code, Code::corrupt);
  EXPECT_EQ(slice.read(UINT64_MAX - 10, got).error().code, Code::corrupt);
  EXPECT_EQ(slice.run(49'999, 2).error().code, Code::corrupt);
  EXPECT_EQ(slice.write(0, got).error().code, Code::unsupported);
}

TEST(Joined, reads_over_its_seams) {
  auto content = sparse_content(10'000, 4);
  std::vector<std::shared_ptr<File>> parts;
  for (auto [from, size] : {std::pair{0, 4096}, {4096, 0}, {4096, 4096}, {8192, 1808}}) {
    auto piece =
        View(content).subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(size));
    parts.push_back(std::make_shared<MemoryFile>("part", Content(piece.begin(), piece.end())));
  }
  package::JoinedFile joined(parts, "joined");
  ASSERT_EQ(joined.size(), content.size());
  for (std::size_t at : {0, 4095, 4096, 8000, 9999}) {
    Content got(content.size() - at);
    ASSERT_TRUE(joined.read(at, got));
    EXPECT_TRUE(std::ranges::equal(got, View(content).subspan(at)));
    auto run = joined.run(at, content.size() - at);
    ASSERT_TRUE(run);
    EXPECT_GT(run->length, 0U);
  }
  Content more(2);
  EXPECT_EQ(joined.read(9'999, more).error().code, Code::corrupt);
}

TEST(Digest, agrees_with_known_values) {
  EXPECT_EQ(package::xxh64({}), 0xEF46DB3751D8E999U);
  EXPECT_EQ(package::xxh64(bytes_of("abc")), 0x44BC2CF5AD770999U);
  EXPECT_EQ(*package::digest_of(ManifestDigest::sha1, bytes_of("abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(package::digest_of(ManifestDigest::none, {}).error().code, Code::internal);
}

}  // namespace
}  // namespace truce::image
