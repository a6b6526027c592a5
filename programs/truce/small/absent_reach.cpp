// What programs are linked without that read no disks of other hosts: small/main.cpp hands those
// over.
#include "images/reach.h"

namespace truce::cli {

Result<std::shared_ptr<image::File>> open_address(const std::string&, image::DiskFile::Access,
                                                  const Invocation&, image::NetworkRules&) {
  return fail(Code::internal, "the network is not in this program");
}

}  // namespace truce::cli
