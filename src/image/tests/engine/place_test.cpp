#include "image/place.h"

#include <sys/stat.h>

#include "support.h"

namespace truce::image {
namespace {

TEST(Neighbours, gives_only_regular_files_below_the_allowed_folder) {
  TestFolder folder;
  std::filesystem::create_directories(folder / "images/parts");
  std::filesystem::create_directory(folder / "images-of-others");
  for (auto name : {"images/base", "images/parts/one", "secret", "images-of-others/two"})
    write_whole(folder / name, Content(512));
  std::filesystem::create_symlink("../secret", folder / "images/link");
  std::filesystem::create_directory_symlink("..", folder / "images/up");
  ASSERT_EQ(::mkfifo((folder / "images/fifo").c_str(), 0600), 0);
  auto neighbours = FolderNeighbours::open(folder / "images/top", folder / "images").value();
  EXPECT_TRUE(neighbours->open("base"));
  EXPECT_TRUE(neighbours->open("parts/one"));
  EXPECT_TRUE(neighbours->open("parts/../base"));
  EXPECT_TRUE(neighbours->open((folder / "images/base").string()));
  for (std::string name :
       {"../secret", "/etc/passwd", "link", "up/secret", "up/images/base", "fifo", "parts",
        "../images-of-others/two", "", "json:{\"file\":\"base\"}", "nbd:localhost:10809",
        "https://example.com/base", "file:base"}) {
    auto opened = neighbours->open(name);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code, Code::forbidden) << name << ": " << opened.error().message;
  }
  EXPECT_FALSE(neighbours->open("absent"));
}

TEST(Neighbours, never_writes_over_a_file_that_is_there) {
  TestFolder folder;
  write_whole(folder / "data", Content(512));
  auto neighbours = FolderNeighbours::open(folder / "top", folder / "").value();
  EXPECT_EQ(neighbours->create("data").error().code, Code::conflict);
  EXPECT_TRUE(neighbours->create("other"));
}

TEST(Target, appears_whole_under_its_name_or_not_at_all) {
  TestFolder folder;
  {
    auto target = Target::create(folder / "disk", Target::Existing::refuse).value();
    ASSERT_TRUE(target->file()->write(0, Content(4096)));
    ASSERT_TRUE(target->neighbours().create("disk-part"));
    EXPECT_FALSE(std::filesystem::exists(folder / "disk"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder / ""));
  auto target = Target::create(folder / "disk", Target::Existing::refuse).value();
  ASSERT_TRUE(target->file()->write(0, Content(4096)));
  ASSERT_TRUE(target->neighbours().create("disk-part"));
  ASSERT_TRUE(target->commit(Target::Durability::durable));
  target.reset();
  EXPECT_EQ(std::filesystem::file_size(folder / "disk"), 4096U);
  EXPECT_TRUE(std::filesystem::exists(folder / "disk-part"));
}

TEST(Target, replaces_only_when_it_may) {
  TestFolder folder;
  write_whole(folder / "disk", Content(100));
  auto refused = Target::create(folder / "disk", Target::Existing::refuse);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  auto target = Target::create(folder / "disk", Target::Existing::replace).value();
  ASSERT_TRUE(target->file()->resize(200));
  EXPECT_EQ(std::filesystem::file_size(folder / "disk"), 100U);
  ASSERT_TRUE(target->commit(Target::Durability::none));
  EXPECT_EQ(std::filesystem::file_size(folder / "disk"), 200U);
  // A name that somebody took meanwhile is not taken from him.
  auto late = Target::create(folder / "late", Target::Existing::refuse).value();
  write_whole(folder / "late", Content(7));
  EXPECT_FALSE(late->commit(Target::Durability::none));
  EXPECT_EQ(std::filesystem::file_size(folder / "late"), 7U);
}

TEST(Lock, excludes_qemu_and_other_writers) {
  TestFolder folder;
  write_whole(folder / "disk", Content(1 << 20));
  auto reader = DiskFile::open(folder / "disk", DiskFile::Access::read_only).value();
  ASSERT_TRUE(lock_image(*reader, Use::read));
  auto second = DiskFile::open(folder / "disk", DiskFile::Access::read_only).value();
  EXPECT_TRUE(lock_image(*second, Use::read));
  auto writer = DiskFile::open(folder / "disk", DiskFile::Access::read_write).value();
  EXPECT_EQ(lock_image(*writer, Use::write).error().code, Code::conflict);
  auto disk = (folder / "disk").string();
  EXPECT_NE(run_command("qemu-io -f raw -c 'write 0 512' '" + disk + "'").status, 0);
  EXPECT_EQ(run_command("qemu-io -r -f raw -c 'read 0 512' '" + disk + "'").status, 0);
  reader.reset();
  second.reset();
  writer.reset();
  writer = DiskFile::open(folder / "disk", DiskFile::Access::read_write).value();
  ASSERT_TRUE(lock_image(*writer, Use::write));
  EXPECT_NE(run_command("qemu-io -r -f raw -c 'read 0 512' '" + disk + "'").status, 0);
  writer.reset();
  EXPECT_EQ(run_command("qemu-io -f raw -c 'write 0 512' '" + disk + "'").status, 0);
}

}  // namespace
}  // namespace truce::image
