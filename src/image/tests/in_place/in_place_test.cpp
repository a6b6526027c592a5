#include "image/in_place.h"

#include <sys/wait.h>

#include <csignal>

#include "image/place.h"
#include "in_place/journal.h"
#include "memory_folder.h"

namespace truce::image {
namespace {

constexpr std::size_t disk_size = (72 << 10) + 512;

/// What a kind of image is made of, by a conversion in place from raw.
struct InPlaceKind {
  std::string name, format;
  std::vector<std::pair<std::string, std::string>> options;
};
const std::vector<InPlaceKind>& kinds() {
  static const std::vector<InPlaceKind> all{{"disk.raw", "raw", {}},
                                            {"disk.vhd", "vhd", {}},
                                            {"disk.vmdk", "vmdk", {}},
                                            {"esx.vmdk", "vmdk", {{"subformat", "vmfs"}}},
                                            {"disk.qcow2", "qcow2", {{"cluster_size", "4096"}}}};
  return all;
}

BuildOptions options_of(const InPlaceKind& kind) {
  BuildOptions options;
  for (const auto& [name, value] : kind.options) options.options[name] = value;
  return options;
}

Result<InPlace> convert(Folder& folder, const std::string& source, const std::string& form,
                        const InPlaceKind& target) {
  return convert_in_place(folder, *find_format(target.format), options_of(target),
                          {.source = source,
                           .target = target.name,
                           .source_format = form,
                           .external = External::follow});
}

/// The files of a folder, for images to be opened from.
class Beside final : public Neighbours {
 public:
  explicit Beside(const FolderContent& content) : content_(content) {}
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    auto found = content_.names.find(name);
    if (found == content_.names.end()) return fail(Code::not_found, "{}: is not there", name);
    return std::make_shared<MemoryFile>(name, content_.files.at(found->second));
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    return fail(Code::forbidden, "{}", name);
  }

 private:
  const FolderContent& content_;
};

/// Empty when the image opens and holds `disk`; else what is wrong.
std::string wrong_with(const FolderContent& content, const std::string& name,
                       const std::string& form, const Content& disk) {
  Beside beside(content);
  auto file = beside.open(name);
  if (!file) return file.error().message;
  auto image = open(*file, {.external = External::follow, .neighbours = &beside}, form);
  if (!image) return image.error().message;
  if ((*image)->size() != disk.size()) return fmt::format("it has {} bytes", (*image)->size());
  Content got(disk.size());
  auto read = (*image)->read(0, got);
  if (!read) return read.error().message;
  return got == disk ? "" : "the content differs";
}

class InPlaceTest : public testing::Test {
 protected:
  /// A folder with the disk as an image of that kind, made in place out of a raw one.
  FolderContent start_with(const InPlaceKind& kind) {
    FolderContent content;
    content.names["disk.raw"] = 1;
    content.files[1] = disk;
    if (kind.format == "raw") return content;
    MemoryFolder folder(std::move(content));
    auto made = convert(folder, "disk.raw", "raw", kind);
    EXPECT_TRUE(made) << made.error().message;
    return folder.content;
  }
  static std::set<std::string> names_in(const FolderContent& content) {
    std::set<std::string> names;
    for (const auto& [name, inode] : content.names) names.insert(name);
    return names;
  }
  /// The target's name, other than the source's.
  static InPlaceKind renamed(InPlaceKind kind, const InPlaceKind& source) {
    if (kind.name == source.name || source.format == "qcow2") kind.name = "new-" + kind.name;
    return kind;
  }

  Content disk = sparse_content(disk_size, 3);
};

TEST_F(InPlaceTest, every_pair_keeps_the_content_and_leaves_only_the_target) {
  for (const auto& from : kinds()) {
    for (const auto& one : kinds()) {
      auto to = renamed(one, from);
      MemoryFolder folder(start_with(from));
      auto done = convert(folder, from.name, from.format, to);
      ASSERT_TRUE(done) << from.name << " to " << to.name << ": " << done.error().message;
      EXPECT_EQ(done->size, disk_size);
      EXPECT_EQ(wrong_with(folder.content, to.name, to.format, disk), "")
          << from.name << " to " << to.name;
      auto names = names_in(folder.content);
      EXPECT_EQ(names.size(), to.format == "raw" || to.format == "vhd" ? 1U : 2U);
      EXPECT_EQ(names.contains(from.name),
                from.format == "raw" && to.format == "qcow2");  // it is the data file
    }
  }
}

TEST_F(InPlaceTest, the_data_are_never_written) {
  for (const auto& from : kinds()) {
    for (const auto& one : kinds()) {
      MemoryFolder folder(start_with(from));
      ASSERT_TRUE(convert(folder, from.name, from.format, renamed(one, from)));
      for (const auto& step : folder.steps) {
        if (step.inode != 1) continue;
        if (step.kind == FolderStep::Kind::write) EXPECT_GE(step.offset, disk_size);
        if (step.kind == FolderStep::Kind::resize) EXPECT_GE(step.length, disk_size);
      }
    }
  }
}

TEST_F(InPlaceTest, the_same_name_may_be_kept_where_the_image_is_the_data) {
  MemoryFolder folder(start_with(kinds()[0]));
  ASSERT_TRUE(convert(folder, "disk.raw", "raw", {"disk.raw", "vhd", {}}));
  EXPECT_EQ(wrong_with(folder.content, "disk.raw", "vhd", disk), "");
  ASSERT_TRUE(convert(folder, "disk.raw", "vhd", {"disk.raw", "raw", {}}));
  EXPECT_EQ(folder.content.files[1], disk);
  EXPECT_EQ(names_in(folder.content), std::set<std::string>{"disk.raw"});
}

TEST_F(InPlaceTest, azure_gets_whole_mebibytes) {
  MemoryFolder folder(start_with(kinds()[0]));
  ASSERT_TRUE(convert(folder, "disk.raw", "raw", {"disk.vhd", "vhd", {{"azure", "on"}}}));
  EXPECT_EQ(folder.content.files[1].size(), (1U << 20) + 512);
  auto longer = disk;
  longer.resize(1 << 20);
  EXPECT_EQ(wrong_with(folder.content, "disk.vhd", "vhd", longer), "");
}

/// Recovers what a crash left, and again from every point of the recovery itself.
void expect_recovered(const FolderContent& crashed, const InPlaceKind& from, const InPlaceKind& to,
                      const Content& disk, std::mt19937_64& random, int depth) {
  MemoryFolder folder(crashed);
  for (const auto& name : {from.name, to.name}) {
    auto ended = recover(folder, name);
    ASSERT_TRUE(ended) << ended.error().message;
  }
  auto old_one = wrong_with(folder.content, from.name, from.format, disk);
  auto new_one = wrong_with(folder.content, to.name, to.format, disk);
  ASSERT_TRUE(old_one.empty() || new_one.empty()) << old_one << "; " << new_one;
  for (const auto& [name, inode] : folder.content.names) {
    EXPECT_FALSE(name.ends_with(".truce-journal")) << name;
    // What was never decided may leave its beginnings, which the next attempt takes away.
    EXPECT_FALSE(name.ends_with(".truce-new")) << name;
  }
  auto again = convert(folder, from.name, from.format, to);
  if (old_one.empty() && from.name != to.name) {
    ASSERT_TRUE(again || new_one.empty()) << again.error().message;
    EXPECT_EQ(wrong_with(folder.content, to.name, to.format, disk), "");
  }
  if (depth == 0) return;
  MemoryFolder first(crashed);
  ASSERT_TRUE(recover(first, from.name));
  for (std::size_t count = 1; count <= first.steps.size(); ++count) {
    auto left = after_power_loss(crashed, first.steps, count, random);
    expect_recovered(left, from, to, disk, random, depth - 1);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST_F(InPlaceTest, a_loss_of_power_at_any_step_leaves_what_can_be_recovered) {
  std::mt19937_64 random(17);
  for (const auto& from : kinds()) {
    for (const auto& one : kinds()) {
      auto to = renamed(one, from);
      SCOPED_TRACE(from.name + " to " + to.name);
      auto start = start_with(from);
      MemoryFolder folder(start);
      ASSERT_TRUE(convert(folder, from.name, from.format, to));
      for (std::size_t count = 0; count <= folder.steps.size(); ++count) {
        auto killed = start;  // kill -9: all that was done is there
        for (std::size_t i = 0; i < count; ++i) apply(folder.steps[i], killed);
        expect_recovered(killed, from, to, disk, random, 1);
        for (int round = 0; round < 4 && !HasFatalFailure(); ++round) {
          auto left = after_power_loss(start, folder.steps, count, random);
          expect_recovered(left, from, to, disk, random, round == 0 ? 1 : 0);
        }
        ASSERT_FALSE(HasFatalFailure()) << "after " << count << " steps";
      }
    }
  }
}

TEST_F(InPlaceTest, a_failure_at_any_step_leaves_everything_as_it_was_or_done) {
  for (const auto& from : kinds()) {
    for (const auto& one : kinds()) {
      auto to = renamed(one, from);
      SCOPED_TRACE(from.name + " to " + to.name);
      for (std::size_t step = 0;; ++step) {
        ASSERT_LT(step, 100U);
        MemoryFolder folder(start_with(from));
        folder.fail_once = step;
        auto done = convert(folder, from.name, from.format, to);
        if (done) break;
        EXPECT_NE(done.error().message.find("No space"), std::string::npos);
        if (done.error().message.ends_with("everything is as it was"))
          EXPECT_EQ(wrong_with(folder.content, from.name, from.format, disk), "");
        for (const auto& name : {from.name, to.name}) ASSERT_TRUE(recover(folder, name));
        auto old_one = wrong_with(folder.content, from.name, from.format, disk);
        auto new_one = wrong_with(folder.content, to.name, to.format, disk);
        ASSERT_TRUE(old_one.empty() || new_one.empty()) << step << ": " << old_one << new_one;
      }
    }
  }
}

TEST_F(InPlaceTest, what_others_did_meanwhile_is_not_overwritten) {
  auto start = start_with(kinds()[0]);
  MemoryFolder whole(start);
  ASSERT_TRUE(convert(whole, "disk.raw", "raw", {"disk.raw", "vhd", {}}));
  // All is done but the removal of the journal, and a machine has grown the disk since.
  auto left = start;
  for (const auto& step : whole.steps) {
    if (step.kind == FolderStep::Kind::remove) break;
    apply(step, left);
  }
  ASSERT_TRUE(left.names.contains(".disk.raw.truce-journal"));
  left.files[1].resize(disk_size * 2);
  MemoryFolder folder(left);
  auto refused = recover(folder, "disk.raw");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("was changed since"), std::string::npos);
  // Another file of that name is not taken for it.
  left.names["disk.raw"] = 7;
  left.files[7] = Content(disk_size + 512);
  MemoryFolder other(left);
  refused = recover(other, "disk.raw");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("is not the file"), std::string::npos);
  EXPECT_TRUE(other.steps.empty());
}

TEST_F(InPlaceTest, refuses_what_it_cannot_do_and_says_what_it_can) {
  struct Refused {
    InPlaceKind target;
    std::string told;
  };
  for (const auto& [target, told] :
       {Refused{{"x.vdi", "vdi", {{"subformat", "static"}}}, "in place can be made raw"},
        Refused{{"x.vhdx", "vhdx", {{"subformat", "fixed"}}}, "in place can be made raw"},
        Refused{{"x.vhd", "vhd", {{"subformat", "dynamic"}}}, "in place can be made raw"},
        Refused{{"x.vmdk", "vmdk", {{"subformat", "streamOptimized"}}}, "in place can be made raw"},
        Refused{{"x.qcow2", "qcow2", {{"data_file", "../x"}}}, "not a file's name"},
        Refused{{"taken", "vhd", {}}, "there is a file of that name"},
        Refused{{"../x.vhd", "vhd", {}}, "in this folder"}}) {
    auto content = start_with(kinds()[0]);
    content.names["taken"] = 5;
    content.files[5];
    MemoryFolder folder(content);
    auto refused = convert(folder, "disk.raw", "raw", target);
    ASSERT_FALSE(refused) << target.name;
    EXPECT_NE(refused.error().message.find(told), std::string::npos) << refused.error().message;
    EXPECT_EQ(folder.content.names, content.names);
  }
  for (const auto& [form, told] : {std::pair("vdi", "does not keep the disk as it is"),
                                   std::pair("vhdx", "does not keep the disk as it is")}) {
    FolderContent content;
    auto file = std::make_shared<MemoryFile>("old");
    ASSERT_TRUE(store(*find_format(form), file, disk));
    content.names["old"] = 1;
    content.files[1] = file->content();
    MemoryFolder folder(content);
    auto refused = convert(folder, "old", form, {"x.vhd", "vhd", {}});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find(told), std::string::npos) << refused.error().message;
    EXPECT_TRUE(folder.steps.empty());
  }
  MemoryFolder linked(start_with(kinds()[0]));
  linked.linked.insert(1);
  auto refused = convert(linked, "disk.raw", "raw", kinds()[1]);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("hard links"), std::string::npos);
}

TEST_F(InPlaceTest, a_journal_that_cannot_be_true_is_refused) {
  in_place::Change change{.source = "a", .target = "b", .data_from = "a", .data_to = "b"};
  change.content = 4096;
  change.new_size = 4608;
  change.new_end = Content(512);
  auto good = in_place::write_journal(change);
  ASSERT_TRUE(in_place::parse_journal(good));
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] ^= std::byte{1};
    EXPECT_FALSE(in_place::parse_journal(bad)) << at;
    EXPECT_FALSE(in_place::parse_journal(View(good).first(at)));
  }
  for (const auto& name : {std::string(), std::string("."), std::string(".."), std::string("../a"),
                           std::string("/etc/passwd"), std::string("a\0b", 3)}) {
    auto bad = change;
    bad.data_to = name;
    EXPECT_FALSE(in_place::parse_journal(in_place::write_journal(bad))) << name;
  }
  auto bad = change;
  bad.new_size = 100;
  EXPECT_FALSE(in_place::parse_journal(in_place::write_journal(bad)));
  bad = change;
  bad.content = ~std::uint64_t{0};
  EXPECT_FALSE(in_place::parse_journal(in_place::write_journal(bad)));
}

/// A real folder in which the process is killed at a step.
class KillingFolder final : public Folder {
 public:
  KillingFolder(Folder& folder, int at) : folder_(folder), left_(at) {}
  Result<std::optional<Entry>> look(const std::string& name) override {
    step();
    return folder_.look(name);
  }
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    step();
    return folder_.open(name);
  }
  Result<std::vector<std::byte>> read(const std::string& name, std::size_t limit) override {
    return folder_.read(name, limit);
  }
  Result<std::shared_ptr<File>> create(const std::string& name,
                                       const std::string& called) override {
    auto made = folder_.create(name, called);
    step();
    return made;
  }
  Result<void> rename(const std::string& from, const std::string& to, Existing existing) override {
    step();
    return folder_.rename(from, to, existing);
  }
  Result<void> remove(const std::string& name) override {
    step();
    return folder_.remove(name);
  }
  Result<void> sync() override {
    step();
    return folder_.sync();
  }
  Result<std::vector<std::string>> ending(const std::string& suffix) override {
    return folder_.ending(suffix);
  }

 private:
  void step() {
    if (left_-- == 0) ::raise(SIGKILL);
  }
  Folder& folder_;
  int left_;
};

TEST_F(InPlaceTest, kill_9_at_any_step_on_a_real_file_system_is_recovered) {
  for (const auto& to : {kinds()[1], kinds()[2], kinds()[4]}) {
    bool ended = false;
    for (int at = 0; !ended && !HasFatalFailure(); ++at) {
      TestFolder real;
      write_whole(real / "disk.raw", disk);
      auto child = ::fork();
      if (child == 0) {
        auto folder = DiskFolder::open(real / "").value();
        KillingFolder killing(*folder, at);
        ::_exit(convert(killing, "disk.raw", "raw", to) ? 0 : 3);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ended = WIFEXITED(status);
      if (ended) ASSERT_EQ(WEXITSTATUS(status), 0);
      auto folder = DiskFolder::open(real / "").value();
      auto again = convert(*folder, "disk.raw", "raw", to);
      if (!again) {  // it was complete
        ASSERT_EQ(again.error().code == Code::not_found || again.error().code == Code::conflict,
                  true)
            << again.error().message;
      }
      FolderContent left;
      for (const auto& entry : std::filesystem::directory_iterator(real / "")) {
        auto inode = left.files.size();
        left.names[entry.path().filename().string()] = inode;
        left.files[inode] = read_whole(entry.path());
        EXPECT_NE(entry.path().filename().string().front(), '.') << entry.path();
      }
      ASSERT_EQ(wrong_with(left, to.name, to.format, disk), "") << at << " " << to.name;
    }
  }
}

TEST_F(InPlaceTest, qemu_reads_and_checks_what_was_made) {
  for (const auto& to : kinds()) {
    if (to.format == "raw") continue;
    TestFolder real;
    write_whole(real / "disk.raw", disk);
    auto folder = DiskFolder::open(real / "").value();
    auto done = convert(*folder, "disk.raw", "raw", to);
    ASSERT_TRUE(done) << done.error().message;
    // QEMU looks for a data file in its own working folder.
    auto there = "cd '" + (real / "").string() + "' && qemu-img ";
    write_whole(real / "expected", disk);
    auto compared = run_command(there + "compare -f raw -F " +
                                (to.format == "vhd" ? "vpc" : to.format) + " expected " + to.name);
    EXPECT_EQ(compared.output, "Images are identical.\n") << to.name;
    if (to.format != "qcow2") continue;
    auto checked = run_command(there + "check " + to.name);
    EXPECT_EQ(checked.status, 0) << checked.output;
    EXPECT_TRUE(read_whole(real / "disk.raw") == disk);
    auto told = run_command(there + "info " + to.name);
    EXPECT_NE(told.output.find("data file raw: true"), std::string::npos) << told.output;
  }
}

TEST_F(InPlaceTest, an_image_in_use_or_behind_a_link_is_left_alone) {
  TestFolder real;
  write_whole(real / "disk.raw", disk);
  std::filesystem::create_symlink("disk.raw", real / "link.raw");
  auto folder = DiskFolder::open(real / "").value();
  auto refused = convert(*folder, "link.raw", "raw", kinds()[1]);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("symbolic link"), std::string::npos);
  auto user = DiskFile::open(real / "disk.raw", DiskFile::Access::read_only).value();
  ASSERT_TRUE(lock_image(*user, Use::read));
  refused = convert(*folder, "disk.raw", "raw", kinds()[1]);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_TRUE(read_whole(real / "disk.raw") == disk);
  user.reset();
  EXPECT_TRUE(convert(*folder, "disk.raw", "raw", kinds()[1]));
}

}  // namespace
}  // namespace truce::image
