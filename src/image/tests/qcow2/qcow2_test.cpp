#include <gtest/gtest.h>

#include "qcow2_support.h"

namespace truce::image {
namespace {

const Format& format() {
  return *find_format("qcow2");
}

BuildOptions with(std::map<std::string, std::string, std::less<>> options) {
  BuildOptions made;
  made.options = std::move(options);
  return made;
}

/// Builds, then reads with our reader and with qemu-img, and checks with both.
void expect_built(const BuildOptions& options, std::size_t size, const char* about) {
  SCOPED_TRACE(about);
  TestFolder folder;
  auto path = folder / "disk.qcow2";
  auto content = sparse_content(size, 7);
  auto file = DiskFile::create(path);
  ASSERT_TRUE(file);
  auto stored = store(format(), *file, content, options);
  ASSERT_TRUE(stored) << stored.error().message;
  expect_content(*open_qcow2(path), content);
  EXPECT_EQ(content_by_qemu(path, "qcow2"), content);
  expect_clean(path);
  auto cluster_size = open_qcow2(path)->description().block_size;
  EXPECT_EQ(std::filesystem::file_size(path) % cluster_size, 0U);
}

TEST(Qcow2, what_is_built_is_read_by_qemu) {
  expect_built({}, 2 << 20, "defaults");
  expect_built({}, (3 << 20) + 512, "a size that ends within a cluster");
  expect_built(with({{"cluster_size", "512"}}), 3 << 20, "512");
  expect_built(with({{"cluster_size", "1k"}, {"compat", "0.10"}}), 3 << 20, "1k, 0.10");
  expect_built(with({{"cluster_size", "4096"}}), (9 << 20) + 1536, "4096");
  expect_built(with({{"cluster_size", "2M"}}), 6 << 20, "2M");
  expect_built(with({{"extended_l2", "on"}}), 2 << 20, "extended");
  expect_built(with({{"lazy_refcounts", "on"}}), 1 << 20, "lazy");
  expect_built(with({{"preallocation", "metadata"}, {"cluster_size", "512"}}), 4 << 20, "reserved");
  expect_built(with({{"preallocation", "metadata"}}), (5 << 20) + 512, "reserved");
}

TEST(Qcow2, what_is_compressed_is_read_by_qemu) {
  for (const char* compression : {"zlib", "zstd"}) {
    for (const char* cluster_size : {"512", "2048", "4096", "65536", "2M"}) {
      expect_built(with({{"compression", compression}, {"cluster_size", cluster_size}}),
                   (4 << 20) + 512, cluster_size);
    }
  }
  for (const char* cluster_size : {"512", "65536", "2M"}) {
    expect_built(with({{"compression", "zlib"}, {"level", "fast"}, {"cluster_size", cluster_size}}),
                 (4 << 20) + 512, cluster_size);
  }
  expect_built(with({{"compression", "zlib"}, {"level", "12"}, {"compat", "0.10"}}), 2 << 20,
               "0.10");
  expect_built(with({{"compression", "zstd"}, {"level", "19"}, {"extended_l2", "on"}}), 2 << 20,
               "extended");
}

TEST(Qcow2, compressing_makes_the_file_smaller_and_the_description_says_so) {
  Content content(4 << 20);
  for (std::size_t i = 0; i < content.size(); ++i)
    content[i] = static_cast<std::byte>('a' + i / 100 % 7);
  auto file = std::make_shared<MemoryFile>("disk");
  ASSERT_TRUE(store(format(), file, content, with({{"compression", "zlib"}})));
  EXPECT_LT(file->size(), content.size() / 4);
  auto image = open(file);
  ASSERT_TRUE(image);
  EXPECT_TRUE((*image)->description().compressed);
  EXPECT_EQ((*image)->extent(0, content.size())->kind, Kind::compressed);
}

TEST(Qcow2, blocks_that_follow_one_another_lie_so_in_the_file) {
  auto file = std::make_shared<MemoryFile>("disk");
  auto options = BuildOptions{.size = 64 << 20};
  auto builder = build(format(), file, options);
  ASSERT_TRUE(builder);
  std::uint64_t last = 0;
  for (std::uint64_t block = 0; block < 1024; ++block) {
    auto place = (*builder)->placing()->place(block);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->offset % 4096, 0U);
    if (block != 0) EXPECT_EQ(place->offset, last + 65536);
    last = place->offset;
  }
  ASSERT_TRUE((*builder)->finish(Builder::Durability::durable));
  auto image = open(file);
  ASSERT_TRUE(image) << image.error().message;
  auto extent = (*image)->extent(0, 64 << 20);
  ASSERT_TRUE(extent);
  EXPECT_EQ(extent->length, std::uint64_t{64} << 20);
}

TEST(Qcow2, of_small_clusters_only_those_of_the_disk_are_counted) {
  auto file = std::make_shared<MemoryFile>("disk");
  BuildOptions options;
  options.options = {{"cluster_size", "512"}};
  ASSERT_TRUE(store(*find_format("qcow2"), file, Content(4096 * 3 + 512, std::byte{1}), options));
  auto image = open(file, {}, "qcow2");
  ASSERT_TRUE(image);
  EXPECT_EQ(exit_code((*image)->check()), 0) << problems((*image)->check());
}

TEST(Qcow2, an_image_has_no_header_before_it_is_finished) {
  auto file = std::make_shared<MemoryFile>("disk");
  auto options = BuildOptions{.size = 1 << 20};
  auto builder = build(format(), file, options);
  ASSERT_TRUE(builder);
  Content block(65536, std::byte{5});
  auto place = (*builder)->placing()->place(3);
  ASSERT_TRUE(place);
  ASSERT_TRUE(place->file->write(place->offset, block));
  EXPECT_FALSE(open(file, {}, "qcow2"));
  ASSERT_TRUE((*builder)->finish(Builder::Durability::none));
  EXPECT_TRUE(open(file, {}, "qcow2"));
}

TEST(Qcow2, an_empty_disk_of_a_tebibyte_is_walked_at_once) {
  for (const char* cluster_size : {"4096", "65536", "2M"}) {
    auto file = std::make_shared<MemoryFile>("disk");
    auto options = with({{"cluster_size", cluster_size}});
    options.size = std::uint64_t{1} << 40;
    auto builder = build(format(), file, options);
    ASSERT_TRUE(builder);
    ASSERT_TRUE((*builder)->placing()->place(7));
    ASSERT_TRUE((*builder)->finish(Builder::Durability::none));
    auto image = open(file);
    ASSERT_TRUE(image) << image.error().message;
    unsigned steps = 0;
    for (std::uint64_t at = 0; at < options.size; ++steps) {
      auto extent = (*image)->extent(at, options.size - at);
      ASSERT_TRUE(extent) << extent.error().message;
      at += extent->length;
    }
    EXPECT_LT(steps, 100U);
  }
}

TEST(Qcow2, many_ranges_of_refcounts_are_right) {
  // 512-byte clusters: a refcount block speaks of 128 KiB, the L1 table alone fills several.
  auto file = std::make_shared<MemoryFile>("disk");
  auto options = with({{"cluster_size", "512"}});
  options.size = std::uint64_t{2} << 30;
  auto builder = build(format(), file, options);
  ASSERT_TRUE(builder);
  for (std::uint64_t block = 0; block < 4000; block += 3)
    ASSERT_TRUE((*builder)->placing()->place(block));
  ASSERT_TRUE((*builder)->placing()->place((options.size >> 12) - 1));
  ASSERT_TRUE((*builder)->finish(Builder::Durability::none));
  TestFolder folder;
  write_whole(folder / "disk", file->content());
  expect_clean(folder / "disk");
}

TEST(Qcow2, options_that_do_not_go_together_are_refused) {
  auto refused = [](std::map<std::string, std::string, std::less<>> chosen) {
    auto options = with(std::move(chosen));
    options.size = 1 << 20;
    auto builder = build(format(), std::make_shared<MemoryFile>("disk"), options);
    return !builder && builder.error().code == Code::invalid;
  };
  EXPECT_TRUE(refused({{"cluster_size", "3000"}}));
  EXPECT_TRUE(refused({{"cluster_size", "4M"}}));
  EXPECT_TRUE(refused({{"cluster_size", "256"}}));
  EXPECT_TRUE(refused({{"compat", "0.10"}, {"compression", "zstd"}}));
  EXPECT_TRUE(refused({{"compat", "0.10"}, {"lazy_refcounts", "on"}}));
  EXPECT_TRUE(refused({{"extended_l2", "on"}, {"cluster_size", "8k"}}));
  EXPECT_TRUE(refused({{"level", "3"}}));
  EXPECT_TRUE(refused({{"level", "13"}, {"compression", "zlib"}}));
  EXPECT_TRUE(refused({{"level", "fast"}, {"compression", "zstd"}}));
  EXPECT_TRUE(refused({{"compression", "zlib"}, {"data_file", "x"}}));
  EXPECT_TRUE(refused({{"backing_format", "raw"}}));
  EXPECT_TRUE(refused({{"backing_file", std::string(1024, 'x')}}));
  EXPECT_TRUE(refused({{"cluster_size", "512"}, {"backing_file", std::string(600, 'x')}}));
  EXPECT_TRUE(refused({{"size", "1"}}));
}

/// An image by qemu-img with these options is read as it was written, and checked clean.
void expect_read(const std::string& options, std::size_t size = 1 << 20) {
  SCOPED_TRACE(options);
  TestFolder folder;
  auto content = sparse_content(size, 11);
  write_whole(folder / "raw", content);
  auto path = folder / "disk";
  must("qemu-img convert -f raw -O qcow2 " + options + " " + quoted(folder / "raw") + " " +
       quoted(path));
  auto image = open_qcow2(path);
  ASSERT_TRUE(image);
  expect_content(*image, content);
  auto report = image->check();
  EXPECT_EQ(exit_code(report), 0) << problems(report);
}

TEST(Qcow2, what_qemu_writes_is_read) {
  for (const char* options : {"",
                              "-o compat=0.10",
                              "-c",
                              "-c -o compat=0.10",
                              "-c -o compression_type=zstd",
                              "-o cluster_size=512",
                              "-c -o cluster_size=512",
                              "-o cluster_size=2M",
                              "-c -o cluster_size=2M",
                              "-c -o cluster_size=2M,compression_type=zstd",
                              "-o refcount_bits=1",
                              "-o refcount_bits=2",
                              "-o refcount_bits=4,cluster_size=1k",
                              "-o refcount_bits=8",
                              "-o refcount_bits=32",
                              "-o refcount_bits=64",
                              "-o extended_l2=on",
                              "-c -o extended_l2=on,cluster_size=16k",
                              "-o preallocation=metadata",
                              "-o preallocation=falloc",
                              "-o preallocation=metadata,extended_l2=on",
                              "-o lazy_refcounts=on"}) {
    expect_read(options);
  }
  expect_read("", (1 << 20) + 512);
  expect_read("-S 0 -c");
}

TEST(Qcow2, subclusters_and_zero_clusters_of_qemu_are_read) {
  TestFolder folder;
  auto base = folder / "base";
  auto path = folder / "disk";
  write_whole(base, sparse_content(2 << 20, 3));
  must("qemu-img create -q -f qcow2 -o extended_l2=on -F raw -b base " + quoted(path) + " 3M");
  must(
      "qemu-io -f qcow2 -c 'write -P 7 3k 9k' -c 'write -z 70k 3k' -c 'write -P 9 128k 64k' -c "
      "'write -z 128k 2k' "
      "-c 'write -z 1M 256k' -c 'write -P 1 2100k 5k' " +
      quoted(path));
  TestNeighbours neighbours(folder / "");
  auto options = OpenOptions{.external = External::follow, .neighbours = &neighbours};
  expect_content(*open_qcow2(path, options), content_by_qemu(path, "qcow2"));
  expect_clean(path, options);
}

TEST(Qcow2, a_backing_file_that_is_shorter_reads_as_zeros_beyond_its_end) {
  TestFolder folder;
  auto base = sparse_content((1 << 20) + 512, 3);
  write_whole(folder / "base", base);
  auto path = folder / "disk";
  must("qemu-img create -q -f qcow2 -F raw -b base " + quoted(path) + " 3M");
  must("qemu-io -f qcow2 -c 'write -P 7 100k 9k' -c 'write -z 200k 64k' " + quoted(path));
  TestNeighbours neighbours(folder / "");
  auto image = open_qcow2(path, {.external = External::follow, .neighbours = &neighbours});
  base.resize(3 << 20);
  std::fill_n(base.begin() + (100 << 10), 9 << 10, std::byte{7});
  std::fill_n(base.begin() + (200 << 10), 64 << 10, std::byte{0});
  expect_content(*image, base);
  EXPECT_TRUE(image->description().warnings.empty());
}

TEST(Qcow2, a_backing_file_without_a_format_is_found_by_content_and_warned_of) {
  TestFolder folder;
  auto base = sparse_content(1 << 20, 3);
  write_whole(folder / "raw", base);
  must("qemu-img convert -O qcow2 " + quoted(folder / "raw") + " " + quoted(folder / "base"));
  auto file = DiskFile::create(folder / "disk");
  ASSERT_TRUE(file);
  auto options = with({{"backing_file", "base"}});
  options.size = base.size();
  ASSERT_TRUE((*build(format(), *file, options))->finish(Builder::Durability::none));
  TestNeighbours neighbours(folder / "");
  auto image =
      open_qcow2(folder / "disk", {.external = External::follow, .neighbours = &neighbours});
  expect_content(*image, base);
  EXPECT_EQ(image->description().warnings.size(), 1U);
}

TEST(Qcow2, an_overlay_is_built_and_read_by_qemu) {
  for (const char* compression : {"none", "zstd"}) {
    TestFolder folder;
    auto base = sparse_content(2 << 20, 5);
    write_whole(folder / "base", base);
    auto file = DiskFile::create(folder / "disk");
    ASSERT_TRUE(file);
    auto options =
        with({{"backing_file", "base"}, {"backing_format", "raw"}, {"compression", compression}});
    options.size = base.size();
    auto builder = build(format(), *file, options);
    ASSERT_TRUE(builder) << builder.error().message;
    Content block(65536, std::byte{42});
    std::ranges::copy(block, base.begin() + 5 * 65536);
    if (auto* placing = (*builder)->placing()) {
      auto place = placing->place(5);
      ASSERT_TRUE(place && place->file->write(place->offset, block));
    } else {
      auto encoded = (*builder)->packing()->encode(5, block);
      ASSERT_TRUE(encoded && (*builder)->packing()->append(5, *encoded));
    }
    ASSERT_TRUE((*builder)->finish(Builder::Durability::none));
    EXPECT_EQ(content_by_qemu(folder / "disk", "qcow2"), base);
    TestNeighbours neighbours(folder / "");
    expect_content(
        *open_qcow2(folder / "disk", {.external = External::follow, .neighbours = &neighbours}),
        base);
    expect_clean(folder / "disk", {.external = External::ignore});
  }
}

TEST(Qcow2, data_in_another_file_is_read_and_built) {
  TestFolder folder;
  TestNeighbours neighbours(folder / "");
  auto content = sparse_content((3 << 20) + 512, 9);
  write_whole(folder / "raw", content);
  must("cd " + quoted(folder / "") +
       " && qemu-img convert -O qcow2 -o data_file=qemu.data raw qemu.qcow2");
  auto options = OpenOptions{.external = External::follow, .neighbours = &neighbours};
  expect_content(*open_qcow2(folder / "qemu.qcow2", options), content);
  auto file = DiskFile::create(folder / "ours.qcow2");
  auto chosen = with({{"data_file", "ours.data"}});
  chosen.neighbours = &neighbours;
  auto stored = store(format(), *file, content, chosen);
  ASSERT_TRUE(stored) << stored.error().message;
  expect_content(*open_qcow2(folder / "ours.qcow2", options), content);
  EXPECT_EQ(read_whole(folder / "ours.data"), content);
  // QEMU looks for a data file from the folder it runs in.
  must("cd " + quoted(folder / "") +
       " && qemu-img convert -O raw ours.qcow2 by-qemu && qemu-img check ours.qcow2");
  EXPECT_EQ(read_whole(folder / "by-qemu"), content);
  auto report = open_qcow2(folder / "ours.qcow2", options)->check();
  EXPECT_EQ(exit_code(report), 0) << problems(report);
}

TEST(Qcow2, q6_an_existing_data_file_is_never_written_over) {
  TestFolder folder;
  TestNeighbours neighbours(folder / "");
  auto precious = sparse_content(65536, 1);
  write_whole(folder / "precious", precious);
  auto options = with({{"data_file", "precious"}});
  options.size = 1 << 20;
  options.neighbours = &neighbours;
  auto builder = build(format(), std::make_shared<MemoryFile>("disk"), options);
  ASSERT_FALSE(builder);
  EXPECT_EQ(builder.error().code, Code::conflict);
  EXPECT_EQ(read_whole(folder / "precious"), precious);
}

TEST(Qcow2, snapshots_and_bitmaps_are_listed_and_a_snapshot_is_read) {
  TestFolder folder;
  auto path = folder / "disk";
  auto content = sparse_content(2 << 20, 13);
  write_whole(folder / "raw", content);
  must("qemu-img convert -O qcow2 -c " + quoted(folder / "raw") + " " + quoted(path));
  must("qemu-img snapshot -c before " + quoted(path));
  must("qemu-io -f qcow2 -c 'write -P 3 0 300k' " + quoted(path));
  must("qemu-img snapshot -c after " + quoted(path));
  must("qemu-img resize -f qcow2 " + quoted(path) + " 4M");
  must("qemu-img bitmap --add " + quoted(path) + " changes");
  auto image = open_qcow2(path);
  const auto& about = image->description();
  ASSERT_EQ(about.snapshots.size(), 2U);
  EXPECT_EQ(about.snapshots[0].name, "before");
  EXPECT_EQ(about.snapshots[0].id, "1");
  EXPECT_EQ(about.snapshots[0].size, content.size());
  EXPECT_GT(about.snapshots[0].created, 1000000000);
  ASSERT_EQ(about.bitmaps.size(), 1U);
  EXPECT_EQ(about.bitmaps[0].name, "changes");
  EXPECT_TRUE(about.bitmaps[0].enabled && !about.bitmaps[0].inconsistent);
  EXPECT_TRUE(about.warnings.empty());
  expect_clean(path);
  for (const char* name : {"before", "1"}) {
    auto snapshot = qcow2::open_snapshot(disk_file(path), {}, name);
    ASSERT_TRUE(snapshot) << snapshot.error().message;
    expect_content(**snapshot, content);
  }
  auto snapshot = qcow2::open_snapshot(disk_file(path), {}, "after");
  ASSERT_TRUE(snapshot);
  std::fill_n(content.begin(), 300 << 10, std::byte{3});
  expect_content(**snapshot, content);
  content.resize(4 << 20);
  expect_content(*image, content);
  EXPECT_EQ(qcow2::open_snapshot(disk_file(path), {}, "never").error().code, Code::not_found);
  poke<std::uint64_t>(*disk_file(path), 88,
                      0);  // autoclear: what changed it knew nothing of bitmaps
  EXPECT_EQ(open_qcow2(path)->description().warnings.size(), 1U);
}

}  // namespace
}  // namespace truce::image
