// In an object of its own: the tests link another one, and have the next release.
#include "base/release.h"

namespace truce::release {

std::string version() {
  return TRUCE_VERSION;
}
std::int64_t format() {
  return 1;
}
std::int64_t oldest_format() {
  return 1;
}

}  // namespace truce::release
