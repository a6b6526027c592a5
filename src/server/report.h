// What a server tells of itself: a line for each thing, which no I/O reads.
#pragma once

#include <string_view>

#include "platform/nouns.h"

namespace truce::server {

/// Prints a report, for any POSIX shell on Linux (proc(5), sysfs): the first line is `truce 1`, the
/// last one `end`.
extern const std::string_view look_script;

/// A disk as the kernel there has it.
struct Block {
  std::string name;           ///< `sda`; letters and digits
  std::string path;           ///< `/dev/sda`
  std::uint64_t sectors = 0;  ///< of 512 bytes
  std::uint64_t written = 0;  ///< sectors, since the server has started
  std::string place;          ///< its folder in sysfs
  bool operator==(const Block&) const = default;
};

/// Time of all its processors, in ticks.
struct Ticks {
  std::uint64_t busy = 0, all = 0;
  bool operator==(const Ticks&) const = default;
};

struct Report {
  platform::Machine machine;  ///< without what is measured between two reports
  platform::Host host;
  std::string boot;  ///< another text after each start
  std::vector<Block> blocks;
  Ticks ticks;
  bool stopped = false;  ///< by request_stop()
  bool operator==(const Report&) const = default;
};

/// Code::corrupt for what is no whole report; lines that are not known are skipped. At most 64
/// disks and 64 cards.
Result<Report> read_report(std::string_view text);

/// Ids of the only ones that there are.
inline constexpr std::string_view host_id = "server", pool_id = "disks", network_id = "lan";

/// The whole inventory, and the use since an earlier report.
platform::Update update_of(const Report& now, const Ticks& before);

}  // namespace truce::server
