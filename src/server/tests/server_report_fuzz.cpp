#include "base/result.h"
#include "report.h"

// Whatever a server's shell prints.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  using namespace truce::server;
  auto report = read_report({reinterpret_cast<const char*>(bytes), size});
  if (!report) return 0;
  const auto& machine = report->machine;
  TRUCE_ASSERT(machine.uuid.size() == 36 && !machine.name.empty(), "a machine with names");
  TRUCE_ASSERT(machine.disks.size() == report->blocks.size(), "each disk is a block device");
  for (const auto& block : report->blocks)
    TRUCE_ASSERT(block.path.find_first_of("'\"$`;&|() \n") == std::string::npos,
                 "a path that is one word of a shell");
  (void)update_of(*report, {});
  return 0;
}
