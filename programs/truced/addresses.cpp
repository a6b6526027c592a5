#include "addresses.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdlib>

namespace truce {
namespace asio = boost::asio;
namespace {

std::string joined(const std::string& address, std::uint16_t port) {
  bool is_v6 = address.contains(':');
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", address, is_v6 ? "]" : "", port);
}

}  // namespace

Result<std::pair<std::string, std::uint16_t>> split_listen(const std::string& text) {
  auto colon = text.rfind(':');
  auto port = colon == text.npos ? 0UL : std::strtoul(text.c_str() + colon + 1, nullptr, 10);
  if (colon == text.npos || port > 65535 ||
      text.find_first_not_of("0123456789", colon + 1) != text.npos) {
    return fail(Code::invalid, "'{}' is not ADDRESS:PORT", text);
  }
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return std::pair(address, static_cast<std::uint16_t>(port));
}

Result<std::string> with_port(const std::string& text) {
  boost::system::error_code ec;
  auto bare = text.starts_with('[') && text.ends_with(']') ? text.substr(1, text.size() - 2) : text;
  auto address = asio::ip::make_address(bare, ec);
  if (!ec) return joined(address.to_string(), cluster_port);
  TRY(auto parts,
      split_listen(text.contains(':') ? text : fmt::format("{}:{}", text, cluster_port)));
  if (parts.first.empty() || parts.second == 0)
    return fail(Code::invalid, "'{}' is not ADDRESS or ADDRESS:PORT", text);
  return joined(parts.first, parts.second);
}

std::vector<std::string> names_in(const std::string& address) {
  auto parts = split_listen(address);
  return parts ? std::vector<std::string>{parts->first} : std::vector<std::string>{};
}

Result<std::string> own_address_towards(const std::string& host) {
  asio::io_context context;
  asio::ip::udp::resolver resolver(context);
  boost::system::error_code ec;
  auto found = resolver.resolve(host, "9", ec);
  if (ec || found.empty()) return fail(Code::unavailable, "look up {}: {}", host, ec.message());
  auto target = found.begin()->endpoint();
  asio::ip::udp::socket socket(context);
  socket.open(target.protocol(), ec);
  if (!ec) socket.connect(target, ec);
  auto own = ec ? asio::ip::udp::endpoint() : socket.local_endpoint(ec);
  if (ec || own.address().is_unspecified())
    return fail(Code::unavailable, "there is no route to {}: {}", host, ec.message());
  return own.address().to_string();
}

}  // namespace truce
