#include "image/create.h"

#include "support.h"

namespace truce::image {
namespace {

std::string in_quotes(const std::filesystem::path& path) {
  return "'" + path.string() + "'";
}

const Format& qcow2() {
  return *find_format("qcow2");
}

/// What qemu-img says of an image, as JSON; the test fails unless its check finds nothing.
std::string by_qemu(const std::filesystem::path& path) {
  auto checked = run_command("qemu-img check -f qcow2 " + in_quotes(path));
  EXPECT_EQ(checked.status, 0) << checked.output;
  auto told = run_command("qemu-img info --output=json -f qcow2 " + in_quotes(path));
  EXPECT_EQ(told.status, 0) << told.output;
  return told.output;
}

TEST(Create, an_empty_qcow2_is_clean_for_qemu) {
  TestFolder folder;
  auto made = create_disk(folder / "disk", qcow2(), {.size = std::uint64_t{20} << 30});
  ASSERT_TRUE(made) << made.error().message;
  auto told = by_qemu(folder / "disk");
  EXPECT_TRUE(told.contains(R"("virtual-size": 21474836480,)")) << told;
  EXPECT_FALSE(told.contains("backing-filename")) << told;
  EXPECT_EQ(create_disk(folder / "disk", qcow2(), {.size = 1 << 20}).error().code, Code::conflict);
}

TEST(Create, a_qcow2_stands_on_an_absolute_backing_file_of_a_format) {
  TestFolder folder;
  auto content = sparse_content(3 << 20, 3);
  for (std::string format : {"raw", "qcow2", "vpc", "vmdk"}) {
    SCOPED_TRACE(format);
    write_whole(folder / "content", content);
    auto base = folder / ("base." + format), disk = folder / ("disk." + format);
    auto ran = run_command("qemu-img convert -f raw -O " + format +
                           (format == "vpc" ? " -o force_size=on " : " ") +
                           in_quotes(folder / "content") + " " + in_quotes(base));
    ASSERT_EQ(ran.status, 0) << ran.output;
    auto parent = parent_for(disk, base, format);
    ASSERT_TRUE(parent) << parent.error().message;
    auto made = create_disk(disk, qcow2(), {.parent = *parent});
    ASSERT_TRUE(made) << made.error().message;
    auto told = by_qemu(disk);
    EXPECT_TRUE(told.contains(R"("backing-filename": ")" + base.string() + '"')) << told;
    EXPECT_TRUE(told.contains(R"("backing-filename-format": ")" + format + '"')) << told;
    EXPECT_TRUE(told.contains(R"("virtual-size": 3145728,)")) << told;
    EXPECT_EQ(content_by_qemu(disk, "qcow2"), content);
  }
}

TEST(Create, a_relative_parent_is_named_from_the_new_image) {
  TestFolder folder;
  std::filesystem::create_directory(folder / "bases");
  std::filesystem::create_directory(folder / "disks");
  ASSERT_TRUE(create_disk(folder / "bases/one", qcow2(), {.size = 1 << 20}));
  auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder / "");
  auto parent = parent_for("disks/two", "bases/one");
  std::filesystem::current_path(before);
  ASSERT_TRUE(parent) << parent.error().message;
  EXPECT_EQ(parent->name, "../bases/one");
  ASSERT_TRUE(create_disk(folder / "disks/two", qcow2(), {.size = 2 << 20, .parent = *parent}));
  auto told = by_qemu(folder / "disks/two");
  EXPECT_TRUE(told.contains(R"("backing-filename": "../bases/one")")) << told;
  EXPECT_TRUE(told.contains(R"("virtual-size": 2097152,)")) << told;
}

TEST(Create, what_cannot_stand_there_is_refused) {
  TestFolder folder;
  ASSERT_TRUE(create_disk(folder / "base", qcow2(), {.size = 1 << 20}));
  EXPECT_EQ(parent_for(folder / "base", folder / "base").error().code, Code::conflict);
  EXPECT_EQ(parent_for(folder / "disk", folder / "absent").error().code, Code::not_found);
  auto parent = parent_for(folder / "disk", folder / "base").value();
  for (auto format : {"raw", "vdi", "qcow"}) {
    auto made = create_disk(folder / "disk", *find_format(format), {.parent = parent});
    ASSERT_FALSE(made) << format;
    EXPECT_EQ(made.error().code, Code::invalid) << made.error().message;
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "disk"));
}

TEST(Create, a_parent_that_a_machine_writes_to_is_refused) {
  TestFolder folder;
  ASSERT_TRUE(create_disk(folder / "base", qcow2(), {.size = 1 << 20}));
  auto used = DiskFile::open(folder / "base", DiskFile::Access::read_write).value();
  ASSERT_TRUE(lock_image(*used, Use::write));
  EXPECT_EQ(parent_for(folder / "disk", folder / "base").error().code, Code::conflict);
}

}  // namespace
}  // namespace truce::image
