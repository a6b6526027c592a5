#include "connect.h"

#include <boost/asio/connect.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace truce::http {

namespace {

using asio::ip::tcp;

constexpr auto connect_limit = 10s;

// A unix socket whose queue is full answers at once with EAGAIN (unix(7)): wait and try again.
Async<Result<std::unique_ptr<Wire>>> connect_unix(asio::any_io_executor loop, std::string url,
                                                  std::string path) {
  constexpr int most_attempts = 50;
  for (int attempt = 1;; ++attempt) {
    UnixSocket socket(loop);
    auto [ec] =
        co_await socket.async_connect(asio::local::stream_protocol::endpoint(path), as_result);
    if (!ec) co_return std::make_unique<Wire>(std::move(socket));
    if (ec == asio::error::would_block && attempt < most_attempts) {
      co_await sleep_for(20ms);
      continue;
    }
    if (ec == asio::error::access_denied) {
      co_return fail(Code::forbidden, "{}: {}: use an account that may open the socket", url,
                     ec.message());
    }
    co_return fail(Code::unavailable, "{}: {}: is truced running?", url, ec.message());
  }
}

bool is_ip_address(const std::string& host) {
  error_code ec;
  asio::ip::make_address(host, ec);
  return !ec;
}

// The certificate must be for this name, or this address.
void expect_name(SSL* tls, const std::string& host) {
  if (is_ip_address(host))
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str());
  else
    SSL_set1_host(tls, host.c_str());
}

Async<Result<std::unique_ptr<Wire>>> connect_tls(asio::any_io_executor loop, Endpoint endpoint,
                                                 Location location) {
  CO_TRY(auto context, client_context(endpoint));
  tcp::resolver resolver(loop);
  auto [failed, found] = co_await resolver.async_resolve(location.host, location.port, as_result);
  if (failed) {
    co_return fail(Code::unavailable, "{}: look up {}: {}", endpoint.url, location.host,
                   failed.message());
  }
  TcpSocket socket(loop);
  auto [ec, reached] = co_await asio::async_connect(socket, found, as_result);
  if (ec)
    co_return fail(Code::unavailable, "{}: {}: is {} running there?", endpoint.url, ec.message(),
                   endpoint.service);
  error_code ignored;  // an option that only saves time
  socket.set_option(tcp::no_delay(true), ignored);
  auto wire = std::make_unique<Wire>(std::move(socket), std::move(context));
  if (is_verified(endpoint)) expect_name(wire->tls(), location.host);
  if (!is_ip_address(location.host)) {
    SSL_ctrl(wire->tls(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             location.host.data());
  }
  if (auto error = co_await wire->handshake(asio::ssl::stream_base::client)) {
    if (auto why = SSL_get_verify_result(wire->tls()); is_verified(endpoint) && why != X509_V_OK) {
      co_return fail(Code::forbidden,
                     "{}: its certificate is not to be trusted: {}: name the authority that has "
                     "signed it, or the certificate's own fingerprint",
                     endpoint.url, X509_verify_cert_error_string(why));
    }
    co_return fail(Code::unavailable, "{}: TLS handshake: {}", endpoint.url, error.message());
  }
  co_return wire;
}

}  // namespace

std::string Location::authority() const {
  if (kind == Kind::unix_socket) return "localhost";
  bool is_v6 = host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Location> parse_location(std::string_view url) {
  constexpr std::string_view unix_scheme = "unix:";
  constexpr std::size_t longest_path = 107;  // sockaddr_un
  Location location;
  if (url.starts_with(unix_scheme)) {
    location.path = url.substr(unix_scheme.size());
    if (location.path.starts_with("//")) location.path.erase(0, 2);
    if (!location.path.starts_with('/') || location.path.size() > longest_path) {
      return fail(Code::invalid, "'{}': unix: needs the full path of a socket, of at most {} bytes",
                  url, longest_path);
    }
    return location;
  }
  auto parsed = boost::urls::parse_uri(url);
  if (!parsed || parsed->scheme() != "https" || parsed->host().empty() ||
      (parsed->encoded_path() != "" && parsed->encoded_path() != "/") || parsed->has_query() ||
      parsed->has_fragment() || parsed->has_userinfo()) {
    return fail(Code::invalid,
                "'{}' is not an address of a server: write unix:/path or https://host:port", url);
  }
  location.kind = Location::Kind::tls;
  location.host = parsed->host_address();
  location.port = parsed->has_port() && !std::string_view(parsed->port()).empty()
                      ? std::string(parsed->port())
                      : "443";
  return location;
}

Async<Result<std::unique_ptr<Wire>>> connect(asio::any_io_executor loop, Endpoint endpoint) {
  CO_TRY(auto location, parse_location(endpoint.url));
  auto what = "connect to " + endpoint.url;
  auto work = location.kind == Location::Kind::unix_socket
                  ? connect_unix(loop, endpoint.url, location.path)
                  : connect_tls(loop, endpoint, location);
  auto wire = co_await within(connect_limit, std::move(work), what);
  if (!wire && wire.error().code == Code::timeout) wire.error().code = Code::unavailable;
  co_return wire;
}

Async<Result<std::unique_ptr<Wire>>> connect_pinned(asio::any_io_executor loop, Endpoint endpoint) {
  CO_TRY(auto wire, co_await connect(loop, endpoint));
  if (wire->tls() == nullptr) co_return wire;
  auto seen = peer_fingerprint(wire->tls());
  if (is_verified(endpoint)) co_return wire;
  if (endpoint.fingerprint.empty()) {
    co_return fail(Code::forbidden,
                   "{}: no certificate is trusted for it yet; it shows the fingerprint {}: compare "
                   "that with the server's own and configure it",
                   endpoint.url, seen);
  }
  if (seen != normal_fingerprint(endpoint.fingerprint)) {
    co_return fail(
        Code::forbidden,
        "{}: the certificate is not the trusted one: its fingerprint is {}, expected was "
        "{}",
        endpoint.url, seen, normal_fingerprint(endpoint.fingerprint));
  }
  co_return wire;
}

Async<Result<std::string>> server_fingerprint(asio::any_io_executor loop, std::string url) {
  Endpoint endpoint;
  endpoint.url = url;
  CO_TRY(auto wire, co_await connect(loop, endpoint));
  if (wire->tls() == nullptr) co_return fail(Code::invalid, "{} has no certificate", url);
  co_return peer_fingerprint(wire->tls());
}

}  // namespace truce::http
