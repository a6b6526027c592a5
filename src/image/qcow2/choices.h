// The options of a new image, taken apart.
#pragma once

#include <string>

#include "image/builder.h"
#include "qcow2/header.h"

namespace truce::image::qcow2 {

struct Choices {
  Header header;  ///< all but where tables lie
  bool compressed = false;
  int level = 0;
  bool preallocated = false;
};

/// Code::invalid says which options do not go together.
Result<Choices> choose(const BuildOptions& options);

}  // namespace truce::image::qcow2
