// The row of VMDK in the table of formats.
#include "byte_order.h"
#include "rows.h"
#include "vmdk/builder.h"
#include "vmdk/descriptor.h"
#include "vmdk/image.h"
#include "vmdk/layout.h"

namespace truce::image {
namespace {

bool matches(const Probe& probe) {
  if (probe.head.size() < 8) return false;
  auto magic = le<std::uint32_t>(probe.head, 0);
  return magic == vmdk::hosted_magic || magic == vmdk::cowd_magic ||
         le<std::uint64_t>(probe.head, 0) == vmdk::sesparse_magic ||
         vmdk::looks_like_descriptor(probe.head);
}

}  // namespace

const Format vmdk_format{.name = "vmdk",
                         .title = "VMware virtual disk",
                         .matches = matches,
                         .open = vmdk::open_vmdk,
                         .build = vmdk::build_vmdk,
                         .options = vmdk::build_options(),
                         .stands_on = [](std::string_view format) { return format == "vmdk"; },
                         .repair = vmdk::repair_vmdk,
                         .fits = Format::Fits::files_only};

}  // namespace truce::image
