// The same images written by turns by us and by QEMU, each reading what the other has left.
#include "operations.h"

namespace truce::image::proof {
namespace {

class Turns : public testing::TestWithParam<Variant> {};

std::vector<Variant> known_to_qemu() {
  auto all = writable_variants();
  std::erase_if(all, [](const auto& each) { return each.unit == 4096; });  // QEMU has 512 only
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, Turns, testing::ValuesIn(known_to_qemu()),
                         [](const auto& each) { return each.param.name; });

/// QEMU looks for data files where it was started.
class InFolder {
 public:
  explicit InFolder(const std::filesystem::path& folder) { std::filesystem::current_path(folder); }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;
  ~InFolder() { std::filesystem::current_path(before_); }

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
};

/// Random operations as qemu-io takes them, done to `disk` as well.
std::string operations_for_qemu(Content& disk, std::mt19937_64& random, unsigned count) {
  std::string words;
  for (unsigned i = 0; i < count; ++i) {
    auto at = random() % disk.size() / 512 * 512;
    auto length = std::min<std::uint64_t>(round_up(1 + random() % 200000, 512), disk.size() - at);
    length = length / 512 * 512;
    if (length == 0) continue;
    auto value = static_cast<unsigned>(1 + random() % 255);
    bool zero = random() % 3 == 0;
    words += zero ? fmt::format(" -c 'write -z -u {} {}'", at, length)
                  : fmt::format(" -c 'write -P {} {} {}'", value, at, length);
    std::ranges::fill(Span(disk).subspan(at, length), static_cast<std::byte>(zero ? 0 : value));
  }
  return words + " -c flush";
}

void expect_qemu_content(const Variant& variant, const std::filesystem::path& path,
                         const Content& disk) {
  auto got = content_by_qemu(path, variant.qemu);
  ASSERT_EQ(got.size(), disk.size());
  auto differs = std::ranges::mismatch(got, disk).in1 - got.begin();
  ASSERT_EQ(differs, static_cast<std::ptrdiff_t>(disk.size())) << "first difference for QEMU";
  if (variant.format != "raw" && variant.format != "vhd") {  // it has no checker for these
    auto ran = run_command("qemu-img check -f " + variant.qemu + " " + path.string());
    ASSERT_TRUE(ran.status == 0 || ran.status == 63) << ran.output;
  }
}

void take_turns(const Variant& variant, std::uint64_t seed) {
  SCOPED_TRACE(variant.name + ", seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  TestFolder folder;
  InFolder in_folder(folder / "");
  FilesInFolder neighbours(folder / "");
  auto path = folder / "disk";
  auto size = std::max<std::uint64_t>(some_size(variant, random) / 512 * 512, 512);
  auto disk = sparse_content(size, static_cast<unsigned>(seed));
  BuildOptions options;
  options.options = variant.options;
  options.neighbours = &neighbours;
  auto file = DiskFile::create(path);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE(store(*find_format(variant.format), *file, disk, options));
  for (int turn = 0; turn < 3; ++turn) {
    auto ran = run_command("qemu-io -f " + variant.qemu + operations_for_qemu(disk, random, 8) +
                           " " + path.string());
    ASSERT_EQ(ran.status, 0) << ran.output;
    auto again = DiskFile::open(path, DiskFile::Access::read_write);
    ASSERT_TRUE(again);
    Workload workload(variant, *again, neighbours, disk, random());
    workload.leave_the_size();
    ASSERT_NO_FATAL_FAILURE(workload.open_it());
    ASSERT_NO_FATAL_FAILURE(workload.operate(25));
    ASSERT_NO_FATAL_FAILURE(workload.finish());
    disk = workload.disk();
    ASSERT_NO_FATAL_FAILURE(expect_qemu_content(variant, path, disk));
  }
}

TEST_P(Turns, of_ours_and_of_qemu_at_writing_leave_what_a_plain_disk_would_hold) {
  auto seeds = at_length() ? 100U : 1U;
  for (std::uint64_t seed = 1; seed <= seeds && !HasFatalFailure(); ++seed)
    take_turns(GetParam(), seed);
}

class SameSequence : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(All, SameSequence,
                         testing::Values("raw", "qcow2", "vpc", "vhdx", "vmdk", "vdi"));

/// Does to an image what the words for qemu-io say.
void do_as_told(Image& image, const Content& before, const Content& after) {
  auto& writable = *image.writable();
  for (std::size_t at = 0; at < after.size();) {
    auto part = std::min<std::size_t>(512 * (1 + at / 512 % 97), after.size() - at);
    auto now = View(after).subspan(at, part);
    if (!std::ranges::equal(now, View(before).subspan(at, part))) {
      auto done = all_zero(now) ? writable.write_zeroes(at, part) : writable.write(at, now);
      ASSERT_TRUE(done) << done.error().message;
    }
    at += part;
  }
  ASSERT_TRUE(writable.close());
}

TEST_P(SameSequence, by_us_and_by_qemu_on_an_image_of_qemus_gives_the_same_disk) {
  std::string format = GetParam();
  for (std::uint64_t seed = 1; seed <= (at_length() ? 60U : 2U); ++seed) {
    TestFolder folder;
    std::mt19937_64 random(seed);
    Content disk(std::size_t{4} << 20);
    auto theirs = (folder / "theirs").string(), ours = (folder / "ours").string();
    auto more = format == "vpc" ? " -o force_size=on" : "";
    auto made = run_command("qemu-img create -q -f " + format + more + " " + theirs + " 4M" +
                            " && qemu-io -f " + format + operations_for_qemu(disk, random, 6) +
                            " " + theirs + " && cp " + theirs + " " + ours);
    ASSERT_EQ(made.status, 0) << made.output;
    auto before = disk;
    auto ran =
        run_command("qemu-io -f " + format + operations_for_qemu(disk, random, 12) + " " + theirs);
    ASSERT_EQ(ran.status, 0) << ran.output;
    auto file = DiskFile::open(ours, DiskFile::Access::read_write);
    auto image = open(*file, {.read_write = true}, format);
    ASSERT_TRUE(image) << image.error().message;
    ASSERT_NO_FATAL_FAILURE(do_as_told(**image, before, disk));
    auto same =
        run_command("qemu-img compare -f " + format + " -F " + format + " " + theirs + " " + ours);
    ASSERT_EQ(same.status, 0) << format << ", seed " << seed << ": " << same.output;
    auto back = open(*DiskFile::open(theirs, DiskFile::Access::read_only), {}, format);
    ASSERT_TRUE(back) << back.error().message;
    expect_content(**back, disk);
  }
}

}  // namespace
}  // namespace truce::image::proof
