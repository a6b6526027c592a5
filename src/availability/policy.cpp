#include "availability/policy.h"

namespace truce::availability {

Result<void> check(const Policy& policy) {
  if (policy.isolation == Isolation::keep && policy.restart == Restart::elsewhere)
    return fail(Code::invalid,
                "a machine that its host keeps running when it is cut off cannot be restarted "
                "elsewhere: choose isolation 'stop' or restart 'never'");
  return {};
}

}  // namespace truce::availability
