#include "nodes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <unordered_map>

#include "base/log.h"
#include "base/random.h"
#include "base/release.h"
#include "cluster/due.h"
#include "moves/moves.h"
#include "networks/neighbours.h"
#include "pools/pools.h"
#include "sleep/phases.h"

namespace truce::manager {
namespace {

constexpr Bytes message_limit = mib(256);
constexpr std::size_t calls_limit = 256;
constexpr std::size_t streams_limit = 1024;
constexpr std::size_t reports_limit = 64;
constexpr std::size_t beats_limit = 64;  // of a node, without an answer yet

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

// Hosts report how full they are every few seconds: only what was asked for is news.
std::optional<std::vector<model::Pool>> news_of_pools(const Inventory& inventory,
                                                      const std::string& host,
                                                      std::vector<model::Pool>& sent, bool all) {
  auto pools = wanted_pools(inventory, host);
  if (!all && pools == sent) return std::nullopt;
  sent = pools;
  return pools;
}

std::optional<std::vector<std::string>> news_of_uploads(const Inventory& inventory,
                                                        const std::string& host,
                                                        std::vector<std::string>& sent, bool all) {
  std::vector<std::string> uploads;
  for (const auto& [name, kept] : inventory.all<model::Upload>()) {
    if (kept->object.host == host) uploads.push_back(name);
  }
  if (!all && uploads == sent) return std::nullopt;
  sent = uploads;
  return uploads;
}

// All of a host, in each assignment: that there is no such job any more says something, too.
std::vector<model::Job> jobs_of(const Inventory& inventory, const std::string& host) {
  std::vector<model::Job> jobs;
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    if (concerns(inventory, kept->object, host)) jobs.push_back(kept->object);
  }
  return jobs;
}

std::optional<std::vector<model::VmAssignment>> incoming_news(
    const Inventory& inventory, const std::string& host, std::vector<model::VmAssignment>& sent,
    bool all) {
  auto incoming = incoming_of(inventory, host);
  if (!all && incoming == sent) return std::nullopt;
  sent = incoming;
  return incoming;
}

template <class T>
std::vector<std::string> names(const Inventory& inventory) {
  std::vector<std::string> all;
  for (const auto& [name, kept] : inventory.all<T>()) all.push_back(name);
  return all;
}

template <class T>
std::vector<T> objects(const Inventory& inventory) {
  std::vector<T> all;
  for (const auto& [name, kept] : inventory.all<T>()) all.push_back(kept->object);
  return all;
}

}  // namespace

bool concerns(const Inventory& inventory, const model::Job& job, const std::string& host) {
  if (job.kind == model::JobKind::drain_host) return false;  // the manager does it itself
  if (job.host == host || job.from == host) return true;
  if (job.kind == model::JobKind::migrate_vm) return false;
  if (!job.vm.empty()) {
    auto vm = inventory.vm_by_uuid(job.vm);
    return vm && vm->object.host == host;
  }
  return job.host.empty();
}

/// One connected node.
struct Nodes::Session : std::enable_shared_from_this<Nodes::Session> {
  Session(UnixSocket s, std::string h, asio::any_io_executor loop)
      : socket(std::move(s)), host(std::move(h)), news(loop), reported(loop), stored(loop) {}

  struct Question {
    explicit Question(asio::any_io_executor loop) : answered(std::move(loop)) {}
    Wakeup answered;
    std::optional<model::CallReply> reply;
  };

  UnixSocket socket;
  std::string host;
  Wakeup news;                        ///< something to send
  std::deque<model::Call> calls;      ///< not sent yet
  std::deque<model::Report> reports;  ///< not stored yet
  Wakeup reported, stored;            ///< there is one more, or one less
  std::map<std::int64_t, std::shared_ptr<Question>> asked;
  std::unordered_map<std::string, std::int64_t> sent;  ///< uuid → generation
  std::vector<model::Pool> pools;                      ///< as they were sent
  std::vector<std::string> uploads;                    ///< likewise
  ToldOfOthers others;                                 ///< likewise
  std::vector<model::Job> jobs;                        ///< likewise
  std::vector<model::VmAssignment> incoming;           ///< likewise
  std::deque<model::HeartbeatAnswer> beats;            ///< not sent yet
  std::size_t beating = 0;                             ///< heartbeats without an answer yet
  std::optional<model::Tenancies> tenancies;           ///< as they were sent
  store::Revision revision = 0;                        ///< of the last assignment sent
  Due due{.all = true};                                ///< not sent yet
  std::string not_understood;                          ///< of its messages, the last one
  bool closed = false;
};

/// A stream that was asked for and whose connection has not come yet.
struct Nodes::Stream {
  explicit Stream(asio::any_io_executor loop) : arrived(std::move(loop)) {}
  Wakeup arrived;
  std::optional<UnixSocket> socket;
};

Nodes::Nodes(asio::any_io_executor loop, Ledger& ledger, Receive receive, Measured measured)
    : loop_(loop),
      ledger_(ledger),
      receive_(std::move(receive)),
      measured_(std::move(measured)),
      acceptor_(std::move(loop)) {}

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
  scope_ = &scope;
  scope.spawn(accept(scope));
  scope.spawn(note_changes());
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
    scope.spawn(meet(std::move(socket), {}, scope));
  }
}

// For all nodes at once, so that a change wakes those that it concerns.
Async<void> Nodes::note_changes() {
  auto& inventory = ledger_.inventory();
  Audience audience{[this](const std::string& host) -> Due* {
                      auto found = sessions_.find(host);
                      return found == sessions_.end() ? nullptr : &found->second->due;
                    },
                    [this](const std::function<void(Due&)>& mark) {
                      for (auto& [host, session] : sessions_) mark(session->due);
                    }};
  auto seen = inventory.revision();
  while (true) {
    co_await inventory.changed_since(seen);
    const auto& recent = inventory.recent();
    if (inventory.remembered_from() > seen) {
      audience.each([](Due& due) { due.all = true; });
    } else {
      auto first = std::ranges::upper_bound(recent, seen, {}, &Seen::revision);
      for (; first != recent.end(); ++first) note(inventory, *first, audience);
    }
    seen = inventory.revision();
    for (auto& [host, session] : sessions_) {
      if (session->due != Due()) session->news.wake();
    }
  }
}

void Nodes::serve(UnixSocket socket, std::string host, Scope& scope) {
  scope.spawn(meet(std::move(socket), std::move(host), scope));
}

void Nodes::drop(const std::string& host) {
  auto found = sessions_.find(host);
  if (found == sessions_.end()) return;
  boost::system::error_code ignored;
  found->second->socket.close(ignored);
}

// `verified` is the name in the certificate of another host; empty on this host's own socket.
Async<void> Nodes::meet(UnixSocket socket, std::string verified, Scope& scope) {
  auto first = co_await within(10s, read_frame(socket, kib(64)), std::string("hello"));
  if (!first) co_return;
  auto message = model::from_text<model::FromNode>(*first, model::Unknown::ignore);
  if (!message || !message->hello) {
    spdlog::warn("node link: the first message is not a hello");
    co_return;
  }
  if (!verified.empty() && message->hello->host != verified) {
    spdlog::warn("node link: the host '{}' calls itself '{}'", verified, message->hello->host);
    co_return;
  }
  auto known = release::check_formats(message->hello->host, message->hello->oldest_format,
                                      message->hello->format, ledger_.inventory().format());
  bool speaks = message->hello->stream.empty() && !message->hello->fetch;
  if (speaks && !known)
    co_return co_await refuse(std::move(socket), *message->hello, known.error());
  if (!message->hello->stream.empty()) {
    auto waiting = streams_.find(message->hello->stream);
    if (waiting == streams_.end()) co_return;
    waiting->second->socket = std::move(socket);
    waiting->second->arrived.wake();
    co_return;
  }
  if (message->hello->fetch) {
    if (bring_) co_await bring_(std::move(socket), message->hello->host, *message->hello->fetch);
    co_return;
  }
  auto session = std::make_shared<Session>(std::move(socket), message->hello->host, loop_);
  scope.spawn(serve_node(std::move(session)));
}

// What it would be told it could misunderstand. Its machines run on.
Async<void> Nodes::refuse(UnixSocket socket, model::Hello hello, Error why) {
  spdlog::warn("node {}: {}", hello.host, why.message);
  model::ToNode answer;
  answer.refused = why.message;
  static_cast<void>(co_await within(10s, write_frame(socket, model::to_text(answer)), "refusal"));
  auto done = co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    auto kept = ledger_.inventory().find<model::Host>(hello.host);
    if (!kept) return {};
    auto host = kept->object;
    host.version = hello.version;
    host.format = hello.format;
    host.problem = why.message;
    if (host == kept->object) return {};
    change.put(host);
    change.event("host.refused", "hosts/" + host.name, "", why.message);
    return {};
  });
  if (!done) spdlog::warn("host {}: {}", hello.host, done.error().message);
}

Async<void> Nodes::serve_node(std::shared_ptr<Session> session) {
  spdlog::info("node {} connected", session->host);
  drop(session->host);  // one that is cut off may not have noticed yet
  sessions_[session->host] = session;
  co_await (read_news(*session) || store_news(*session) || send_all(*session));
  session->closed = true;
  for (auto& [id, question] : session->asked) question->answered.wake();
  if (sessions_[session->host] == session) {
    sessions_.erase(session->host);
    co_await mark_offline(session->host);
  }
}

Async<void> Nodes::mark_offline(std::string host) {
  spdlog::info("node {} is gone", host);
  auto leaving = leaving_.insert(host);
  while (true) {
    auto done = co_await store_offline(host);
    if (done) break;
    spdlog::warn("host {}: {}", host, done.error().message);
    co_await sleep_for(1s);
  }
  leaving_.erase(leaving);
  if (auto back = sessions_.find(host); back != sessions_.end()) back->second->reported.wake();
}

Async<Result<void>> Nodes::store_offline(const std::string& host) {
  co_return co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    auto kept = ledger_.inventory().find<model::Host>(host);
    if (!kept || kept->object.state == model::HostState::offline) return {};
    auto changed = kept->object;
    changed.state = model::HostState::offline;
    change.put(changed);
    change.event("host.offline", "hosts/" + host, "",
                 is_put_to_sleep(changed) ? "it is switched off to save power"
                                          : "the connection to the node ended");
    return {};
  });
}

Async<void> Nodes::read_news(Session& session) {
  while (true) {
    auto frame = co_await read_frame(session.socket, message_limit);
    if (!frame) co_return;
    auto message = model::from_text<model::FromNode>(*frame, model::Unknown::ignore);
    if (!message) {
      // The connection stays: the machines of that host live by the heartbeats on it.
      const auto& error = message.error();
      auto why = fmt::format("a message is not understood: {} {}", error.field, error.message);
      if (why != std::exchange(session.not_understood, why))
        spdlog::error("node {}: {}", session.host, why);
      continue;
    }
    if (message->reply) {
      auto asked = session.asked.find(message->reply->id);
      if (asked == session.asked.end()) continue;
      asked->second->reply = std::move(*message->reply);
      asked->second->answered.wake();
    } else if (message->beat) {
      take_beat(session, *std::move(message->beat));
    } else if (message->samples) {
      measured_(session.host, *std::move(message->samples));
    } else if (message->report) {
      // A full disk makes the node wait in the end; it loses nothing.
      while (session.reports.size() >= reports_limit) co_await session.stored.wait();
      session.reports.push_back(std::move(*message->report));
      session.reported.wake();
    }
  }
}

// Apart from the reading: heartbeats do not wait for a store that is slow or refuses.
Async<void> Nodes::store_news(Session& session) {
  while (true) {
    // Not before the end of an earlier connection is stored, which would be the last word then.
    while (session.reports.empty() || leaving_.contains(session.host))
      co_await session.reported.wait();
    auto stored = co_await receive_(session.host, session.reports.front());
    if (!stored) {
      spdlog::warn("report of node {}: {}", session.host, stored.error().message);
      if (stored.error().code != Code::invalid) {
        co_await sleep_for(1s);
        continue;
      }
    }
    session.reports.pop_front();
    session.stored.wake();
    session.news.wake();
  }
}

// One that is not answered is sent again in time: more of them would not be credited sooner.
void Nodes::take_beat(Session& session, model::Heartbeat beat) {
  if (!lives_.answer || scope_ == nullptr || session.beating >= beats_limit) return;
  ++session.beating;
  scope_->spawn(answer_beat(session.shared_from_this(), std::move(beat)));
}

Async<void> Nodes::answer_beat(std::shared_ptr<Session> session, model::Heartbeat beat) {
  auto answer = co_await lives_.answer(session->host, std::move(beat));
  --session->beating;
  session->beats.push_back(std::move(answer));
  session->news.wake();
}

Async<void> Nodes::send_all(Session& session) {
  while (true) {
    while (!session.beats.empty()) {  // first: machines live by them
      model::ToNode message;
      message.beat = std::move(session.beats.front());
      session.beats.pop_front();
      if (!co_await write_frame(session.socket, model::to_text(message))) co_return;
    }
    while (!session.calls.empty()) {
      model::ToNode message;
      message.call = std::move(session.calls.front());
      session.calls.pop_front();
      if (!co_await write_frame(session.socket, model::to_text(message))) co_return;
    }
    if (session.due != Due()) {
      auto seen = ledger_.inventory().revision();
      auto assignment = co_await next_assignment(session, std::exchange(session.due, {}));
      if (!assignment) {
        spdlog::warn("assignment of node {}: {}", session.host, assignment.error().message);
        session.due.all = true;  // nobody knows what of it was noted as sent
        co_await sleep_for(1s);
        continue;
      }
      bool same_jobs = assignment->jobs == session.jobs;
      session.jobs = assignment->jobs;
      bool empty = assignment->vms.empty() && assignment->gone_vms.empty() && same_jobs &&
                   assignment->networks.empty() && !assignment->full && !assignment->incoming &&
                   !assignment->security_groups && !assignment->pools &&
                   !assignment->resource_pools && assignment->templates.empty() &&
                   !assignment->uploads && !assignment->hosts && !assignment->neighbours &&
                   !assignment->tenancies;
      session.revision = seen;
      if (!empty) {
        model::ToNode message;
        message.assignment = std::move(*assignment);
        if (!co_await write_frame(session.socket, model::to_text(message))) co_return;
      }
      continue;
    }
    co_await session.news.wait();
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

std::optional<model::Tenancies> Nodes::news_of_lives(Session& session, bool all) const {
  auto told = lives_.tell ? lives_.tell(session.host) : std::nullopt;
  auto before = session.tenancies;
  if (before && told) before->revision = told->revision;
  if (!told || (!all && before == told)) return std::nullopt;
  session.tenancies = told;
  return told;
}

// Forgets what a node was told of machines that are not its own any more; which these are.
std::vector<std::string> Nodes::gone_from(Session& session) const {
  std::vector<std::string> gone;
  std::erase_if(session.sent, [&](const auto& sent) {
    auto kept = ledger_.inventory().vm_by_uuid(sent.first);
    bool is_gone = !kept || kept->object.host != session.host;
    if (is_gone) gone.push_back(sent.first);
    return is_gone;
  });
  return gone;
}

Async<Result<model::Assignment>> Nodes::next_assignment(Session& session, Due due) {
  const auto& inventory = ledger_.inventory();
  model::Assignment assignment;
  assignment.base = session.revision;
  assignment.revision = inventory.revision();
  // An empty list says "as before", so that no network is left takes a whole assignment.
  due.all = due.all || (due.networks && inventory.all<model::Network>().empty());
  assignment.full = due.all;
  if (due.all) {
    session.sent.clear();
    due.machines = inventory.machines_on(session.host);
  } else if (std::ranges::any_of(due.machines, [&](const auto& name) {
               auto kept = inventory.find<model::Vm>(name);
               return !kept || kept->object.host != session.host;
             })) {
    assignment.gone_vms = gone_from(session);
  }
  if (due.all || due.networks) {
    assignment.networks = objects<model::Network>(inventory);
    assignment.templates = names<model::Template>(inventory);
  }
  if (due.all || due.groups) assignment.security_groups = objects<model::SecurityGroup>(inventory);
  if (due.all || due.resource_pools)
    assignment.resource_pools = objects<model::ResourcePool>(inventory);
  if (due.all || due.pools)
    assignment.pools = news_of_pools(inventory, session.host, session.pools, due.all);
  if (due.all || due.uploads)
    assignment.uploads = news_of_uploads(inventory, session.host, session.uploads, due.all);
  if (due.all || due.others) tell_of_others(inventory, session.host, session.others, assignment);
  if (due.all || due.lives) assignment.tenancies = news_of_lives(session, due.all);
  // All of them in each assignment, and what is on its way here with them.
  assignment.jobs = due.all || due.jobs ? jobs_of(inventory, session.host) : session.jobs;
  if (due.all || due.jobs)
    assignment.incoming = incoming_news(inventory, session.host, session.incoming, due.all);
  for (const auto& name : due.machines) {
    auto kept = inventory.find<model::Vm>(name);
    if (!kept || kept->object.host != session.host) continue;
    CO_TRY_VOID(co_await add_vm(session, assignment, kept->object));
  }
  co_return assignment;
}

Async<Result<model::CallReply>> Nodes::ask(std::string host, model::Call call, Duration limit) {
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

Async<Result<UnixSocket>> Nodes::open_stream(std::string host, model::Call call) {
  if (streams_.size() >= streams_limit)
    co_return fail(Code::limit, "too many connections to hosts are being opened: try again");
  auto key = random_hex(16);
  auto stream = std::make_shared<Stream>(loop_);
  streams_[key] = stream;
  call.stream = key;
  auto asked = co_await ask(std::move(host), std::move(call), 10s);
  if (asked && !stream->socket) co_await (stream->arrived.wait() || sleep_for(10s));
  streams_.erase(key);
  if (!asked) co_return std::unexpected(asked.error());
  if (!stream->socket) co_return fail(Code::timeout, "the host did not open a connection in time");
  co_return std::move(*stream->socket);
}

void Nodes::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  for (auto& [host, session] : sessions_) session->socket.close(ignored);
}

}  // namespace truce::manager
