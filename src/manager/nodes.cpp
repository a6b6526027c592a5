#include "nodes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <unordered_map>

#include "base/log.h"
#include "base/random.h"

namespace truce::manager {
namespace {

constexpr Bytes message_limit = mib(256);
constexpr std::size_t calls_limit = 256;
constexpr std::size_t streams_limit = 1024;

// The request whose task brings this generation of a machine about; empty when none does any more.
std::string request_behind(const Inventory& inventory, const model::Vm& vm) {
  auto target = "vms/" + vm.name;
  for (const auto& name : inventory.live_tasks()) {
    auto kept = inventory.find<model::Task>(name);
    const auto& task = kept->object;
    if (task.generation == vm.generation && task.target == target) return task.request;
  }
  return {};
}

}  // namespace

/// One connected node.
struct Nodes::Session {
  Session(UnixSocket s, std::string h, asio::any_io_executor loop)
      : socket(std::move(s)), host(std::move(h)), news(loop) {}

  struct Question {
    explicit Question(asio::any_io_executor loop) : answered(std::move(loop)) {}
    Wakeup answered;
    std::optional<model::CallReply> reply;
  };

  UnixSocket socket;
  std::string host;
  Wakeup news;                    ///< something to send
  std::deque<model::Call> calls;  ///< not sent yet
  std::map<std::int64_t, std::shared_ptr<Question>> asked;
  std::unordered_map<std::string, std::int64_t> sent;  ///< uuid → generation
  store::Revision revision = 0;                        ///< of the last assignment sent
  bool closed = false;
};

/// A stream that was asked for and whose connection has not come yet.
struct Nodes::Stream {
  explicit Stream(asio::any_io_executor loop) : arrived(std::move(loop)) {}
  Wakeup arrived;
  std::optional<UnixSocket> socket;
};

Nodes::Nodes(asio::any_io_executor loop, Ledger& ledger, Receive receive)
    : loop_(loop), ledger_(ledger), receive_(std::move(receive)), acceptor_(std::move(loop)) {}

Nodes::~Nodes() = default;

Result<void> Nodes::listen(const std::filesystem::path& path, Scope& scope) {
  ::unlink(path.c_str());
  boost::system::error_code ec;
  acceptor_.open(asio::local::stream_protocol(), ec);
  auto old_mask = ::umask(0177);
  if (!ec) acceptor_.bind(asio::local::stream_protocol::endpoint(path.string()), ec);
  ::umask(old_mask);
  if (!ec) acceptor_.listen(64, ec);
  if (ec) return fail(Code::io, "listen for nodes on {}: {}", path.string(), ec.message());
  scope.spawn(accept(scope));
  return {};
}

Async<void> Nodes::accept(Scope& scope) {
  while (true) {
    auto [ec, socket] = co_await acceptor_.async_accept(as_result);
    if (ec == asio::error::operation_aborted) co_return;
    if (ec) {
      spdlog::warn("accept a node: {}", ec.message());
      co_await sleep_for(100ms);
      continue;
    }
    scope.spawn(serve(std::move(socket), scope));
  }
}

Async<void> Nodes::serve(UnixSocket socket, Scope& scope) {
  auto first = co_await within(10s, read_frame(socket, kib(64)), std::string("hello"));
  if (!first) co_return;
  auto message = model::from_text<model::FromNode>(*first, model::Unknown::ignore);
  if (!message || !message->hello) {
    spdlog::warn("node link: the first message is not a hello");
    co_return;
  }
  if (!message->hello->stream.empty()) {
    auto waiting = streams_.find(message->hello->stream);
    if (waiting == streams_.end()) co_return;
    waiting->second->socket = std::move(socket);
    waiting->second->arrived.wake();
    co_return;
  }
  auto session = std::make_shared<Session>(std::move(socket), message->hello->host, loop_);
  scope.spawn(serve_node(std::move(session)));
}

Async<void> Nodes::serve_node(std::shared_ptr<Session> session) {
  using namespace asio::experimental::awaitable_operators;
  spdlog::info("node {} connected", session->host);
  sessions_[session->host] = session;
  co_await (read_news(*session) || send_all(*session));
  session->closed = true;
  for (auto& [id, question] : session->asked) question->answered.wake();
  if (sessions_[session->host] == session) {
    sessions_.erase(session->host);
    co_await mark_offline(session->host);
  }
}

Async<void> Nodes::mark_offline(std::string host) {
  spdlog::info("node {} is gone", host);
  auto done = co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    auto kept = ledger_.inventory().find<model::Host>(host);
    if (!kept || kept->object.state == model::HostState::offline) return {};
    auto changed = kept->object;
    changed.state = model::HostState::offline;
    change.put(changed);
    change.event("host.offline", "hosts/" + host, "", "the connection to the node ended");
    return {};
  });
  if (!done) spdlog::warn("host {}: {}", host, done.error().message);
}

Async<void> Nodes::read_news(Session& session) {
  while (true) {
    auto frame = co_await read_frame(session.socket, message_limit);
    if (!frame) co_return;
    auto message = model::from_text<model::FromNode>(*frame, model::Unknown::ignore);
    if (!message) {
      spdlog::warn("node {}: {}", session.host, message.error().message);
      co_return;
    }
    if (message->reply) {
      auto asked = session.asked.find(message->reply->id);
      if (asked == session.asked.end()) continue;
      asked->second->reply = std::move(*message->reply);
      asked->second->answered.wake();
    } else if (message->report) {
      // Stored before the next is read: a full disk makes the node wait, it loses nothing.
      while (true) {
        auto stored = co_await receive_(session.host, *message->report);
        if (stored) break;
        spdlog::warn("report of node {}: {}", session.host, stored.error().message);
        co_await sleep_for(1s);
      }
      session.news.wake();
    }
  }
}

Async<void> Nodes::send_all(Session& session) {
  using namespace asio::experimental::awaitable_operators;
  while (true) {
    while (!session.calls.empty()) {
      model::ToNode message;
      message.call = std::move(session.calls.front());
      session.calls.pop_front();
      if (!co_await write_frame(session.socket, model::to_text(message))) co_return;
    }
    auto seen = ledger_.inventory().revision();
    if (seen > session.revision) {
      auto assignment = co_await next_assignment(session);
      if (!assignment) {
        spdlog::warn("assignment of node {}: {}", session.host, assignment.error().message);
        co_await sleep_for(1s);
        continue;
      }
      bool empty = assignment->vms.empty() && assignment->gone_vms.empty() &&
                   assignment->networks.empty() && assignment->jobs.empty() && !assignment->full &&
                   !assignment->security_groups && assignment->templates.empty();
      session.revision = seen;
      if (!empty) {
        model::ToNode message;
        message.assignment = std::move(*assignment);
        if (!co_await write_frame(session.socket, model::to_text(message))) co_return;
      }
      continue;
    }
    co_await (session.news.wait() || ledger_.inventory().changed_since(seen));
  }
}

Async<Result<void>> Nodes::add_vm(Session& session, model::Assignment& assignment,
                                  const model::Vm& vm) {
  auto sent = session.sent.find(vm.uuid);
  if (sent != session.sent.end() && sent->second == vm.generation) co_return Result<void>{};
  auto generation = vm.generation;
  auto uuid = vm.uuid;
  model::VmAssignment assigned;
  auto secret = co_await ledger_.store().get(first_boot_key(uuid));
  if (!secret) co_return std::unexpected(secret.error());
  if (*secret) {
    auto first_boot = model::from_text<model::FirstBoot>((*secret)->value, model::Unknown::ignore);
    if (!first_boot) {  // costs this machine, not the others of its host
      spdlog::error("machine {}: its cloud-init data: {}", uuid, first_boot.error().message);
      co_return Result<void>{};
    }
    assigned.first_boot = *std::move(first_boot);
  }
  // Looked up again: while this waited, the machine may have changed or gone.
  auto now_kept = ledger_.inventory().vm_by_uuid(uuid);
  if (!now_kept || now_kept->object.generation != generation) co_return Result<void>{};
  assigned.vm = now_kept->object;
  assigned.request = request_behind(ledger_.inventory(), assigned.vm);
  session.sent[uuid] = generation;
  assignment.vms.push_back(std::move(assigned));
  co_return Result<void>{};
}

Async<Result<model::Assignment>> Nodes::next_assignment(Session& session) {
  const auto& inventory = ledger_.inventory();
  model::Assignment assignment;
  assignment.base = session.revision;
  assignment.revision = inventory.revision();
  assignment.full = session.revision == 0 || inventory.remembered_from() > session.revision;
  bool others = assignment.full;
  bool groups = assignment.full;
  bool some_left = false;
  std::vector<Ref<model::Vm>> changed;
  if (assignment.full) {
    session.sent.clear();
    for (const auto& [name, kept] : inventory.all<model::Vm>()) changed.push_back(kept);
  } else {
    const auto& recent = inventory.recent();
    for (auto seen = recent.rbegin(); seen != recent.rend() && seen->revision > session.revision;
         ++seen) {
      others = others || seen->folder == folder_of<model::Network> ||
               seen->folder == folder_of<model::Job> || seen->folder == folder_of<model::Template>;
      groups = groups || seen->folder == folder_of<model::SecurityGroup>;
      if (seen->folder != folder_of<model::Vm>) continue;
      auto kept = inventory.find<model::Vm>(seen->name);
      some_left = some_left || !kept || kept->object.host != session.host;
      if (kept) changed.push_back(std::move(kept));
    }
  }
  if (some_left) {
    std::erase_if(session.sent, [&](const auto& sent) {
      auto kept = inventory.vm_by_uuid(sent.first);
      bool gone = !kept || kept->object.host != session.host;
      if (gone) assignment.gone_vms.push_back(sent.first);
      return gone;
    });
  }
  // An empty list says "as before", so that no network is left takes a whole assignment.
  if (others && !assignment.full && inventory.all<model::Network>().empty()) {
    assignment.full = groups = true;
    session.sent.clear();
    changed.clear();
    for (const auto& [name, kept] : inventory.all<model::Vm>()) changed.push_back(kept);
  }
  if (others) {
    for (const auto& [name, kept] : inventory.all<model::Network>())
      assignment.networks.push_back(kept->object);
    for (const auto& [name, kept] : inventory.all<model::Job>())
      assignment.jobs.push_back(kept->object);
    for (const auto& [name, kept] : inventory.all<model::Template>())
      assignment.templates.push_back(name);
  }
  if (groups) {
    assignment.security_groups.emplace();
    for (const auto& [name, kept] : inventory.all<model::SecurityGroup>())
      assignment.security_groups->push_back(kept->object);
  }
  for (const auto& kept : changed) {
    if (kept->object.host != session.host) continue;
    CO_TRY_VOID(co_await add_vm(session, assignment, kept->object));
  }
  co_return assignment;
}

Async<Result<model::CallReply>> Nodes::ask(std::string host, model::Call call, Duration limit) {
  using namespace asio::experimental::awaitable_operators;
  auto found = sessions_.find(host);
  if (found == sessions_.end()) {
    co_return fail(Code::unavailable, "host '{}' is not connected to its manager", host);
  }
  auto session = found->second;
  if (session->asked.size() >= calls_limit) {
    co_return fail(Code::limit, "host '{}' has {} unanswered questions: try again", host,
                   calls_limit);
  }
  auto id = ++last_call_;
  auto question = std::make_shared<Session::Question>(loop_);
  session->asked[id] = question;
  call.id = id;
  session->calls.push_back(std::move(call));
  session->news.wake();
  co_await (question->answered.wait() || sleep_for(limit));
  session->asked.erase(id);
  if (!question->reply && session->closed)
    co_return fail(Code::unavailable, "host '{}' went away", host);
  if (!question->reply) co_return fail(Code::timeout, "host '{}' did not answer in time", host);
  if (!question->reply->error.empty()) {
    co_return std::unexpected(Error{parse_code(question->reply->code), question->reply->error, {}});
  }
  co_return std::move(*question->reply);
}

Async<Result<UnixSocket>> Nodes::open_stream(std::string host, std::string uuid,
                                             std::string which) {
  using namespace asio::experimental::awaitable_operators;
  if (streams_.size() >= streams_limit)
    co_return fail(Code::limit, "too many consoles are being opened");
  auto key = random_hex(16);
  auto stream = std::make_shared<Stream>(loop_);
  streams_[key] = stream;
  model::Call call;
  call.verb = model::CallVerb::stream;
  call.vm = std::move(uuid);
  call.stream = key;
  call.which = std::move(which);
  auto asked = co_await ask(std::move(host), std::move(call), 10s);
  if (asked && !stream->socket) co_await (stream->arrived.wait() || sleep_for(10s));
  streams_.erase(key);
  if (!asked) co_return std::unexpected(asked.error());
  if (!stream->socket) co_return fail(Code::timeout, "the host did not open the console in time");
  co_return std::move(*stream->socket);
}

void Nodes::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  for (auto& [host, session] : sessions_) session->socket.close(ignored);
}

}  // namespace truce::manager
