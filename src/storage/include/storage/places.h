// Where the disks of a machine lie. Its home, the folder in the first pool, notes which of them are
// in other pools, and which are encrypted: a disk is where and what this says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace truce::storage {

/// The pool that templates and the homes of all machines are in.
inline constexpr std::string_view first_pool = "default";

/// By disk: the pool that is noted in a machine's home. Those of the first pool are not in it, and
/// a home that is not there has none.
Result<std::map<std::string, std::string>> noted_pools(const std::filesystem::path& home);

/// The pool that a disk lies in.
Result<std::string> pool_of_disk(const std::filesystem::path& home, const std::string& disk);

/// Notes it, durably: from then on the disk is there.
Result<void> note_pool(const std::filesystem::path& home, const std::string& disk,
                       const std::string& pool);

/// By disk: the pool that it is on its way to, while its machine runs. Where it lies is as noted
/// all the same, until the move has got so far; the file in the other pool is no disk.
Result<std::map<std::string, std::string>> moves_under_way(const std::filesystem::path& home);

/// Notes, durably, that a move begins.
Result<void> note_move(const std::filesystem::path& home, const std::string& disk,
                       const std::string& pool);

/// Notes that a move has ended, however it did.
Result<void> forget_move(const std::filesystem::path& home, const std::string& disk);
/// The key that a disk is encrypted with, by its name; empty: it is not encrypted. Noted beside the
/// pool, and as true.
Result<std::string> key_of_disk(const std::filesystem::path& home, const std::string& disk);

/// By disk: the names of keys that are noted in a machine's home.
Result<std::map<std::string, std::string>> noted_keys(const std::filesystem::path& home);

/// Opens a machine's disks for an epoch (Vm.epoch) and a host, durably, and closes them for all
/// lower ones: Code::conflict when a higher epoch was presented, or the same one by another host.
/// Code::unavailable while another host presents one. Blocks shortly.
Result<void> present_epoch(const std::filesystem::path& home, std::int64_t epoch,
                           const std::string& host);

/// Notes it, durably, before anything is made of the disk.
Result<void> note_key(const std::filesystem::path& home, const std::string& disk,
                      const std::string& key);

}  // namespace truce::storage
