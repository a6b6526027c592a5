// WebSockets on a Wire, both sides (RFC 6455, by Beast).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "http/http.h"
#include "wire.h"

namespace truce::http {

constexpr std::size_t largest_message = 1024 * 1024;

/// Answers an upgrade request whose key is `key`. The wire must outlive the WebSocket.
Async<Result<std::unique_ptr<WebSocket>>> accept_web_socket(
    Wire& wire, std::string key, std::map<std::string, std::string> fields, Duration idle);

/// Asks for an upgrade. The server's refusal becomes the error of its problem document.
Async<Result<std::unique_ptr<WebSocket>>> request_web_socket(
    std::unique_ptr<Wire> wire, std::string host, std::string target,
    std::map<std::string, std::string> fields);

}  // namespace truce::http
