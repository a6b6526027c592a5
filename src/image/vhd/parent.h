// Whom a differencing disk stands on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "image/image.h"
#include "vhd/layout.h"

namespace truce::image::vhd {

/// The names by which the parent may be found, the best first. Names that cannot be read are left
/// out and told in `warnings`; Code::corrupt when none is left.
Result<std::vector<Reference>> parent_names(const File& file, const Header& header,
                                            std::vector<std::string>& warnings);

/// Opens the first name that can be opened; the error is that of the first.
Result<std::shared_ptr<Image>> open_first(const std::vector<Reference>& names,
                                          const OpenOptions& options);

}  // namespace truce::image::vhd
