// Repair, and what a crash in the middle of it leaves; qemu-img is the other judge.
#include "qcow2_support.h"
#include "repair_replay.h"

namespace truce::image {
namespace {

constexpr std::uint64_t cluster = 4096, copied = std::uint64_t{1} << 63;

const Format& format() {
  return *find_format("qcow2");
}

/// A small disk with a snapshot of what it was, written to since.
struct Sample {
  Content disk;
  std::shared_ptr<MemoryFile> file = std::make_shared<MemoryFile>("disk");

  explicit Sample(const char* compat = "1.1") : disk(sparse_content(256 << 10, 5)) {
    BuildOptions options;
    options.options = {{"cluster_size", "4096"}, {"compat", compat}};
    EXPECT_TRUE(store(format(), file, disk, options));
    EXPECT_TRUE(qcow2::create_snapshot(*file, "before", 1700000000));
    auto image = open(file, {.read_write = true}, "qcow2");
    Content bytes(40000, std::byte{7});
    EXPECT_TRUE((*image)->writable()->write(12345, bytes));
    EXPECT_TRUE((*image)->writable()->close());
    std::ranges::copy(bytes, disk.begin() + 12345);
  }
  /// Where the refcount of the cluster at `offset` stands.
  [[nodiscard]] std::uint64_t count_at(std::uint64_t offset) const {
    return peek<std::uint64_t>(*file, peek<std::uint64_t>(*file, 48)) + offset / cluster * 2;
  }
  /// The place of the L2 entry for the disk's byte `at`.
  [[nodiscard]] std::uint64_t entry_at(std::uint64_t at) const {
    auto table = peek<std::uint64_t>(*file, peek<std::uint64_t>(*file, 40)) & 0xfffffffffffe00;
    return table + at / cluster * 8;
  }
  [[nodiscard]] std::uint64_t host_of(std::uint64_t at) const {
    return peek<std::uint64_t>(*file, entry_at(at)) & 0xfffffffffffe00;
  }
};

void expect_clean_by_qemu(const Content& content) {
  TestFolder folder;
  write_whole(folder / "disk", content);
  expect_clean(folder / "disk");
}

TEST(Qcow2Repair, refcounts_and_copied_flags_that_are_wrong_are_set_right) {
  for (const char* compat : {"1.1", "0.10"}) {
    SCOPED_TRACE(compat);
    Sample sample(compat);
    poke<std::uint16_t>(*sample.file, sample.count_at(sample.host_of(12345)), 0);  // too low
    poke<std::uint16_t>(*sample.file, sample.count_at(sample.host_of(24576)), 9);  // too high
    poke<std::uint16_t>(*sample.file, sample.count_at(sample.file->size() - cluster), 3);  // leaked
    auto entry = sample.entry_at(20480);
    poke<std::uint64_t>(*sample.file, entry, peek<std::uint64_t>(*sample.file, entry) ^ copied);
    expect_repaired(format(), sample.file->content(), sample.disk);
    auto mended = std::make_shared<MemoryFile>("mended", sample.file->content());
    ASSERT_TRUE(repair(mended, {}));
    expect_clean_by_qemu(mended->content());
  }
}

TEST(Qcow2Repair, a_refcount_table_of_nonsense_is_made_anew) {
  Sample sample;
  auto table = peek<std::uint64_t>(*sample.file, 48);
  poke<std::uint64_t>(*sample.file, table, ~std::uint64_t{0});
  expect_repaired(format(), sample.file->content(), sample.disk);
  auto snapshot = qcow2::open_snapshot(sample.file, {}, "before");
  ASSERT_TRUE(snapshot);
}

TEST(Qcow2Repair, two_clusters_in_one_place_are_counted_twice_and_lose_nothing) {
  Sample sample;
  auto other = sample.host_of(12345 + cluster);
  poke<std::uint64_t>(*sample.file, sample.entry_at(12345), other | copied);
  auto expected = sample.disk;
  auto from = (12345 + cluster) / cluster * cluster;
  std::copy_n(sample.disk.begin() + static_cast<std::ptrdiff_t>(from), cluster,
              expected.begin() + static_cast<std::ptrdiff_t>(12345 / cluster * cluster));
  expect_repaired(format(), sample.file->content(), expected);
}

TEST(Qcow2Repair, random_damage_of_refcounts_loses_nothing) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Sample sample;
    for (int i = 0; i < 6; ++i)
      poke<std::uint16_t>(*sample.file, sample.count_at(random() % sample.file->size()),
                          static_cast<std::uint16_t>(random() % 4));
    if (exit_code((*open(sample.file))->check()) == 0) continue;
    ASSERT_TRUE(repair(sample.file, {}));
    expect_content(**open(sample.file), sample.disk);
    expect_clean_by_qemu(sample.file->content());
  }
}

TEST(Qcow2Repair, an_image_that_is_marked_is_refused_for_writing_until_it_was_repaired) {
  for (std::uint64_t mark : {1U, 2U, 3U}) {
    Sample sample;
    poke<std::uint64_t>(*sample.file, 72, mark);
    EXPECT_EQ((*open(sample.file, {.read_write = true}))->writable(), nullptr);
    EXPECT_EQ(qcow2::create_snapshot(*sample.file, "more", 0).error().code, Code::precondition);
    auto repaired = repair(sample.file, {});
    ASSERT_TRUE(repaired) << repaired.error().message;
    EXPECT_EQ(peek<std::uint64_t>(*sample.file, 72), 0U);
    EXPECT_NE((*open(sample.file, {.read_write = true}))->writable(), nullptr);
    expect_clean_by_qemu(sample.file->content());
  }
}

TEST(Qcow2Repair, entries_that_cannot_be_are_given_up_only_by_consent) {
  Sample sample;
  poke<std::uint64_t>(*sample.file, sample.entry_at(0), std::uint64_t{1} << 40 | copied);
  poke<std::uint64_t>(*sample.file, sample.entry_at(8192), peek<std::uint64_t>(*sample.file, 40));
  auto before = sample.file->content();
  auto refused = repair(sample.file, {});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->left.size(), 2U);
  EXPECT_TRUE(sample.file->content() == before);
  auto expected = sample.disk;
  for (std::size_t at : {0U, 8192U})
    std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(at), cluster, std::byte{});
  expect_repaired(format(), before, expected, Giving::damaged_parts);
  ASSERT_TRUE(repair(sample.file, {.giving = Giving::damaged_parts}));
  expect_clean_by_qemu(sample.file->content());
}

TEST(Qcow2Repair, nothing_is_written_where_nothing_is_wrong) {
  expect_untouched(format(), Sample().file->content());
}

TEST(Qcow2Repair, refcounts_that_are_too_small_are_a_limit_and_the_file_stays) {
  TestFolder folder;
  must("qemu-img create -q -f qcow2 -o refcount_bits=1 " + quoted(folder / "disk") +
       " 1M && qemu-io -c 'write 0 128k' " + quoted(folder / "disk"));
  auto file = std::make_shared<MemoryFile>("disk", read_whole(folder / "disk"));
  auto table = peek<std::uint64_t>(*file, peek<std::uint64_t>(*file, 40)) & 0xfffffffffffe00;
  poke<std::uint64_t>(*file, table, peek<std::uint64_t>(*file, table + 8));  // twice the same
  auto before = file->content();
  EXPECT_EQ(repair(file, {}).error().code, Code::limit);
  EXPECT_TRUE(file->content() == before);
}

/// What the list of snapshots and the disk may be after a crash.
void expect_snapshots_survive(const Content& start, const Content& before, const Content& after,
                              const Content& snapshot,
                              const std::function<Result<void>(File&)>& change) {
  RecordingFile file(start);
  auto done = change(file);
  ASSERT_TRUE(done) << done.error().message;
  at_each_crash(start, file.steps, 3, [&](const Content& crashed) {
    auto left = std::make_shared<MemoryFile>("left", crashed);
    for (bool repaired : {false, true}) {
      auto image = open(left, {}, "qcow2");
      ASSERT_TRUE(image) << image.error().message;
      Content got((*image)->size());
      ASSERT_TRUE((*image)->read(0, got));
      ASSERT_TRUE(got == before || got == after);
      for (const auto& row : (*image)->description().snapshots) {
        auto opened = qcow2::open_snapshot(left, {}, row.id);
        ASSERT_TRUE(opened) << opened.error().message;
        Content held((*opened)->size());
        ASSERT_TRUE((*opened)->read(0, held));
        ASSERT_TRUE(held == (row.name == "before" ? snapshot : before)) << row.name;
      }
      if (repaired) {
        ASSERT_EQ(exit_code((*image)->check()), 0) << problems((*image)->check());
      } else {
        auto mended = repair(left, {});
        ASSERT_TRUE(mended) << mended.error().message;
      }
    }
  });
}

TEST(Qcow2Repair, snapshots_survive_a_crash_at_any_write_of_their_making_deleting_and_applying) {
  Sample sample;
  auto start = sample.file->content();
  auto old = qcow2::open_snapshot(sample.file, {}, "before");
  ASSERT_TRUE(old);
  Content held((*old)->size());
  ASSERT_TRUE((*old)->read(0, held));
  expect_snapshots_survive(start, sample.disk, sample.disk, held, [](File& file) {
    return qcow2::create_snapshot(file, "second", 1700000001);
  });
  expect_snapshots_survive(start, sample.disk, sample.disk, held,
                           [](File& file) { return qcow2::delete_snapshot(file, "before"); });
  expect_snapshots_survive(start, sample.disk, held, held,
                           [](File& file) { return qcow2::revert_to_snapshot(file, "before"); });
}

}  // namespace
}  // namespace truce::image
