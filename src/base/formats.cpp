#include "base/release.h"

namespace truce::release {

Result<void> check_format(std::int64_t found) {
  if (found > format()) {
    return fail(
        Code::unsupported,
        "the state has format {}, and truced {} knows none after {}: it has to be upgraded, "
        "as this state is from a newer one",
        found, version(), format());
  }
  if (found < oldest_format()) {
    return fail(Code::unsupported,
                "the state has format {}, and truced {} knows none before {}: upgrade to the "
                "release before it first, on all hosts",
                found, version(), oldest_format());
  }
  return {};
}

Result<void> check_formats(std::string_view host, std::int64_t oldest, std::int64_t newest,
                           std::int64_t found) {
  if (found > newest) {
    return fail(Code::unsupported,
                "the state of this cluster has format {}, and truced on {} knows none after {}: "
                "upgrade it",
                found, host, newest);
  }
  if (found < oldest) {
    return fail(Code::unsupported,
                "the state of this cluster has format {}, and truced on {} knows none before {}: "
                "upgrade all other hosts to the release before it first",
                found, host, oldest);
  }
  return {};
}

}  // namespace truce::release
