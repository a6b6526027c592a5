// bench_api: asks a daemon and measures. Prints one line of JSON.
//   bench_api get    one request after another on each of some connections
//   bench_api watch  how long until all watchers of a list have seen a change
//   bench_api bare   serves a fixed answer of as many bytes: the peer that does nothing but I/O
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>

#include "connection.h"

namespace truce::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  Target target;
  std::string path;  ///< `{}` becomes a machine's name
  int machines = 1;  ///< how many `{}` may be
  int connections = 1;
  int requests = 1000;  ///< measured, over all connections
  int warm_up = 100;
  std::string socket;  ///< of `bare`
  std::size_t bytes = 0;
};

double ms(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

double percentile(std::vector<double>& values, double part) {
  auto index = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5);
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(index));
  return values[index];
}

void print_latencies(std::vector<double> values, double seconds, std::size_t bytes) {
  auto count = static_cast<double>(values.size());
  std::cout << fmt::format(
      "{{\"requests\":{},\"seconds\":{:.4f},\"per_second\":{:.1f},\"bytes\":{},\"p50_ms\":{:.4f},"
      "\"p99_ms\":{:.4f},\"max_ms\":{:.4f}}}\n",
      values.size(), seconds, count / seconds, bytes, percentile(values, 0.5),
      percentile(values, 0.99), *std::ranges::max_element(values));
}

// Spread over all machines, so that no answer is always in the processor's cache.
std::string path_of(const Options& options, int request) {
  auto hole = options.path.find("{}");
  if (hole == options.path.npos) return options.path;
  auto path = options.path;
  auto number = static_cast<long long>(request) * 7919 % options.machines;
  return path.replace(hole, 2, fmt::format("vm-{:05}", number));
}

Result<void> get(const Options& options) {
  struct Line {
    Connection connection;
    Clock::time_point sent;
  };
  std::vector<Line> lines;
  for (int i = 0; i < options.connections; ++i) {
    TRY(auto connection, Connection::open(options.target));
    lines.push_back({std::move(connection), {}});
  }
  int asked = 0;
  auto ask = [&](Line& line) -> Result<void> {
    auto text = line.connection.request("GET", path_of(options, asked++));
    line.sent = Clock::now();
    return line.connection.send(text);
  };
  std::vector<pollfd> waiting;
  for (auto& line : lines) {
    TRY_VOID(ask(line));
    waiting.push_back({line.connection.descriptor(), POLLIN, 0});
  }
  std::vector<double> took;
  std::size_t bytes = 0;
  int answered = 0;
  auto begin = Clock::now();
  while (answered < options.warm_up + options.requests) {
    // Whoever answers first is read first: a server that waits for one reader must not wait for
    // ever.
    if (::poll(waiting.data(), waiting.size(), 30'000) <= 0)
      return fail(Code::timeout, "no answer");
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      TRY(bytes, lines[i].connection.receive());
      if (++answered > options.warm_up) {
        took.push_back(ms(Clock::now() - lines[i].sent));
      } else if (answered == options.warm_up) {
        begin = Clock::now();
      }
      TRY_VOID(ask(lines[i]));
    }
  }
  auto seconds = ms(Clock::now() - begin) / 1000;
  print_latencies(std::move(took), seconds, bytes);
  return {};
}

Result<std::string> newest_revision(Connection& connection) {
  TRY_VOID(connection.send(connection.request("GET", "/v1/vms?limit=1")));
  TRY_VOID(connection.receive());
  auto body = connection.body();
  constexpr std::string_view before = "{\"revision\":";
  if (!body.starts_with(before)) return fail(Code::corrupt, "not a page: {}", body.substr(0, 80));
  body.remove_prefix(before.size());
  return std::string(body.substr(0, body.find(',')));
}

Result<std::vector<Connection>> open_watchers(const Options& options, const std::string& since) {
  std::vector<Connection> watchers;
  for (int i = 0; i < options.connections; ++i) {
    TRY(auto watcher, Connection::open(options.target));
    TRY_VOID(watcher.send(watcher.request("GET", "/v1/vms?watch&since=" + since)));
    std::string head;
    while (!head.contains("\r\n\r\n")) {
      TRY(auto piece, watcher.receive_some());
      head += piece;
    }
    if (!head.starts_with("HTTP/1.1 200")) return fail(Code::io, "a watch is refused: {}", head);
    ::fcntl(watcher.descriptor(), F_SETFL, ::fcntl(watcher.descriptor(), F_GETFL) | O_NONBLOCK);
    watchers.push_back(std::move(watcher));
  }
  return watchers;
}

// Reads until each watcher has had `mark`; the time of the first and of the last.
Result<std::pair<Clock::time_point, Clock::time_point>> all_saw(std::vector<Connection>& watchers,
                                                                const std::string& mark) {
  std::vector<std::string> seen(watchers.size());
  std::vector<pollfd> waiting;
  for (auto& watcher : watchers) waiting.push_back({watcher.descriptor(), POLLIN, 0});
  Clock::time_point first, last;
  std::size_t left = watchers.size();
  while (left > 0) {
    if (::poll(waiting.data(), waiting.size(), 10'000) == 0) {
      return fail(Code::timeout, "{} watchers never saw a change", left);
    }
    for (std::size_t i = 0; i < watchers.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      TRY(auto piece, watchers[i].receive_some());
      seen[i] += piece;
      if (!seen[i].contains(mark)) continue;
      last = Clock::now();
      if (left-- == watchers.size()) first = last;
      waiting[i].fd = -1;
    }
  }
  return std::pair(first, last);
}

Result<void> watch(const Options& options) {
  TRY(auto writer, Connection::open(options.target));
  TRY(auto since, newest_revision(writer));
  TRY(auto watchers, open_watchers(options, since));
  std::vector<double> firsts, took;
  for (int round = 0; round < options.warm_up + options.requests; ++round) {
    auto mark = fmt::format("change {} of {}", round, ::getpid());
    auto text = writer.request("PATCH", path_of(options, round),
                               fmt::format("{{\"description\":\"{}\"}}", mark));
    auto begin = Clock::now();
    TRY_VOID(writer.send(text));
    TRY(auto when, all_saw(watchers, mark));
    TRY_VOID(writer.receive());
    if (round < options.warm_up) continue;
    firsts.push_back(ms(when.first - begin));
    took.push_back(ms(when.second - begin));
  }
  std::cout << fmt::format(
      "{{\"watchers\":{},\"changes\":{},\"first_p50_ms\":{:.4f},\"p50_ms\":{:.4f},"
      "\"p99_ms\":{:.4f}}}\n",
      options.connections, took.size(), percentile(firsts, 0.5), percentile(took, 0.5),
      percentile(took, 0.99));
  return {};
}

Result<Fd> listen_on(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) return fail(Code::invalid, "{} is too long", path);
  std::memcpy(address.sun_path, path.data(), path.size());
  ::unlink(path.c_str());
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 64) != 0) {
    return fail_errno(errno, "listen on " + path);
  }
  return listener;
}

// Ends when its last client goes.
Result<void> bare(const Options& options) {
  TRY(auto listener, listen_on(options.socket));
  auto answer = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", options.bytes,
                            std::string(options.bytes, 'x'));
  std::vector<pollfd> waiting = {{listener.get(), POLLIN, 0}};
  std::vector<Fd> clients;
  std::vector<char> question(64 * 1024);
  bool served = false;
  while (!served || !clients.empty()) {
    ::poll(waiting.data(), waiting.size(), -1);
    for (std::size_t i = waiting.size() - 1; i > 0; --i) {
      if (waiting[i].revents == 0) continue;
      auto got = ::recv(waiting[i].fd, question.data(), question.size(), 0);
      if (got <= 0) {
        clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i) - 1);
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      std::string_view left = answer;
      while (!left.empty()) {
        auto sent = ::send(waiting[i].fd, left.data(), left.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        left.remove_prefix(static_cast<std::size_t>(sent));
      }
    }
    if (waiting[0].revents == 0) continue;
    clients.emplace_back(::accept(listener.get(), nullptr, nullptr));
    waiting.push_back({clients.back().get(), POLLIN, 0});
    served = true;
  }
  return {};
}

}  // namespace
}  // namespace truce::bench

int main(int argc, char** argv) {
  using namespace truce::bench;
  Options options;
  CLI::App app("Asks a daemon and measures", "bench_api");
  app.require_subcommand(1);
  auto* get_command = app.add_subcommand("get", "One request after another on each connection");
  auto* watch_command = app.add_subcommand("watch", "Until all watchers have seen a change");
  for (auto* command : {get_command, watch_command}) {
    command->add_option("--url", options.target.url, "unix:PATH or https://ADDRESS:PORT")
        ->required();
    command->add_option("--token", options.target.token, "Bearer token");
    command->add_option("--path", options.path, "What to ask for; {} is a machine's name")
        ->required();
    command->add_option("--machines", options.machines, "How many machines {} may be");
    command->add_option("--connections", options.connections, "How many");
    command->add_option("--requests", options.requests, "How many, over all connections");
    command->add_option("--warm-up", options.warm_up, "How many before, not measured");
  }
  auto* bare_command = app.add_subcommand("bare", "Serve a fixed answer on a unix socket");
  bare_command->add_option("--socket", options.socket, "Where")->required();
  bare_command->add_option("--bytes", options.bytes, "Size of the answer")->required();
  CLI11_PARSE(app, argc, argv);
  auto done = *get_command ? get(options) : *watch_command ? watch(options) : bare(options);
  if (done) return 0;
  std::cerr << "bench_api: " << done.error().message << '\n';
  return 1;
}
