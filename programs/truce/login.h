#pragma once

#include "session.h"
#include "settings.h"

namespace truce::cli {

/// The server's fingerprint once it may be trusted: equal to `wanted`, or confirmed at the
/// terminal.
Async<Result<std::string>> trusted_fingerprint(asio::any_io_executor loop, std::string url,
                                               std::string wanted);

/// `truce login`: checks that the server knows the token or certificate, then stores both.
Async<Outcome<int>> login(asio::any_io_executor loop, const Invocation& invocation, Wishes wishes);

/// Where to connect. A server of first contact is asked about and remembered.
Async<Result<http::Endpoint>> known_endpoint(asio::any_io_executor loop, Wishes wishes);

}  // namespace truce::cli
