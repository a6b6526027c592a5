// Errors are values. The names of `base` live in the namespace `truce` itself: every module speaks
// this vocabulary.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace truce {

/// What a caller can act on; the message says the rest.
enum class Code {
  invalid,          ///< the request or the input is wrong; the same request never succeeds
  unauthenticated,  ///< who is asking is not known
  forbidden,        ///< known, but not allowed
  not_found,
  conflict,      ///< exists already, or changed meanwhile
  precondition,  ///< not in this state
  limit,         ///< a stated bound was reached
  unavailable,   ///< not now: try again
  timeout,
  cancelled,
  unsupported,  ///< this build, host or hypervisor cannot do it
  corrupt,      ///< stored or received bytes are not what was written
  io,           ///< the operating system refused
  internal,     ///< our own mistake
};

/// The code's name as it stands in the API: `not_found`.
std::string_view to_string(Code code);
/// The code of that name; `internal` for one that is not known.
Code parse_code(std::string_view name);

/// One failure. `message` grows outwards, so that one line tells the whole story.
struct Error {
  Code code = Code::internal;
  std::string message;
  std::string field;  ///< JSON pointer of the input at fault (`/cpus`), empty when none

  /// The same error, told from one step further out: `context: message`.
  Error within(std::string_view context) && {
    return {code, fmt::format("{}: {}", context, message), std::move(field)};
  }
  Error within(std::string_view context) const& { return Error(*this).within(context); }
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(Code::invalid, "{} is not a size", text);`
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(Code code, fmt::format_string<Args...> format,
                                          Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...), {}});
}

/// Like fail(), naming the field of the input that is at fault.
[[nodiscard]] inline std::unexpected<Error> fail_field(std::string field, std::string message) {
  return std::unexpected(Error{Code::invalid, std::move(message), std::move(field)});
}

/// An error made from an errno value: `open /x: No such file or directory`.
[[nodiscard]] std::unexpected<Error> fail_errno(int error_number, std::string_view what);

/// Ends the program with a message when a promise inside the code is broken; stays on in release.
#define TRUCE_ASSERT(condition, message)                                                  \
  do {                                                                                    \
    if (!(condition)) ::truce::assertion_failed(#condition, message, __FILE__, __LINE__); \
  } while (false)
[[noreturn]] void assertion_failed(const char* condition, std::string_view message,
                                   const char* file, int line);

#define TRUCE_CONCAT_(a, b) a##b
#define TRUCE_CONCAT(a, b) TRUCE_CONCAT_(a, b)

// TRY(auto value, function());   returns the error from a plain function
// CO_TRY(auto value, co_await coroutine());   the same in a coroutine
// TRY_VOID, CO_TRY_VOID: for Result<void>, or where the value is not wanted.
#define TRUCE_TRY_(ret, name, declaration, ...)            \
  auto name = (__VA_ARGS__);                               \
  if (!name) ret std::unexpected(std::move(name).error()); \
  declaration = *std::move(name)
#define TRUCE_TRY_VOID_(ret, name, ...) \
  if (auto name = (__VA_ARGS__); !name) ret std::unexpected(std::move(name).error())
#define TRY(declaration, ...) \
  TRUCE_TRY_(return, TRUCE_CONCAT(result_, __LINE__), declaration, __VA_ARGS__)
#define CO_TRY(declaration, ...) \
  TRUCE_TRY_(co_return, TRUCE_CONCAT(result_, __LINE__), declaration, __VA_ARGS__)
#define TRY_VOID(...) TRUCE_TRY_VOID_(return, TRUCE_CONCAT(result_, __LINE__), __VA_ARGS__)
#define CO_TRY_VOID(...) TRUCE_TRY_VOID_(co_return, TRUCE_CONCAT(result_, __LINE__), __VA_ARGS__)

}  // namespace truce
