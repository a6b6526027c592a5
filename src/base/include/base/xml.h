// Words of XML.
#pragma once

#include <string>
#include <string_view>

namespace truce {

/// A name without its prefix: `ovf:Disk` is `Disk`.
std::string_view local_name(std::string_view name);

/// For text between tags and in quotes; control characters, which XML 1.0 has none of, are left
/// out.
std::string escape_xml(std::string_view text);

}  // namespace truce
