#pragma once

#include "base/frames.h"
#include "http/http.h"

namespace truce::http {

/// Fields of a request that tell who passes it on. A server believes them on connections of which
/// it knows the other end (Server::serve), and takes them off everywhere else.
inline constexpr const char* forwarded_for_field = "x-truce-forwarded-for";
inline constexpr const char* forwarded_network_field = "x-truce-forwarded-network";
inline constexpr const char* forwarded_administrator_field = "x-truce-forwarded-administrator";
inline constexpr const char* forwarded_certificate_field = "x-truce-forwarded-certificate";

/// Sends a request on, through a connection to another server, and answers what that does: events
/// and bodies of any length as they come, WebSockets both ways. The connection carries this one
/// request. Code::unavailable when it ends before the head of the answer; the caller bounds the
/// time until then.
Async<Result<Response>> forward(UnixSocket socket, Request request);

}  // namespace truce::http
