// A file that remembers what was done to it, and what must hold of a disk after a crash at any
// time.
#pragma once

#include <cstring>
#include <map>
#include <random>

#include "support.h"

namespace truce::image {

/// One step of a writer on its file.
struct FileStep {
  enum class Kind { write, zeroes, resize, flush } kind;
  std::uint64_t offset = 0, length = 0;
  Content bytes;
};

class RecordingFile final : public File {
 public:
  explicit RecordingFile(Content content) : file_("recorded", std::move(content)) {}
  std::vector<FileStep> steps;

  [[nodiscard]] std::string name() const override { return file_.name(); }
  [[nodiscard]] std::uint64_t size() const override { return file_.size(); }
  Result<void> read(std::uint64_t offset, Span into) const override {
    return file_.read(offset, into);
  }
  Result<void> write(std::uint64_t offset, View from) override {
    steps.push_back(
        {FileStep::Kind::write, offset, from.size(), Content(from.begin(), from.end())});
    return file_.write(offset, from);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    steps.push_back({FileStep::Kind::zeroes, offset, length, {}});
    return file_.write_zeroes(offset, length);
  }
  Result<void> resize(std::uint64_t size) override {
    steps.push_back({FileStep::Kind::resize, 0, size, {}});
    return file_.resize(size);
  }
  Result<void> flush() override {
    steps.push_back({FileStep::Kind::flush, 0, 0, {}});
    return {};
  }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override {
    return file_.run(offset, length);
  }
  [[nodiscard]] const Content& content() const { return file_.content(); }

 private:
  MemoryFile file_;
};

inline void apply(const FileStep& step, MemoryFile& file) {
  if (step.kind == FileStep::Kind::write) (void)file.write(step.offset, step.bytes);
  if (step.kind == FileStep::Kind::zeroes) (void)file.write_zeroes(step.offset, step.length);
  if (step.kind == FileStep::Kind::resize) (void)file.resize(step.length);
}

/// A disk in memory that a writable image must agree with, and what each sector has held.
class DiskModel {
 public:
  explicit DiskModel(Content content) : content_(std::move(content)) {}
  [[nodiscard]] const Content& content() const { return content_; }
  void write(std::uint64_t offset, View from) {
    if (from.empty()) return;
    for (auto sector = offset / 512; sector <= (offset + from.size() - 1) / 512; ++sector)
      if (!history_.contains(sector)) history_[sector] = {sector_of(sector)};
    std::ranges::copy(from, content_.begin() + static_cast<std::ptrdiff_t>(offset));
    for (auto sector = offset / 512; sector <= (offset + from.size() - 1) / 512; ++sector)
      history_[sector].push_back(sector_of(sector));
  }
  /// From now on only what is there now, or comes later, may be seen.
  void flushed() { history_.clear(); }
  [[nodiscard]] bool may_hold(std::uint64_t sector, View bytes) const {
    if (std::memcmp(bytes.data(), content_.data() + sector * 512, 512) == 0) return true;
    auto found = history_.find(sector);
    if (found == history_.end()) return false;
    // Byte by byte: of two writes to one sector the later alone may have reached the disk.
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      auto was = [&](const Content& one) { return one[i] == bytes[i]; };
      if (std::ranges::none_of(found->second, was)) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] Content sector_of(std::uint64_t sector) const {
    auto at = View(content_).subspan(sector * 512, 512);
    return Content(at.begin(), at.end());
  }
  Content content_;
  std::map<std::uint64_t, std::vector<Content>> history_;
};

/// One random change of the disk, at any offset, mostly not whole sectors.
inline void change(Writable& writable, DiskModel& model, std::mt19937_64& random) {
  auto size = model.content().size();
  auto offset = random() % size;
  auto length =
      std::min<std::uint64_t>(1 + random() % (random() % 4 ? 5000 : 200000), size - offset);
  if (random() % 3 == 0) offset = offset / 512 * 512;
  if (random() % 4 == 0) {
    auto done = writable.write_zeroes(offset, length);
    ASSERT_TRUE(done) << done.error().message;
    model.write(offset, Content(length));
  } else {
    Content bytes(length);
    auto salt = random();
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>(salt + i + i / 512);
    auto done = writable.write(offset, bytes);
    ASSERT_TRUE(done) << done.error().message;
    model.write(offset, bytes);
  }
}

/// The disk opens, and each sector holds what it may.
inline void expect_survived(const Format& format, const Content& file, const DiskModel& model,
                            const OpenOptions& options) {
  auto image = open(std::make_shared<MemoryFile>("after the crash", file), options, format.name);
  ASSERT_TRUE(image) << image.error().message;
  ASSERT_EQ((*image)->size(), model.content().size());
  Content got(model.content().size());
  auto read = (*image)->read(0, got);
  ASSERT_TRUE(read) << read.error().message;
  for (std::uint64_t sector = 0; sector < got.size() / 512; ++sector) {
    ASSERT_TRUE(model.may_hold(sector, View(got).subspan(sector * 512, 512)))
        << "sector " << sector;
  }
  auto report = (*image)->check();
  ASSERT_TRUE(report);
  ASSERT_EQ(report->corruptions, 0U) << report->problems.front();
}

/// Calls `look` with the file as a crash may leave it after each of the steps: with all that came
/// before, and with random subsets of what came since the last flush.
template <class Look>
void at_each_crash(const Content& start, const std::vector<FileStep>& steps, unsigned seed,
                   Look look) {
  std::mt19937_64 random(seed);
  MemoryFile sure("sure", start);
  std::vector<FileStep> unsure;
  for (std::size_t count = 0; count <= steps.size(); ++count) {
    auto subsets = unsure.empty() ? 1 : at_length() ? 3 : 2;
    for (int subset = 0; subset < subsets; ++subset) {  // 0: all of them
      MemoryFile crashed("crashed", sure.content());
      for (const auto& step : unsure)
        if (subset == 0 || random() % 2 == 0) apply(step, crashed);
      SCOPED_TRACE(fmt::format("after {} steps of {}, subset {}", count, steps.size(), subset));
      look(crashed.content());
      if (testing::Test::HasFatalFailure()) return;
    }
    if (count == steps.size()) return;
    if (steps[count].kind == FileStep::Kind::flush) {
      for (const auto& step : unsure) apply(step, sure);
      unsure.clear();
    } else {
      unsure.push_back(steps[count]);
    }
  }
}

/// Changes the disk at random, flushing now and then. After every step that reached the file, and
/// with random subsets of those since the file was flushed last, the disk must have survived.
inline void expect_crash_safe(const Format& format, const Content& start, Content disk,
                              unsigned seed, OpenOptions options = {}) {
  std::mt19937_64 random(seed);
  DiskModel model(std::move(disk));
  auto file = std::make_shared<RecordingFile>(start);
  options.read_write = true;
  auto image = open(file, options, format.name);
  ASSERT_TRUE(image) << image.error().message;
  auto* writable = (*image)->writable();
  ASSERT_NE(writable, nullptr);
  options.read_write = false;
  MemoryFile sure("sure", start);  // all that was flushed
  std::vector<FileStep> unsure;
  std::size_t seen = 0;
  auto replay = [&] {
    for (; seen < file->steps.size(); ++seen) {
      if (file->steps[seen].kind == FileStep::Kind::flush) {
        for (const auto& step : unsure) apply(step, sure);
        unsure.clear();
      } else {
        unsure.push_back(file->steps[seen]);
      }
      for (int subset = 0; subset < (at_length() ? 3 : 2); ++subset) {  // 0: all of them
        MemoryFile crashed("crashed", sure.content());
        for (const auto& step : unsure)
          if (subset == 0 || random() % 2 == 0) apply(step, crashed);
        expect_survived(format, crashed.content(), model, options);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  };
  for (int round = 0; round < 9 && !testing::Test::HasFatalFailure(); ++round) {
    change(*writable, model, random);
    replay();
    if (round % 3 != 2) continue;
    auto flushed = round == 8 ? writable->close() : writable->flush();
    ASSERT_TRUE(flushed) << flushed.error().message;
    replay();
    model.flushed();
    expect_survived(format, sure.content(), model, options);
  }
}

}  // namespace truce::image
