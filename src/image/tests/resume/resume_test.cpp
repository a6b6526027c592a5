#include "image/resume.h"

#include <atomic>
#include <thread>

#include "in_place/memory_folder.h"
#include "proof/variants.h"
#include "resume/block_runs.h"
#include "resume/checkpoint.h"

namespace truce::image {
namespace {

using Choices = std::vector<std::pair<std::string, std::string>>;
struct Wish {
  std::string format;
  Choices options;
};
const std::vector<Wish>& targets() {
  static const std::vector<Wish> all{
      {"raw", {}},
      {"qcow2", {}},
      {"qcow2", {{"cluster_size", "4096"}}},
      {"qcow2", {{"extended_l2", "on"}}},
      {"qcow2", {{"preallocation", "metadata"}}},
      {"qcow2", {{"compression", "zlib"}}},
      {"qcow2", {{"compression", "zstd"}, {"cluster_size", "512"}}},
      {"vhd", {}},
      {"vhd", {{"subformat", "fixed"}}},
      {"vhdx", {{"block_size", "1MiB"}}},
      {"vhdx", {{"subformat", "fixed"}}},
      {"vmdk", {}},
      {"vmdk", {{"subformat", "streamOptimized"}}},
      {"vdi", {}},
      {"vdi", {{"subformat", "static"}}},
      {"qcow", {}},
      {"vmdk", {{"subformat", "monolithicFlat"}}},
      {"vmdk", {{"subformat", "twoGbMaxExtentFlat"}}},
      {"vmdk", {{"subformat", "twoGbMaxExtentSparse"}}},
      {"qcow2", {{"data_file", "disk.data"}}},
      {"qcow2", {{"data_file", "disk.data"}, {"data_file_raw", "on"}}}};
  return all;
}

/// Every third of them, from one or another on, where seconds count.
std::vector<Wish> some_targets(std::size_t first) {
  if (at_length()) return targets();
  std::vector<Wish> some;
  for (auto i = first; i < targets().size(); i += 3) some.push_back(targets()[i]);
  return some;
}

/// What lies beside an image.
class Beside final : public Neighbours {
 public:
  explicit Beside(const FolderContent& content) : content_(content) {}
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    auto found = content_.names.find(name);
    if (found == content_.names.end()) return fail(Code::not_found, "{}", name);
    return std::make_shared<MemoryFile>(name, content_.files.at(found->second));
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    return fail(Code::forbidden, "{}", name);
  }

 private:
  const FolderContent& content_;
};

/// The source stops the conversion after some bytes.
class Stopping final : public Image {
 public:
  Stopping(Image& image, std::uint64_t bytes) : image_(image), most_(bytes) {}
  std::atomic<bool> stopped = false;
  std::atomic<std::uint64_t> given = 0;
  [[nodiscard]] const Description& description() const override { return image_.description(); }
  Result<void> read(std::uint64_t offset, Span into) override {
    given += into.size();
    if (given > most_) stopped = true;
    return image_.read(offset, into);
  }
  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override {
    TRY(auto extent, image_.extent(offset, length));
    extent.file = nullptr;  // all is read, so that it can be counted
    return extent;
  }
  Result<CheckReport> check() override { return image_.check(); }

 private:
  Image& image_;
  std::uint64_t most_;
};

class Resume : public testing::Test {
 protected:
  Resumable::Wanted wanted(const Wish& target) const {
    Resumable::Wanted made{.target = "disk", .format = find_format(target.format)};
    made.options.size = disk.size();
    for (const auto& [name, value] : target.options) made.options.options[name] = value;
    made.origin = {77, disk.size()};
    made.interval = {};
    return made;
  }
  /// Stops when so much of the source was read; tells how much it was.
  Result<std::uint64_t> run(Folder& folder, const Wish& target,
                            std::uint64_t bytes = ~std::uint64_t{0}, unsigned threads = 1) {
    TRY(auto on, Resumable::begin(folder, wanted(target)));
    begun_anew = on->begun_anew();
    auto image = open(std::make_shared<MemoryFile>("source", disk), {}, "raw").value();
    Stopping source(*image, bytes);
    auto moved =
        convert(source, on->builder(),
                {.threads = threads, .cancelled = &source.stopped, .checkpoints = on.get()});
    if (!moved) {
      (void)on->keep();
      return std::unexpected(std::move(moved).error());
    }
    TRY_VOID(on->commit(Target::Durability::durable));
    return source.given.load();
  }
  /// Empty when the target is whole, and nothing else is left.
  std::string wrong_with(const FolderContent& content, const Wish& target) {
    if (!content.names.contains("disk")) return "it has no name";
    auto file = std::make_shared<MemoryFile>("disk", content.files.at(content.names.at("disk")));
    Beside beside(content);
    auto image = open(file, {.external = External::follow, .neighbours = &beside}, target.format);
    if (!image) return image.error().message;
    if (content.names.size() != 1 + (*image)->description().references.size())
      return fmt::format("{} names", content.names.size());
    Content got(disk.size());
    auto read = (*image)->read(0, got);
    if (!read) return read.error().message;
    if (got != disk) return "the content differs";
    auto report = (*image)->check();
    if (report && report->corruptions + report->leaks > 0) return report->problems.front();
    return "";
  }

  Content disk = sparse_content((11 << 20) + 512, 21);
  std::string begun_anew;
};

TEST_F(Resume, a_conversion_that_was_stopped_goes_on_and_reads_only_the_rest) {
  for (const auto& target : targets()) {
    SCOPED_TRACE(target.format + (target.options.empty() ? "" : " " + target.options[0].second));
    MemoryFolder folder({});
    auto all = run(folder, target);
    ASSERT_TRUE(all) << all.error().message;
    ASSERT_EQ(wrong_with(folder.content, target), "");
    MemoryFolder stopped({});
    auto never = run(stopped, target, *all / 2);
    ASSERT_FALSE(never);
    EXPECT_EQ(never.error().code, Code::cancelled);
    EXPECT_FALSE(stopped.content.names.contains("disk"));
    auto rest = run(stopped, target);
    ASSERT_TRUE(rest) << rest.error().message;
    EXPECT_EQ(begun_anew, "");
    EXPECT_LT(*rest, *all * 3 / 4);
    EXPECT_EQ(wrong_with(stopped.content, target), "");
  }
}

TEST_F(Resume, a_loss_of_power_at_any_time_is_gone_on_from) {
  std::mt19937_64 random(5);
  for (const auto& target : some_targets(1)) {
    SCOPED_TRACE(target.format + (target.options.empty() ? "" : " " + target.options[0].second));
    MemoryFolder whole({});
    ASSERT_TRUE(run(whole, target));
    for (int round = 0; round < 4; ++round) {
      // Until the target has its name.
      auto count = random() % (whole.steps.size() - 3);
      MemoryFolder left(after_power_loss({}, whole.steps, count, random));
      // Once more interrupted on the way.
      bool complete = round % 2 == 1 && run(left, target, 1 << 20);
      if (!complete) {
        auto ended = run(left, target);
        ASSERT_TRUE(ended) << ended.error().message;
      }
      ASSERT_EQ(wrong_with(left.content, target), "") << "after " << count << " steps";
    }
  }
}

TEST_F(Resume, a_full_disk_is_gone_on_from_when_there_is_room) {
  for (const auto& target : some_targets(2)) {
    SCOPED_TRACE(target.format + (target.options.empty() ? "" : " " + target.options[0].second));
    MemoryFolder whole({});
    ASSERT_TRUE(run(whole, target));
    for (auto part : {3U, 5U}) {
      MemoryFolder full({});
      full.fail_at = whole.steps.size() * part / 7;
      auto failed = run(full, target);
      ASSERT_FALSE(failed);
      EXPECT_NE(failed.error().message.find("No space"), std::string::npos);
      full.fail_at = ~std::size_t{0};
      auto ended = run(full, target);
      ASSERT_TRUE(ended) << ended.error().message;
      ASSERT_EQ(wrong_with(full.content, target), "");
    }
  }
}

TEST_F(Resume, many_threads_on_a_real_file_system_are_gone_on_from) {
  std::mt19937_64 random(9);
  for (const auto& target : some_targets(0)) {
    TestFolder real;
    auto folder = DiskFolder::open(real / "").value();
    for (int tries = 0; tries < 20; ++tries) {
      auto ended = run(*folder, target, random() % (5 << 20), 4);
      if (ended) break;
      ASSERT_EQ(ended.error().code, Code::cancelled) << ended.error().message;
      EXPECT_EQ(begun_anew, "") << target.format;
    }
    if (!std::filesystem::exists(real / "disk"))
      ASSERT_TRUE(run(*folder, target, ~std::uint64_t{0}, 4));
    FolderContent left;
    for (const auto& entry : std::filesystem::directory_iterator(real / "")) {
      auto inode = left.files.size();
      left.names[entry.path().filename().string()] = inode;
      left.files[inode] = read_whole(entry.path());
    }
    EXPECT_EQ(wrong_with(left, target), "") << target.format;
  }
}

TEST_F(Resume, what_was_changed_is_refused_and_what_is_damaged_begins_anew) {
  const auto& target = targets()[1];
  MemoryFolder start({});
  ASSERT_FALSE(run(start, target, 5 << 20));
  auto another = wanted(target);
  another.origin.digest = 78;
  MemoryFolder changed(start.content);
  auto refused = Resumable::begin(changed, another);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::precondition);
  EXPECT_NE(refused.error().message.find("the source was changed"), std::string::npos);
  EXPECT_EQ(changed.content.names, start.content.names);
  another = wanted(targets()[2]);
  refused = Resumable::begin(changed, another);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("options were changed"), std::string::npos);

  auto inode = start.content.names.at(".disk.truce-checkpoint");
  auto size = start.content.files.at(inode).size();
  for (auto at : {std::size_t{0}, size / 2, size - 1}) {
    auto damaged = start.content;
    damaged.files[inode][at] ^= std::byte{4};
    MemoryFolder folder(damaged);
    ASSERT_TRUE(run(folder, target));
    EXPECT_NE(begun_anew, "");
    EXPECT_EQ(wrong_with(folder.content, target), "");
  }
  // Another unfinished target, or one that is cut off.
  auto cut = start.content;
  cut.files[cut.names.at(".disk.part")].resize(70000);
  MemoryFolder folder(cut);
  ASSERT_TRUE(run(folder, target));
  EXPECT_NE(begun_anew, "");
  EXPECT_EQ(wrong_with(folder.content, target), "");
}

TEST_F(Resume, true_sums_over_false_claims_are_not_believed) {
  for (const auto& target : {targets()[0], targets()[1], targets()[5], targets()[12]}) {
    MemoryFolder start({});
    ASSERT_FALSE(run(start, target, 5 << 20));
    auto inode = start.content.names.at(".disk.truce-checkpoint");
    auto good = resume::parse_checkpoint(start.content.files.at(inode)).value();
    std::vector<resume::Checkpoint> bad(6, good);
    bad[0].places ^= 1;
    bad[1].end = ~std::uint64_t{0};
    bad[2].parts[0].end = std::uint64_t{1} << 60;
    bad[3].blocks = {std::byte{200}};
    resume::add_run(bad[4].blocks, 1 << 20, 1);
    bad[5].packing = {std::byte{1}};
    for (const auto& one : bad) {
      bool packs = !good.packing.empty();
      if (packs && (one.places != good.places || one.blocks != good.blocks)) continue;
      auto content = start.content;
      content.files[inode] = resume::write_checkpoint(one);
      MemoryFolder folder(content);
      auto ended = run(folder, target);
      ASSERT_TRUE(ended) << ended.error().message;
      EXPECT_NE(begun_anew, "");
      EXPECT_EQ(wrong_with(folder.content, target), "");
    }
  }
}

const Wish two_files{"vmdk", {{"subformat", "monolithicFlat"}}};

TEST_F(Resume, a_file_of_somebody_else_is_neither_taken_up_nor_written_over) {
  MemoryFolder before({});
  before.content.names["disk-flat.vmdk"] = 1;
  before.content.files[1] = Content(5);
  auto refused = Resumable::begin(before, wanted(two_files));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_EQ(before.content.files[1], Content(5));

  MemoryFolder start({});
  ASSERT_FALSE(run(start, two_files, 5 << 20));
  EXPECT_FALSE(start.content.names.contains("disk-flat.vmdk"));
  // Another file has the unfinished one's name: all is begun anew.
  auto changed = start.content;
  changed.names[".disk-flat.vmdk.part"] = 7;
  changed.files[7] = Content(disk.size());
  MemoryFolder folder(changed);
  ASSERT_TRUE(run(folder, two_files));
  EXPECT_NE(begun_anew, "");
  EXPECT_EQ(wrong_with(folder.content, two_files), "");
  // The final name was taken meanwhile: that is told, and nothing is lost.
  MemoryFolder late(start.content);
  late.content.names["disk-flat.vmdk"] = 8;
  late.content.files[8] = Content(5);
  auto failed = run(late, two_files);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::conflict);
  EXPECT_EQ(late.content.files[8], Content(5));
  late.content.names.erase("disk-flat.vmdk");
  ASSERT_TRUE(run(late, two_files));
  EXPECT_EQ(begun_anew, "");
  EXPECT_EQ(wrong_with(late.content, two_files), "");
}

TEST_F(Resume, true_sums_over_false_claims_about_several_files_are_not_believed) {
  MemoryFolder start({});
  ASSERT_FALSE(run(start, two_files, 5 << 20));
  auto inode = start.content.names.at(".disk.truce-checkpoint");
  auto good = resume::parse_checkpoint(start.content.files.at(inode)).value();
  ASSERT_EQ(good.parts.size(), 2U);
  std::vector<resume::Checkpoint> bad(4, good);
  bad[0].parts.pop_back();
  bad[1].parts.push_back({99, 0});
  bad[2].parts[1].inode = 99;
  bad[3].parts[1].end = std::uint64_t{1} << 60;
  for (const auto& one : bad) {
    auto content = start.content;
    content.files[inode] = resume::write_checkpoint(one);
    MemoryFolder folder(content);
    auto ended = run(folder, two_files);
    ASSERT_TRUE(ended) << ended.error().message;
    EXPECT_NE(begun_anew, "");
    EXPECT_EQ(wrong_with(folder.content, two_files), "");
  }
}

TEST_F(Resume, two_at_once_are_refused) {
  MemoryFolder folder({});
  auto first = Resumable::begin(folder, wanted(targets()[0]));
  ASSERT_TRUE(first);
  auto second = Resumable::begin(folder, wanted(targets()[0]));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
}

TEST_F(Resume, sources_of_which_nothing_is_known_are_refused) {
  MemoryFile nowhere("nowhere", disk);
  auto image = open(std::make_shared<MemoryFile>("nowhere", disk), {}, "raw").value();
  EXPECT_EQ(origin_of(*image, nowhere).error().code, Code::unsupported);
  TestFolder real;
  write_whole(real / "source", disk);
  auto digest = [&] {
    auto file = DiskFile::open(real / "source", DiskFile::Access::read_only).value();
    auto opened = open(file, {}, "raw").value();
    return origin_of(*opened, *file).value().digest;
  };
  auto before = digest();
  EXPECT_EQ(digest(), before);
  auto file = DiskFile::open(real / "source", DiskFile::Access::read_write).value();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the kernel's clock of files
  ASSERT_TRUE(file->write(4096, Content(512)));
  EXPECT_NE(digest(), before);
}

TEST_F(Resume, a_source_is_another_one_when_what_it_stands_on_was_changed) {
  TestFolder real;
  write_whole(real / "base", disk);
  BuildOptions options;
  options.parent = Parent{
      .name = "base", .path = real / "base", .description = {.format = "raw", .size = disk.size()}};
  auto made = DiskFile::create(real / "child").value();
  ASSERT_TRUE(store(*find_format("qcow2"), std::move(made), Content(disk.size()), options));
  proof::FilesInFolder beside(real / ".");
  auto digest = [&](bool told) {
    auto file = DiskFile::open(real / "child", DiskFile::Access::read_only).value();
    Witness witness(beside);
    auto opened =
        open(file, {.external = External::follow, .neighbours = &witness}, "qcow2").value();
    EXPECT_EQ(witness.given().size(), 1U);
    return origin_of(*opened, *file, told ? witness.given() : Witness::Files{});
  };
  EXPECT_EQ(digest(false).error().code, Code::unsupported);
  auto before = digest(true);
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_EQ(digest(true)->digest, before->digest);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the kernel's clock of files
  auto base = DiskFile::open(real / "base", DiskFile::Access::read_write).value();
  ASSERT_TRUE(base->write(4096, Content(512)));
  EXPECT_NE(digest(true)->digest, before->digest);
}

}  // namespace
}  // namespace truce::image
