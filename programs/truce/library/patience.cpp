#include "library/patience.h"

#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {

bool is_temporary(const Failure& failure) {
  auto code = failure.error.code;
  return code == Code::unavailable || code == Code::timeout || code == Code::conflict;
}

Async<bool> Patience::after(const Failure& failure) {
  constexpr int most_failures = 13;
  constexpr Duration shortest = 500ms, longest = 30s;
  if (!is_temporary(failure) || ++failures_ > most_failures) co_return false;
  auto pause = std::min<Duration>(shortest * (1 << (failures_ - 1)), longest);
  if (!quiet_) {
    print(fmt::format("{}; trying again in {:g} s\n", printable(failure.error.message),
                      static_cast<double>(pause.count()) / 1000),
          Channel::errors);
  }
  co_await sleep_for(pause);
  co_return true;
}

std::size_t next_piece(std::size_t size, Duration took) {
  constexpr Duration quick = 1s, slow = 8s;
  if (took < quick) size *= 2;
  if (took > slow) size /= 2;
  return std::clamp(size, smallest_piece, largest_piece);
}

}  // namespace truce::cli
