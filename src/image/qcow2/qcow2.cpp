#include "image/qcow2.h"

#include "byte_order.h"
#include "qcow2/builder.h"
#include "qcow2/disk.h"
#include "qcow2/upkeep/repair.h"
#include "rows.h"

namespace truce::image {
namespace {

// Version 1 is another format: qcow.
bool matches(const Probe& probe) {
  return probe.head.size() >= 8 && be<std::uint32_t>(probe.head, 0) == qcow2::magic &&
         be<std::uint32_t>(probe.head, 4) >= 2;
}

Result<std::unique_ptr<Image>> open_qcow2(std::shared_ptr<File> file, const OpenOptions& options) {
  return qcow2::Disk::open(std::move(file), options, nullptr);
}

}  // namespace

Result<std::unique_ptr<Image>> qcow2::open_snapshot(std::shared_ptr<File> file,
                                                    const OpenOptions& options,
                                                    std::string_view id_or_name) {
  auto reading = options;
  reading.read_write = false;
  return Disk::open(std::move(file), reading, &id_or_name);
}

const Format qcow2_format{.name = "qcow2",
                          .title = "QEMU copy-on-write disk",
                          .matches = matches,
                          .open = open_qcow2,
                          .build = qcow2::build,
                          .options = qcow2::build_options(),
                          .stands_on = [](std::string_view) { return true; },
                          .repair = qcow2::repair};

}  // namespace truce::image
