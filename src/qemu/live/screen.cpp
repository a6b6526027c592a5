#include "live/screen.h"

#include <charconv>
#include <cstdint>

namespace truce::qemu {
namespace {

constexpr std::size_t columns = 80, rows = 25, cells = columns * rows;

// `00000000000b8000: 0x0720072007200720 0x0753074507610742`: words as the processor reads them.
std::string bytes_in(std::string_view dump) {
  std::string bytes;
  while (bytes.size() < 2 * cells) {
    auto at = dump.find(" 0x");
    if (at == dump.npos) break;
    dump.remove_prefix(at + 3);
    std::uint64_t word = 0;
    auto [end, ec] = std::from_chars(dump.data(), dump.data() + dump.size(), word, 16);
    if (ec != std::errc()) break;
    dump.remove_prefix(static_cast<std::size_t>(end - dump.data()));
    for (std::size_t i = 0; i < sizeof word; ++i) bytes.push_back(static_cast<char>(word >> 8 * i));
  }
  return bytes;
}

}  // namespace

// A cell is a character (code page 437) and its colours. Of what is drawn most bytes are none that
// stand in texts.
std::string text_in_dump(std::string_view dump) {
  auto bytes = bytes_in(dump);
  std::string text, line;
  std::size_t odd = 0;
  for (std::size_t at = 0; 2 * at < bytes.size() && at < cells; ++at) {
    auto code = static_cast<unsigned char>(bytes[2 * at]);
    bool prints = code >= 0x20 && code < 0x7f;
    odd += prints || code == 0 ? 0 : 1;
    line.push_back(prints ? bytes[2 * at] : ' ');
    if (line.size() < columns) continue;
    line.erase(line.find_last_not_of(' ') + 1);
    if (!line.empty()) text += line + "\n";
    line.clear();
  }
  return odd > cells / 4 ? std::string() : text;
}

Async<Result<std::string>> read_screen(RunningPtr vm) {
  if (!vm->record.screen) co_return std::string();
  CO_TRY(auto dump,
         co_await vm->ask("human-monitor-command",
                          {{"command-line",
                            fmt::format("xp /{}gx 0xb8000", 2 * cells / sizeof(std::uint64_t))}}));
  if (!dump.is_string()) co_return fail(Code::corrupt, "QEMU: its monitor printed no text");
  co_return text_in_dump(std::string_view(dump.get_string()));
}

}  // namespace truce::qemu
