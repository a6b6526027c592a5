// Pools beside the first one: made, opened and taken away again as they are asked for.
#pragma once

#include <memory>

#include "base/async.h"
#include "base/result.h"
#include "model/model.h"
#include "storage/pool.h"

namespace truce::storage {

/// Checked by `conformance.h`. What a pool is comes from its name and source; one that hosts share
/// (`shared`) is known by its id, and `host` is then the one that all of this is done on. Verbs are
/// idempotent.
class PoolOpener {
 public:
  virtual ~PoolOpener() = default;
  /// Makes a place ready to be a pool: absent, it is made; one that is a pool already stays what it
  /// is. Code::unsupported, invalid and conflict say why it cannot be one, and leave it as it was.
  virtual Async<Result<void>> make(model::Pool pool) = 0;
  /// Opens a pool that was made. Code::unavailable when it is not there, and then nothing is made
  /// in its stead.
  virtual Async<Result<std::shared_ptr<Pool>>> open(model::Pool pool) = 0;
  /// Makes a pool an ordinary place again. Code::precondition names what lies in it still; a pool
  /// that is not there is only forgotten. It must not be open.
  virtual Async<Result<void>> remove(model::Pool pool) = 0;
};

}  // namespace truce::storage
