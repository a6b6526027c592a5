#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <string>

#include "base/async.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"

namespace truce {

using UnixSocket = asio::local::stream_protocol::socket;

/// Reads one message: four bytes of length, big-endian, then as many bytes. Code::limit when it is
/// larger than `limit`, Code::unavailable when the other side has closed.
Async<Result<std::string>> read_frame(UnixSocket& socket, Bytes limit);

/// Writes one message. Not for two coroutines at once.
Async<Result<void>> write_frame(UnixSocket& socket, std::string message);

/// Carries bytes both ways until either side closes.
Async<void> splice(UnixSocket& a, UnixSocket& b);

/// Takes a connection from its loop, for a thread that blocks on it. Nothing was read ahead of it.
Result<Fd> blocking_end(UnixSocket socket);

/// Connects to a unix socket; Code::unavailable when nobody listens there.
Async<Result<UnixSocket>> connect_unix(std::string path);

}  // namespace truce
