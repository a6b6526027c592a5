#include "../../hypervisor/tests/conformance.h"
#include "../../hypervisor/tests/flight_conformance.h"
#include "../../hypervisor/tests/live_conformance.h"
#include "lab.h"

namespace truce::hypervisor {

INSTANTIATE_TEST_SUITE_P(Qemu, HypervisorConformance, testing::Values(MakeLab([] {
                           return std::make_unique<qemu::QemuLab>();
                         })));
INSTANTIATE_TEST_SUITE_P(Qemu, LiveConformance, testing::Values(MakeLab([] {
                           return std::make_unique<qemu::QemuLab>();
                         })));
INSTANTIATE_TEST_SUITE_P(Qemu, FlightConformance, testing::Values(MakeLab([] {
                           return std::make_unique<qemu::QemuLab>();
                         })));

}  // namespace truce::hypervisor
