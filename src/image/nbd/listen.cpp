#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "nbd/socket.h"

namespace truce::image::nbd {
namespace {

constexpr int backlog = 128;

// A socket file that nobody listens on is what a server left that was killed.
bool abandoned(const sockaddr_un& address) {
  Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(probe.get(), any, sizeof address) != 0 && errno == ECONNREFUSED;
}

Result<Listener> listen_unix(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path)
    return fail(Code::invalid, "{}: a socket's name has at most {} bytes", path.string(),
                sizeof address.sun_path - 1);
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  Listener listener{.fd = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), .file = {}};
  if (!listener.fd) return fail_errno(errno, "socket");
  ::fchmod(listener.fd.get(), 0600);  // before bind(): the file is never open to others
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  int bound = ::bind(listener.fd.get(), any, sizeof address);
  if (bound != 0 && errno == EADDRINUSE && abandoned(address) && ::unlink(path.c_str()) == 0)
    bound = ::bind(listener.fd.get(), any, sizeof address);
  if (bound != 0 && errno == EADDRINUSE)
    return fail(Code::conflict, "{}: is in use", path.string());
  if (bound != 0) return fail_errno(errno, path.string());
  listener.file = path;
  if (::listen(listener.fd.get(), backlog) != 0) return fail_errno(errno, path.string());
  return listener;
}

std::uint16_t port_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return 0;
}

Result<Listener> listen_tcp(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) return fail(Code::invalid, "{}: {}", host, ::gai_strerror(failed));
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  int error = 0;
  for (const auto* each = found; each != nullptr; each = each->ai_next) {
    Listener listener{.fd = Fd(::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)),
                      .file = {}};
    int on = 1;
    ::setsockopt(listener.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener.fd && ::bind(listener.fd.get(), each->ai_addr, each->ai_addrlen) == 0 &&
        ::listen(listener.fd.get(), backlog) == 0) {
      listener.port = port_of(listener.fd.get());
      return listener;
    }
    error = errno;
  }
  return fail_errno(error, fmt::format("{} port {}", host, port));
}

}  // namespace

Result<Listener> listen(ServeOptions& options) {
  int ways = (options.socket.empty() ? 0 : 1) + (options.host.empty() ? 0 : 1) +
             (options.listener ? 1 : 0);
  if (ways != 1)
    return fail(Code::invalid,
                "a socket's path, an address or a listening socket is needed: one of them");
  if (!options.socket.empty()) return listen_unix(options.socket);
  if (!options.host.empty()) return listen_tcp(options.host, options.port);
  auto port = port_of(options.listener.get());
  return Listener{.fd = std::move(options.listener), .port = port, .file = {}};
}

}  // namespace truce::image::nbd
