// What must hold of a repair, whenever it is cut short.
#pragma once

#include "crash_replay.h"

namespace truce::image {

/// Repairs the image in `damaged`; it is clean then and holds `disk`. So it does when the repair is
/// cut short at any write and done again.
inline void expect_repaired(const Format& format, const Content& damaged, const Content& disk,
                            Giving giving = Giving::nothing) {
  auto expect_clean_with = [&](const std::shared_ptr<File>& file) {
    auto image = open(file, {}, format.name);
    ASSERT_TRUE(image) << image.error().message;
    Content got((*image)->size());
    auto read = (*image)->read(0, got);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_TRUE(got == disk);
    auto report = (*image)->check();
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_EQ(report->corruptions + report->leaks, 0U) << report->problems.front();
  };
  auto file = std::make_shared<RecordingFile>(damaged);
  auto repaired = repair(file, {.giving = giving}, format.name);
  ASSERT_TRUE(repaired) << repaired.error().message;
  EXPECT_EQ(repaired->left, std::vector<std::string>{});
  EXPECT_FALSE(repaired->done.empty());
  ASSERT_NO_FATAL_FAILURE(expect_clean_with(file));
  at_each_crash(damaged, file->steps, 7, [&](const Content& crashed) {
    auto again = std::make_shared<MemoryFile>("again", crashed);
    if (giving == Giving::nothing) {
      auto image = open(again, {}, format.name);
      ASSERT_TRUE(image) << image.error().message;
      Content got(disk.size());
      auto read = (*image)->read(0, got);
      ASSERT_TRUE(read) << read.error().message;
      ASSERT_TRUE(got == disk) << "before it was repaired again";
    }
    auto mended = repair(again, {.giving = giving}, format.name);
    ASSERT_TRUE(mended) << mended.error().message;
    ASSERT_EQ(mended->left, std::vector<std::string>{});
    ASSERT_NO_FATAL_FAILURE(expect_clean_with(again));
  });
}

/// Nothing is written where nothing is wrong.
inline void expect_untouched(const Format& format, const Content& whole) {
  auto file = std::make_shared<RecordingFile>(whole);
  auto repaired = repair(file, {}, format.name);
  ASSERT_TRUE(repaired) << repaired.error().message;
  EXPECT_EQ(repaired->done, std::vector<std::string>{});
  for (const auto& step : file->steps)
    EXPECT_EQ(step.kind, FileStep::Kind::flush) << format.name << " at " << step.offset;
}

}  // namespace truce::image
