#include <fmt/format.h>

// Compiled here for all: cmake/precompiled.h.
namespace fmt {
inline namespace v9 {
namespace detail {
template void vformat_to(buffer<char>&, basic_string_view<char>,
                         basic_format_args<FMT_BUFFER_CONTEXT(char)>, locale_ref);
}
}  // namespace v9
}  // namespace fmt
