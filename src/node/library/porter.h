// Carries uploads from the manager into the pool, and files of templates out of it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/frames.h"
#include "model/model.h"
#include "node/node.h"
#include "storage/library.h"

namespace truce::node {

/// A connection to the manager, wherever that is.
Async<Result<UnixSocket>> connect_manager(const Settings& settings);

/// A second connection to the manager, which carries bytes and no messages from now on.
Async<Result<UnixSocket>> connect_stream(const Settings& settings, std::string key);

class Porter {
 public:
  /// `pool` is the one that has the templates.
  Porter(storage::Pool& pool, const Settings& settings, Scope& scope)
      : pool_(pool), settings_(settings), scope_(scope) {}

  /// All uploads whose files shall stay.
  void assign(const std::vector<std::string>& uploads);
  /// Answers a call that is about an upload or a template's file. None: it is about something else.
  Async<std::optional<Result<model::CallReply>>> answer(model::Call call);

 private:
  Async<Result<model::CallReply>> carry(storage::Library& library, model::Call call);
  Async<void> take_piece(storage::Library& library, UnixSocket socket, model::Call call,
                         std::uint64_t assigned);
  Async<Result<void>> store_piece(storage::Library& library, UnixSocket& socket, model::Call call,
                                  std::uint64_t assigned);
  Async<void> keep(storage::Library& library);

  storage::Pool& pool_;
  const Settings& settings_;
  Scope& scope_;
  std::set<std::string> uploads_;
  std::uint64_t assigned_ = 0;  ///< how often
};

}  // namespace truce::node
