#include "../engine/chain_support.h"
#include "qcow2/header.h"
#include "qcow2_support.h"

namespace truce::image {
namespace {

const Format& qcow2_of_table() {
  return *find_format("qcow2");
}

Parent parent_called(std::string name, std::string format) {
  Parent parent{std::move(name), "/images/base", {}};
  parent.description.format = std::move(format);
  return parent;
}

Result<void> rename_parent(const std::filesystem::path& path, const Parent* parent) {
  auto image = open(disk_file(path), {.external = External::ignore, .read_write = true}, "qcow2");
  if (!image) return std::unexpected(image.error());
  return (*image)->layer()->stand_on(parent);
}

TEST(Qcow2Layer, all_that_a_header_says_besides_is_kept) {
  TestFolder folder;
  write_whole(folder / "base", Content(1 << 20));
  write_whole(folder / "other", Content(1 << 20));
  for (std::string options : {"-o compat=0.10", "-o cluster_size=1k", "-o extended_l2=on",
                              "-o compression_type=zstd,lazy_refcounts=on"}) {
    SCOPED_TRACE(options);
    auto disk = folder / "disk";
    ASSERT_EQ(run_command("qemu-img create -q -f qcow2 " + options + " -F raw -b base '" +
                          disk.string() + "' 1M")
                  .status,
              0);
    if (options != "-o compat=0.10")
      ASSERT_EQ(run_command("qemu-img bitmap --add '" + disk.string() + "' kept").status, 0);
    auto before = qcow2::read_header(*disk_file(disk)).value();
    auto parent = parent_called("other", "raw");
    auto named = rename_parent(disk, &parent);
    ASSERT_TRUE(named) << named.error().message;
    auto after = qcow2::read_header(*disk_file(disk)).value();
    EXPECT_EQ(after.backing_file, "other");
    EXPECT_EQ(after.backing_format, "raw");
    EXPECT_EQ(after.incompatible, before.incompatible);
    EXPECT_EQ(after.compatible, before.compatible);
    EXPECT_EQ(after.compression, before.compression);
    EXPECT_EQ(after.bitmaps.has_value(), before.bitmaps.has_value());
    EXPECT_EQ(after.l1_offset, before.l1_offset);
    auto told = run_command("qemu-img info --backing-chain '" + disk.string() + "'");
    EXPECT_EQ(told.status, 0) << told.output;
    EXPECT_EQ(told.output.contains("name: kept"), before.bitmaps.has_value()) << told.output;
    ASSERT_TRUE(rename_parent(disk, nullptr));
    EXPECT_EQ(qcow2::read_header(*disk_file(disk))->backing_file, "");
    EXPECT_EQ(check_by_qemu(disk).status, 0);
    std::filesystem::remove(disk);
  }
}

TEST(Qcow2Layer, a_name_that_does_not_fit_is_refused_and_nothing_is_written) {
  TestFolder folder;
  for (auto [cluster, length] : {std::pair{"512", 500}, std::pair{"64k", 1024}}) {
    auto disk = folder / "disk";
    ASSERT_EQ(run_command("qemu-img create -q -f qcow2 -o cluster_size=" + std::string(cluster) +
                          " '" + disk.string() + "' 1M")
                  .status,
              0);
    auto before = read_whole(disk);
    auto parent = parent_called(std::string(static_cast<std::size_t>(length), 'x'), "raw");
    EXPECT_FALSE(rename_parent(disk, &parent));
    EXPECT_EQ(read_whole(disk), before);
    std::filesystem::remove(disk);
  }
}

TEST(Qcow2Layer, a_disk_that_stood_alone_can_be_put_on_a_parent) {
  NamedMemory files;
  auto content = sparse_content(2 << 20, 4);
  make_base(files, "alone", qcow2_of_table(), content);
  make_base(files, "base", qcow2_of_table(), sparse_content(2 << 20, 5));
  auto image = open_named(files, "alone", qcow2_of_table(), true);
  auto under = open_named(files, "base", qcow2_of_table());
  auto parent = parent_named(files, "base", qcow2_of_table());
  ASSERT_TRUE(rebase(*image, under.get(), &parent, {}));
  image = open_named(files, "alone", qcow2_of_table());
  EXPECT_EQ(image->description().references.front().name, "base");
  expect_content(*image, content);
}

TEST(Qcow2Layer, a_layer_that_is_larger_is_committed_into_a_parent_that_grows) {
  NamedMemory files;
  auto content = sparse_content(1 << 20, 6);
  make_base(files, "base", qcow2_of_table(), content);
  make_child(files, "top", "base", qcow2_of_table(), 2 << 20);
  content.resize(2 << 20);
  std::fill_n(content.begin() + (3 << 19), 1000, std::byte{5});
  auto top = open_named(files, "top", qcow2_of_table(), true);
  ASSERT_TRUE(top->writable()->write(3 << 19, Content(1000, std::byte{5})));
  auto base = open_named(files, "base", qcow2_of_table(), true);
  ASSERT_TRUE(commit_into(*top, *base, {}));
  expect_content(*open_named(files, "base", qcow2_of_table()), content);
  ASSERT_TRUE(top->layer()->forget());
  ASSERT_TRUE(top->writable()->close());
  expect_content(*open_named(files, "top", qcow2_of_table()), content);
}

}  // namespace
}  // namespace truce::image
