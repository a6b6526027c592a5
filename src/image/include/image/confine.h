// What a program that parses foreign images gives up before it begins.
#pragma once

#include <cstdint>
#include <optional>
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

/// What a confined process may use up.
struct Bounds {
  std::uint64_t memory = std::uint64_t{4} << 30;   ///< address space, bytes
  std::optional<std::uint64_t> processor_seconds;  ///< of all threads; then SIGXCPU ends it
  std::optional<std::uint64_t> file_size;          ///< as limit_file_size()
};

/// Takes from this process, for good, all that a conversion has no use for: files other than the
/// named ones (Landlock), programs, sockets, other processes, user namespaces and whatever else the
/// kernel offers (a list of allowed system calls; others fail with EPERM), core dumps, and what is
/// beyond the bounds. When no file is named there are no calls that take a file's name either: only
/// what is open stays. Before the first thread. Where the kernel lacks one of these the others
/// still hold.
Result<void> confine(const FileRules& files, const NetworkRules& network = {},
                     const Bounds& bounds = {});

/// Bytes that a file may have from now on when this process writes it; beyond, a write fails
/// (EFBIG). A later call can only take more away.
Result<void> limit_file_size(std::uint64_t bytes);

}  // namespace truce::image
