// For implementations of Store: what each checks, in the same words.
#pragma once

#include "store/store.h"

namespace truce::store {

/// Code::invalid when a commit breaks one of the limits of store.h.
Result<void> check_limits(const std::vector<Condition>& conditions,
                          const std::vector<Write>& writes);

/// Code::conflict, naming the key, unless the condition holds for a key that was last changed by
/// `modified` (0: it is absent).
Result<void> check_condition(const Condition& condition, Revision modified);

/// Keys and values of a commit, in bytes.
std::size_t size_of(const std::vector<Write>& writes);

/// What may wait for a disk or a server; a commit beyond it is Code::unavailable.
inline constexpr std::size_t max_waiting_commits = 4'096;
inline constexpr std::size_t max_waiting_bytes = 256U << 20;

}  // namespace truce::store
