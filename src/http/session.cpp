#include "session.h"

#include "base/log.h"
#include "http/forward.h"
#include "message.h"
#include "web_socket.h"

namespace truce::http {

namespace {

constexpr auto handshake_limit = 10s;
constexpr auto farewell_limit = 2s;

// A body may take as long as a slow line needs: the request's limit, and a second for each 16 KiB.
Duration time_to_send(Duration base, std::size_t bytes) {
  constexpr std::size_t slowest_bytes_per_second = 16 * 1024;
  return base + std::chrono::seconds(bytes / slowest_bytes_per_second);
}

Refusal refusal(int status, Code code, std::string message) {
  return {status, Error{code, std::move(message), {}}};
}

// Who a request is from. Nobody but another host of the cluster may say so by fields.
Peer peer_of(const Session::Admission& admission, std::map<std::string, std::string>& fields) {
  auto peer = admission.peer;
  auto take = [&](const char* name, std::string& into) {
    auto field = fields.extract(name);
    if (field && !peer.host.empty()) into = std::move(field.mapped());
  };
  take(forwarded_for_field, peer.address);
  take(forwarded_network_field, peer.network);
  take(forwarded_administrator_field, peer.administrator);
  take(forwarded_certificate_field, peer.certificate_sha256);
  return peer;
}

// Runs what a handler gave us to run: nothing that it throws gets out.
Async<bool> guarded(Async<void> work, std::string what, const Shared& shared) {
  try {
    co_await std::move(work);
    co_return true;
  } catch (const boost::system::system_error& error) {
    // operation_aborted is how a cancelled coroutine ends: the peer has gone, or the server stops.
    if (error.code() != asio::error::operation_aborted) {
      spdlog::error("{}: {}", what, error.what());
    }
  } catch (const std::exception& error) {
    if (!shared.stopping) spdlog::error("{}: {}", what, error.what());
  }
  co_return false;
}

}  // namespace

/// Counts one open stream for as long as it lives.
struct Session::OpenStream {
  explicit OpenStream(Counters& c) : counters(c) { ++counters.streams; }
  ~OpenStream() { --counters.streams; }
  OpenStream(const OpenStream&) = delete;
  OpenStream& operator=(const OpenStream&) = delete;
  Counters& counters;
};

/// Counts one request for as long as it is under way.
struct Session::Underway {
  explicit Underway(std::size_t& c) : count(c) { ++count; }
  ~Underway() { --count; }
  Underway(const Underway&) = delete;
  Underway& operator=(const Underway&) = delete;
  std::size_t& count;
};

/// Sends each piece as one chunk (RFC 9112 7.1), or as it is where the length was said before, or
/// to a peer that speaks HTTP/1.0.
class Session::ChunkWriter final : public BodyWriter {
 public:
  ChunkWriter(Session& session, Framing framing, std::optional<std::uint64_t> length)
      : session_(session), framing_(framing), left_(length) {}

  /// Whether nothing is missing of what was promised.
  [[nodiscard]] bool complete() const { return left_.value_or(0) == 0; }

  Async<Result<void>> write(std::string piece) override {
    if (piece.empty()) co_return Result<void>();  // an empty chunk would end the body
    if (left_ && piece.size() > *left_) {
      co_return fail(Code::internal, "the body is longer than was said");
    }
    if (left_) *left_ -= piece.size();
    if (framing_ == Framing::chunked) piece = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    auto limit = time_to_send(session_.shared_.limits.request, piece.size());
    if (!co_await session_.write_all(piece, limit)) {
      co_return fail(Code::cancelled, "the peer has closed the connection");
    }
    co_return Result<void>();
  }

 private:
  Session& session_;
  Framing framing_;
  std::optional<std::uint64_t> left_;
};

void Session::enter() {
  place_ = shared_.sessions.insert(shared_.sessions.end(), this);
  if (admission_.refusal) {
    ++shared_.refusing;
    return;
  }
  ++shared_.counters.connections;
  if (!admission_.address.empty()) ++shared_.per_address[admission_.address];
}

Session::~Session() {
  shared_.sessions.erase(place_);
  if (admission_.refusal) {
    --shared_.refusing;
    return;
  }
  --shared_.counters.connections;
  auto count = shared_.per_address.find(admission_.address);
  if (count != shared_.per_address.end() && --count->second == 0) shared_.per_address.erase(count);
}

void Session::set_deadline(Duration from_now) {
  expired_ = false;
  deadline_ = std::chrono::steady_clock::now() + from_now;
}

void Session::check_deadline(TimePoint now) {
  if (now < deadline_) return;
  // First the wait ends and the session can say so; one that then still waits is cut off.
  if (expired_) {
    wire_.close();
    return;
  }
  expired_ = true;
  deadline_ = now + farewell_limit;
  wire_.cancel();
}

Async<bool> Session::open() {
  set_deadline(std::min<Duration>(handshake_limit, shared_.limits.request));
  if (!admission_.known) {
    admission_.peer.unix_user = wire_.unix_user();
    admission_.peer.unix_groups = wire_.unix_groups();
  }
  if (auto ec = co_await wire_.handshake(asio::ssl::stream_base::server)) {
    spdlog::debug("{}: TLS handshake: {}", admission_.peer.address, ec.message());
    co_return false;
  }
  if (wire_.tls() != nullptr) admission_.peer.certificate_sha256 = peer_fingerprint(wire_.tls());
  co_return true;
}

Async<void> Session::run() {
  if (!co_await open()) co_return;
  auto next = Next::request;
  while (next == Next::request && !shared_.stopping) {
    auto request = co_await receive();
    if (!request) {
      next = co_await send_refusal(std::move(request).error());
    } else if (!*request) {
      linger_ = false;  // it has left, or has been silent: nothing is unread, nothing is owed
      next = Next::close;
    } else {
      Underway underway(shared_.answering);
      next = co_await send(co_await answer(std::move(**request)));
    }
  }
  if (!linger_ || peer_gone_) co_return;
  set_deadline(farewell_limit);
  co_await wire_.finish(shared_.limits.body.count + 1024 * 1024);
}

Async<bool> Session::read_more() {
  auto [ec, n] = co_await wire_.async_read_some(parser_.space(), as_result);
  parser_.received(n);
  shared_.counters.bytes_in += n;
  if (ec && ec != asio::error::operation_aborted) peer_gone_ = true;
  co_return !ec;
}

Async<bool> Session::write_all(std::string_view bytes, Duration limit) {
  set_deadline(limit);
  while (!bytes.empty()) {
    auto [ec, n] =
        co_await wire_.async_write_some(asio::buffer(bytes.data(), bytes.size()), as_result);
    shared_.counters.bytes_out += n;
    if (ec || expired_) {
      linger_ = false;
      co_return false;
    }
    bytes.remove_prefix(n);
  }
  clear_deadline();
  co_return true;
}

Async<std::expected<void, Refusal>> Session::before_body() {
  if (admission_.refusal) co_return std::unexpected(*admission_.refusal);
  if (parser_.head().expect == RequestParser::Expect::go_ahead && parser_.buffered() == 0) {
    auto left = deadline_;
    if (!co_await write_all("HTTP/1.1 100 Continue\r\n\r\n", shared_.limits.request)) {
      peer_gone_ = true;
    }
    deadline_ = left;
  }
  co_return std::expected<void, Refusal>();
}

Async<std::expected<std::optional<Request>, Refusal>> Session::receive() {
  using Progress = RequestParser::Progress;
  bool started = parser_.started();
  set_deadline(started ? shared_.limits.request : shared_.limits.idle);
  while (!peer_gone_) {
    auto progress = parser_.parse();
    if (!progress) co_return std::unexpected(std::move(progress).error());
    if (*progress == Progress::complete) {
      clear_deadline();
      if (admission_.refusal) co_return std::unexpected(*admission_.refusal);
      co_return parser_.take();
    }
    if (*progress == Progress::headers) {
      if (auto go = co_await before_body(); !go) co_return std::unexpected(std::move(go).error());
      continue;
    }
    bool read = co_await read_more();
    if (!started && parser_.started()) {
      started = true;
      set_deadline(shared_.limits.request);
    }
    if (!read || expired_) break;
  }
  if (started && expired_) {
    co_return std::unexpected(refusal(
        408, Code::timeout,
        fmt::format("the request was not complete within {} ms", shared_.limits.request.count())));
  }
  co_return std::nullopt;
}

Async<Response> Session::answer(Request request) {
  ++shared_.counters.requests;
  const auto& address = admission_.address;
  if (!address.empty() && !shared_.rates.take(address, std::chrono::steady_clock::now())) {
    ++shared_.counters.refused;
    auto response =
        problem(429, Error{Code::limit,
                           fmt::format("more than {} requests a second from {}: wait and try again",
                                       shared_.limits.requests_per_second, address),
                           {}});
    response.headers["Retry-After"] = "1";
    co_return response;
  }
  auto what = fmt::format("{} {}", request.method, request.path);
  request.peer = peer_of(admission_, request.headers);
  try {
    co_return co_await shared_.handler(std::move(request));
  } catch (const std::exception& error) {
    if (shared_.stopping) throw;
    spdlog::error("{}: {}", what, error.what());
  }
  co_return problem(
      Error{Code::internal, "the request failed by a mistake of ours; see the log", {}});
}

Async<Session::Next> Session::send_refusal(Refusal refusal) {
  ++shared_.counters.refused;
  auto response = problem(refusal.status, refusal.error);
  if (refusal.status == 429 || refusal.status == 503) response.headers["Retry-After"] = "1";
  auto head = head_of(response, Framing::length, false);
  TRUCE_ASSERT(head.has_value(), "our own answer has correct fields");
  co_await write_all(*head + response.body, farewell_limit);
  co_return Next::close;
}

Async<Session::Next> Session::send(Response response) {
  bool is_stream = response.stream || response.socket;
  if (is_stream && shared_.counters.streams >= shared_.limits.streams) {
    ++shared_.counters.refused;
    response = problem(503, Error{Code::limit, "too many streams are open: try again", {}});
    response.headers["Retry-After"] = "1";
  } else if (response.socket && parser_.head().web_socket_key.empty()) {
    response = problem(426, Error{Code::unsupported, "this address is a WebSocket", {}});
    response.headers["Upgrade"] = "websocket";
  }
  if (response.socket) co_return co_await send_socket(std::move(response));
  if (response.stream) co_return co_await send_stream(std::move(response));
  co_return co_await send_body(std::move(response));
}

Async<Session::Next> Session::send_body(Response response) {
  bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
  bool keep_alive = parser_.head().keep_alive && !shared_.stopping;
  auto head = head_of(response, bodiless ? Framing::none : Framing::length, keep_alive);
  if (!head) {
    spdlog::error("{}", head.error().message);
    response = problem(Error{Code::internal, "the answer could not be sent; see the log", {}});
    head = head_of(response, Framing::length, keep_alive);
  }
  if (parser_.head().head_only || bodiless) response.body.clear();
  constexpr std::size_t small_body = 32 * 1024;  // one write, one TLS record, one packet or few
  auto limit = time_to_send(shared_.limits.request, response.body.size());
  bool sent = false;
  if (response.body.size() <= small_body) {
    sent = co_await write_all(head->append(response.body), limit);
  } else {
    sent = co_await write_all(*head, limit) && co_await write_all(response.body, limit);
  }
  co_return sent&& keep_alive ? Next::request : Next::close;
}

// Reads ahead while a stream is sent, to see the peer leave. Returns when it has left, or when a
// write took too long.
Async<void> Session::watch_peer() {
  try {
    while (parser_.space().size() > 0) {
      if (!co_await read_more()) co_return;
    }
    // The next requests fill the buffer: no more is read, and only writing shows that the peer
    // left.
    asio::steady_timer never(co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max());
    co_await never.async_wait(as_result);
  } catch (const boost::system::system_error&) {
    // The stream has ended first: nothing is left to watch.
  }
}

Async<Session::Next> Session::send_stream(Response response) {
  OpenStream open(shared_.counters);
  auto framing = response.length         ? Framing::length
                 : parser_.head().http11 ? Framing::chunked
                                         : Framing::until_close;
  bool keep_alive =
      parser_.head().keep_alive && framing != Framing::until_close && !shared_.stopping;
  auto head = head_of(response, framing, keep_alive);
  if (!head) {
    spdlog::error("{}", head.error().message);
    co_return co_await send_body(
        problem(Error{Code::internal, "the answer could not be sent; see the log", {}}));
  }
  if (!co_await write_all(*head, shared_.limits.request)) co_return Next::close;
  if (parser_.head().head_only) co_return keep_alive ? Next::request : Next::close;
  ChunkWriter writer(*this, framing, response.length);
  auto ended = co_await (guarded(response.stream(writer), "stream", shared_) || watch_peer());
  bool complete =
      ended.index() == 0 && std::get<0>(ended) && !peer_gone_ && linger_ && writer.complete();
  if (!complete) {
    linger_ = false;  // without its last bytes the peer sees that the body is cut off
    co_return Next::close;
  }
  if (framing == Framing::chunked && !co_await write_all("0\r\n\r\n", shared_.limits.request)) {
    co_return Next::close;
  }
  co_return keep_alive ? Next::request : Next::close;
}

Async<Session::Next> Session::send_socket(Response response) {
  if (parser_.buffered() > 0) {  // RFC 6455 4.1: the client waits for our answer first
    co_return co_await send_refusal(
        refusal(400, Code::invalid, "bytes follow the request to open a WebSocket"));
  }
  OpenStream open(shared_.counters);
  clear_deadline();  // the WebSocket keeps its own time
  auto socket = co_await accept_web_socket(wire_, parser_.head().web_socket_key,
                                           std::move(response.headers), shared_.limits.idle);
  if (!socket) co_return Next::close;
  bool ended_well = co_await guarded(response.socket(**socket), "WebSocket", shared_);
  co_await (*socket)->close(ended_well ? "" : "the server failed");
  co_return Next::close;
}

}  // namespace truce::http
