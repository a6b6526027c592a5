// The serial console on the terminal, and the screen on a local port.
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <charconv>

#include "model/model.h"
#include "terminal.h"
#include "verbs.h"

namespace truce::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Socket = std::unique_ptr<http::WebSocket>;

constexpr char escape = 0x1d;  // Ctrl-]

Async<Outcome<Socket>> open_console(Session& session, std::string name, model::ConsoleKind kind) {
  Outgoing request{.method = "POST",
                   .path = path_of("/v1/vms/", name, "/console"),
                   .query = {},
                   .body = model::to_text(model::ConsoleRequest{.kind = kind})};
  CO_TRY(auto value, co_await session.call(std::move(request)));
  auto ticket = model::from_json<model::ConsoleTicket>(value, model::Unknown::ignore);
  if (!ticket)
    co_return std::unexpected(
        Failure(Exit::failed, std::move(ticket).error().within("the answer")));
  auto socket = co_await session.client().web_socket(ticket->path);
  if (!socket) co_return std::unexpected(Failure(Exit::failed, std::move(socket).error()));
  co_return *std::move(socket);
}

/// When the last output came, for those who wait for silence.
struct Activity {
  Clock::time_point last = Clock::now();
};

Async<Result<void>> show_output(http::WebSocket& socket, Activity& activity) {
  while (true) {
    CO_TRY(auto bytes, co_await socket.read());
    activity.last = Clock::now();
    print(bytes);
  }
}

/// Sends the input until the escape key or its end.
enum class Left { escape, end };
Async<Result<Left>> send_input(http::WebSocket& socket, asio::posix::stream_descriptor& input,
                               bool keys) {
  std::array<char, 4096> buffer{};
  while (true) {
    auto [ec, count] = co_await input.async_read_some(asio::buffer(buffer), as_result);
    if (ec == asio::error::eof) co_return Left::end;
    if (ec) co_return fail(Code::io, "standard input: {}", ec.message());
    std::string_view bytes(buffer.data(), count);
    auto stop = keys ? bytes.find(escape) : std::string_view::npos;
    auto sent = std::string(bytes.substr(0, stop));
    if (!sent.empty()) CO_TRY_VOID(co_await socket.write(sent));
    if (stop != std::string_view::npos) co_return Left::escape;
  }
}

Async<Result<Left>> send_and_linger(http::WebSocket& socket, asio::posix::stream_descriptor& input,
                                    bool keys, Duration linger, Activity& activity) {
  CO_TRY(auto left, co_await send_input(socket, input, keys));
  if (left == Left::escape) co_return left;
  activity.last = Clock::now();
  while (Clock::now() - activity.last < linger) co_await sleep_for(100ms);
  co_return left;
}

Result<Duration> linger_of(const Invocation& invocation) {
  auto text = invocation.value("linger", "2");
  int seconds = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (ec != std::errc() || end != text.data() + text.size() || seconds < 0) {
    return fail(Code::invalid, "--linger: '{}' is not a number of seconds", text);
  }
  return Duration(std::chrono::seconds(seconds));
}

Async<Ending> serial_console(Session& session, const Invocation& invocation) {
  auto name = invocation.value("name");
  CO_TRY(auto linger, linger_of(invocation));
  CO_TRY(auto own, open_input());
  asio::posix::stream_descriptor input(session.loop(), own.release());
  auto kind = model::parse_enum<model::ConsoleKind>(invocation.value("port", "serial"));
  CO_TRY(auto socket,
         co_await open_console(session, name, kind.value_or(model::ConsoleKind::serial)));
  bool keys = is_terminal(Channel::input);
  if (keys)
    print(fmt::format("Connected to the serial console of {}. Ctrl-] leaves it.\n", name),
          Channel::errors);
  Activity activity;
  auto first = [&] -> Async<std::variant<Result<Left>, Result<void>>> {
    TerminalMode raw(TerminalMode::Mode::raw);
    co_return co_await (send_and_linger(*socket, input, keys, linger, activity) ||
                        show_output(*socket, activity));
  };
  auto ended = co_await first();
  co_await socket->close("left");
  if (const auto* left = std::get_if<0>(&ended)) {
    if (!*left) co_return std::unexpected(Failure(left->error()));
    if (keys) print(fmt::format("\nLeft {}; it goes on.\n", name), Channel::errors);
    co_return 0;
  }
  const auto& error = std::get<1>(ended).error();
  if (error.code != Code::cancelled) co_return std::unexpected(Failure(Exit::failed, error));
  print(fmt::format("\nThe console of {} was closed.\n", name), Channel::errors);
  co_return 0;
}

template <class Stream>
Async<Result<void>> to_viewer(http::WebSocket& socket, Stream& viewer) {
  while (true) {
    CO_TRY(auto bytes, co_await socket.read());
    auto [ec, count] = co_await asio::async_write(viewer, asio::buffer(bytes), as_result);
    if (ec) co_return fail(Code::io, "viewer: {}", ec.message());
  }
}

template <class Stream>
Async<Result<void>> from_viewer(http::WebSocket& socket, Stream& viewer) {
  std::array<char, 16384> buffer{};
  while (true) {
    auto [ec, count] = co_await viewer.async_read_some(asio::buffer(buffer), as_result);
    if (ec) co_return fail(Code::cancelled, "viewer: {}", ec.message());
    CO_TRY_VOID(co_await socket.write(std::string(buffer.data(), count)));
  }
}

/// One viewer after the other; each gets a ticket of its own when it comes.
template <class Acceptor>
Async<Outcome<void>> serve_viewers(Session& session, std::string name, Acceptor& acceptor) {
  while (true) {
    auto [ec, viewer] = co_await acceptor.async_accept(as_result);
    if (ec) co_return std::unexpected(Failure(Error{Code::io, "listen: " + ec.message(), {}}));
    CO_TRY(auto socket, co_await open_console(session, name, model::ConsoleKind::vnc));
    co_await (to_viewer(*socket, viewer) || from_viewer(*socket, viewer));
    co_await socket->close("the viewer has left");
  }
}

template <class Acceptor>
Async<Ending> until_interrupted(Session& session, std::string name, Acceptor& acceptor) {
  auto first = co_await (serve_viewers(session, name, acceptor) || interrupted());
  if (first.index() == 1) co_return 0;
  CO_TRY_VOID(std::get<0>(std::move(first)));
  co_return 0;
}

Async<Ending> unix_screen(Session& session, std::string name, std::string path) {
  using asio::local::stream_protocol;
  boost::system::error_code ec;
  stream_protocol::acceptor acceptor(session.loop(), stream_protocol());
  auto before = umask(0177);  // the viewer's socket is for this user only
  acceptor.bind(stream_protocol::endpoint(path), ec);
  umask(before);
  if (!ec) acceptor.listen(1, ec);
  if (ec)
    co_return std::unexpected(
        Failure(Error{Code::io, fmt::format("{}: {}", path, ec.message()), {}}));
  print(fmt::format("The screen of {} is at unix:{}; Ctrl-C ends this.\n", name, path),
        Channel::errors);
  auto ending = co_await until_interrupted(session, name, acceptor);
  unlink(path.c_str());
  co_return ending;
}

Async<Ending> tcp_screen(Session& session, std::string name, std::string listen) {
  using asio::ip::tcp;
  auto colon = listen.rfind(':');
  unsigned port = 0;
  auto digits = std::string_view(listen).substr(std::min(listen.size(), colon + 1));
  auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  boost::system::error_code ec;
  auto address = asio::ip::make_address(listen.substr(0, colon), ec);
  if (ec || colon == std::string::npos || wrong != std::errc() || port > 65535) {
    auto message = fmt::format("--listen: '{}' is not ADDRESS:PORT or unix:PATH", listen);
    co_return std::unexpected(Failure(Error{Code::invalid, message, {}}));
  }
  tcp::endpoint local(address, static_cast<std::uint16_t>(port));
  tcp::acceptor acceptor(session.loop(), local.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  acceptor.bind(local, ec);
  if (!ec) acceptor.listen(1, ec);
  if (ec)
    co_return std::unexpected(
        Failure(Error{Code::io, fmt::format("{}: {}", listen, ec.message()), {}}));
  local = acceptor.local_endpoint(ec);
  print(fmt::format(
            "The screen of {} is at {}:{}; connect a VNC viewer, for example: vncviewer {}::{}\n"
            "Ctrl-C ends this.\n",
            name, local.address().to_string(), local.port(), local.address().to_string(),
            local.port()),
        Channel::errors);
  co_return co_await until_interrupted(session, name, acceptor);
}

}  // namespace

Async<Ending> vm_console(Session& session, const Invocation& invocation) {
  if (!invocation.has("graphical")) co_return co_await serial_console(session, invocation);
  if (invocation.has("serial")) {
    co_return std::unexpected(
        Failure(Error{Code::invalid, "--serial and --graphical exclude each other", {}}));
  }
  auto name = invocation.value("name");
  auto listen = invocation.value("listen", "127.0.0.1:0");
  if (listen.starts_with("unix:")) co_return co_await unix_screen(session, name, listen.substr(5));
  co_return co_await tcp_screen(session, name, listen);
}

}  // namespace truce::cli
