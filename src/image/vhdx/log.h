// The log: changes of metadata that were promised and may not have been made. [MS-VHDX] 2.3
#pragma once

#include "vhdx/headers.h"
#include "vhdx/overlay.h"

namespace truce::image::vhdx {

/// What a log held.
struct Replayed {
  std::uint64_t entries = 0, sequence = 0;  ///< sequence number of the last entry
};

/// Finds the active sequence of the log that `header` names and makes its changes in `overlay`,
/// which lies over `file`. Code::corrupt when there is none, or it says what cannot be.
Result<Replayed> replay_log(const File& file, const Header& header, Overlay& overlay);

/// One entry that holds all sectors of `changes`, to be replayed from itself on, as it lies in the
/// log at `tail`. The file has `file_size` bytes on stable storage.
std::vector<std::byte> make_log_entry(const Overlay& changes, const Guid& log_id,
                                      std::uint64_t sequence, std::uint32_t tail,
                                      std::uint64_t file_size);

}  // namespace truce::image::vhdx
