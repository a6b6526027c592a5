#include "../../hypervisor/tests/conformance.h"
#include "lab.h"

namespace truce::hypervisor {

INSTANTIATE_TEST_SUITE_P(Qemu, HypervisorConformance, testing::Values(MakeLab([] {
                           return std::make_unique<qemu::QemuLab>();
                         })));

}  // namespace truce::hypervisor
