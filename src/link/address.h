#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "base/result.h"

namespace truce::link {

/// ADDRESS:PORT or NAME:PORT, IPv6 in brackets. Code::invalid: it is not.
Result<std::pair<std::string, std::uint16_t>> split_address(const std::string& text);
/// The same of an address alone.
Result<boost::asio::ip::tcp::endpoint> parse_endpoint(const std::string& text);

}  // namespace truce::link
