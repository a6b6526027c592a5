// Files as one archive.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace truce::manager {

/// A tar archive, packed with Zstandard, of files below `folder`. Names that no member can have
/// (longer than 100 bytes) are cut. [POSIX.1-2017 pax, ustar Interchange Format; RFC 8878]
Result<std::string> packed_tar(const std::string& folder,
                               const std::map<std::string, std::string>& files, Time time);

}  // namespace truce::manager
