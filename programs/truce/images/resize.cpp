// `truce image resize`.
#include "base/bytes.h"
#include "image/partitions.h"
#include "images/verbs.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace {

/// A smaller disk must be meant, and once more where something is known to lie at the end.
Result<void> expect_shrinking_is_meant(const std::string& name, image::Image& disk, Bytes size,
                                       const Invocation& invocation) {
  if (!invocation.has("shrink")) {
    return fail(Code::precondition,
                "{} has {}: what lies beyond {} would be lost; --shrink if you mean it", name,
                to_string(Bytes{disk.size()}), to_string(size));
  }
  TRY(auto lost, image::cut_off(disk, size.count));
  for (const auto& line : lost)
    print(fmt::format("truce: warning: {}\n", printable(line)), Channel::errors);
  if (lost.empty() || invocation.has("force")) return {};
  return fail(Code::precondition,
              "{}: not made smaller: make what is on the disk smaller first, or --force if that is "
              "to be lost",
              name);
}

}  // namespace

Result<int> image_resize(const Invocation& invocation) {
  auto name = invocation.value("file");
  TRY(auto size, parse_bytes(invocation.value("size")));
  TRY(auto source, open_to_write(name, invocation.value("source-format"), invocation));
  if (size.count < source.image->size())
    TRY_VOID(expect_shrinking_is_meant(name, *source.image, size, invocation));
  auto* writable = source.image->writable();
  TRY_VOID(writable->resize(size.count));
  TRY_VOID(writable->close());
  if (!invocation.quiet) print(fmt::format("{}: {}\n", name, to_string(size)));
  return 0;
}

}  // namespace truce::cli
