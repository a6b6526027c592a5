// What is packed: tar, sha256sum and qemu-img must agree, and it must come out again.
#include <fcntl.h>
#include <unistd.h>

#include <thread>

#include "package_support.h"

namespace truce::image {
namespace {

constexpr std::size_t mebibyte = 1 << 20;

struct Made {
  std::vector<Content> contents;
  std::vector<DiskToPack> disks;
  explicit Made(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      contents.push_back(
          sparse_content((2 + i) * mebibyte + 512 * i, static_cast<unsigned>(i + 1)));
      disks.push_back({raw_image(contents.back()), nullptr});
    }
  }
};

TEST(Pack, an_ova_is_right_for_tar_sha256sum_and_qemu_img) {
  TestFolder folder;
  Made made(2);
  auto file = DiskFile::create(folder / "web.ova");
  ASSERT_TRUE(file);
  FileSink sink(**file);
  std::uint64_t done = 0, total = 0;
  PackOptions options{.staging = folder / ""};
  options.work.progress = [&](const Progress& progress) {
    EXPECT_GE(progress.done, done);
    done = progress.done, total = progress.total;
  };
  auto packed = pack_ova(plain_appliance("web", 2), made.disks, sink, options);
  ASSERT_TRUE(packed) << packed.error().message;
  EXPECT_GT(total, 0U);
  EXPECT_EQ(done, total);
  auto in = "cd '" + (folder / "").string() + "' && ";
  EXPECT_EQ(run_command(in + "tar tf web.ova").output,
            "web.ovf\nweb-disk1.vmdk\nweb-disk2.vmdk\nweb.mf\n");
  auto manifest = run_command(in + "tar xf web.ova && cat web.mf").output;
  EXPECT_EQ(manifest,
            run_command(in + "sha256sum --tag web.ovf web-disk1.vmdk web-disk2.vmdk | sed "
                             "'s/SHA256 (/SHA256(/; s/) = /)= /'")
                .output);
  EXPECT_EQ(run_command(in + "xmllint --noout web.ovf").output, "");

  auto package = read_package(folder / "web.ova");
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_TRUE((*package)->warnings().empty()) << listed((*package)->warnings());
  EXPECT_TRUE((*package)->verify({}));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(content_by_qemu(folder / fmt::format("web-disk{}.vmdk", i + 1), "vmdk"),
              made.contents[i]);
    auto image = (*package)->open_disk(i);
    ASSERT_TRUE(image) << image.error().message;
    expect_content(**image, made.contents[i]);
  }
}

TEST(Pack, qemu_img_reads_a_disk_inside_the_ova_where_we_say_it_lies) {
  TestFolder folder;
  Made made(1);
  auto file = DiskFile::create(folder / "web.ova");
  FileSink sink(**file);
  ASSERT_TRUE(pack_ova(plain_appliance("web", 1), made.disks, sink, {.staging = folder / ""}));
  auto whole = read_whole(folder / "web.ova");
  auto package = read_package(folder / "web.ova");
  ASSERT_TRUE(package) << package.error().message;
  auto disk = (*package)->disk_file(0);
  ASSERT_TRUE(disk);
  Content head(4096);
  ASSERT_TRUE((*disk)->read(0, head));
  auto at = std::ranges::search(whole, head).begin() - whole.begin();
  auto ran = run_command(
      fmt::format("qemu-img convert -O raw "
                  "'json:{{\"driver\":\"vmdk\",\"file\":{{\"driver\":\"raw\",\"offset\":{},"
                  "\"size\":{},\"file\":{{\"driver\":\"file\",\"filename\":\"{}\"}}}}}}' '{}'",
                  at, (*disk)->size(), (folder / "web.ova").string(), (folder / "out").string()));
  ASSERT_EQ(ran.status, 0) << ran.output;
  EXPECT_EQ(read_whole(folder / "out"), made.contents[0]);
}

TEST(Pack, sha1_is_written_on_request_and_none_too) {
  TestFolder folder;
  Made made(1);
  for (auto [digest, word] : {std::pair{ManifestDigest::sha1, "SHA1("},
                              {ManifestDigest::sha512, "SHA512("},
                              {ManifestDigest::none, ""}}) {
    auto file = std::make_shared<MemoryFile>("web.ova");
    FileSink sink(*file);
    ASSERT_TRUE(pack_ova(plain_appliance("web", 1), made.disks, sink,
                         {.digest = digest, .staging = folder / ""}));
    auto text = std::string(reinterpret_cast<const char*>(file->content().data()), file->size());
    EXPECT_EQ(text.contains(std::string(word) + "web.ovf)= "), digest != ManifestDigest::none);
    auto package = read_package(file);
    ASSERT_TRUE(package);
    auto verified = (*package)->verify({});
    EXPECT_EQ(verified.has_value(), digest != ManifestDigest::none);
  }
}

TEST(Pack, a_ready_stream_goes_in_as_it_is_and_others_are_refused) {
  TestFolder folder;
  Made made(1);
  write_whole(folder / "d.raw", made.contents[0]);
  auto in = "cd '" + (folder / "").string() + "' && ";
  ASSERT_EQ(
      run_command(in + "qemu-img convert -O vmdk -o subformat=streamOptimized d.raw s.vmdk && "
                       "qemu-img convert -O vmdk d.raw m.vmdk")
          .status,
      0);
  auto pack = [&](const std::string& name, File& to) {
    std::shared_ptr<File> ready =
        DiskFile::open(folder / name, DiskFile::Access::read_only).value();
    FileSink sink(to);
    return pack_ova(plain_appliance("web", 1), {{made.disks[0].image, ready}}, sink, {});
  };
  auto file = std::make_shared<MemoryFile>("web.ova");
  ASSERT_TRUE(pack("s.vmdk", *file));
  auto package = read_package(file);
  ASSERT_TRUE(package);
  auto disk = (*package)->disk_file(0);
  Content inside_it((*disk)->size());
  ASSERT_TRUE((*disk)->read(0, inside_it));
  EXPECT_EQ(inside_it, read_whole(folder / "s.vmdk"));
  MemoryFile other;
  EXPECT_EQ(pack("m.vmdk", other).error().code, Code::invalid);
}

TEST(Pack, goes_through_a_pipe) {
  TestFolder folder;
  Made made(1);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  std::string got;
  std::thread reader([&] {
    char buffer[4096];
    for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
      got.append(buffer, static_cast<std::size_t>(n));
  });
  DescriptorSink sink(ends[1], "pipe");
  auto packed = pack_ova(plain_appliance("web", 1), made.disks, sink, {.staging = folder / ""});
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  ASSERT_TRUE(packed) << packed.error().message;
  auto package = read_package(std::make_shared<MemoryFile>("piped", std::string_view(got)));
  ASSERT_TRUE(package);
  EXPECT_TRUE((*package)->verify({}));
}

TEST(Unpack, gives_back_what_was_packed_and_reads_as_a_folder) {
  TestFolder folder;
  Made made(2);
  auto file = DiskFile::create(folder / "web.ova");
  FileSink sink(**file);
  ASSERT_TRUE(pack_ova(plain_appliance("web", 2), made.disks, sink, {.staging = folder / ""}));
  auto package = read_package(folder / "web.ova");
  ASSERT_TRUE(package);
  auto unpacked = unpack(**package, folder / "out");
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_EQ(unpacked->files.size(), 4U);
  EXPECT_EQ(unpack(**package, folder / "out").error().code, Code::conflict);
  auto again = read_package(folder / "out");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->kind(), PackageKind::ovf);
  EXPECT_TRUE((*again)->verify({}));
  auto image = (*again)->open_disk(1);
  ASSERT_TRUE(image) << image.error().message;
  expect_content(**image, made.contents[1]);
  auto converted = unpack(**package, folder / "other", {.format = "raw"});
  ASSERT_TRUE(converted) << converted.error().message;
  EXPECT_EQ(converted->files, (std::vector<std::string>{"web-disk1.raw", "web-disk2.raw"}));
  EXPECT_EQ(read_whole(folder / "other/web-disk2.raw"), made.contents[1]);
  EXPECT_EQ(unpack(**package, folder / "x", {.format = "nonsense"}).error().code, Code::invalid);
}

TEST(Unpack, refuses_what_was_changed_on_the_way) {
  TestFolder folder;
  Made made(1);
  auto file = std::make_shared<MemoryFile>("web.ova");
  FileSink sink(*file);
  ASSERT_TRUE(pack_ova(plain_appliance("web", 1), made.disks, sink, {.staging = folder / ""}));
  auto bytes = file->content();
  bytes[bytes.size() / 2] ^= std::byte{1};
  auto package = read_package(std::make_shared<MemoryFile>("changed", bytes));
  ASSERT_TRUE(package) << package.error().message;
  EXPECT_EQ(unpack(**package, folder / "out").error().code, Code::corrupt);
  EXPECT_FALSE(std::filesystem::exists(folder / "out"));
}

TEST(Unpack, stops_when_it_is_told_to_and_leaves_nothing_half_done) {
  TestFolder folder;
  Archive archive;
  archive.add("vm.ovf", OvfText{}.text()).add("disk.raw", sparse_content(mebibyte, 1));
  auto package = read_package(archive.file());
  ASSERT_TRUE(package);
  std::atomic<bool> cancelled = true;
  UnpackOptions options;
  options.work.cancelled = &cancelled;
  EXPECT_EQ(unpack(**package, folder / "out", options).error().code, Code::cancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder / "out"));
}

}  // namespace
}  // namespace truce::image
