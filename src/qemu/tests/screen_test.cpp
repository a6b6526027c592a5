#include "live/screen.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace truce::qemu {
namespace {

/// What QEMU's monitor prints of a text screen with these rows.
std::string dump_of(const std::vector<std::string>& lines, unsigned char filling = ' ') {
  std::string bytes;
  for (std::size_t row = 0; row < 25; ++row) {
    auto line = row < lines.size() ? lines[row] : std::string();
    line.resize(80, static_cast<char>(filling));
    for (char letter : line) bytes += {letter, '\x07'};
  }
  std::string dump;
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    std::uint64_t word = 0;
    for (std::size_t i = 8; i > 0; --i)
      word = word << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
    if (at % 16 == 0) dump += fmt::format("{:016x}:", 0xb8000 + at);
    dump += fmt::format(" {:#018x}", word);
    if (at % 16 == 8) dump += "\r\n";
  }
  return dump;
}

TEST(Screen, its_lines_are_read_without_what_is_blank) {
  EXPECT_EQ(text_in_dump(dump_of({"SeaBIOS (version 1.16)", "", "  No bootable device."})),
            "SeaBIOS (version 1.16)\n  No bootable device.\n");
  EXPECT_EQ(text_in_dump(dump_of({"a\xb3\xc4"
                                  "b"})),
            "a  b\n")
      << "frames are drawn with letters";
  EXPECT_EQ(text_in_dump(dump_of({std::string(80, 'x')})), std::string(80, 'x') + "\n");
}

TEST(Screen, what_is_drawn_is_no_text) {
  EXPECT_EQ(text_in_dump(dump_of({"by chance"}, 0xff)), "");
  EXPECT_EQ(text_in_dump(dump_of({}, 0)), "");
}

TEST(Screen, what_is_no_dump_is_no_text) {
  for (const char* dump : {"", "Cannot access memory", "0: 0x", "0: 0xzz", " 0x1 0x", "\xff 0x"})
    EXPECT_EQ(text_in_dump(dump), "") << dump;
}

}  // namespace
}  // namespace truce::qemu
