#include "connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace truce::bench {
namespace {

SSL_CTX* tls_context() {
  static SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  return context;
}

Result<Fd> connect_unix_socket(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) return fail(Code::invalid, "{} is too long", path);
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, "connect to " + path);
  }
  return socket;
}

Result<Fd> connect_tcp(const std::string& where) {
  auto colon = where.rfind(':');
  if (colon == where.npos) return fail(Code::invalid, "{} is not ADDRESS:PORT", where);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(where.substr(colon + 1))));
  if (::inet_pton(AF_INET, where.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    return fail(Code::invalid, "{} is not an IPv4 address", where.substr(0, colon));
  }
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, "connect to " + where);
  }
  return socket;
}

// The value of a field of the head, or empty.
std::string_view field(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at < head.size(); at = head.find("\r\n", at + 2)) {
    auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    line.remove_prefix(name.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return line;
  }
  return {};
}

}  // namespace

Result<Connection> Connection::open(const Target& target) {
  constexpr std::string_view unix_scheme = "unix:", tls_scheme = "https://";
  Connection connection;
  connection.token_ = target.token;
  if (target.url.starts_with(unix_scheme)) {
    TRY(connection.socket_, connect_unix_socket(target.url.substr(unix_scheme.size())));
    return connection;
  }
  if (!target.url.starts_with(tls_scheme)) return fail(Code::invalid, "{}: not a url", target.url);
  TRY(connection.socket_, connect_tcp(target.url.substr(tls_scheme.size())));
  connection.ssl_.reset(SSL_new(tls_context()));
  SSL_set_fd(connection.ssl_.get(), connection.socket_.get());
  if (SSL_connect(connection.ssl_.get()) != 1) return fail(Code::io, "{}: no TLS", target.url);
  return connection;
}

std::string Connection::request(std::string_view method, std::string_view path,
                                std::string_view body) const {
  auto text = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n", method, path);
  if (!token_.empty()) text += fmt::format("Authorization: Bearer {}\r\n", token_);
  if (!body.empty()) {
    text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  }
  return text + "\r\n" + std::string(body);
}

Result<void> Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                     : ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return fail_errno(errno, "send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<std::size_t> Connection::read(char* to, std::size_t size) {
  auto got =
      ssl_ ? SSL_read(ssl_.get(), to, static_cast<int>(size)) : ::recv(socket_.get(), to, size, 0);
  if (got > 0) return static_cast<std::size_t>(got);
  bool later = ssl_ ? SSL_get_error(ssl_.get(), static_cast<int>(got)) == SSL_ERROR_WANT_READ
                    : got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (later) return std::size_t{0};
  return fail(Code::io, "the server closed the connection");
}

Result<std::size_t> Connection::receive() {
  constexpr std::size_t piece = 256 * 1024;
  std::size_t end = 0, whole = 0;
  std::size_t filled = 0;
  while (whole == 0 || filled < whole) {
    if (answer_.size() < filled + piece) answer_.resize(filled + piece);
    TRY(auto got, read(answer_.data() + filled, answer_.size() - filled));
    filled += got;
    if (whole != 0) continue;
    end = std::string_view(answer_.data(), filled).find("\r\n\r\n");
    if (end == std::string_view::npos) continue;
    std::string_view head(answer_.data(), end + 2);
    if (!head.starts_with("HTTP/1.1 2")) {
      return fail(Code::io, "the answer is {}", std::string_view(answer_.data(), filled));
    }
    auto length = std::strtoull(std::string(field(head, "content-length")).c_str(), nullptr, 10);
    body_start_ = end + 4;
    whole = body_start_ + length;
  }
  answer_.resize(whole);
  return whole - body_start_;
}

std::string_view Connection::body() const {
  return std::string_view(answer_).substr(std::min(body_start_, answer_.size()));
}

Result<std::string> Connection::receive_some() {
  std::string piece(64 * 1024, '\0');
  TRY(auto got, read(piece.data(), piece.size()));
  piece.resize(got);
  return piece;
}

}  // namespace truce::bench
