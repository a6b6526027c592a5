// Users that programs run as.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <optional>
#include <utility>

namespace truce {

/// The user with that id, and the group of the same number: of /dev/kvm instead, for what uses that
/// where it is only open to its group. None when we are not root: then it is us.
inline std::optional<std::pair<uid_t, gid_t>> user_apart(uid_t id, bool uses_kvm) {
  if (::geteuid() != 0) return std::nullopt;
  gid_t group = id;
  struct stat status{};
  if (uses_kvm && ::stat("/dev/kvm", &status) == 0) {
    bool open_to_all = (status.st_mode & 06) == 06;
    if (!open_to_all && status.st_gid != 0) group = status.st_gid;
  }
  return std::pair{id, group};
}

}  // namespace truce
