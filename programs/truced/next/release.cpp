// The release after this one, as tests/e2e/cluster/upgrade_test.py plays it: of a later version,
// and with a format of the state that this one does not know.
#include "base/release.h"

namespace truce::release {

std::string version() {
  return "99.0.0";
}
std::int64_t format() {
  return 2;
}
std::int64_t oldest_format() {
  return 1;
}

}  // namespace truce::release
