// Refcounts made anew from what is referred to.
#pragma once

#include "qcow2/header.h"

namespace truce::image::qcow2 {

/// Counts all references and writes new refcount blocks and a new table behind the end of the file;
/// then the header is pointed at them in one write, and what nothing uses is given back. Until then
/// nothing that was there is touched. Changes `header`. The tables must be right. Code::limit when
/// a count does not fit or the file would take too many passes; the file is then as it was.
/// Tells how many clusters were counted as used and are not.
Result<std::uint64_t> recount(File& file, Header& header);

}  // namespace truce::image::qcow2
