// Writing in place: against a model in memory, against qemu-img, and against losses of power.
#include <gtest/gtest.h>

#include "qcow2_support.h"

namespace truce::image {
namespace {

using Chosen = std::map<std::string, std::string, std::less<>>;

const Format& format() {
  return *find_format("qcow2");
}

BuildOptions with(Chosen options) {
  BuildOptions made;
  made.options = std::move(options);
  return made;
}

std::unique_ptr<Image> open_for_writing(const std::shared_ptr<File>& file,
                                        Neighbours* neighbours = nullptr) {
  OpenOptions options{.external = External::follow, .neighbours = neighbours, .read_write = true};
  auto image = open(file, options, "qcow2");
  EXPECT_TRUE(image) << image.error().message;
  if (!image) return nullptr;
  EXPECT_NE((*image)->writable(), nullptr);
  return std::move(*image);
}

/// Random operations on an image and on plain bytes at once.
void scribble(Image& image, Content& model, unsigned seed, unsigned operations) {
  std::mt19937_64 random(seed);
  auto& writable = *image.writable();
  for (unsigned i = 0; i < operations; ++i) {
    auto at = random() % model.size();
    auto length =
        std::min<std::size_t>(1 + random() % (random() % 3 ? 3000 : 200000), model.size() - at);
    if (random() % 2) at = at / 4096 * 4096;
    length = std::min(length, model.size() - at);
    auto what = random() % 10;
    if (what < 6) {
      Content bytes(length, static_cast<std::byte>(1 + random() % 255));
      auto done = writable.write(at, bytes);
      ASSERT_TRUE(done) << done.error().message;
      std::ranges::copy(bytes, model.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (what < 9) {
      auto done = writable.write_zeroes(at, length);
      ASSERT_TRUE(done) << done.error().message;
      std::fill_n(model.begin() + static_cast<std::ptrdiff_t>(at), length, std::byte{});
    } else {
      auto done = writable.flush();
      ASSERT_TRUE(done) << done.error().message;
    }
  }
}

/// Writes at random into an image of these options; the result must be right for both programs.
void expect_written(const Chosen& chosen, std::size_t size, const char* about) {
  SCOPED_TRACE(about);
  TestFolder folder;
  auto model = sparse_content(size, 5);
  auto file = std::make_shared<MemoryFile>("disk");
  auto stored = store(format(), file, model, with(chosen));
  ASSERT_TRUE(stored) << stored.error().message;
  auto image = open_for_writing(file);
  for (unsigned round = 0; round < some_of(3); ++round) {
    scribble(*image, model, round, 40);
    expect_content(*image, model);
    EXPECT_EQ(exit_code(image->check()), 0) << problems(image->check());
  }
  for (auto to : {size + (1 << 20) + 512, size / 2 + 512, size}) {
    auto done = image->writable()->resize(to);
    ASSERT_TRUE(done) << done.error().message;
    model.resize(to);
    expect_content(*image, model);
  }
  scribble(*image, model, 9, 20);
  ASSERT_TRUE(image->writable()->close());
  write_whole(folder / "disk", file->content());
  EXPECT_EQ(content_by_qemu(folder / "disk", "qcow2"), model);
  expect_clean(folder / "disk");
}

TEST(Qcow2Write, what_is_written_in_place_is_right_for_qemu) {
  expect_written({}, 2 << 20, "defaults");
  expect_written({{"cluster_size", "512"}, {"compat", "0.10"}}, 1 << 20, "small clusters, 0.10");
  expect_written({{"cluster_size", "2M"}}, 4 << 20, "large clusters");
  expect_written({{"extended_l2", "on"}, {"cluster_size", "16k"}}, 2 << 20, "subclusters");
  expect_written({{"compression", "zlib"}, {"cluster_size", "4096"}}, 2 << 20, "compressed");
  expect_written({{"compression", "zstd"}, {"extended_l2", "on"}}, 2 << 20,
                 "compressed, subclusters");
  expect_written({{"preallocation", "metadata"}}, 2 << 20, "reserved");
}

TEST(Qcow2Write, images_of_qemu_with_other_refcounts_are_written) {
  for (const char* options : {"refcount_bits=1", "refcount_bits=64,cluster_size=512",
                              "refcount_bits=2,cluster_size=1k"}) {
    SCOPED_TRACE(options);
    TestFolder folder;
    must(std::string("qemu-img create -q -f qcow2 -o ") + options + " " + quoted(folder / "disk") +
         " 4M");
    Content model(4 << 20, std::byte{3});  // the refcount table of small clusters has to grow
    auto image = open_for_writing(disk_file(folder / "disk"));
    auto written = image->writable()->write(0, model);
    ASSERT_TRUE(written) << written.error().message;
    scribble(*image, model, 3, 60);
    ASSERT_TRUE(image->writable()->close());
    EXPECT_EQ(content_by_qemu(folder / "disk", "qcow2"), model);
    expect_clean(folder / "disk");
  }
}

TEST(Qcow2Write, an_overlay_is_written_over_its_backing_file) {
  for (const char* options : {"", "-o compat=0.10 ", "-o extended_l2=on "}) {
    SCOPED_TRACE(options);
    TestFolder folder;
    auto model = sparse_content((1 << 20) + 512, 8);
    write_whole(folder / "base", model);
    model.resize(2 << 20);
    must(std::string("qemu-img create -q -f qcow2 ") + options + "-F raw -b base " +
         quoted(folder / "disk") + " 2M");
    TestNeighbours neighbours(folder / "");
    auto image = open_for_writing(disk_file(folder / "disk"), &neighbours);
    scribble(*image, model, 4, 60);
    expect_content(*image, model);
    ASSERT_TRUE(image->writable()->resize(512 << 10));
    ASSERT_TRUE(
        image->writable()->resize(2 << 20));  // what the backing file has there stays hidden
    std::fill(model.begin() + (512 << 10), model.end(), std::byte{});
    expect_content(*image, model);
    ASSERT_TRUE(image->writable()->close());
    EXPECT_EQ(content_by_qemu(folder / "disk", "qcow2"), model);
    EXPECT_EQ(check_by_qemu(folder / "disk").status, 0);
  }
}

TEST(Qcow2Write, data_in_another_file_is_written_there) {
  TestFolder folder;
  TestNeighbours neighbours(folder / "");
  auto model = sparse_content((2 << 20) + 512, 8);
  auto chosen = with({{"data_file", "data"}});
  chosen.neighbours = &neighbours;
  auto file = DiskFile::create(folder / "disk");
  ASSERT_TRUE(store(format(), *file, model, chosen));
  auto image = open_for_writing(*file, &neighbours);
  scribble(*image, model, 4, 30);
  expect_content(*image, model);
  ASSERT_TRUE(image->writable()->close());
  EXPECT_EQ(read_whole(folder / "data"), model);
  must("cd " + quoted(folder / "") +
       " && qemu-img check disk && qemu-img compare -f qcow2 -F raw disk data");
}

TEST(Qcow2Write, snapshots_are_made_kept_returned_to_and_deleted) {
  for (const Chosen& chosen : {Chosen{}, Chosen{{"compression", "zlib"}, {"cluster_size", "1k"}},
                               Chosen{{"extended_l2", "on"}, {"cluster_size", "16k"}}}) {
    TestFolder folder;
    auto path = folder / "disk";
    auto first = sparse_content(1 << 20, 8);
    auto file = std::make_shared<MemoryFile>("disk");
    auto expect_clean_now = [&] {
      write_whole(path, file->content());
      expect_clean(path);
    };
    ASSERT_TRUE(store(format(), file, first, with(chosen)));
    ASSERT_TRUE(qcow2::create_snapshot(*file, "first", 1700000000));
    EXPECT_EQ(qcow2::create_snapshot(*file, "first", 0).error().code, Code::conflict);
    expect_clean_now();
    auto second = first;
    auto image = open_for_writing(file);
    scribble(*image, second, 6, 60);
    ASSERT_TRUE(image->writable()->close());
    expect_clean_now();
    ASSERT_TRUE(qcow2::create_snapshot(*file, "second", 1700000001));
    expect_clean_now();
    EXPECT_NE(run_command("qemu-img snapshot -l " + quoted(path)).output.find("second"),
              std::string::npos);
    expect_content(**qcow2::open_snapshot(file, {}, "first"), first);
    auto reverted = qcow2::revert_to_snapshot(*file, "first");
    ASSERT_TRUE(reverted) << reverted.error().message;
    expect_clean_now();
    EXPECT_EQ(content_by_qemu(path, "qcow2"), first);
    ASSERT_TRUE(qcow2::delete_snapshot(*file, "1"));
    expect_clean_now();
    must("qemu-img snapshot -a second " + quoted(path));
    EXPECT_EQ(content_by_qemu(path, "qcow2"), second);
    file = std::make_shared<MemoryFile>("disk", read_whole(path));
    ASSERT_TRUE(qcow2::delete_snapshot(*file, "second"));
    EXPECT_EQ(qcow2::delete_snapshot(*file, "second").error().code, Code::not_found);
    expect_clean_now();
    EXPECT_EQ(content_by_qemu(path, "qcow2"), second);
  }
}

TEST(Qcow2Write, cloud_hypervisor_8606_metadata_that_is_counted_as_free_is_not_handed_out) {
  auto file = std::make_shared<MemoryFile>("disk");
  ASSERT_TRUE(store(format(), file, sparse_content(1 << 20, 1), with({})));
  auto block = peek<std::uint64_t>(*file, peek<std::uint64_t>(*file, 48));
  auto image = open_for_writing(file);
  // The L2 table's refcount is lost behind our back: a new cluster would be placed over it.
  poke<std::uint16_t>(*file, block + 2 * 2, 0);
  auto before = file->content();
  auto grown = image->writable()->resize(2 << 20);
  auto done = grown ? image->writable()->write(1 << 20, Content(65536, std::byte{1})) : grown;
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::corrupt);
  EXPECT_EQ(peek<std::uint64_t>(*file, 72) & 2, 2U);
  EXPECT_TRUE(std::ranges::equal(View(before).subspan(65536, 2 * 65536),
                                 View(file->content()).subspan(65536, 2 * 65536)));
  EXPECT_FALSE(image->writable()->write(0, Content(512)));
  EXPECT_EQ((*open(file, {.read_write = true}, "qcow2"))->writable(), nullptr);
}

TEST(Qcow2Write, a_cluster_that_is_said_to_lie_over_metadata_is_not_written) {
  auto file = std::make_shared<MemoryFile>("disk");
  ASSERT_TRUE(store(format(), file, Content(1 << 20, std::byte{1}), with({})));
  poke<std::uint64_t>(*file, 2 * 65536, std::uint64_t{1} << 63 | 65536);  // data over the L1 table
  auto image = open_for_writing(file);
  auto done = image->writable()->write(0, Content(512));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::corrupt);
  EXPECT_EQ(peek<std::uint64_t>(*file, 72) & 2, 2U);
}

/// A file that remembers every change, to be done again in part.
class OrderedFile final : public File {
 public:
  explicit OrderedFile(Content content) : file_("recorded", std::move(content)) {}
  struct Change {
    enum class Kind { write, zeroes, resize, flush } kind;
    std::uint64_t offset = 0, length = 0;
    Content bytes;
  };
  [[nodiscard]] std::string name() const override { return file_.name(); }
  [[nodiscard]] std::uint64_t size() const override { return file_.size(); }
  Result<void> read(std::uint64_t offset, Span into) const override {
    return file_.read(offset, into);
  }
  Result<void> write(std::uint64_t offset, View from) override {
    changes.push_back(
        {Change::Kind::write, offset, from.size(), Content(from.begin(), from.end())});
    return file_.write(offset, from);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    changes.push_back({Change::Kind::zeroes, offset, length, {}});
    return file_.write_zeroes(offset, length);
  }
  Result<void> resize(std::uint64_t size) override {
    changes.push_back({Change::Kind::resize, 0, size, {}});
    return file_.resize(size);
  }
  Result<void> flush() override {
    changes.push_back({Change::Kind::flush, 0, 0, {}});
    return {};
  }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override {
    return file_.run(offset, length);
  }
  std::vector<Change> changes;

 private:
  MemoryFile file_;
};

void redo(MemoryFile& file, const OrderedFile::Change& change) {
  using Kind = OrderedFile::Change::Kind;
  if (change.kind == Kind::write) ASSERT_TRUE(file.write(change.offset, change.bytes));
  if (change.kind == Kind::zeroes) ASSERT_TRUE(file.write_zeroes(change.offset, change.length));
  if (change.kind == Kind::resize) ASSERT_TRUE(file.resize(change.length));
}

/// What was asked for, sector by sector, and when.
struct Asked {
  std::size_t position;  ///< in the record, when it began
  std::byte value;
};

/// After a crash at `position` of the record each sector holds what was there at the last flush
/// that had ended, or something written since.
void expect_survived(const std::shared_ptr<File>& file,
                     const std::vector<std::vector<Asked>>& history, std::size_t durable,
                     std::size_t position) {
  auto image = open(file, {}, "qcow2");
  ASSERT_TRUE(image) << image.error().message;
  auto report = (*image)->check();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->corruptions, 0U) << problems(report);
  Content got(history.size() * 512);
  auto read = (*image)->read(0, got);
  ASSERT_TRUE(read) << read.error().message;
  for (std::size_t sector = 0; sector < history.size(); ++sector) {
    std::vector<std::byte> allowed{std::byte{}};
    for (const auto& asked : history[sector]) {
      if (asked.position < durable) allowed.clear();
      if (asked.position <= position) allowed.push_back(asked.value);
    }
    ASSERT_NE(std::ranges::find(allowed, got[sector * 512]), allowed.end())
        << "sector " << sector << ", crash at " << position << ", flushed at " << durable;
    ASSERT_EQ(got[sector * 512], got[sector * 512 + 511]);
  }
}

void expect_crash_safe(const Chosen& chosen, std::size_t size, bool snapshot, const char* about) {
  SCOPED_TRACE(about);
  auto start = std::make_shared<MemoryFile>("start");
  ASSERT_TRUE(store(format(), start, Content(size), with(chosen)));
  if (snapshot) {
    auto image = open_for_writing(start);
    ASSERT_TRUE(image->writable()->write(0, Content(size / 2)));
    ASSERT_TRUE(image->writable()->close());
    ASSERT_TRUE(qcow2::create_snapshot(*start, "before", 0));
  }
  auto recorded = std::make_shared<OrderedFile>(start->content());
  auto image = open_for_writing(recorded);
  std::vector<std::vector<Asked>> history(size / 512);
  std::vector<std::size_t> flushed{0};
  std::mt19937_64 random(size);
  for (unsigned i = 1; i < 60; ++i) {
    auto sector = random() % history.size();
    auto count =
        std::min<std::size_t>(1 + random() % (random() % 3 ? 9 : 200), history.size() - sector);
    auto value = static_cast<std::byte>(random() % 3 ? i : 0);
    for (auto s = sector; s < sector + count; ++s)
      history[s].push_back({recorded->changes.size(), value});
    ASSERT_TRUE(value == std::byte{}
                    ? image->writable()->write_zeroes(sector * 512, count * 512)
                    : image->writable()->write(sector * 512, Content(count * 512, value)));
    if (random() % 6 == 0) {
      ASSERT_TRUE(image->writable()->flush());
      flushed.push_back(recorded->changes.size());
    }
  }
  ASSERT_TRUE(image->writable()->close());
  const auto& changes = recorded->changes;
  MemoryFile sure("sure", start->content());  // all before the last flush of the file
  std::size_t barrier = 0, durable = 0;
  auto advance = [&](std::size_t position) {
    if (position == changes.size() || changes[position].kind != OrderedFile::Change::Kind::flush)
      return;
    for (; barrier <= position; ++barrier) redo(sure, changes[barrier]);
  };
  for (std::size_t position = 0; position <= changes.size(); ++position) {
    for (auto at : flushed) durable = at <= position ? std::max(durable, at) : durable;
    if (random() % 5 != 0) {
      advance(position);
      continue;
    }
    auto prefix = std::make_shared<MemoryFile>("prefix", sure.content());
    auto subset = std::make_shared<MemoryFile>("subset", sure.content());
    for (auto at = barrier; at < position; ++at) {
      redo(*prefix, changes[at]);
      if (random() % 2) redo(*subset, changes[at]);
    }
    expect_survived(prefix, history, durable, position);
    expect_survived(subset, history, durable, position);
    if (::testing::Test::HasFailure()) return;
    advance(position);
  }
}

TEST(Qcow2Write, what_was_flushed_survives_a_loss_of_power_at_any_moment) {
  expect_crash_safe({{"cluster_size", "4096"}}, 256 << 10, false, "plain");
  expect_crash_safe({{"cluster_size", "512"}}, 128 << 10, false,
                    "many tables, new refcount blocks");
  expect_crash_safe({{"cluster_size", "4096"}}, 128 << 10, true, "over a snapshot");
  expect_crash_safe({{"cluster_size", "16k"}, {"extended_l2", "on"}}, 512 << 10, false,
                    "subclusters");
}

TEST(Qcow2Write, an_l1_table_may_move_to_where_the_disk_had_its_data) {
  auto file = std::make_shared<MemoryFile>("disk");
  auto model = sparse_content(700 << 10, 3);
  ASSERT_TRUE(store(format(), file, model, with({{"cluster_size", "512"}})));
  auto image = open_for_writing(file);
  for (unsigned round = 0; round < some_of(6); ++round) {
    scribble(*image, model, round, 20);
    auto size = model.size() + (300 << 10);
    ASSERT_TRUE(image->writable()->resize(size));
    model.resize(size);
    expect_content(*image, model);
    ASSERT_TRUE(image->writable()->write_zeroes(0, size / 2));
    std::fill_n(model.begin(), size / 2, std::byte{});
  }
  EXPECT_EQ(exit_code(image->check()), 0) << problems(image->check());
}

TEST(Qcow2Write, no_entry_is_left_of_what_was_cut_off_a_data_file) {
  TestFolder folder;
  TestNeighbours neighbours(folder / "");
  auto chosen = with({{"data_file", "data"}});
  chosen.neighbours = &neighbours;
  auto file = DiskFile::create(folder / "disk");
  Content model(1 << 20, std::byte{7});
  ASSERT_TRUE(store(format(), *file, model, chosen));
  auto image = open_for_writing(*file, &neighbours);
  for (std::size_t size : {std::size_t{300} << 10, std::size_t{2} << 20}) {
    ASSERT_TRUE(image->writable()->resize(size));
    model.resize(size);
    expect_content(*image, model);
    EXPECT_EQ(exit_code(image->check()), 0) << problems(image->check());
  }
  ASSERT_TRUE(image->writable()->close());
  EXPECT_EQ(read_whole(folder / "data"), model);
}

TEST(Qcow2Write, there_is_not_a_flush_for_each_block) {
  auto start = std::make_shared<MemoryFile>("start");
  ASSERT_TRUE(store(format(), start, Content(8 << 20), with({})));
  auto recorded = std::make_shared<OrderedFile>(start->content());
  auto image = open_for_writing(recorded);
  for (std::uint64_t at = 0; at < 8 << 20; at += 65536)
    ASSERT_TRUE(image->writable()->write(at, Content(65536, std::byte{1})));
  ASSERT_TRUE(image->writable()->close());
  EXPECT_LT(std::ranges::count(recorded->changes, OrderedFile::Change::Kind::flush,
                               &OrderedFile::Change::kind),
            8);
}

}  // namespace
}  // namespace truce::image
