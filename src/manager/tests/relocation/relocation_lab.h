// What tests of moves to, from and between platforms share.
#pragma once

#include "../platforms/platform_lab.h"
#include "image/file.h"

namespace truce::manager {

inline constexpr std::uint64_t disk_size = 3 << 20;

inline void paint(image::MemoryFile& file, int seed) {
  for (std::uint64_t at = 0; at < disk_size; at += 1 << 18) {
    std::vector<std::byte> part(1 << 17, static_cast<std::byte>(seed + static_cast<int>(at >> 18)));
    EXPECT_TRUE(file.write(at, part));
  }
}

inline Async<std::string> begin(Estate& estate, std::string path, std::string body) {
  while (true) {  // until its disk's size has been told
    auto begun = co_await estate.call("POST", path, body);
    if (begun.status == 202) co_return begun.text("/name");
    EXPECT_TRUE(begun.raw.contains("told") || begun.status == 503) << begun.raw;
    if (begun.status != 503) co_return std::string();
    co_await sleep_for(2ms);
  }
}

inline Async<void> until_step(Estate& estate, std::string task, std::string part) {
  while (true) {
    auto shown = co_await estate.call("GET", "/v1/tasks/" + task);
    if (shown.text("/step").contains(part)) co_return;
    if (shown.text("/state") != "running") {
      ADD_FAILURE() << shown.raw;
      co_return;
    }
    co_await sleep_for(2ms);
  }
}

/// How many machines of that name there are.
inline std::size_t named(const platform::FakeEstate& theirs, const std::string& name) {
  std::size_t count = 0;
  for (const auto& [id, machine] : theirs.inventory().machines()) count += machine.name == name;
  return count;
}

/// Until the size of the disk of its `web01` has been told.
inline Async<void> until_sized(Estate& estate) {
  while (true) {
    auto shown = co_await estate.call("GET", "/v1/platforms/prod/vms/web01");
    if (shown.number("/disks/0/size") == disk_size) co_return;
    co_await sleep_for(2ms);
  }
}

/// Gives that machine, which is answered, a disk with content.
inline std::string prepare(platform::FakeEstate& theirs) {
  auto machine = theirs.inventory().machines().begin()->second;
  machine.disks[0].size = {disk_size};
  platform::Update update;
  update.machines.seen = {machine};
  theirs.change(update);
  paint(*theirs.content(machine.id, machine.disks[0].id), 1);
  return machine.id;
}

/// So that a test that waits for minutes in earnest does not.
inline void hurry(Settings& settings) {
  settings.platform_pace = {.look = 2ms, .save = 2ms, .feed = {10s, 1ms, 5ms}};
  settings.relocation_pace = {
      .look = 2ms, .first_pause = 1ms, .longest_pause = 5ms, .give_up = 400ms};
}

}  // namespace truce::manager
