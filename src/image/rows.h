// The rows of the table of formats, each defined in its format's folder.
#pragma once

#include "image/formats.h"

namespace truce::image {

extern const Format raw_format;
extern const Format qcow2_format;
extern const Format qcow_format;
extern const Format qed_format;
extern const Format vhd_format;
extern const Format vhdx_format;
extern const Format vmdk_format;
extern const Format vdi_format;

}  // namespace truce::image
