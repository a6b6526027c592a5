// What every machine's process is enclosed by on this host, beyond its user and its file rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/process.h"

namespace truce::qemu {

struct Enclosure {
  Isolation own;                          ///< all that this host can give
  std::vector<sock_filter> calls;         ///< system calls that no QEMU needs are refused
  std::string profile;                    ///< of AppArmor, where the host has loaded it
  std::vector<std::string> shortcomings;  ///< `own network: Operation not permitted`
};

/// Name of the profile that packaging/apparmor has.
inline constexpr std::string_view apparmor_profile = "truce-machine";

/// Tries each namespace by starting a program that does nothing. Takes some tens of milliseconds.
Async<Enclosure> try_enclosure();

/// The namespaces that programs get here, and why not the others.
Async<std::pair<Isolation, std::vector<std::string>>> try_isolation();

/// A filter that refuses what neither QEMU nor a TPM needs and a break-out would begin with: other
/// processes' memory, new namespaces, mounts, programs in the kernel, keys, io_uring, sockets other
/// than unix and IP. `fetching`: it may take over its own page faults, as a machine does whose
/// memory comes after it (post-copy). QEMU adds its own (-sandbox). Empty where libseccomp cannot
/// make one.
enum class Fetching { no, yes };
std::vector<sock_filter> call_filter(Fetching fetching = Fetching::no);

/// Whether AppArmor on this host has the profile loaded.
bool has_profile(const std::filesystem::path& root = "/");

}  // namespace truce::qemu
