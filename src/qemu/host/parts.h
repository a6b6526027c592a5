// Small questions to a host's files, for check_host().
#pragma once

#include <string>

#include "base/bytes.h"
#include "qemu/host_checks.h"

namespace truce::qemu {

struct Parts {
  HostPlaces places;

  [[nodiscard]] bool has(const std::string& path) const;
  /// A small file without its last newline; empty when there is none.
  [[nodiscard]] std::string text(const std::string& path) const;
  /// How many entries a folder has; 0 when there is none.
  [[nodiscard]] std::size_t count(const std::string& folder) const;
  /// The number after `key` in a file of lines; 0 when there is none.
  [[nodiscard]] std::uint64_t number_in(const std::string& path, const std::string& key) const;
  /// Whether the running kernel has a module, loaded, built in or installed.
  [[nodiscard]] bool has_module(const std::string& name) const;
  /// Where a program is; empty when it is not.
  [[nodiscard]] std::string program(const std::string& name) const;
};

/// For people: `3.2GiB`.
std::string rounded(Bytes bytes);

}  // namespace truce::qemu
