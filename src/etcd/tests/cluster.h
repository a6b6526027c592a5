// Real members of etcd on the loopback interface, for tests. They end with the test, however it
// ends.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../store/tests/in_loop.h"
#include "../../store/tests/temporary_folder.h"
#include "base/process.h"
#include "etcd/etcd_store.h"

namespace truce::etcd {

using store::in_loop;

#define SKIP_WITHOUT_ETCD()          \
  if (!find_program("etcd"))         \
  GTEST_SKIP() << "skipped, because" \
                  " there is no etcd here: apt-get install etcd-server"

inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// Ports that nobody uses now.
inline std::vector<int> free_ports(std::size_t count) {
  std::vector<Fd> sockets;
  std::vector<int> ports;
  while (ports.size() < count) {
    auto& fd = sockets.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto address = loopback(0);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd.get(), raw, size) != 0 || ::getsockname(fd.get(), raw, &size) != 0)
      throw std::runtime_error("no free port");
    ports.push_back(ntohs(address.sin_port));
  }
  return ports;
}

/// What a member says at `path`, its head and all; empty when it says nothing within a second.
inline std::string ask_plainly(int port, const std::string& path) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  timeval limit{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  auto address = loopback(port);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  auto request = "GET " + path + " HTTP/1.0\r\n\r\n";
  if (::write(fd.get(), request.data(), request.size()) < 0) return {};
  std::string all;
  char bytes[4096];
  for (ssize_t got = 0; (got = ::read(fd.get(), bytes, sizeof bytes)) > 0;)
    all.append(bytes, static_cast<std::size_t>(got));
  return all;
}

class Cluster {
 public:
  using Words = std::vector<std::string>;

  /// `more` goes to each member's command line. Answers when all are ready.
  explicit Cluster(std::size_t members, Words more = {}, std::string scheme = "http")
      : more_(std::move(more)), scheme_(std::move(scheme)), ports_(free_ports(2 * members)) {
    for (std::size_t i = 0; i < members; ++i) {
      initial_ += fmt::format("{}m{}=http://127.0.0.1:{}", i ? "," : "", i, ports_[2 * i + 1]);
    }
    members_.resize(members);
    for (std::size_t i = 0; i < members; ++i) start(i);
    if (scheme_ == "http") wait_until_ready();
  }
  ~Cluster() {
    for (std::size_t i = 0; i < members_.size(); ++i) kill(i);
  }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  void start(std::size_t i) {
    auto log = open_file(folder_.path() / fmt::format("m{}.log", i), O_WRONLY | O_CREAT | O_APPEND);
    Command command;
    auto peers = fmt::format("http://127.0.0.1:{}", ports_[2 * i + 1]);
    auto data = folder_.path() / fmt::format("m{}", i);
    command.argv = {"setpriv",
                    "--pdeathsig",
                    "KILL",
                    "etcd",
                    "--name",
                    fmt::format("m{}", i),
                    "--data-dir",
                    data.string(),
                    "--initial-cluster",
                    initial_,
                    "--listen-client-urls",
                    url(i),
                    "--advertise-client-urls",
                    url(i),
                    "--listen-peer-urls",
                    peers,
                    "--initial-advertise-peer-urls",
                    peers,
                    "--heartbeat-interval=50",
                    "--election-timeout=500"};
    command.argv.insert(command.argv.end(), more_.begin(), more_.end());
    command.descriptors = {{log->get(), 1}, {log->get(), 2}};
    auto process = Process::start(command);
    if (!process) throw std::runtime_error(process.error().message);
    members_[i].emplace(*std::move(process));
  }
  void kill(std::size_t i) {
    if (!members_[i]) return;
    EXPECT_TRUE(members_[i]->signal(SIGKILL));
    asio::io_context loop;
    EXPECT_TRUE(in_loop(loop, members_[i]->wait()));
    members_[i].reset();
  }
  /// Answers when none of its threads runs.
  void freeze(std::size_t i) {
    EXPECT_TRUE(members_[i]->signal(SIGSTOP));
    while (runs(members_[i]->pid())) ::usleep(1'000);
  }
  void thaw(std::size_t i) { EXPECT_TRUE(members_[i]->signal(SIGCONT)); }

  [[nodiscard]] int port(std::size_t i) const { return ports_[2 * i]; }
  [[nodiscard]] std::string url(std::size_t i) const {
    return fmt::format("{}://127.0.0.1:{}", scheme_, port(i));
  }
  [[nodiscard]] std::vector<std::string> urls() const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < members_.size(); ++i) all.push_back(url(i));
    return all;
  }
  [[nodiscard]] std::size_t leader() const {
    for (int attempt = 0; attempt < 100; ++attempt, ::usleep(50'000)) {
      for (std::size_t i = 0; i < members_.size(); ++i) {
        if (members_[i] && ask_plainly(port(i), "/metrics").find("\netcd_server_is_leader 1\n") !=
                               std::string::npos)
          return i;
      }
    }
    throw std::runtime_error("etcd has no leader");
  }
  void wait_until_ready() const {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      int attempts = 0;
      while (ask_plainly(port(i), "/health").find("\"true\"") == std::string::npos) {
        if (++attempts > 1'000) throw std::runtime_error("etcd is not ready: " + log(i));
        ::usleep(20'000);
      }
    }
  }
  [[nodiscard]] std::string log(std::size_t i) const {
    return read_file(folder_.path() / fmt::format("m{}.log", i)).value_or("");
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  /// Runs etcdctl against the first member; what it printed.
  Result<std::string> control(Words words) {
    Command command;
    command.argv = {"etcdctl", "--endpoints", url(0)};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.environment = {{"ETCDCTL_API", "3"}};
    asio::io_context loop;
    return in_loop(loop, run_checked(command, 20s));
  }

 private:
  static bool runs(pid_t pid) {
    for (const auto& task :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid))) {
      auto stat = read_file(task.path() / "stat").value_or(") T");
      if (stat.compare(stat.rfind(')'), 3, ") T") != 0) return true;
    }
    return false;
  }

  store::TemporaryFolder folder_{store::quick_parent()};
  Words more_;
  std::string scheme_;
  std::vector<int> ports_;
  std::string initial_;
  std::vector<std::optional<Process>> members_;
};

inline Options options_for(const Cluster& cluster) {
  return {.urls = cluster.urls(), .client = "test"};
}

inline std::unique_ptr<EtcdStore> open_store(asio::io_context& loop, Options options) {
  auto store = in_loop(loop, EtcdStore::open(loop.get_executor(), std::move(options)));
  if (!store) throw std::runtime_error(store.error().message);
  return *std::move(store);
}

}  // namespace truce::etcd
