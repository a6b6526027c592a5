// Writing in place, and what a crash leaves.
#include "vhdx_support.h"

namespace truce::image::vhdx {
namespace {

/// Keeps all that is done to a file, to be done again up to any point and in another order.
class Recorded final : public File {
 public:
  struct Step {
    char what;  ///< `w`rite, `z`eroes, `r`esize, `f`lush
    std::uint64_t offset, length;
    Content bytes;
  };
  explicit Recorded(Content begin) : memory_("disk", std::move(begin)) {}
  std::vector<Step> steps;

  [[nodiscard]] std::string name() const override { return "disk"; }
  [[nodiscard]] std::uint64_t size() const override { return memory_.size(); }
  Result<void> read(std::uint64_t offset, Span into) const override {
    return memory_.read(offset, into);
  }
  Result<void> write(std::uint64_t offset, View from) override {
    return take({'w', offset, 0, Content(from.begin(), from.end())});
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    return take({'z', offset, length, {}});
  }
  Result<void> resize(std::uint64_t size) override { return take({'r', 0, size, {}}); }
  Result<void> flush() override { return take({'f', 0, 0, {}}); }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override {
    return memory_.run(offset, length);
  }
  static Result<void> apply(File& file, const Step& step) {
    if (step.what == 'w') return file.write(step.offset, step.bytes);
    if (step.what == 'z') return file.write_zeroes(step.offset, step.length);
    if (step.what == 'r') return file.resize(step.length);
    return {};
  }
  [[nodiscard]] std::size_t flushes() const {
    return static_cast<std::size_t>(std::ranges::count(steps, 'f', &Step::what));
  }
  [[nodiscard]] const MemoryFile& memory() const { return memory_; }

 private:
  Result<void> take(Step step) {
    steps.push_back(std::move(step));
    return apply(memory_, steps.back());
  }
  MemoryFile memory_;
};

std::unique_ptr<Image> opened(std::shared_ptr<File> file, bool read_write = true) {
  OpenOptions options;
  options.read_write = read_write;
  auto image = open(std::move(file), options, "vhdx");
  EXPECT_TRUE(image) << image.error().message;
  return image ? *std::move(image) : nullptr;
}

#define ENDS_WELL(...)                           \
  do {                                           \
    auto ended = (__VA_ARGS__);                  \
    ASSERT_TRUE(ended) << ended.error().message; \
  } while (false)

/// What random operations may be.
struct Choice {
  std::size_t longest = 9000;
  std::uint64_t unit = 1;  ///< of offsets and lengths
  bool resizes = true;
};

/// One random operation on an image and on its model.
void change(Writable& writable, Content& model, std::mt19937_64& random,
            const Choice& choice = {}) {
  auto kind = random() % 8;
  if (kind == 2 && choice.resizes) {
    auto size = (1 + random() % 12) * 512 * 1024;
    model.resize(size);
    ENDS_WELL(writable.resize(size));
    return;
  }
  auto at = random() % model.size() / choice.unit * choice.unit;
  auto length = choice.unit * (1 + random() % (choice.longest / choice.unit));
  if (kind == 0) {  // a whole block
    at = at / mebibyte * mebibyte;
    length = mebibyte;
  }
  auto part = Span(model).subspan(at, std::min<std::uint64_t>(model.size() - at, length));
  if (kind < 2) {
    std::ranges::fill(part, std::byte{});
    ENDS_WELL(writable.write_zeroes(at, part.size()));
  } else {
    std::ranges::fill(part, static_cast<std::byte>(1 + random() % 255));
    ENDS_WELL(writable.write(at, part));
  }
}

TEST(VhdxWriter, is_as_a_plain_memory_would_be_and_qemu_sees_the_same) {
  TestFolder folder;
  for (auto subformat : {"dynamic", "fixed"}) {
    std::mt19937_64 random(1);
    auto model = sparse_content(5 << 20, 21);
    auto file = disk_of(model, {{"subformat", subformat}, {"block_size", "1MiB"}});
    auto before = detail(*opened(file, false), "data write guid");
    for (int round = 0; round < 2; ++round) {
      auto image = opened(file);
      ASSERT_NE(image->writable(), nullptr);
      for (int i = 0; i < 60; ++i) {
        change(*image->writable(), model, random, {.longest = i % 9 == 0 ? 2U << 20 : 9000U});
        if (i % 20 == 19) ENDS_WELL(image->writable()->flush());
      }
      expect_content(*image, model);
      ENDS_WELL(image->writable()->close());
    }
    auto image = opened(file, false);
    expect_content(*image, model);
    EXPECT_EQ(detail(*image, "log"), "empty");
    EXPECT_NE(detail(*image, "data write guid"), before);
    auto report = image->check();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->corruptions, 0U) << report->problems.front();
    if (std::string_view(subformat) == "fixed") {
      EXPECT_TRUE(report->problems.empty() || !report->problems.back().contains("no place"));
    }
    write_whole(folder / "disk", file->content());
    EXPECT_TRUE(content_by_qemu(folder / "disk", "vhdx") == model);
    auto ran = run_command("qemu-img check -f vhdx " + (folder / "disk").string());
    EXPECT_EQ(ran.status, 0) << ran.output;
  }
}

TEST(VhdxWriter, writes_into_what_qemu_made) {
  TestFolder folder;
  auto model = sparse_content(5 << 20, 22);
  write_whole(folder / "raw", model);
  for (auto options : {"subformat=dynamic,block_size=1M", "subformat=fixed,block_size=2M"}) {
    auto path = folder / "disk";
    auto ran = run_command(fmt::format("qemu-img convert -f raw -O vhdx -o {} {} {}", options,
                                       (folder / "raw").string(), path.string()));
    ASSERT_EQ(ran.status, 0) << ran.output;
    auto expected = model;
    {
      auto file = DiskFile::open(path, DiskFile::Access::read_write);
      ASSERT_TRUE(file);
      auto image = opened(*file);
      std::mt19937_64 random(3);
      for (int i = 0; i < 30; ++i) change(*image->writable(), expected, random);
      ENDS_WELL(image->writable()->close());
      expect_content(*image, expected);
    }
    EXPECT_TRUE(content_by_qemu(path, "vhdx") == expected) << options;
    std::filesystem::remove(path);
  }
}

/// What the disk was after each operation, and how many steps of the file that had taken.
struct History {
  std::vector<Content> models;
  std::vector<std::size_t> steps;
  std::vector<std::size_t> flushed;  ///< of these models
};

/// Every sector is as one of the models from `first` to `last` has it, and so is the size.
void expect_one_of(Image& image, const History& history, std::size_t first, std::size_t last,
                   const std::string& where) {
  bool size_is_known = false;
  for (auto i = first; i <= last; ++i) size_is_known |= history.models[i].size() == image.size();
  ASSERT_TRUE(size_is_known) << where << ": size " << image.size();
  Content got(image.size());
  auto read = image.read(0, got);
  ASSERT_TRUE(read) << where << ": " << read.error().message;
  for (std::size_t at = 0; at < got.size(); at += 65536) {
    auto part = std::min<std::size_t>(65536, got.size() - at);
    auto same = [&](std::size_t i, std::size_t begin, std::size_t length) {
      const auto& model = history.models[i];
      return begin + length <= model.size() &&
             std::memcmp(model.data() + begin, got.data() + begin, length) == 0;
    };
    auto one_of = [&](std::size_t begin, std::size_t length) {
      for (auto i = first; i <= last; ++i) {
        if (same(i, begin, length)) return true;
      }
      return false;
    };
    if (one_of(at, part)) continue;
    for (auto begin = at; begin < at + part; begin += 512)
      ASSERT_TRUE(one_of(begin, 512)) << where << ": the sector at " << begin;
  }
}

/// The file after the first `count` steps; of those after the last flush in them only some when
/// `random` is given.
std::shared_ptr<MemoryFile> crashed(const Content& begin, const std::vector<Recorded::Step>& steps,
                                    std::size_t count, std::mt19937_64* random) {
  auto file = std::make_shared<MemoryFile>("disk", begin);
  std::size_t safe = count;
  while (random != nullptr && safe > 0 && steps[safe - 1].what != 'f') --safe;
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < count; ++i) {
    if (i < safe || (*random)() % 2 == 0) chosen.push_back(i);
  }
  if (random != nullptr) {
    auto from = std::ranges::lower_bound(chosen, safe);
    // Another order only where the ranges are apart: the same bytes are written in turn.
    if ((*random)() % 2 == 0 && std::distance(from, chosen.end()) == 2 &&
        steps[from[0]].what != 'z' && steps[from[1]].what != 'z')
      std::swap(from[0], from[1]);
  }
  for (auto i : chosen) EXPECT_TRUE(Recorded::apply(*file, steps[i]));
  return file;
}

void crash_everywhere(const std::string& subformat, unsigned seed, bool resizes) {
  std::mt19937_64 random(seed);
  auto begin =
      disk_of(sparse_content(3 << 20, seed), {{"subformat", subformat}, {"block_size", "1MiB"}})
          ->content();
  auto file = std::make_shared<Recorded>(begin);
  auto image = opened(file);
  History history;
  auto note = [&](Content model) {
    history.models.push_back(std::move(model));
    history.steps.push_back(file->steps.size());
  };
  Content model(image->size());
  ENDS_WELL(image->read(0, model));
  note(model);
  history.flushed.push_back(0);
  for (int i = 0; i < 14; ++i) {
    change(*image->writable(), model, random, {.unit = 512, .resizes = resizes});
    note(model);
    if (i % 4 == 3) {
      ENDS_WELL(image->writable()->flush());
      note(model);
      history.flushed.push_back(history.models.size() - 1);
    }
  }
  ENDS_WELL(image->writable()->close());
  note(model);
  history.flushed.push_back(history.models.size() - 1);
  for (std::size_t count = 0; count <= file->steps.size(); ++count) {
    // The last model whose flush had ended, and the first whose operation had.
    std::size_t first = 0;
    for (auto flushed : history.flushed) first = history.steps[flushed] <= count ? flushed : first;
    auto last = static_cast<std::size_t>(std::ranges::lower_bound(history.steps, count) -
                                         history.steps.begin());
    last = std::min(last, history.models.size() - 1);
    while (last + 1 < history.models.size() && history.steps[last + 1] == history.steps[last])
      ++last;
    for (int kind : {0, 1 + static_cast<int>(count % 2)}) {
      auto where =
          fmt::format("{}, seed {}, after {} steps, kind {}", subformat, seed, count, kind);
      auto image_after =
          opened(crashed(begin, file->steps, count, kind == 0 ? nullptr : &random), kind == 2);
      ASSERT_NE(image_after, nullptr) << where;
      expect_one_of(*image_after, history, first, last, where);
      auto report = image_after->check();
      ASSERT_TRUE(report) << where;
      ASSERT_EQ(report->corruptions, 0U) << where << ": " << report->problems.front();
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(VhdxWriter, a_crash_at_any_step_leaves_what_was_flushed_in_a_dynamic_disk) {
  crash_everywhere("dynamic", 31, false);
}

TEST(VhdxWriter, a_crash_at_any_step_leaves_what_was_flushed_in_a_fixed_disk) {
  crash_everywhere("fixed", 32, false);
}

TEST(VhdxWriter, a_crash_at_any_step_of_a_resize_leaves_the_old_size_or_the_new_one) {
  crash_everywhere("dynamic", 33, true);
}

TEST(VhdxWriter, qemu_repairs_what_a_crash_left_to_what_was_flushed) {
  TestFolder folder;
  Content model(6 << 20);
  auto file = disk_of(model);
  {
    auto image = opened(file);
    std::mt19937_64 random(4);
    for (int i = 0; i < 12; ++i) {
      auto part = Span(model).subspan(random() % (5 << 20), 5000);
      std::ranges::fill(part, static_cast<std::byte>(random()));
      ENDS_WELL(
          image->writable()->write(static_cast<std::uint64_t>(part.data() - model.data()), part));
      if (i % 3 == 2) ENDS_WELL(image->writable()->flush());
    }
  }  // not closed
  write_whole(folder / "disk", file->content());
  EXPECT_NE(run_command("qemu-img info -f vhdx " + (folder / "disk").string()).status, 0);
  auto ran = run_command("qemu-img check -r all -f vhdx " + (folder / "disk").string());
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_TRUE(content_by_qemu(folder / "disk", "vhdx") == model);
}

TEST(VhdxWriter, flushes_twice_for_all_blocks_of_a_commit) {
  auto file = std::make_shared<Recorded>(disk_of(Content(64 << 20))->content());
  auto image = opened(file);
  for (std::uint64_t block = 0; block < 64; ++block) {
    ENDS_WELL(image->writable()->write(block * mebibyte + 512, Content(512, std::byte{1})));
    if (block == 31) ENDS_WELL(image->writable()->flush());
  }
  auto before = file->flushes();
  EXPECT_LE(before, 4U);  // the identities, data, log, the header that names the log
  ENDS_WELL(image->writable()->flush());
  EXPECT_EQ(file->flushes(), before + 2);
  ENDS_WELL(image->writable()->flush());
  EXPECT_EQ(file->flushes(), before + 3);  // nothing was changed
}

TEST(VhdxWriter, what_is_not_changed_is_not_written_to) {
  auto file = std::make_shared<Recorded>(disk_of(Content(4 << 20, std::byte{1}))->content());
  auto image = opened(file);
  Content into(4096);
  ENDS_WELL(image->read(0, into));
  ENDS_WELL(image->writable()->close());
  EXPECT_EQ(file->flushes(), file->steps.size());
  EXPECT_EQ(image->writable()->write(4 << 20, into).error().code, Code::invalid);
  EXPECT_EQ(image->writable()->resize(511).error().code, Code::invalid);
  EXPECT_EQ(image->writable()->resize(0).error().code, Code::invalid);
}

TEST(VhdxWriter, blocks_that_are_zeroed_are_used_again_and_those_of_a_fixed_disk_stay) {
  auto file = disk_of(Content(4 << 20, std::byte{1}));
  auto image = opened(file);
  ENDS_WELL(image->writable()->write_zeroes(0, 2 << 20));
  ENDS_WELL(image->writable()->flush());
  EXPECT_EQ(image->extent(0, 4 << 20)->kind, Kind::zero);
  EXPECT_TRUE(all_zero(View(file->content()).subspan(4 * mebibyte, 2 * mebibyte)));  // given back
  auto size = file->size();
  ENDS_WELL(image->writable()->write(0, Content(2 << 20, std::byte{2})));
  ENDS_WELL(image->writable()->close());
  EXPECT_EQ(file->size(), size);
  Content expected(4 << 20, std::byte{1});
  std::ranges::fill(Span(expected).first(2 << 20), std::byte{2});
  expect_content(*image, expected);

  auto fixed =
      disk_of(Content(4 << 20, std::byte{1}), {{"subformat", "fixed"}, {"block_size", "1MiB"}});
  image = opened(fixed);
  ENDS_WELL(image->writable()->write_zeroes(0, 4 << 20));
  ENDS_WELL(image->writable()->close());
  expect_content(*image, Content(4 << 20));
  EXPECT_EQ(image->extent(0, 4 << 20)->kind, Kind::data);
}

TEST(VhdxWriter, grows_beyond_its_table_which_moves_whole_or_not_at_all) {
  constexpr std::uint64_t small = std::uint64_t{127} << 30, large = std::uint64_t{200} << 30;
  auto made = std::make_shared<MemoryFile>("disk");
  auto builder = build(format(), made,
                       {.size = small, .options = {{"block_size", "1MiB"}}, .neighbours = nullptr});
  ASSERT_TRUE(builder);
  auto place = (*builder)->placing()->place(70000);
  Content ones(512, std::byte{1}), twos(512, std::byte{2}), got(512);
  ENDS_WELL(place->file->write(place->offset, ones));
  ENDS_WELL((*builder)->finish(Builder::Durability::none));
  auto file = std::make_shared<Recorded>(made->content());
  auto image = opened(file);
  ENDS_WELL(image->writable()->resize(large));
  ENDS_WELL(image->writable()->write(large - 512, twos));
  ENDS_WELL(image->writable()->close());
  for (std::size_t count = 0; count <= file->steps.size(); ++count) {
    if (file->steps.size() - count > 4 && count % 8 != 0 && file->steps[count].what == 'w' &&
        file->steps[count].bytes.size() == 65536)
      continue;  // one of many pieces of the table that is copied
    image = opened(crashed(made->content(), file->steps, count, nullptr), false);
    ASSERT_NE(image, nullptr) << count;
    ASSERT_TRUE(image->size() == small || image->size() == large);
    ENDS_WELL(image->read(std::uint64_t{70000} << 20, got));
    ASSERT_TRUE(got == ones) << count;
  }
  ASSERT_EQ(image->size(), large);
  ENDS_WELL(image->read(large - 512, got));
  EXPECT_TRUE(got == twos);
  TestFolder folder;
  write_whole(folder / "disk", file->memory().content());
  auto ran = run_command("qemu-img check -f vhdx " + (folder / "disk").string());
  EXPECT_EQ(ran.status, 0) << ran.output;
  ran = run_command(
      "qemu-io -r -f vhdx -c 'read -P 1 73400320000 512' -c 'read -P 2 214748364288 512' " +
      (folder / "disk").string());
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_FALSE(ran.output.contains("fail")) << ran.output;
}

}  // namespace
}  // namespace truce::image::vhdx
