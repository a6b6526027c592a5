// The one place where state lives: a flat map of keys to values with revisions, etcd's semantics.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"

namespace truce::store {

/// Counts commits; every commit that changes something gets a higher one than all before it. In a
/// store that has its file to itself it is the next one, and the first is 1.
using Revision = std::int64_t;

struct Entry {
  std::string key;
  std::string value;
  Revision created = 0;   ///< the commit that made the key (newly, after a delete)
  Revision modified = 0;  ///< the commit that wrote it last
};

/// Holds when the key's last change is `modified`; 0 means that the key is absent.
struct Condition {
  std::string key;
  Revision modified = 0;
};

/// One change of a commit; without a value the key is deleted (absent already: no change).
struct Write {
  std::string key;
  std::optional<std::string> value;
};

/// What became of one key. `entry` is empty when it was deleted.
struct Change {
  std::string key;
  std::optional<Entry> entry;
};

/// All changes of one commit under the watched prefix, in the order of the commit's writes.
struct Batch {
  Revision revision = 0;
  std::vector<Change> changes;
};

struct Listing {
  Revision revision = 0;       ///< the store's newest revision when it was read
  std::vector<Entry> entries;  ///< ordered by key
};

/// Delivers every commit under a prefix once and in order. Used from one loop only.
class Watch {
 public:
  virtual ~Watch() = default;
  /// The next batch; waits for it. Code::limit: the reader fell too far behind, or `from` is older
  /// than the store remembers: list again. Code::cancelled: the store is closing.
  virtual Async<Result<Batch>> next() = 0;
};

/// Names of limits that hold for every implementation.
inline constexpr std::size_t max_key_size = 512;
inline constexpr std::size_t max_value_size = 1U << 20;
/// Of conditions too. One less than etcd takes in a transaction, where a commit leaves its mark.
inline constexpr std::size_t max_writes_in_commit = 127;

/// Contract, checked for every implementation by `conformance.h`:
/// a commit is atomic and durable before it is answered; reads see every answered commit; a commit
/// whose conditions do not all hold changes nothing and is Code::conflict (the message names the
/// key); a commit that breaks a limit, has an empty key or writes a key twice is Code::invalid.
/// Code::unavailable: nothing of the commit happened (too many wait already, or the servers do not
/// answer): try again. Code::timeout: it is not known whether the commit happened; it may still,
/// and a caller reads before it tries again. Code::io (disk full among it): nothing of the commit
/// remains, and later commits are tried anew. Not thread-safe: used from one loop.
class Store {
 public:
  virtual ~Store() = default;
  virtual Async<Result<std::optional<Entry>>> get(std::string key) = 0;
  virtual Async<Result<Listing>> list(std::string prefix) = 0;
  /// Answers the commit's revision (the newest one when it changed nothing).
  virtual Async<Result<Revision>> commit(std::vector<Condition> conditions,
                                         std::vector<Write> writes) = 0;
  /// Commits with a revision of `from` or later. A remembered past of at least 1,000 commits since
  /// the store was opened is promised; an older `from` makes next() answer Code::limit.
  virtual std::unique_ptr<Watch> watch(std::string prefix, Revision from) = 0;
};

}  // namespace truce::store
