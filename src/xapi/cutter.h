// Cuts an answer of event.from into its events while it comes. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace truce::xapi {

/// Follows the brackets of a JSON text that comes in pieces. Each object in the array
/// `result.events` goes to the sink, as a text of its own; all else stays for finish(). So memory
/// is that of one event, and what a server may say is bounded: Code::limit beyond. Whether an
/// object is JSON its reader tells; Code::corrupt: what is between them is none.
class Cutter {
 public:
  using Sink = std::function<Result<void>(std::string_view event)>;
  struct Bounds {
    Bytes event = mib(4), rest = mib(1), all = gib(4);
  };

  explicit Cutter(Sink sink);
  Cutter(Sink sink, Bounds bounds);

  Result<void> feed(std::string_view piece);
  /// The text without its events: `{"result":{"events":[],"token":…`
  Result<std::string> finish();

 private:
  Result<void> take(char c);
  Result<void> take_between(char c);
  void take_outside(char c);
  Result<void> keep(char c);

  Sink sink_;
  Bounds bounds_;
  std::string rest_, event_;
  std::string word_, outer_, inner_;  ///< the last text, and the names that were last at depth 1, 2
  std::uint64_t count_ = 0;
  int depth_ = 0;
  bool in_text_ = false, escaped_ = false, among_events_ = false, in_event_ = false;
};

}  // namespace truce::xapi
