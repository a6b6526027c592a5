// Manifests of OVF packages: a digest for each file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/package.h"

namespace truce::image::package {

struct ManifestEntry {
  ManifestDigest digest = ManifestDigest::none;
  std::string name;
  std::string hex;  ///< in small letters, as long as the digest asks for
};

struct Manifest {
  std::vector<ManifestEntry> entries;
  std::vector<std::string> notes;  ///< lines that say nothing we know
  [[nodiscard]] const ManifestEntry* find(std::string_view name) const;
};

/// Reads `SHA256(name)= hex` with or without spaces around the parentheses, SHA1, SHA256 and
/// SHA512, lines ended by LF or CRLF. Other lines become notes.
Manifest parse_manifest(std::string_view text);

/// One line as VMware and VirtualBox take it: no space before the parenthesis, one after `=`.
std::string manifest_line(const ManifestEntry& entry);

}  // namespace truce::image::package
