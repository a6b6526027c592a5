// The seed image by which cloud-init (datasource NoCloud) learns who a new machine is.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"

namespace truce::storage {

struct SeedContent {
  std::string uuid;  ///< a new one makes cloud-init configure the machine again
  std::string host_name;
  std::string user_data;              ///< cloud-config, script or MIME; may be empty
  std::vector<std::string> ssh_keys;  ///< for the image's default user
  std::vector<std::string> macs;      ///< `52:54:00:12:34:56`; each gets its address by DHCP
};

/// Writes an ISO labelled `cidata` with meta-data, user-data and network-config; replaces `path`
/// in one step. Mode 0600: user-data may hold secrets. Source: cloud-init, "NoCloud".
Async<Result<void>> write_seed(std::filesystem::path path, SeedContent content);

/// Whose installer reads the answers.
enum class Installer { windows, anaconda, debian };

/// Writes an ISO by which an installer finds its answers: `Autounattend.xml`, which Windows Setup
/// looks for on all CDs; `ks.cfg` on a CD labelled OEMDRV, as Anaconda wants it; or `preseed.cfg`,
/// which Debian's installer reads only where its command line says so. Replaces `path` in one step.
/// Mode 0600: answers may hold passwords.
Async<Result<void>> write_answers(std::filesystem::path path, Installer installer,
                                  std::string content);

/// The files of the seed (exposed for tests). JSON is YAML too, and quotes everything.
std::string meta_data(const SeedContent& content);
std::string user_data(const SeedContent& content);
std::string network_config(const SeedContent& content);

}  // namespace truce::storage
