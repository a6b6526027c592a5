#include "base/result.h"

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace truce {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::invalid:
      return "invalid";
    case Code::unauthenticated:
      return "unauthenticated";
    case Code::forbidden:
      return "forbidden";
    case Code::not_found:
      return "not_found";
    case Code::conflict:
      return "conflict";
    case Code::precondition:
      return "precondition";
    case Code::limit:
      return "limit";
    case Code::unavailable:
      return "unavailable";
    case Code::timeout:
      return "timeout";
    case Code::cancelled:
      return "cancelled";
    case Code::unsupported:
      return "unsupported";
    case Code::corrupt:
      return "corrupt";
    case Code::io:
      return "io";
    case Code::internal:
      return "internal";
  }
  return "internal";
}

Code parse_code(std::string_view name) {
  for (int i = 0; i < static_cast<int>(Code::internal); ++i) {
    if (to_string(static_cast<Code>(i)) == name) return static_cast<Code>(i);
  }
  return Code::internal;
}

std::unexpected<Error> fail_errno(int error_number, std::string_view what) {
  auto code = error_number == ENOENT                            ? Code::not_found
              : error_number == EACCES || error_number == EPERM ? Code::forbidden
                                                                : Code::io;
  return fail(code, "{}: {}", what, std::generic_category().message(error_number));
}

void assertion_failed(const char* condition, std::string_view message, const char* file, int line) {
  fmt::print(stderr, "{}:{}: broken promise: {} ({})\n", file, line, message, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace truce
