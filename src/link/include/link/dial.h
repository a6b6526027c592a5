// Opening a connection to another host of the cluster.
#pragma once

#include "link/identity.h"
#include "link/relays.h"

namespace truce::link {

/// Whom to reach, and for what.
struct Target {
  std::string address;   ///< ADDRESS:PORT or NAME:PORT, IPv6 in brackets
  std::string host;      ///< who has to answer there: its certificate is looked at
  std::string service;   ///< see listener.h
  Admit admit = {};      ///< further questions to its certificate
  Duration limit = 10s;  ///< for all of it
};

/// A connection to `target`, once the other side has agreed. Code::unavailable: nobody answers
/// there; Code::timeout; Code::forbidden: someone else answers, or it does not believe us or want
/// us; Code::not_found: it has no such service; Code::limit: too many connections, here or there;
/// Code::cancelled: the relays have stopped. A caller that is cancelled goes on at once with
/// Code::cancelled.
Async<Result<UnixSocket>> dial(Relays& relays, std::shared_ptr<const Identity> identity,
                               Target target);

}  // namespace truce::link
