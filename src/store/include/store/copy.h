// Moving to another store, such as from one host's to that of a cluster.
#pragma once

#include "store/store.h"

namespace truce::store {

/// A digest of keys and values, whatever their revisions.
struct Content {
  std::size_t entries = 0;
  std::string digest;  ///< SHA-256, lower-case hexadecimal
  bool operator==(const Content&) const = default;
};
Content content_of(const std::vector<Entry>& entries);

/// Copies all that `from` holds at one revision into `to`, reads it back and compares. Nobody else
/// writes to either meanwhile: what changes in `from` is Code::conflict. Revisions are the new
/// store's. `to` is empty, has the same content already, or is what an earlier copy left, which
/// this one completes, whatever `from` was then; else Code::conflict, and nothing is changed.
/// However it ends before its time, copy() can be called again. Until it has succeeded
/// `copy_underway` tells that `to` is not to be used.
Async<Result<Content>> copy(Store& from, Store& to);

/// Whether a copy into the store has begun and not ended.
Async<Result<bool>> copy_underway(Store& store);

}  // namespace truce::store
