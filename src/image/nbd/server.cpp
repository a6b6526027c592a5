#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>

#include "nbd/session.h"
#include "nbd/socket.h"

namespace truce::image::nbd {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds look_again{200};

// Writing to a peer that has gone is an error of that write, not of the program.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void prepare(int socket) {
  int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails for others: no harm
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

}  // namespace

class Server::Core {
 public:
  explicit Core(ServeOptions options) : options_(std::move(options)) {}
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core() { static_cast<void>(stop()); }

  Result<void> start();
  Result<void> stop();
  [[nodiscard]] std::uint16_t port() const { return listener_.port; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] unsigned connections() {
    std::lock_guard lock(mutex_);
    return static_cast<unsigned>(connections_.size());
  }

 private:
  struct Connection {
    Connection(Fd socket, const TlsContext* tls, const ServerLimits& limits)
        : transport(std::move(socket), tls, limits.stalled),
          deadline(Clock::now() + limits.handshake) {}
    SocketTransport transport;
    Clock::time_point deadline;
    std::atomic<bool> agreed = false, over = false;
    std::jthread thread;  // last: it uses the others
  };

  void accept_all();
  void accept_one();
  void take(Fd socket);
  void serve(Connection& connection);
  Result<void> talk(Connection& connection);
  [[nodiscard]] int next_wait();
  void reap();
  void wake() const;
  void report(std::string_view line) const {
    if (options_.report) options_.report(line);
  }

  ServeOptions options_;
  std::vector<std::unique_ptr<Disk>> disks_;
  std::unique_ptr<TlsContext> tls_;
  Listener listener_;
  Fd event_;
  std::mutex mutex_;
  std::list<Connection> connections_;
  bool served_ = false;  // anybody, yet
  std::atomic<bool> stopping_ = false, ended_ = false;
  std::jthread acceptor_;
};

Result<void> Server::Core::start() {
  if (options_.exports.empty()) return fail(Code::invalid, "there is nothing to serve");
  for (auto& each : options_.exports) {
    TRY(auto disk, Disk::open(std::move(each)));
    auto same = [&](const auto& other) { return other->name() == disk->name(); };
    if (std::ranges::any_of(disks_, same))
      return fail(Code::invalid, "two exports have the name '{}'", disk->name());
    disks_.push_back(std::move(disk));
  }
  if (options_.tls) {
    TRY(tls_, TlsContext::load(*options_.tls));
  }
  event_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event_) return fail_errno(errno, "eventfd");
  if (options_.client) {
    take(std::move(options_.client));
  } else {
    TRY(listener_, listen(options_));
  }
  acceptor_ = std::jthread([this] { accept_all(); });
  return {};
}

void Server::Core::wake() const {
  std::uint64_t one = 1;
  static_cast<void>(!::write(event_.get(), &one, sizeof one));
}

// The time to the first deadline of a handshake, for poll().
int Server::Core::next_wait() {
  auto now = Clock::now();
  auto wait = std::chrono::milliseconds(-1);
  std::lock_guard lock(mutex_);
  for (auto& connection : connections_) {
    if (connection.agreed || connection.over) continue;
    if (connection.deadline <= now) connection.transport.abort();
    auto left = std::max(std::chrono::ceil<std::chrono::milliseconds>(connection.deadline - now),
                         look_again);
    if (wait.count() < 0 || left < wait) wait = left;
  }
  return static_cast<int>(wait.count());
}

void Server::Core::accept_all() {
  block_sigpipe();
  while (!stopping_) {
    std::array<pollfd, 2> waiting{{{.fd = listener_.fd.get(), .events = POLLIN, .revents = 0},
                                   {.fd = event_.get(), .events = POLLIN, .revents = 0}}};
    ::poll(waiting.data(), waiting.size(), next_wait());
    std::uint64_t count = 0;
    if (waiting[1].revents != 0) static_cast<void>(!::read(event_.get(), &count, sizeof count));
    reap();
    if (stopping_ || ended_) break;
    if (waiting[0].revents != 0) accept_one();
  }
}

void Server::Core::accept_one() {
  Fd socket(::accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) {
    // No descriptors are left: the listener stays readable, so this thread must rest.
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
      std::this_thread::sleep_for(look_again);
    return;
  }
  take(std::move(socket));
}

void Server::Core::take(Fd socket) {
  prepare(socket.get());
  std::lock_guard lock(mutex_);
  if (connections_.size() >= options_.limits.connections)
    return report("a connection was refused: there are as many as allowed");
  served_ = true;
  auto& connection = connections_.emplace_back(std::move(socket), tls_.get(), options_.limits);
  try {
    connection.thread = std::jthread([this, &connection] { serve(connection); });
  } catch (const std::system_error& error) {
    connections_.pop_back();
    report(fmt::format("a connection was refused: {}", error.what()));
  }
}

void Server::Core::serve(Connection& connection) {
  block_sigpipe();
  auto done = talk(connection);
  if (!done && !stopping_) report(done.error().message);
  connection.transport.abort();
  connection.over = true;
  wake();
}

Result<void> Server::Core::talk(Connection& connection) {
  Inbox inbox(connection.transport);
  TRY(auto agreed, Handshake(connection.transport, inbox, disks_).run());
  connection.agreed = true;
  if (!agreed) return {};
  Session session(connection.transport, inbox, *agreed, options_.limits, options_.report);
  return session.run();
}

void Server::Core::reap() {
  std::list<Connection> over;  // joined without the lock
  std::unique_lock lock(mutex_);
  for (auto each = connections_.begin(); each != connections_.end();) {
    auto next = std::next(each);
    if (each->over) over.splice(over.end(), connections_, each);
    each = next;
  }
  if (options_.until == ServeOptions::Until::unused && served_ && connections_.empty())
    ended_ = true;
  lock.unlock();
  over.clear();
}

Result<void> Server::Core::stop() {
  if (stopping_.exchange(true)) return {};
  if (!acceptor_.joinable()) return {};
  wake();
  acceptor_.join();
  listener_.fd = Fd();
  if (!listener_.file.empty()) ::unlink(listener_.file.c_str());
  auto until = Clock::now() + options_.limits.grace;
  {
    std::lock_guard lock(mutex_);
    for (auto& connection : connections_) connection.transport.end_receiving();
  }
  auto any_left = [&] {
    return std::ranges::any_of(connections_, [](auto& each) { return !each.over; });
  };
  while (any_left() && Clock::now() < until) {
    pollfd waiting{.fd = event_.get(), .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, static_cast<int>(look_again.count()));
    std::uint64_t count = 0;
    static_cast<void>(!::read(event_.get(), &count, sizeof count));
  }
  for (auto& connection : connections_) connection.transport.abort();
  connections_.clear();
  Result<void> flushed;
  for (auto& disk : disks_) {
    auto done = disk->close();
    if (!done && flushed) flushed = std::move(done);
  }
  return flushed;
}

Server::Server(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(ServeOptions options) {
  auto core = std::make_unique<Core>(std::move(options));
  TRY_VOID(core->start());
  return std::unique_ptr<Server>(new Server(std::move(core)));
}

std::uint16_t Server::port() const {
  return core_->port();
}
unsigned Server::connections() const {
  return core_->connections();
}
Result<void> Server::stop() {
  return core_->stop();
}
bool Server::ended() const {
  return core_->ended();
}

Result<void> serve(ServeOptions options, const std::atomic<bool>& stop,
                   const std::function<void(std::uint16_t port)>& ready) {
  TRY(auto server, Server::start(std::move(options)));
  if (ready) ready(server->port());
  while (!stop && !server->ended()) std::this_thread::sleep_for(look_again);
  return server->stop();
}

}  // namespace truce::image::nbd
