// The manager's end of the node link: tells each node what to run, asks it questions, opens
// streams.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/frames.h"
#include "ledger.h"

namespace truce::manager {

class Nodes {
 public:
  /// What to do with a node's news; answers when it is stored.
  using Receive = std::function<Async<Result<void>>(std::string host, model::Report report)>;

  Nodes(asio::any_io_executor loop, Ledger& ledger, Receive receive);
  ~Nodes();

  /// Listens on a unix socket that only the daemon's user may open.
  Result<void> listen(const std::filesystem::path& path, Scope& scope);

  /// A node's answer to a question about one of its machines. Code::unavailable: it is not
  /// connected.
  Async<Result<model::CallReply>> ask(std::string host, model::Call call, Duration limit);

  /// A connection that carries the bytes of a machine's `serial` or `vnc`.
  Async<Result<UnixSocket>> open_stream(std::string host, std::string uuid, std::string which);

  /// Ends the sessions, so that the scope given to listen() can be joined.
  void close();

 private:
  struct Session;
  struct Stream;
  Async<void> accept(Scope& scope);
  Async<void> serve(UnixSocket socket, Scope& scope);
  Async<void> serve_node(std::shared_ptr<Session> session);
  Async<void> read_news(Session& session);
  Async<void> send_all(Session& session);
  Async<Result<model::Assignment>> next_assignment(Session& session);
  Async<Result<void>> add_vm(Session& session, model::Assignment& assignment, const model::Vm& vm);
  Async<void> mark_offline(std::string host);

  asio::any_io_executor loop_;
  Ledger& ledger_;
  Receive receive_;
  asio::local::stream_protocol::acceptor acceptor_;
  std::map<std::string, std::shared_ptr<Session>> sessions_;
  std::map<std::string, std::shared_ptr<Stream>> streams_;
  std::int64_t last_call_ = 0;
};

}  // namespace truce::manager
