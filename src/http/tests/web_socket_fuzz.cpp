// Whatever a peer sends after the handshake of a WebSocket: messages within the limit, or an end.
#include <boost/asio/detached.hpp>
#include <boost/asio/local/connect_pair.hpp>

#include "web_socket.h"

using namespace truce;
using namespace truce::http;

namespace {

// What the console's handlers do with a WebSocket: read, answer, close.
Async<void> serve(Wire& wire) {
  auto socket = co_await accept_web_socket(wire, "dGhlIHNhbXBsZSBub25jZQ==", {}, 1s);
  TRUCE_ASSERT(socket.has_value(), "the handshake is ours");
  while (true) {
    auto message = co_await (*socket)->read();
    if (!message) {
      TRUCE_ASSERT(!message.error().message.empty(), "an end says why");
      break;
    }
    TRUCE_ASSERT(message->size() <= largest_message, "a message is within the limit");
    if (!co_await (*socket)->write(std::move(*message))) break;
  }
  co_await (*socket)->close("over");
  wire.close();
}

// Sends all at once, reads what comes back until the other side closes.
Async<void> play(UnixSocket& peer, std::string_view bytes) {
  co_await asio::async_write(peer, asio::buffer(bytes), as_result);
  peer.shutdown(UnixSocket::shutdown_send);
  std::array<char, 4096> dropped{};
  while (true) {
    auto [ec, n] = co_await peer.async_read_some(asio::buffer(dropped), as_result);
    if (ec) co_return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  asio::io_context context;
  UnixSocket ours(context), theirs(context);
  asio::local::connect_pair(ours, theirs);
  Wire wire(std::move(ours));
  asio::co_spawn(context, serve(wire), asio::detached);
  asio::co_spawn(context, play(theirs, {reinterpret_cast<const char*>(bytes), size}),
                 asio::detached);
  context.run();
  return 0;
}
