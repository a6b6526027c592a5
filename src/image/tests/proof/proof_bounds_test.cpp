// Whatever a header claims: little memory, little time.
#include <atomic>
#include <chrono>
#include <fstream>
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#include <sanitizer/allocator_interface.h>
#endif

#include "crc32c.h"
#include "paged_file.h"
#include "variants.h"
#include "vhdx/tables.h"

namespace truce::image::proof {
namespace {

constexpr std::int64_t memory_bound = std::int64_t{32} << 20;

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr int slower = 8;

// What a process of a sanitizer takes says little: what was freed stays in its quarantine, up to
// 256 MiB of it. What is in use is counted here.
std::atomic<std::int64_t> in_use = 0, most_in_use = 0;

void count_allocated(const volatile void* /*block*/, std::size_t size) {
  auto now = in_use.fetch_add(static_cast<std::int64_t>(size)) + static_cast<std::int64_t>(size);
  for (auto most = most_in_use.load(); now > most;)
    if (most_in_use.compare_exchange_weak(most, now)) break;
}

void count_freed(const volatile void* block) {
  auto size = __sanitizer_get_allocated_size(block);
  in_use.fetch_sub(static_cast<std::int64_t>(size));
}

std::int64_t memory_from_here_on() {
  static bool counting =
      __sanitizer_install_malloc_and_free_hooks(count_allocated, count_freed) != 0;
  EXPECT_TRUE(counting);
  most_in_use = in_use.load();
  return in_use;
}
std::int64_t most_memory() {
  return most_in_use;
}
#else
constexpr int slower = 1;

/// A line of /proc/self/status, in bytes; 0 where there is none.
std::int64_t status_of(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":"))
      return std::strtoll(line.c_str() + name.size() + 1, nullptr, 10) * 1024;
  }
  return 0;
}

std::int64_t memory_from_here_on() {
  std::ofstream("/proc/self/clear_refs") << 5;  // forgets the highest mark
  return status_of("VmRSS");
}
std::int64_t most_memory() {
  return status_of("VmHWM");
}
#endif

/// Fails the test when what is done meanwhile takes more memory or time than is allowed.
class Bounded {
 public:
  explicit Bounded(std::chrono::milliseconds time) : allowed_(time * slower * 4) {}
  Bounded(const Bounded&) = delete;
  Bounded& operator=(const Bounded&) = delete;
  ~Bounded() {
    auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start_);
    EXPECT_LE(took.count(), allowed_.count()) << "milliseconds";
    EXPECT_LE(most_memory() - before_, memory_bound) << "bytes of memory";
  }

 private:
  std::chrono::milliseconds allowed_;  // four times, as the machine may be busy
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::int64_t before_ = memory_from_here_on();
};

/// All that an image can be asked, for some of its ranges.
void look_at_all(Image& image) {
  (void)image.description();
  std::uint64_t at = 0;
  for (int steps = 0; at < image.size() && steps < 64; ++steps) {
    auto extent = image.extent(at, image.size() - at);
    if (!extent) break;
    at += extent->length;
  }
  Content into(4096);
  for (auto from : {std::uint64_t{0}, image.size() / 2, image.size() - 4096}) {
    if (image.size() >= 4096) (void)image.read(from, into);
  }
  (void)image.check();
}

/// Checksums are made right again: what stands behind them is to be looked at.
void mend_sums(const std::string& format, File& file) {
  auto sum_of = [&](std::uint64_t at, std::size_t length, std::size_t field, bool crc) {
    Content bytes(length);
    if (at > file.size() || length > file.size() - at || !file.read(at, bytes)) return;
    std::uint32_t sum = 0;
    if (crc) {
      put_le<std::uint32_t>(bytes, field, crc32c_without(bytes, field));
    } else {
      put_be<std::uint32_t>(bytes, field, 0);
      for (auto byte : bytes) sum += std::to_integer<std::uint32_t>(byte);
      put_be<std::uint32_t>(bytes, field, ~sum);
    }
    (void)file.write(at, bytes);
  };
  if (format == "vhd") {
    sum_of(0, 512, 64, false);
    sum_of(file.size() - 512, 512, 64, false);
    sum_of(512, 1024, 36, false);
  }
  if (format == "vhdx") {
    for (auto at : vhdx::header_offsets) sum_of(at, vhdx::header_bytes, 4, true);
    for (auto at : vhdx::region_table_offsets) sum_of(at, vhdx::region_table_bytes, 4, true);
  }
}

/// Where numbers stand that may be anything: the file's offsets and how many bytes from there.
std::vector<std::pair<std::uint64_t, std::uint64_t>> numbers_of(const std::string& format,
                                                                std::uint64_t size) {
  if (format == "vhdx")
    return {{65536, 96}, {196608, 96}, {2 << 20, 256}, {(2 << 20) + 65536, 64}, {3 << 20, 64}};
  if (format == "vhd") return {{0, 96}, {512, 1024}, {1536, 32}, {size - 512, 96}};
  if (format == "vdi") return {{64, 400}, {512, 64}};
  if (format == "qcow2") return {{4, 200}, {65536, 64}, {131072, 64}};
  return {{4, 1024}};
}

class AnyNumber : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(All, AnyNumber,
                         testing::Values("qcow2", "vhd", "vhdx", "vmdk", "vdi", "qcow"));

TEST_P(AnyNumber, of_a_header_may_be_the_largest_and_costs_no_memory_and_no_time) {
  std::string format = GetParam();
  auto whole = std::make_shared<PagedFile>();
  BuildOptions options;
  if (format == "vhdx") options.options["block_size"] = "1MiB";
  ASSERT_TRUE(store(*find_format(format), whole, sparse_content(3 << 20, 5), options));
  Bounded bounded(std::chrono::milliseconds(3000));
  for (auto [start, length] : numbers_of(format, whole->size())) {
    for (auto at = start; at < start + length && at + 8 <= whole->size(); at += 4) {
      Content before(8), value(8);
      ASSERT_TRUE(whole->read(at, before));
      for (std::uint64_t number :
           {~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{0x7fffffff7fffffff},
            std::uint64_t{0x0000000100000001}, std::uint64_t{0x0000400000004000}}) {
        put_be<std::uint64_t>(value, 0, number);
        ASSERT_TRUE(whole->write(at, value));
        mend_sums(format, *whole);
        auto image = open(whole, {.external = External::ignore}, format);
        if (image) look_at_all(**image);
      }
      ASSERT_TRUE(whole->write(at, before));
    }
  }
}

/// Large disks of each variant, with data at both ends: the largest there are, or as large as their
/// tables, which have an entry for each block, can be read in the time.
struct Largest {
  std::string format;
  std::map<std::string, std::string, std::less<>> options;
  std::uint64_t tebibytes;
};
inline void PrintTo(const Largest& each, std::ostream* out) {
  *out << each.tebibytes << " TiB of " << each.format;
}

class LargestDisk : public testing::TestWithParam<Largest> {};
INSTANTIATE_TEST_SUITE_P(All, LargestDisk,
                         testing::Values(Largest{"raw", {}, 64}, Largest{"qcow2", {}, 64},
                                         Largest{"qcow2", {{"cluster_size", "2M"}}, 64},
                                         Largest{"qcow2", {{"extended_l2", "on"}}, 64},
                                         Largest{"vhdx", {{"block_size", "256MiB"}}, 64},
                                         Largest{"vhdx", {{"block_size", "1MiB"}}, 16},
                                         Largest{"vhd", {}, 1}, Largest{"vmdk", {}, 1},
                                         Largest{"vdi", {}, 2}, Largest{"qcow", {}, 2}));

TEST_P(LargestDisk, is_opened_mapped_and_checked_in_little_memory_and_time) {
  const auto& [format, chosen, tebibytes] = GetParam();
  auto size = tebibytes << 40;
  auto file = std::make_shared<PagedFile>();
  BuildOptions options{.size = size, .options = chosen};
  auto builder = build(*find_format(format), file, options);
  ASSERT_TRUE(builder) << builder.error().message;
  Content text(512, std::byte{'x'});
  for (auto block : {std::uint64_t{0}, size / (*builder)->block_size() - 1}) {
    auto place = (*builder)->placing()->place(block);
    ASSERT_TRUE(place) << place.error().message;
    ASSERT_TRUE(place->file->write(place->offset, text));
  }
  ASSERT_TRUE((*builder)->finish(Builder::Durability::none));
  Bounded bounded(std::chrono::milliseconds(2000));
  auto image = open(file, {}, format);
  ASSERT_TRUE(image) << image.error().message;
  std::uint64_t at = 0;
  for (; at < size;) {
    auto extent = (*image)->extent(at, size - at);
    ASSERT_TRUE(extent) << extent.error().message;
    at += extent->length;
  }
  auto report = (*image)->check();
  if (report) EXPECT_EQ(report->corruptions, 0U) << report->problems.front();
}

TEST(Bounds, cve_2015_5162_a_small_file_of_a_huge_disk_is_described_at_once) {
  auto file = std::make_shared<PagedFile>();
  auto builder = build(*find_format("qcow2"), file, {.size = std::uint64_t{8} << 40});
  ASSERT_TRUE(builder && (*builder)->finish(Builder::Durability::none));
  Bounded bounded(std::chrono::milliseconds(50));
  auto image = open(file);
  ASSERT_TRUE(image);
  EXPECT_EQ((*image)->size(), std::uint64_t{8} << 40);
  auto extent = (*image)->extent(0, (*image)->size());
  ASSERT_TRUE(extent);
  EXPECT_EQ(extent->kind, Kind::hole);
  auto limited = open(file, {.limits = {.size = std::uint64_t{1} << 40}});
  EXPECT_EQ(limited.error().code, Code::limit);
}

TEST(Bounds, one_table_that_stands_everywhere_is_checked_in_bounded_time) {
  auto file = std::make_shared<PagedFile>();
  constexpr auto size = std::uint64_t{64} << 40;
  auto builder = build(*find_format("qcow2"), file, {.size = size});
  ASSERT_TRUE(builder && (*builder)->placing()->place(0));
  ASSERT_TRUE((*builder)->finish(Builder::Durability::none));
  Content entry(8);
  ASSERT_TRUE(file->read(65536, entry));  // the first of the L1 table
  for (std::uint64_t at = 65536 + 8; at < 65536 + size / (std::uint64_t{512} << 20) * 8; at += 8)
    ASSERT_TRUE(file->write(at, entry));
  Bounded bounded(std::chrono::milliseconds(3000));
  auto image = open(file);
  ASSERT_TRUE(image) << image.error().message;
  auto report = (*image)->check();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_GT(report->corruptions, 0U);
  EXPECT_LE(report->problems.size(), CheckReport::listed_limit);
}

}  // namespace
}  // namespace truce::image::proof
