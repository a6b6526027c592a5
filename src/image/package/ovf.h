// OVF descriptors, read and written. [DSP0243 1.1.0], [DSP0243 2.1.0]
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/package.h"

namespace truce::image::package {

/// A file that a descriptor speaks of.
struct OvfFile {
  std::string id, href;
  std::uint64_t size = 0;        ///< 0: not said
  std::uint64_t chunk_size = 0;  ///< 0: one file; else `href.000000000` and so on
  bool gzip = false;
};

struct Ovf {
  Appliance appliance;  ///< disks' `file` is the OvfFile's href
  std::vector<OvfFile> files;
  std::vector<std::string> warnings;
};

/// Reads OVF 1.x and 2.x as VMware, VirtualBox and others write them. Of several machines the one
/// with the `ovf:id` of the options, else the first. Never follows anything.
Result<Ovf> parse_ovf(std::string_view text, const PackageOptions& options, std::string_view name);

/// A descriptor that VMware's products take, VirtualBox too. `files` are those of the disks, in
/// their order. What it cannot say is added to `warnings`.
std::string write_ovf(const Appliance& appliance, const std::vector<OvfFile>& files,
                      std::string_view hardware, std::vector<std::string>& warnings);

}  // namespace truce::image::package
