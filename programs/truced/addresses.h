// Addresses as people and configurations write them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace truce {

/// Where hosts of a cluster reach one another, unless they are told otherwise.
inline constexpr std::uint16_t cluster_port = 7444;

/// `127.0.0.1:7443` or `[::1]:7443` as address and port; Code::invalid otherwise.
Result<std::pair<std::string, std::uint16_t>> split_listen(const std::string& text);

/// ADDRESS or ADDRESS:PORT, IPv6 with or without brackets, as ADDRESS:PORT; without a port
/// `cluster_port`. Code::invalid: it is neither.
Result<std::string> with_port(const std::string& text);

/// What other hosts and their URLs call one that is reached at ADDRESS:PORT.
std::vector<std::string> names_in(const std::string& address);

/// The address of this host that packets to `host` (an address or a name) leave from. Nothing is
/// sent. Code::unavailable: there is no route.
Result<std::string> own_address_towards(const std::string& host);

}  // namespace truce
