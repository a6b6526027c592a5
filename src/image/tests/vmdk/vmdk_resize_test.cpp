// Another size for a disk that exists.
#include "crash_replay.h"
#include "vmdk_support.h"

namespace truce::image {
namespace {

const Format& format() {
  return *find_format("vmdk");
}

std::unique_ptr<Image> to_write(const std::shared_ptr<File>& file,
                                Neighbours* neighbours = nullptr) {
  OpenOptions options{.external = neighbours ? External::follow : External::refuse,
                      .neighbours = neighbours,
                      .read_write = true};
  auto image = open(file, options, "vmdk");
  EXPECT_TRUE(image) << image.error().message;
  if (!image) return nullptr;
  EXPECT_NE((*image)->writable(), nullptr);
  return std::move(*image);
}

/// Through several sizes, with a write at each end; qemu-img agrees.
void expect_resized(const std::string& type, const std::vector<std::size_t>& sizes) {
  SCOPED_TRACE(type);
  TestFolder folder;
  VmdkFolder neighbours(folder / "");
  auto path = folder / "disk.vmdk";
  auto model = sparse_content((3 << 20) + 512, 6);
  ASSERT_TRUE(store(format(), *DiskFile::create(path), model, subformat(type, &neighbours)));
  for (auto size : sizes) {
    SCOPED_TRACE(size);
    auto file = DiskFile::open(path, DiskFile::Access::read_write);
    auto image = to_write(*file, &neighbours);
    ASSERT_NE(image, nullptr);
    auto done = image->writable()->resize(size);
    ASSERT_TRUE(done) << done.error().message;
    model.resize(size);
    Content end(700, std::byte{8});
    ASSERT_TRUE(image->writable()->write(size - 700, end));
    std::ranges::copy(end, model.end() - 700);
    ASSERT_TRUE(image->writable()->close());
    auto again = to_write(*DiskFile::open(path, DiskFile::Access::read_write), &neighbours);
    ASSERT_EQ(again->size(), size);
    Content got(size);
    ASSERT_TRUE(again->read(0, got));
    ASSERT_TRUE(got == model);
    EXPECT_EQ(again->check()->corruptions, 0U);
    EXPECT_TRUE(again->description().warnings.empty());
    ASSERT_TRUE(content_by_qemu(path, "vmdk") == model);
    auto ran = run_command("qemu-img check -f vmdk " + path.string());
    EXPECT_EQ(ran.status, 0) << ran.output;
  }
}

TEST(VmdkResize, it_grows_and_shrinks_and_shows_zeros_where_it_has_grown) {
  expect_resized("monolithicSparse", {5 << 20, 70 << 20, 2 << 20, 36 << 20, 1024, 80 << 20});
  expect_resized("monolithicFlat", {5 << 20, 1 << 20, 30 << 20, 1024});
  expect_resized("twoGbMaxExtentSparse", {5 << 20, 40 << 20, 1 << 20});
  expect_resized("twoGbMaxExtentFlat", {5 << 20, 1 << 20});
}

TEST(VmdkResize, a_disk_that_was_only_made_larger_has_no_faults) {
  auto file = sparse_image(noise(1 << 20, 3));
  auto image = to_write(file);
  ASSERT_TRUE(image->writable()->resize(100 << 20) && image->writable()->close());
  EXPECT_EQ(opened(file)->check()->problems, std::vector<std::string>{});
}

TEST(VmdkResize, what_cannot_have_another_size_says_so) {
  auto image = to_write(sparse_image(noise(65536, 1)));
  EXPECT_EQ(image->writable()->resize(1000).error().code, Code::invalid);
  EXPECT_EQ(image->writable()->resize(0).error().code, Code::unsupported);
  EXPECT_EQ(image->writable()->resize(std::uint64_t{1} << 53).error().code, Code::limit);
}

TEST(VmdkResize, a_crash_at_any_write_leaves_the_old_size_or_the_new_one) {
  auto content = sparse_content(3 << 20, 6);
  auto start = sparse_image(content)->content();
  for (std::size_t size : {1U << 20, 5U << 20, 70U << 20}) {
    SCOPED_TRACE(size);
    auto file = std::make_shared<RecordingFile>(start);
    auto image = to_write(file);
    ASSERT_TRUE(image->writable()->resize(size));
    ASSERT_TRUE(image->writable()->close());
    at_each_crash(start, file->steps, 2, [&](const Content& crashed) {
      auto left = std::make_shared<MemoryFile>("left", crashed);
      for (bool repaired : {false, true}) {
        auto after = open(left, {}, "vmdk");
        ASSERT_TRUE(after) << after.error().message;
        ASSERT_TRUE((*after)->size() == content.size() || (*after)->size() == size);
        Content got(1 << 20);
        ASSERT_TRUE((*after)->read(0, got));
        ASSERT_TRUE(std::ranges::equal(got, View(content).first(got.size())));
        auto report = (*after)->check();
        if (repaired) ASSERT_EQ(report->corruptions, 0U) << report->problems.front();
        if (!repaired) ASSERT_TRUE(repair(left, {}, "vmdk"));
      }
    });
  }
}

}  // namespace
}  // namespace truce::image
