// How full a pool is, and what that means. All of it is computed from what is known of it.
#pragma once

#include "ledger.h"

namespace truce::manager {

/// What may be stored in a pool: its quota, or what it lies on.
Bytes size_of(const model::Pool& pool);

/// A pool as each host has it that has one of its own; as it is where hosts share it, or one has
/// it.
std::vector<model::Pool> parts_of(const model::Pool& pool);

/// How much of it is not free, in percent; where hosts have their own, of the fullest.
int used_percent(const model::Pool& pool);

/// The sum of all disks that machines have in a pool, as their guests see them: of the machines of
/// one host, or, where that is empty, of all.
Bytes promised(const Inventory& inventory, const std::string& pool, const std::string& host);

/// Why nothing more of this size can be stored; empty when it can.
std::string too_full(const model::Pool& pool, Bytes more);

/// Why no more can be promised; empty when it can.
std::string too_much(const model::Pool& pool, Bytes promised, Bytes more);

/// Whether one and the same part of a pool has become known, nearly full or full, or is so no more.
bool says_otherwise(const model::Pool& before, const model::Pool& now);

/// Events of a pool that has become nearly full, or full; once, until it is not any more.
void note_fill(Change& change, const model::Pool& before, const model::Pool& now);

}  // namespace truce::manager
