// What two nodes say to each other about a machine that goes from one to the other: one JSON object
// a frame, after a `piece` or a `probe` one frame of plain bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "hypervisor/migration.h"

namespace truce::node {

/// What the sender tells first: all that the receiver cannot know from its manager.
struct TravelPlan {
  bool live = false;
  std::string outline;                         ///< in words of the hypervisor
  std::vector<hypervisor::CopiedDisk> copied;  ///< disks that are not where both hosts reach them
  int channels = 1;
  bool compress = false, post_copy = false;
  struct Address {
    std::string mac, address;
    bool operator==(const Address&) const = default;
  };
  std::vector<Address> addresses;  ///< that its network cards have
};

/// The most bytes in one frame of a file.
inline constexpr Bytes stream_piece = mib(1);
/// The most bytes in one word.
inline constexpr Bytes word_limit = mib(1);

struct Word {
  enum class Kind {
    plan,      ///< sender: what comes
    probe,     ///< sender: bytes of no meaning follow, which are only counted
    count,     ///< sender: answer now
    counted,   ///< receiver: all of these have come
    file,      ///< sender: a file of the machine's home, or a disk
    piece,     ///< sender: bytes of it follow, which belong at `at`
    file_end,  ///< sender: `sha256` of its pieces, each after its place
    packed,    ///< sender: that was all
    landing,   ///< receiver: everything is ready for the machine
    sent,      ///< sender: the machine stands still, all of it has been sent
    landed,    ///< receiver: all of it has come, and is there to stay
    refused,   ///< receiver: why not
  };
  Kind kind = Kind::plan;
  TravelPlan plan = {};
  std::string name = {};  ///< of a file: one for which is_home_file() holds, or the id of a disk
  bool disk = false;
  std::uint64_t size = 0, at = 0;
  std::string sha256 = {};
  std::string code = {}, error = {};
};

std::string to_text(const Word& word);
/// Code::invalid, with the reason, for what no node says: names of files lead nowhere else.
Result<Word> parse_word(std::string_view text);

/// Whether this is the name of a file in a machine's home that goes with it: what its firmware, its
/// TPM and its guest's installer are told or remember, its saved memory, its serial log.
bool is_home_file(std::string_view name);

}  // namespace truce::node
