#include <algorithm>
#include <boost/asio/ip/udp.hpp>

#include "magic_packet.h"
#include "power/power.h"

namespace truce::power {
namespace {

constexpr int packets = 3;  // one may be lost, and nobody would know

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class WakingPacket final : public PowerControl {
 public:
  WakingPacket(asio::any_io_executor loop, const MacAddress& mac, asio::ip::udp::endpoint to)
      : loop_(std::move(loop)), packet_(magic_packet(mac)), to_(std::move(to)) {}

  Async<Result<PowerState>> state() override {
    co_return fail(Code::unsupported, "a packet that wakes a host cannot ask whether it is on");
  }

  Async<Result<void>> wake() override {
    asio::ip::udp::socket socket(loop_);
    boost::system::error_code ec;
    socket.open(to_.protocol(), ec);
    if (!ec) socket.set_option(asio::socket_base::broadcast(true), ec);
    if (ec) co_return fail(Code::io, "a socket for the packet that wakes a host: {}", ec.message());
    for (int i = 0; i < packets; ++i) {
      auto [error, n] = co_await socket.async_send_to(asio::buffer(packet_), to_, as_result);
      if (error)
        co_return fail(Code::unavailable, "the packet that wakes the host cannot be sent to {}: {}",
                       to_.address().to_string(), error.message());
    }
    co_return Result<void>();
  }

  Async<Result<void>> off(Off) override {
    co_return fail(Code::unsupported,
                   "a packet wakes a host and cannot switch it off: the host has to do so itself");
  }

 private:
  asio::any_io_executor loop_;
  std::array<std::uint8_t, 102> packet_;
  asio::ip::udp::endpoint to_;
};

}  // namespace

Result<MacAddress> parse_mac(std::string_view text) {
  MacAddress mac{};
  bool good = text.size() == 17;
  for (std::size_t i = 0; good && i < mac.size(); ++i) {
    auto high = digit(text[3 * i]), low = digit(text[3 * i + 1]);
    good = high >= 0 && low >= 0 && (i == 0 || text[3 * i - 1] == ':' || text[3 * i - 1] == '-');
    if (good) mac[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  bool one_card =
      good && (mac[0] & 1) == 0 && std::ranges::any_of(mac, [](auto b) { return b != 0; });
  if (!one_card)
    return fail(Code::invalid,
                "'{}' is not the address of a network card, such as 52:54:00:12:34:56", text);
  return mac;
}

std::array<std::uint8_t, 102> magic_packet(const MacAddress& address) {
  std::array<std::uint8_t, 102> packet{};
  std::fill_n(packet.begin(), 6, 0xff);
  for (std::size_t i = 0; i < 16; ++i)
    std::ranges::copy(address, packet.begin() + static_cast<std::ptrdiff_t>(6 + 6 * i));
  return packet;
}

Result<std::unique_ptr<PowerControl>> make_control(asio::any_io_executor loop, WakeOnLan address) {
  TRY(auto mac, parse_mac(address.address));
  boost::system::error_code ec;
  auto to = asio::ip::make_address(address.broadcast, ec);
  if (ec || address.port == 0)
    return fail(Code::invalid, "'{}' port {} is not where a packet could be sent to",
                address.broadcast, address.port);
  return std::make_unique<WakingPacket>(std::move(loop), mac,
                                        asio::ip::udp::endpoint(to, address.port));
}

}  // namespace truce::power
