// The manager's end of the node link: tells each node what to run, asks it questions, opens
// streams.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/frames.h"
#include "ledger.h"

namespace truce::manager {

/// Whether a host has something to do with a job: it is of one of its machines, or names the host,
/// or is anybody's.
bool concerns(const Inventory& inventory, const model::Job& job, const std::string& host);

struct Due;

class Nodes {
 public:
  /// What to do with a node's news; answers when it is stored.
  using Receive = std::function<Async<Result<void>>(std::string host, model::Report report)>;
  /// What to do with what a node has measured.
  using Measured = std::function<void(const std::string& host, model::Samples samples)>;

  /// What is asked and told about lives of hosts.
  struct Lives {
    std::function<Async<model::HeartbeatAnswer>(std::string host, model::Heartbeat beat)> answer;
    /// All that the host has to know; nothing: it has no lives to begin.
    std::function<std::optional<model::Tenancies>(const std::string& host)> tell;
  };

  Nodes(asio::any_io_executor loop, Ledger& ledger, Receive receive, Measured measured);
  ~Nodes();

  /// Before listen(); without it no host has a life.
  void set_lives(Lives lives) { lives_ = std::move(lives); }
  /// Listens on a unix socket that only the daemon's user may open.
  Result<void> listen(const std::filesystem::path& path, Scope& scope);

  /// Serves a connection that another host of the cluster has opened, whose certificate names it:
  /// it may speak for no other.
  void serve(UnixSocket socket, std::string host, Scope& scope);

  /// Ends what is connected of a host.
  void drop(const std::string& host);
  /// What to do with a connection over which a node fetches a file of a template.
  using Bring = std::function<Async<void>(UnixSocket socket, std::string host, model::Fetch wish)>;
  void on_fetch(Bring bring) { bring_ = std::move(bring); }

  /// A node's answer to a question about one of its machines. Code::unavailable: it is not
  /// connected.
  Async<Result<model::CallReply>> ask(std::string host, model::Call call, Duration limit);

  /// A connection that carries bytes of what `call` is about, once the node has agreed to it.
  Async<Result<UnixSocket>> open_stream(std::string host, model::Call call);

  /// Ends the sessions, so that the scope given to listen() can be joined.
  void close();

 private:
  struct Session;
  struct Stream;
  Async<void> accept(Scope& scope);
  Async<void> meet(UnixSocket socket, std::string verified, Scope& scope);
  Async<void> refuse(UnixSocket socket, model::Hello hello, Error why);
  Async<void> serve_node(std::shared_ptr<Session> session);
  Async<void> read_news(Session& session);
  Async<void> store_news(Session& session);
  Async<void> send_all(Session& session);
  Async<void> note_changes();
  Async<Result<model::Assignment>> next_assignment(Session& session, Due due);
  Async<Result<void>> add_vm(Session& session, model::Assignment& assignment, const model::Vm& vm);
  Async<void> mark_offline(std::string host);
  Async<Result<void>> store_offline(const std::string& host);
  std::optional<model::Tenancies> news_of_lives(Session& session, bool all) const;
  [[nodiscard]] std::vector<std::string> gone_from(Session& session) const;
  void take_beat(Session& session, model::Heartbeat beat);
  Async<void> answer_beat(std::shared_ptr<Session> session, model::Heartbeat beat);

  asio::any_io_executor loop_;
  Ledger& ledger_;
  Receive receive_;
  Measured measured_;
  Bring bring_;
  Lives lives_;
  Scope* scope_ = nullptr;
  asio::local::stream_protocol::acceptor acceptor_;
  std::map<std::string, std::shared_ptr<Session>> sessions_;
  std::multiset<std::string> leaving_;  ///< hosts that are being marked as offline
  std::map<std::string, std::shared_ptr<Stream>> streams_;
  std::int64_t last_call_ = 0;
};

}  // namespace truce::manager
