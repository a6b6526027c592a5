#include "controllers.h"
#include "magic_packet.h"

namespace truce::power {
namespace {

TEST(WakeOnLan, the_packet_is_six_times_ff_and_sixteen_times_the_address) {
  auto packet = magic_packet({0x52, 0x54, 0x00, 0x12, 0x34, 0x56});
  std::string hex;
  for (auto byte : packet) hex += fmt::format("{:02x}", byte);
  std::string address = "525400123456", golden = "ffffffffffff";
  for (int i = 0; i < 16; ++i) golden += address;
  EXPECT_EQ(hex, golden);
}

TEST(WakeOnLan, addresses_of_one_card_are_read_and_nothing_else) {
  EXPECT_EQ(parse_mac("52:54:00:12:ab:CD").value(), (MacAddress{0x52, 0x54, 0, 0x12, 0xab, 0xcd}));
  EXPECT_EQ(parse_mac("52-54-00-12-ab-cd").value(), (MacAddress{0x52, 0x54, 0, 0x12, 0xab, 0xcd}));
  for (auto bad :
       {"", "52:54:00:12:34", "52:54:00:12:34:56:78", "52:54:00:12:34:5g", "525400123456aaaaa",
        "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "00:00:00:00:00:00", "52:54:00 12:34:56"})
    EXPECT_FALSE(parse_mac(bad)) << bad;
}

TEST(WakeOnLan, the_packet_arrives) {
  Loop loop;
  asio::ip::udp::socket listener(loop.executor(), {asio::ip::make_address("127.0.0.1"), 0});
  auto control = make_control(loop.executor(), WakeOnLan{.address = "52:54:00:12:34:56",
                                                         .broadcast = "127.0.0.1",
                                                         .port = listener.local_endpoint().port()});
  ASSERT_TRUE(control) << control.error().message;
  ASSERT_TRUE(loop.run((*control)->wake()));
  std::array<std::uint8_t, 200> got{};
  auto size = listener.receive(asio::buffer(got));
  auto wanted = magic_packet({0x52, 0x54, 0x00, 0x12, 0x34, 0x56});
  ASSERT_EQ(size, wanted.size());
  EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), got.begin()));
}

TEST(WakeOnLan, it_can_neither_ask_nor_switch_off) {
  Loop loop;
  auto control = make_control(loop.executor(), WakeOnLan{.address = "52:54:00:12:34:56"});
  ASSERT_TRUE(control);
  EXPECT_EQ(loop.run((*control)->state()).error().code, Code::unsupported);
  EXPECT_EQ(loop.run((*control)->off(Off::at_once)).error().code, Code::unsupported);
  EXPECT_FALSE(
      make_control(loop.executor(), WakeOnLan{.address = "52:54:00:12:34:56", .broadcast = "lan"}));
}

}  // namespace
}  // namespace truce::power
