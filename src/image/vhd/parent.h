// Whom a differencing disk stands on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "image/builder.h"
#include "image/image.h"
#include "vhd/layout.h"

namespace truce::image::vhd {

/// The names by which the parent may be found, the best first. Names that cannot be read are left
/// out and told in `warnings`; Code::corrupt when none is left.
Result<std::vector<Reference>> parent_names(const File& file, const Header& header,
                                            std::vector<std::string>& warnings);

/// Says in the header who the parent is. What it returns are the names, to be written at `at`, a
/// multiple of 512, before the header.
Result<std::vector<std::byte>> set_parent(Header& header, const Parent& parent, std::uint64_t at);
/// Says that there is none.
void clear_parent(Header& header);

/// Opens the first name that can be opened; the error is that of the first.
Result<std::shared_ptr<Image>> open_first(const std::vector<Reference>& names,
                                          const OpenOptions& options);

}  // namespace truce::image::vhd
