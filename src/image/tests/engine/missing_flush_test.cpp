// Whether the replay of crashes would notice a flush that a writer forgot: each one is taken out of
// what was recorded, and what was before and behind it may then reach the disk in any order.
#include <iostream>

#include "crash_replay.h"
#include "image/qcow2.h"
#include "rows.h"
#include "vdi/layout.h"

namespace truce::image {
namespace {

/// What a writer did to its file, and what the disk was meanwhile.
struct Record {
  const Format* format;
  Content start;
  std::vector<FileStep> steps;
  std::vector<Content> states;
  std::vector<std::size_t> reached;        // steps, by state
  std::vector<std::size_t> flushed = {0};  // states
};

Record record(const Format& format, Content start, unsigned seed) {
  Record made{.format = &format, .start = std::move(start)};
  auto file = std::make_shared<RecordingFile>(made.start);
  auto image = open(file, {.read_write = true}, format.name);
  EXPECT_TRUE(image) << image.error().message;
  if (!image) return made;
  Content disk((*image)->size());
  EXPECT_TRUE((*image)->read(0, disk));
  DiskModel model(disk);
  std::mt19937_64 random(seed);
  auto note = [&] {
    made.states.push_back(model.content());
    made.reached.push_back(file->steps.size());
  };
  note();
  for (int round = 0; round < 9; ++round) {
    change(*(*image)->writable(), model, random);
    note();
    if (round % 3 != 2) continue;
    EXPECT_TRUE(round == 8 ? (*image)->writable()->close() : (*image)->writable()->flush());
    note();
    made.flushed.push_back(made.states.size() - 1);
  }
  made.steps = std::move(file->steps);
  return made;
}

/// Whether the disk is one that a crash behind `count` steps may leave.
bool survived(const Record& record, const Content& file, std::size_t count) {
  auto image = open(std::make_shared<MemoryFile>("left", file), {}, record.format->name);
  if (!image || (*image)->size() != record.states.front().size()) return false;
  Content got((*image)->size());
  if (!(*image)->read(0, got)) return false;
  std::size_t first = 0;
  for (auto state : record.flushed) first = record.reached[state] <= count ? state : first;
  auto last = first;
  while (last + 1 < record.states.size() && record.reached[last] < count) ++last;
  while (last + 1 < record.states.size() && record.reached[last + 1] == record.reached[last])
    ++last;
  for (std::size_t at = 0; at < got.size(); at += 512) {
    bool found = false;
    for (auto i = first; i <= last && !found; ++i)
      found = std::memcmp(got.data() + at, record.states[i].data() + at, 512) == 0;
    // Two writes into one sector may arrive in part: byte by byte then.
    for (std::size_t i = at; i < at + 512 && !found; ++i) {
      bool byte = false;
      for (auto state = first; state <= last; ++state) byte |= record.states[state][i] == got[i];
      if (!byte) return false;
      found = i + 1 == at + 512;
    }
  }
  auto report = (*image)->check();
  return report && report->corruptions == 0;
}

/// Whether some subset of what is then between two flushes shows that flush `missing` is not there.
bool noticed(const Record& record, std::size_t missing, const MemoryFile& sure, std::size_t since) {
  std::mt19937_64 random(missing);
  auto end = missing + 1;
  while (end < record.steps.size() && record.steps[end].kind != FileStep::Kind::flush) ++end;
  for (int subset = 0; subset < 24; ++subset) {
    auto count = subset < 12 ? end : missing + 1 + random() % (end - missing);
    auto chance = 20 + random() % 60;
    MemoryFile crashed("crashed", sure.content());
    for (auto i = since; i < count; ++i) {
      // Mostly what came before the missing flush is what does not arrive.
      bool before = i < missing;
      if (random() % 100 < (before ? chance : 100 - chance / 2)) apply(record.steps[i], crashed);
    }
    if (!survived(record, crashed.content(), count)) return true;
  }
  return false;
}

struct Counted {
  std::size_t flushes = 0, noticed = 0;
};

/// Takes out each flush that has changes on both sides.
Counted count_noticed(const Record& record) {
  Counted counted;
  MemoryFile sure("sure", record.start);
  std::size_t since = 0, applied = 0;
  for (std::size_t i = 0; i < record.steps.size(); ++i) {
    if (record.steps[i].kind != FileStep::Kind::flush) continue;
    bool changes_before = i > since;
    bool changes_behind =
        i + 1 < record.steps.size() && record.steps[i + 1].kind != FileStep::Kind::flush;
    if (changes_before && changes_behind) {
      ++counted.flushes;
      bool seen = noticed(record, i, sure, since);
      counted.noticed += seen ? 1 : 0;
      if (std::getenv("TRUCE_FLUSHES") != nullptr) {
        std::cout << record.format->name << ": flush " << i << ", then a write of "
                  << record.steps[i + 1].length << " at " << record.steps[i + 1].offset
                  << (seen ? ": noticed\n" : ": not noticed\n");
      }
    }
    for (; applied < i; ++applied) apply(record.steps[applied], sure);
    since = i + 1;
  }
  return counted;
}

void expect_noticed(const Format& format, const Content& start, std::size_t at_least) {
  Counted all;
  for (unsigned seed = 1; seed <= (at_length() ? 4U : 2U); ++seed) {
    auto counted = count_noticed(record(format, start, seed));
    all.flushes += counted.flushes;
    all.noticed += counted.noticed;
  }
  std::cout << format.name << ": " << all.noticed << " of " << all.flushes
            << " flushes that are taken out are noticed\n";
  if (!at_length()) at_least = std::max<std::size_t>(at_least / 2, 1);
  EXPECT_GE(all.noticed, at_least) << format.name << ", of " << all.flushes;
}

TEST(MissingFlush, of_a_qcow2_over_a_snapshot_is_noticed) {
  auto file = std::make_shared<MemoryFile>(
      "disk", built(qcow2_format, sparse_content(256 << 10, 3), {{"cluster_size", "4096"}}));
  ASSERT_TRUE(qcow2::create_snapshot(*file, "before", 0));
  expect_noticed(qcow2_format, file->content(), 4);
}

// What a crash has left behind the last block is not zero.
TEST(MissingFlush, of_a_vdi_with_leftovers_is_noticed) {
  vdi::Header header{.map_offset = vdi::header_bytes,
                     .data_offset = 4096,
                     .disk_size = 512 << 10,
                     .block_bytes = vdi::smallest_block,
                     .blocks = 8};
  auto head = vdi::make_header(header);
  Content file(head.begin(), head.end());
  file.resize(vdi::header_bytes + 8 * 4, std::byte{0xFF});
  file.resize(header.data_offset);
  file.resize(header.data_offset + (512 << 10), std::byte{0xEE});
  expect_noticed(vdi_format, file, 4);
}

TEST(MissingFlush, of_a_sparse_vmdk_is_noticed) {
  expect_noticed(vmdk_format, built(vmdk_format, Content(512 << 10)), 1);
}

TEST(MissingFlush, of_a_vhd_is_noticed) {
  expect_noticed(vhd_format, built(vhd_format, Content(2 << 20), {{"block_size", "512K"}}), 1);
}

TEST(MissingFlush, of_a_vhdx_is_noticed) {
  expect_noticed(vhdx_format, built(vhdx_format, Content(2 << 20), {{"block_size", "1MiB"}}), 1);
}

}  // namespace
}  // namespace truce::image
