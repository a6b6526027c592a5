#include "address.h"

#include <charconv>

namespace truce::link {

Result<std::pair<std::string, std::uint16_t>> split_address(const std::string& text) {
  auto colon = text.rfind(':');
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  if (colon == text.npos || colon + 1 == text.size()) {
    return fail(Code::invalid, "'{}' is not ADDRESS:PORT", text);
  }
  auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
  auto host = text.substr(0, colon);
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (stop != end || error != std::errc() || host.empty() || host.size() > 253 ||
      bracketed != (host.find(':') != host.npos)) {
    return fail(Code::invalid, "'{}' is not ADDRESS:PORT", text);
  }
  return std::pair(host, port);
}

Result<boost::asio::ip::tcp::endpoint> parse_endpoint(const std::string& text) {
  TRY(auto parts, split_address(text));
  boost::system::error_code ec;
  auto address = boost::asio::ip::make_address(parts.first, ec);
  if (ec) return fail(Code::invalid, "'{}' is not ADDRESS:PORT", text);
  return boost::asio::ip::tcp::endpoint(address, parts.second);
}

}  // namespace truce::link
