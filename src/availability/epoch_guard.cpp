#include "availability/epoch_guard.h"

namespace truce::availability {

Result<void> EpochGuard::present(const std::string& vm, Epoch epoch) {
  auto& highest = highest_[vm];
  if (epoch < highest)
    return fail(Code::conflict, "'{}' has been started as its copy {}; copy {} is an older one", vm,
                highest, epoch);
  highest = epoch;
  return {};
}

bool EpochGuard::admits(const std::string& vm, Epoch epoch) const {
  auto found = highest_.find(vm);
  return found != highest_.end() && found->second == epoch;
}

}  // namespace truce::availability
