#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "model/model.h"

namespace truce::manager {

/// One-use keys to consoles, good for 30 seconds. In memory only: a restart forgets them.
class Consoles {
 public:
  struct Ticket {
    std::string uuid;
    model::ConsoleKind kind = model::ConsoleKind::serial;
    std::string session;  ///< of whom it was issued to; empty: not somebody who has signed in
    Time expires;
  };

  /// Code::limit when 1,000 are waiting to be used.
  Result<std::string> issue(std::string uuid, model::ConsoleKind kind, std::string session);
  /// Takes the ticket: the second time it is not_found.
  Result<Ticket> redeem(const std::string& key);

 private:
  std::map<std::string, Ticket> tickets_;
};

}  // namespace truce::manager
