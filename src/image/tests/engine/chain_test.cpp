#include "image/chain.h"

#include "chain_support.h"
#include "crash_replay.h"

namespace truce::image {
namespace {

constexpr std::size_t disk_bytes = (3 << 20) + 1536;

class Chain : public testing::TestWithParam<const char*> {
 protected:
  const Format& format() const { return *find_format(GetParam()); }

  /// Random changes of the image of that name and of its model.
  void scribble(const std::string& name, Content& content, unsigned seed, int changes = 12) {
    auto image = open_named(files_, name, format(), true);
    ASSERT_NE(image, nullptr);
    std::mt19937_64 random(seed);
    DiskModel model(content);
    for (int i = 0; i < changes; ++i) {
      change(*image->writable(), model, random);
      if (i % 5 == 4) ASSERT_TRUE(image->writable()->flush());
    }
    content = model.content();
    expect_content(*image, content);
    auto closed = image->writable()->close();
    ASSERT_TRUE(closed) << closed.error().message;
  }
  void expect_disk(const std::string& name, View content) {
    SCOPED_TRACE(name);
    auto image = open_named(files_, name, format());
    ASSERT_NE(image, nullptr);
    expect_content(*image, content);
    auto report = image->check();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->corruptions, 0U) << report->problems.front();
    // Others keep the room of blocks that were zeroed: a hole in the file.
    if (format().name == "qcow2") EXPECT_EQ(report->leaks, 0U) << report->problems.front();
  }
  /// Bytes that the image of that name holds itself.
  std::uint64_t held(const std::string& name) {
    auto image = open_named(files_, name, format());
    std::uint64_t sum = 0;
    for (std::uint64_t at = 0; at < image->size();) {
      auto part = image->layer()->held(at, image->size() - at).value();
      if (part.here) sum += part.length;
      at += part.length;
    }
    return sum;
  }
  /// `top` on `middle` on `base`, each changed at random over the one below.
  void make_chain(unsigned seed) {
    base_ = sparse_content(disk_bytes, seed);
    make_base(files_, "base", format(), base_);
    make_child(files_, "middle", "base", format());
    middle_ = base_;
    scribble("middle", middle_, seed + 1);
    make_child(files_, "top", "middle", format());
    top_ = middle_;
    scribble("top", top_, seed + 2);
  }
  void expect_chain() {
    expect_disk("base", base_);
    expect_disk("middle", middle_);
    expect_disk("top", top_);
  }

  NamedMemory files_;
  Content base_, middle_, top_;
};

TEST_P(Chain, three_images_hold_each_what_was_written_to_it) {
  for (unsigned seed = 1; seed <= some_of(3); ++seed) {
    SCOPED_TRACE(seed);
    files_.files.clear();
    make_chain(seed * 10);
    expect_chain();
    scribble("top", top_, seed);
    expect_chain();
  }
}

TEST_P(Chain, a_new_child_holds_nothing_and_shows_its_parent) {
  base_ = sparse_content(disk_bytes, 4);
  make_base(files_, "base", format(), base_);
  make_child(files_, "top", "base", format());
  expect_disk("top", base_);
  EXPECT_EQ(held("top"), 0U);
}

TEST_P(Chain, commit_moves_a_layer_down_and_empties_it) {
  for (unsigned seed = 1; seed <= some_of(3); ++seed) {
    SCOPED_TRACE(seed);
    files_.files.clear();
    make_chain(seed * 7);
    auto image = open_named(files_, "top", format(), true);
    auto options = following(files_, true);
    options.identity = Identity::kept;
    auto parent = open(files_.files.at("middle"), options, format().name);
    ASSERT_TRUE(parent) << parent.error().message;
    auto written = commit_into(*image, **parent, {});
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(*written, held("top"));
    middle_ = top_;
    expect_disk("top", top_);
    auto forgotten = image->layer()->forget();
    ASSERT_TRUE(forgotten) << forgotten.error().message;
    ASSERT_TRUE(image->writable()->close());
    EXPECT_EQ(held("top"), 0U);
    expect_chain();
    scribble("top", top_, seed);
    expect_chain();
  }
}

TEST_P(Chain, rebase_keeps_the_disk_on_another_parent) {
  for (unsigned seed = 1; seed <= some_of(2); ++seed) {
    SCOPED_TRACE(seed);
    files_.files.clear();
    make_chain(seed * 9);
    auto other = sparse_content(disk_bytes, seed + 50);
    make_base(files_, "other", format(), other);
    for (std::string name : {"base", "other"}) {
      SCOPED_TRACE(name);
      auto image = open_named(files_, "top", format(), true);
      auto under = open_named(files_, name, format());
      auto parent = parent_named(files_, name, format());
      auto moved = rebase(*image, under.get(), &parent, {});
      ASSERT_TRUE(moved) << moved.error().message;
      image.reset();
      auto told = open_named(files_, "top", format())->description().references.front().name;
      EXPECT_TRUE(told.ends_with(name)) << told;
      expect_chain();
    }
    files_.files.erase("middle");
    expect_disk("top", top_);
    scribble("top", top_, seed);
    expect_disk("top", top_);
  }
}

TEST_P(Chain, an_image_that_was_rebased_to_none_stands_alone) {
  make_chain(3);
  auto image = open_named(files_, "top", format(), true);
  auto moved = rebase(*image, nullptr, nullptr, {});
  ASSERT_TRUE(moved) << moved.error().message;
  image.reset();
  auto alone = open(files_.files.at("top"), {}, format().name);
  ASSERT_TRUE(alone) << alone.error().message;
  EXPECT_TRUE((*alone)->description().references.empty());
  expect_content(**alone, top_);
  files_.files.erase("middle");
  scribble("top", top_, 8);
  expect_disk("top", top_);
}

TEST_P(Chain, a_name_is_changed_without_the_old_parent) {
  make_chain(5);
  files_.files["moved"] = files_.files.at("middle");
  files_.files.erase("middle");
  auto image = open(files_.files.at("top"), {.external = External::ignore, .read_write = true},
                    format().name);
  ASSERT_TRUE(image) << image.error().message;
  auto parent = parent_named(files_, "moved", format());
  auto named = (*image)->layer()->stand_on(&parent);
  ASSERT_TRUE(named) << named.error().message;
  expect_disk("top", top_);
}

TEST_P(Chain, only_what_differs_from_the_parent_is_written) {
  base_ = sparse_content(disk_bytes, 6);
  make_base(files_, "base", format(), base_);
  make_child(files_, "top", "base", format());
  auto changed = base_;
  std::fill_n(changed.begin() + 70000, 5000, std::byte{7});
  std::fill_n(changed.begin() + (1 << 20), 1 << 19, std::byte{});
  auto source_file = std::make_shared<MemoryFile>("source", changed);
  auto source = open(source_file, {}, "raw").value();
  auto image = open_named(files_, "top", format(), true);
  auto under = open_named(files_, "base", format());
  auto written = write_differences(*source, under.get(), *image, {});
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_LE(*written, (1U << 19) + 3 * 65536);
  ASSERT_TRUE(image->writable()->close());
  image.reset();
  expect_disk("top", changed);
  EXPECT_LE(held("top"), (1U << 19) + 3 * 65536);
}

TEST_P(Chain, a_circle_and_a_long_chain_are_errors) {
  make_chain(2);
  auto image = open(files_.files.at("base"), {.external = External::ignore, .read_write = true},
                    format().name);
  ASSERT_TRUE(image);
  make_child(files_, "lower", "base", format());
  auto lower = open(files_.files.at("lower"), {.external = External::ignore, .read_write = true},
                    format().name)
                   .value();
  auto parent = parent_named(files_, "top", format());
  ASSERT_TRUE(lower->layer()->stand_on(&parent));
  // base <- middle <- top <- lower, and now middle on lower.
  auto middle = open(files_.files.at("middle"), {.external = External::ignore, .read_write = true},
                     format().name)
                    .value();
  auto circle = parent_named(files_, "lower", format());
  ASSERT_TRUE(middle->layer()->stand_on(&circle));
  auto opened = open(files_.files.at("top"), following(files_), format().name);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::corrupt);
  EXPECT_TRUE(opened.error().message.contains("circle")) << opened.error().message;
  std::string below = "base";
  for (int i = 0; i < 70; ++i) {
    auto name = "link" + std::to_string(i);
    make_child(files_, name, below, format());
    below = name;
  }
  opened = open(files_.files.at(below), following(files_), format().name);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::limit) << opened.error().message;
}

TEST_P(Chain, what_is_written_over_a_parent_survives_a_loss_of_power) {
  auto content = sparse_content(300 << 10, 12);
  make_base(files_, "base", format(), content);
  make_child(files_, "top", "base", format());
  auto& top = dynamic_cast<MemoryFile&>(*files_.files.at("top"));
  for (unsigned seed = 1; seed <= some_of(2) && !HasFatalFailure(); ++seed)
    expect_crash_safe(format(), top.content(), content, seed, following(files_));
}

TEST_P(Chain, children_that_cannot_be_are_refused) {
  make_base(files_, "base", format(), sparse_content(disk_bytes, 1));
  auto parent = parent_named(files_, "base", format());
  auto file = std::make_shared<MemoryFile>("child");
  auto larger = build(format(), file, {.size = disk_bytes + 1024, .parent = parent});
  EXPECT_EQ(larger.has_value(), format().name == "qcow2");
  for (auto other : {"raw", "vdi"})
    EXPECT_EQ(build(*find_format(other), file, {.size = disk_bytes, .parent = parent}).error().code,
              Code::invalid);
  auto foreign = parent;
  foreign.description.format = "vdi";
  EXPECT_EQ(build(format(), file, {.size = disk_bytes, .parent = foreign}).has_value(),
            format().name == "qcow2");
}

INSTANTIATE_TEST_SUITE_P(Formats, Chain, testing::Values("qcow2", "vhd", "vhdx", "vmdk"),
                         [](const auto& format) { return format.param; });

}  // namespace
}  // namespace truce::image
