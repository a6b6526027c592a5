// What a program that parses foreign images gives up before it begins.
#pragma once

#include <cstdint>
#include <vector>

#include "base/process.h"
#include "base/result.h"

namespace truce::image {

/// What of the network a confined program may use.
struct NetworkRules {
  enum class Sockets {
    none,
    open,  ///< those that are open already
    more,  ///< new ones, too: TCP to `ports` (where the kernel has Landlock's rules for it)
  };
  Sockets sockets = Sockets::none;
  std::vector<std::uint16_t> ports;
};

/// Takes from this process, for good, all that a conversion has no use for: files other than the
/// named ones (Landlock), programs, sockets, other processes, user namespaces and whatever else the
/// kernel offers (a list of allowed system calls; others fail with EPERM), core dumps, and more
/// than 4 GiB of address space. Before the first thread. Where the kernel lacks one of these the
/// others still hold.
Result<void> confine(const FileRules& files, const NetworkRules& network = {});

}  // namespace truce::image
