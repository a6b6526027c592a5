#pragma once

#include <mutex>

#include "link/identity.h"
#include "openssl.h"

namespace truce::link {

/// What was read last, for a handshake; the parts belong together.
struct Identity::Inner {
  struct Read {
    ContextPtr context;  ///< for both sides of a handshake
    Certificate certificate;
    std::vector<Certificate> authorities;
  };
  Files files;
  std::string pinned;        ///< SHA-256 of the only authority, without files
  mutable std::mutex mutex;  ///< of `read`: handshakes begin on the relays' threads
  Read read;

  [[nodiscard]] ContextPtr context() const {
    std::lock_guard lock(mutex);
    return read.context;
  }
};

}  // namespace truce::link
