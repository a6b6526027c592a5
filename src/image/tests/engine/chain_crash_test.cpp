// What moves between images of a chain, interrupted at every step.
#include "chain_support.h"
#include "crash_replay.h"

namespace truce::image {
namespace {

constexpr std::size_t disk_bytes = 400 << 10;

/// A step on one of the files.
struct StepOn {
  std::string file;
  FileStep step;
};

/// Remembers, in one order with others, what was done to it.
class LoggedFile final : public File {
 public:
  LoggedFile(std::string name, Content content, std::vector<StepOn>& log)
      : file_(std::move(name), std::move(content)), log_(log) {}
  [[nodiscard]] std::string name() const override { return file_.name(); }
  [[nodiscard]] std::uint64_t size() const override { return file_.size(); }
  Result<void> read(std::uint64_t offset, Span into) const override {
    return file_.read(offset, into);
  }
  Result<void> write(std::uint64_t offset, View from) override {
    add(FileStep::Kind::write, offset, from.size(), Content(from.begin(), from.end()));
    return file_.write(offset, from);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    add(FileStep::Kind::zeroes, offset, length, {});
    return file_.write_zeroes(offset, length);
  }
  Result<void> resize(std::uint64_t size) override {
    add(FileStep::Kind::resize, 0, size, {});
    return file_.resize(size);
  }
  Result<void> flush() override {
    add(FileStep::Kind::flush, 0, 0, {});
    return {};
  }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override {
    return file_.run(offset, length);
  }

 private:
  void add(FileStep::Kind kind, std::uint64_t offset, std::uint64_t length, Content bytes) {
    log_.push_back({name(), {kind, offset, length, std::move(bytes)}});
  }
  MemoryFile file_;
  std::vector<StepOn>& log_;
};

class ChainCrash : public testing::TestWithParam<const char*> {
 protected:
  const Format& format() const { return *find_format(GetParam()); }

  /// `top` on `base`, both with noise; `other`, another base.
  void make_chain(unsigned seed) {
    make_base(files_, "base", format(), sparse_content(disk_bytes, seed));
    make_base(files_, "other", format(), sparse_content(disk_bytes, seed + 1));
    make_child(files_, "top", "base", format());
    content_ = sparse_content(disk_bytes, seed);
    auto image = open_named(files_, "top", format(), true);
    std::mt19937_64 random(seed);
    DiskModel model(content_);
    for (int i = 0; i < 8; ++i) change(*image->writable(), model, random);
    content_ = model.content();
    ASSERT_TRUE(image->writable()->close());
  }

  /// From now on what is done to the files is remembered.
  void log_from_here() {
    for (auto& [name, file] : files_.files) {
      auto bytes = dynamic_cast<MemoryFile&>(*file).content();
      start_[name] = bytes;
      file = std::make_shared<LoggedFile>(name, bytes, log_);
    }
  }

  /// After every step, with all that was not flushed and with random parts of it, the disk is the
  /// same.
  void expect_the_disk_at_any_time() {
    std::mt19937_64 random(1);
    std::map<std::string, std::shared_ptr<MemoryFile>> sure;
    std::map<std::string, std::vector<FileStep>> unsure;
    for (const auto& [name, bytes] : start_) sure[name] = std::make_shared<MemoryFile>(name, bytes);
    for (std::size_t at = 0; at < log_.size(); ++at) {
      const auto& [name, step] = log_[at];
      if (step.kind == FileStep::Kind::flush) {
        for (const auto& one : unsure[name]) apply(one, *sure[name]);
        unsure[name].clear();
      } else {
        unsure[name].push_back(step);
      }
      for (int subset = 0; subset < 2; ++subset) {  // 0: all of them
        NamedMemory crashed;
        for (const auto& [file, was] : sure) {
          if (unsure[file].empty()) {
            crashed.files[file] = was;  // it is only read
            continue;
          }
          auto copy = std::make_shared<MemoryFile>(file, was->content());
          for (const auto& one : unsure[file])
            if (subset == 0 || random() % 2 == 0) apply(one, *copy);
          crashed.files[file] = copy;
        }
        expect_disk(crashed);
        ASSERT_FALSE(HasFatalFailure())
            << "step " << at << " of " << log_.size() << " on " << name << ", subset " << subset;
      }
    }
  }
  void expect_disk(NamedMemory& files) {
    auto image = open(files.files.at("top"), following(files), format().name);
    ASSERT_TRUE(image) << image.error().message;
    Content got(disk_bytes);
    auto read = (*image)->read(0, got);
    ASSERT_TRUE(read) << read.error().message;
    auto differs = std::ranges::mismatch(got, content_);
    ASSERT_EQ(differs.in1 - got.begin(), static_cast<std::ptrdiff_t>(disk_bytes));
  }

  NamedMemory files_;
  Content content_;
  std::map<std::string, Content> start_;
  std::vector<StepOn> log_;
};

TEST_P(ChainCrash, a_commit_that_is_interrupted_changes_nothing_that_is_seen) {
  for (unsigned seed = 1; seed <= some_of(2); ++seed) {
    SCOPED_TRACE(seed);
    files_.files.clear();
    start_.clear();
    log_.clear();
    make_chain(seed * 5);
    log_from_here();
    auto image = open_named(files_, "top", format(), true);
    auto options = following(files_, true);
    options.identity = Identity::kept;
    auto parent = open(files_.files.at("base"), options, format().name).value();
    auto written = commit_into(*image, *parent, {});
    ASSERT_TRUE(written) << written.error().message;
    ASSERT_TRUE(image->layer()->forget());
    ASSERT_TRUE(image->writable()->close());
    expect_the_disk_at_any_time();
    if (HasFatalFailure()) return;
  }
}

TEST_P(ChainCrash, a_rebase_that_is_interrupted_changes_nothing_that_is_seen) {
  for (bool none : {false, true}) {
    SCOPED_TRACE(none);
    files_.files.clear();
    start_.clear();
    log_.clear();
    make_chain(31);
    log_from_here();
    auto image = open_named(files_, "top", format(), true);
    auto under = open_named(files_, "other", format());
    auto parent = parent_named(files_, "other", format());
    auto moved = rebase(*image, none ? nullptr : under.get(), none ? nullptr : &parent, {});
    ASSERT_TRUE(moved) << moved.error().message;
    expect_the_disk_at_any_time();
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, ChainCrash, testing::Values("qcow2", "vhd", "vhdx", "vmdk"),
                         [](const auto& format) { return format.param; });

}  // namespace
}  // namespace truce::image
