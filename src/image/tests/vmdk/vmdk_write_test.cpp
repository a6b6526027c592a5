// Writing in place: against a model in memory, against qemu-img, and through crashes.
#include <deque>

#include "vmdk_support.h"

namespace truce::image {
namespace {

OpenOptions writing(Neighbours* neighbours = nullptr) {
  return {.external = neighbours != nullptr ? External::follow : External::refuse,
          .neighbours = neighbours,
          .read_write = true};
}

enum class Aligned { always, sometimes };

/// One random write, or zeros, into the image and into the model.
void change(Writable& image, Content& model, std::mt19937_64& random,
            Aligned aligned = Aligned::sometimes) {
  auto offset = random() % model.size();
  auto length = std::min<std::uint64_t>(1 + random() % (random() % 3 != 0 ? 9000 : 200000),
                                        model.size() - offset);
  if (aligned == Aligned::always || random() % 2 != 0) {
    offset &= ~511ULL;
    length = std::min<std::uint64_t>(round_up(length, 512), model.size() - offset);
  }
  auto place = Span(model).subspan(offset, length);
  if (random() % 4 == 0) {
    std::ranges::fill(place, std::byte{});
    auto done = image.write_zeroes(offset, length);
    ASSERT_TRUE(done) << done.error().message;
  } else {
    auto fresh = noise(length, static_cast<unsigned>(random()));
    std::ranges::copy(fresh, place.begin());
    auto done = image.write(offset, fresh);
    ASSERT_TRUE(done) << done.error().message;
  }
}

class Written : public ::testing::TestWithParam<std::string> {
 protected:
  std::filesystem::path path(const std::string& name) { return folder_ / name; }
  std::unique_ptr<Image> reopened(const std::string& name) {
    auto file = DiskFile::open(path(name), DiskFile::Access::read_write);
    EXPECT_TRUE(file) << file.error().message;
    return file ? opened(*file, writing(&neighbours_)) : nullptr;
  }
  TestFolder folder_;
  VmdkFolder neighbours_{folder_ / ""};
};
INSTANTIATE_TEST_SUITE_P(Vmdk, Written,
                         ::testing::Values("monolithicSparse", "monolithicFlat",
                                           "twoGbMaxExtentSparse", "twoGbMaxExtentFlat", "delta"),
                         [](const auto& each) { return each.param; });

TEST_P(Written, image_holds_what_a_plain_disk_would_hold) {
  auto model = sparse_content((1 << 20) + 512 * 7, 21);
  auto file = DiskFile::create(path("base.vmdk"));
  bool delta = GetParam() == "delta";
  auto type = delta ? "monolithicSparse" : GetParam();
  ASSERT_TRUE(store(*find_format("vmdk"), *file, model, subformat(type, &neighbours_)));
  std::string name = delta ? "delta.vmdk" : "base.vmdk";
  if (delta) {
    auto ran = run_command("cd " + path("").string() +
                           " && qemu-img create -f vmdk -b base.vmdk -F vmdk delta.vmdk");
    ASSERT_EQ(ran.status, 0) << ran.output;
  }
  std::mt19937_64 random(22);
  for (int session = 0; session < 3; ++session) {
    auto image = reopened(name);
    ASSERT_NE(image, nullptr);
    ASSERT_NE(image->writable(), nullptr);
    for (int i = 0; i < 40; ++i) {
      ASSERT_NO_FATAL_FAILURE(change(*image->writable(), model, random));
      if (i % 16 == 9) ASSERT_TRUE(image->writable()->flush());
      if (i == 20) expect_content(*image, model);
    }
    ASSERT_TRUE(image->writable()->close());
    auto again = reopened(name);
    expect_content(*again, model);
    EXPECT_TRUE(again->description().warnings.empty());
    auto report = again->check();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->problems, std::vector<std::string>{});
    ASSERT_EQ(content_by_qemu(path(name), "vmdk"), model);
    auto ran = run_command("qemu-img check -f vmdk " + path(name).string());
    EXPECT_EQ(ran.status, 0) << ran.output;
  }
}

TEST(VmdkWritten, a_delta_over_a_disk_that_was_written_is_refused) {
  MemoryNeighbours neighbours;
  neighbours.files["base.vmdk"] = sparse_image(noise(65536, 1), "base.vmdk");
  auto id = opened(neighbours.files["base.vmdk"])->description().details.at(0).second;
  auto text = descriptor_text("vmfs", "RW 128 ZERO\n",
                              "parentCID=" + id + "\nparentFileNameHint=\"base.vmdk\"\n");
  auto delta = std::make_shared<MemoryFile>("d.vmdk", text);
  ASSERT_TRUE(open(delta, follow(neighbours)));
  auto image = opened(neighbours.files["base.vmdk"], writing());
  ASSERT_TRUE(image->writable()->write(0, Content(512)) && image->writable()->close());
  EXPECT_NE(image->description().details.at(0).second, id);
  EXPECT_EQ(open(delta, follow(neighbours)).error().code, Code::corrupt);
}

TEST(VmdkWritten, a_content_id_of_few_digits_as_qemu_writes_it_is_replaced_by_as_many) {
  for (std::string id : {"7", "abc1234", "000012345678"}) {
    MemoryNeighbours neighbours;
    neighbours.files["f"] = std::make_shared<MemoryFile>("f", Content(4096));
    auto text = descriptor_text("vmfs", "RW 8 FLAT \"f\" 0\n");
    text.replace(text.find("12345678"), 8, id);
    auto file = std::make_shared<MemoryFile>("d", text);
    auto image = opened(file, writing(&neighbours));
    ASSERT_NE(image->writable(), nullptr) << id;
    ASSERT_TRUE(image->writable()->write(0, Content(512, std::byte{1})));
    ASSERT_TRUE(image->writable()->close());
    EXPECT_EQ(file->size(), text.size());
    auto again = opened(file, follow(neighbours));
    EXPECT_EQ(again->description().details.at(0), image->description().details.at(0));
    EXPECT_NE(file->content(), MemoryFile("d", text).content());
  }
}

TEST(VmdkWritten, what_cannot_be_written_in_place_says_so) {
  auto not_writable = [](const std::shared_ptr<File>& file, Neighbours* neighbours) {
    return opened(file, writing(neighbours))->writable() == nullptr;
  };
  EXPECT_TRUE(not_writable(stream_image(noise(65536, 1)), nullptr));
  EXPECT_EQ(opened(sparse_image(noise(65536, 1)))->writable(), nullptr);
  MemoryNeighbours neighbours;
  neighbours.files["f"] = std::make_shared<MemoryFile>("f", Content(512));
  for (std::string lines :
       {"RW 1 ZERO\n", "RDONLY 1 FLAT \"f\" 0\n", "RW 1 FLAT \"f\" 0\nRW 1 FLAT \"f\" 0\n"}) {
    auto file = std::make_shared<MemoryFile>("d", descriptor_text("vmfs", lines));
    EXPECT_TRUE(not_writable(file, &neighbours)) << lines;
  }
  auto image = opened(sparse_image(noise(65536, 1)), writing());
  EXPECT_EQ(image->writable()->write(65536, Content(1)).error().code, Code::invalid);
}

/// What reached which file, in order.
struct Op {
  enum class Kind { write, zeroes, resize, flush } kind;
  std::size_t file;
  std::uint64_t offset, length;
  Content bytes;
};

class RecordingFile final : public File {
 public:
  RecordingFile(std::shared_ptr<MemoryFile> below, std::size_t number, std::vector<Op>& log)
      : below_(std::move(below)), number_(number), log_(log) {}
  [[nodiscard]] std::string name() const override { return below_->name(); }
  [[nodiscard]] std::uint64_t size() const override { return below_->size(); }
  Result<void> read(std::uint64_t offset, Span into) const override {
    return below_->read(offset, into);
  }
  Result<void> write(std::uint64_t offset, View from) override {
    log_.push_back({Op::Kind::write, number_, offset, from.size(), {from.begin(), from.end()}});
    return below_->write(offset, from);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    log_.push_back({Op::Kind::zeroes, number_, offset, length, {}});
    return below_->write_zeroes(offset, length);
  }
  Result<void> resize(std::uint64_t size) override {
    log_.push_back({Op::Kind::resize, number_, 0, size, {}});
    return below_->resize(size);
  }
  Result<void> flush() override {
    log_.push_back({Op::Kind::flush, number_, 0, 0, {}});
    return {};
  }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override {
    return below_->run(offset, length);
  }

 private:
  std::shared_ptr<MemoryFile> below_;
  std::size_t number_;
  std::vector<Op>& log_;
};

void apply(MemoryFile& file, const Op& op) {
  switch (op.kind) {
    case Op::Kind::write:
      ASSERT_TRUE(file.write(op.offset, op.bytes));
      break;
    case Op::Kind::zeroes: {
      auto end = std::min(file.size(), op.offset + op.length);
      if (op.offset < end) ASSERT_TRUE(file.write_zeroes(op.offset, end - op.offset));
      break;
    }
    // What grows a file does not cut off what another write has put behind it.
    case Op::Kind::resize:
      if (op.length > file.size()) ASSERT_TRUE(file.resize(op.length));
      break;
    case Op::Kind::flush:
      break;
  }
}

/// Files whose every write is recorded.
class RecordedNeighbours final : public Neighbours {
 public:
  explicit RecordedNeighbours(std::map<std::string, std::shared_ptr<MemoryFile>> files)
      : files_(std::move(files)) {
    for (const auto& [name, file] : files_) start_[name] = file->content();
  }
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    auto found = files_.find(name);
    if (found == files_.end()) return fail(Code::not_found, "no {}", name);
    auto number = static_cast<std::size_t>(std::distance(files_.begin(), found));
    return std::make_shared<RecordingFile>(found->second, number, log);
  }
  Result<std::shared_ptr<File>> create(const std::string&) override {
    return fail(Code::forbidden, "no");
  }
  /// The files after a crash behind the first `count` operations: those that were flushed, and of
  /// the others all (`chance` 100), or some.
  MemoryNeighbours after_crash(std::size_t count, unsigned chance, std::mt19937_64& random) {
    MemoryNeighbours crashed;
    std::vector<MemoryFile*> by_number;
    for (const auto& [name, content] : start_) {
      crashed.files[name] = std::make_shared<MemoryFile>(name, content);
      by_number.push_back(crashed.files[name].get());
    }
    std::vector<std::size_t> flushed(by_number.size());
    for (std::size_t i = 0; i < count; ++i)
      if (log[i].kind == Op::Kind::flush) flushed[log[i].file] = i;
    for (std::size_t i = 0; i < count; ++i)
      if (i < flushed[log[i].file] || random() % 100 < chance)
        apply(*by_number[log[i].file], log[i]);
    return crashed;
  }
  std::vector<Op> log;

 private:
  std::map<std::string, std::shared_ptr<MemoryFile>> files_;
  std::map<std::string, Content> start_;
};

std::size_t flushes_of(const std::vector<Op>& log) {
  return static_cast<std::size_t>(std::ranges::count(log, Op::Kind::flush, &Op::kind));
}

TEST(VmdkWritten, q5_grains_are_not_flushed_one_by_one) {
  std::vector<Op> log;
  auto below = std::make_shared<MemoryFile>("disk.vmdk");
  auto file = std::make_shared<RecordingFile>(below, 0, log);
  auto options = subformat("monolithicSparse");
  options.size = 2 << 20;
  auto builder = build(*find_format("vmdk"), file, options);
  ASSERT_TRUE(builder);
  for (std::uint64_t block = 0; block < 32; ++block) {
    auto place = (*builder)->placing()->place(block);
    ASSERT_TRUE(place && place->file->write(place->offset, noise(65536, 1)));
  }
  ASSERT_TRUE((*builder)->finish(Builder::Durability::durable));
  EXPECT_EQ(flushes_of(log), 1U);
  // The header is the only write behind the flush.
  ASSERT_EQ(log.at(log.size() - 2).kind, Op::Kind::flush);
  EXPECT_EQ(log.back().offset, 0U);
  auto empty = sparse_image(Content(2 << 20));
  log.clear();
  auto image = opened(std::make_shared<RecordingFile>(empty, 0, log), writing());
  for (std::uint64_t at = 0; at < 2 << 20; at += 65536)
    ASSERT_TRUE(image->writable()->write(at, noise(65536, 1)));
  ASSERT_TRUE(image->writable()->flush());
  EXPECT_LE(flushes_of(log), 6U);  // 32 grains were written
}

TEST(VmdkWritten, a_damaged_image_is_not_written) {
  auto file = sparse_image(noise(256 << 10, 7));
  auto table = le<std::uint32_t>(file->content(), le<std::uint64_t>(file->content(), 56) * 512);
  poke(*file, table * 512ULL + 4, le<std::uint32_t>(file->content(), table * 512ULL), 4);
  auto before = file->content();
  auto image = opened(file, writing());
  auto written = image->writable()->write(0, Content(512));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::corrupt);
  EXPECT_EQ(file->content(), before);
}

/// A state of the disk, and how long the log was when it was reached.
struct State {
  Content content;
  std::size_t reached;
};

/// Each sector of the crashed disk is what it was at the last flush or at a moment since.
void expect_one_of(Image& image, const std::deque<State>& states, std::size_t flushed,
                   std::size_t count) {
  Content got(image.size());
  auto read = image.read(0, got);
  ASSERT_TRUE(read) << read.error().message;
  for (std::size_t at = 0; at < got.size(); at += 512) {
    bool found = false;
    for (auto i = flushed; i < states.size() && !found; ++i) {
      found = std::equal(got.begin() + static_cast<std::ptrdiff_t>(at),
                         got.begin() + static_cast<std::ptrdiff_t>(at + 512),
                         states[i].content.begin() + static_cast<std::ptrdiff_t>(at));
      if (i + 1 < states.size() && states[i].reached > count) break;
    }
    ASSERT_TRUE(found) << "sector at " << at << " after " << count << " operations";
  }
}

void crash_everywhere(std::map<std::string, std::shared_ptr<MemoryFile>> files,
                      const std::string& name, Content model) {
  RecordedNeighbours recorded(std::move(files));
  auto image = opened(*recorded.open(name), writing(&recorded));
  ASSERT_NE(image, nullptr);
  ASSERT_NE(image->writable(), nullptr);
  std::mt19937_64 random(33);
  std::deque<State> states{{model, 0}};
  std::vector<std::pair<std::size_t, std::size_t>> flushes{{0, 0}};  // log, state
  for (int i = 0; i < 18; ++i) {
    // Whole sectors: two writes into one sector are not one write for a disk.
    ASSERT_NO_FATAL_FAILURE(change(*image->writable(), model, random, Aligned::always));
    states.push_back({model, recorded.log.size()});
    if (i % 6 != 5) continue;
    ASSERT_TRUE(image->writable()->flush());
    flushes.emplace_back(recorded.log.size(), states.size() - 1);
  }
  ASSERT_TRUE(image->writable()->close());
  flushes.emplace_back(recorded.log.size(), states.size() - 1);
  for (std::size_t count = 0; count <= recorded.log.size(); ++count) {
    auto last =
        *std::prev(std::ranges::upper_bound(flushes, count, {}, [](auto& f) { return f.first; }));
    for (unsigned chance : {100U, 60U, 20U}) {
      auto crashed = recorded.after_crash(count, chance, random);
      auto after = opened(crashed.files.at(name), writing(&crashed));
      ASSERT_NE(after, nullptr) << count;
      ASSERT_NO_FATAL_FAILURE(expect_one_of(*after, states, last.second, count)) << chance;
      EXPECT_EQ(after->check().value().corruptions, 0U) << count;
      if (count % 5 != 0) continue;
      // It can be written again, and then nothing is left of the crash.
      ASSERT_TRUE(after->writable()->write(100, Content(5)) && after->writable()->close());
      for (const auto& problem : opened(crashed.files.at(name), follow(crashed))->check()->problems)
        EXPECT_NE(problem.find("used by nothing"), std::string::npos) << problem;
    }
  }
}

TEST(VmdkWritten, a_sparse_disk_survives_a_crash_at_any_moment) {
  auto content = content_at_ends(1 << 20, 128 << 10, 31);
  crash_everywhere({{"disk.vmdk", sparse_image(content)}}, "disk.vmdk", content);
}

TEST(VmdkWritten, a_split_disk_survives_a_crash_at_any_moment) {
  auto content = content_at_ends(1 << 20, 128 << 10, 32);
  MemoryNeighbours made;
  auto file = std::make_shared<MemoryFile>("d.vmdk");
  ASSERT_TRUE(store(*find_format("vmdk"), file, content, subformat("twoGbMaxExtentSparse", &made)));
  made.files["d.vmdk"] = file;
  crash_everywhere(made.files, "d.vmdk", content);
}

TEST(VmdkWritten, a_delta_survives_a_crash_at_any_moment) {
  auto content = sparse_content(256 << 10, 34);
  auto base = sparse_image(content, "base.vmdk");
  auto id = opened(base)->description().details.at(0).second;
  auto extent = sparse_image(Content(256 << 10), "extent");
  auto text = descriptor_text("twoGbMaxExtentSparse", "RW 512 SPARSE \"extent\"\n",
                              "parentCID=" + id + "\nparentFileNameHint=\"base.vmdk\"\n");
  auto delta = std::make_shared<MemoryFile>("d.vmdk", text);
  crash_everywhere({{"d.vmdk", delta}, {"extent", extent}, {"base.vmdk", base}}, "d.vmdk", content);
}

}  // namespace
}  // namespace truce::image
