#include "node/node.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <thread>
#include <utility>

#include "base/base64.h"
#include "base/file.h"
#include "base/log.h"
#include "jobs.h"
#include "keeper.h"
#include "model/firewall.h"
#include "support.h"

namespace truce::node {
namespace {

constexpr Bytes message_limit = mib(256);
constexpr std::size_t screenshot_limit = 32U << 20;

constexpr std::pair<network::Mode, model::NetworkMode> network_modes[] = {
    {network::Mode::nat, model::NetworkMode::nat},
    {network::Mode::user, model::NetworkMode::user},
    {network::Mode::routed, model::NetworkMode::routed},
    {network::Mode::isolated, model::NetworkMode::isolated},
    {network::Mode::bridged, model::NetworkMode::bridged}};

network::Group to_group(const model::SecurityGroup& given) {
  using Direction = network::Rule::Direction;
  network::Group group{given.name};
  for (const auto& text : given.rules) {
    auto rule = model::parse_firewall_rule(text);
    if (!rule) {  // allows nothing
      spdlog::error("security group {}: {}", given.name, rule.error().message);
      continue;
    }
    network::Rule& put = group.rules.emplace_back();
    put.direction = rule->ingress ? Direction::ingress : Direction::egress;
    put.protocol = rule->protocol;
    for (auto [first, last] : rule->ports) put.ports.push_back({first, last});
    put.peer = rule->peer;
    put.peer_group = rule->peer_group;
  }
  return group;
}

Bytes host_memory() {
  struct sysinfo info{};
  ::sysinfo(&info);
  return {static_cast<std::uint64_t>(info.totalram) * info.mem_unit};
}

}  // namespace

struct Node::State {
  State(asio::any_io_executor l, hypervisor::Hypervisor& hypervisor, storage::Pool& pool,
        network::Provider& network, Settings s)
      : loop(l),
        settings(std::move(s)),
        scope(l),
        news(l),
        hands{l,
              hypervisor,
              pool,
              network,
              settings,
              news,
              scope,
              [this](std::string name, std::string mac) { return leased(name, mac); },
              [this](const std::string& name) { return mode_of(name); },
              [this](std::string name) { return network_ready(std::move(name)); },
              [this](model::Job job, JobEnd end) {
                return to_keeper(std::move(job), std::move(end));
              }},
        jobs(hands) {}

  Async<void> follow_manager();
  Async<void> talk(UnixSocket& socket);
  Async<void> send_news(UnixSocket& socket);
  Async<void> read_messages(UnixSocket& socket);
  void take_assignment(model::Assignment assignment);
  bool to_keeper(model::Job job, JobEnd end);
  Async<void> answer(model::Call call);
  Async<Result<model::CallReply>> carry_out(const model::Call& call);
  Async<std::optional<model::CallReply>> of_host(const model::Call& call);
  Async<Result<model::CallReply>> exec(model::Call call);
  Async<Result<void>> open_stream(const model::Call& call, Keeper& keeper);
  Async<void> carry_stream(UnixSocket socket, std::string uuid, std::string port);
  Async<void> keep_networks();
  Async<void> remove_networks();
  Async<Result<void>> network_ready(std::string name);
  Async<Result<void>> ensure_network(model::Network network);
  Async<Result<void>> apply_groups();
  Async<void> watch_pool();
  model::Host describe_host() const;
  Async<std::string> leased(std::string network, std::string mac);
  model::NetworkMode mode_of(const std::string& name) const;

  struct Leases {
    std::chrono::steady_clock::time_point read;
    std::map<std::string, std::string> by_mac;
  };

  asio::any_io_executor loop;
  Settings settings;
  Scope scope;
  News news;
  Hands hands;
  Jobs jobs;
  std::map<std::string, std::shared_ptr<Keeper>> keepers;
  std::map<std::string, model::Observed> adopted;  ///< not claimed by an assignment yet
  std::vector<hypervisor::Notice> early;           ///< of machines not assigned yet
  std::map<std::string, model::Network> networks;
  std::map<std::string, std::string> network_problems;
  std::vector<network::Group> groups;
  bool groups_changed = false;
  int removals_wanted = 0, removals_done = 0;  ///< of networks that the manager no longer has
  bool first_round_done = false;  ///< all networks were looked at once, then the groups
  std::map<std::string, Leases> leases;
  model::Pool last_pool;
  std::deque<model::CallReply> replies;
  std::unique_ptr<Wakeup> replied;
  std::unique_ptr<Wakeup> networks_changed;
};

model::Host Node::State::describe_host() const {
  const auto& capabilities = hands.hypervisor.capabilities();
  model::Host host;
  host.name = settings.name;
  host.state = model::HostState::online;
  host.cpus = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  host.memory = host_memory();
  host.hypervisor = capabilities.name + " " + capabilities.version;
  host.accelerator = capabilities.accelerator;
  host.machine_types = capabilities.machine_types;
  host.machine_version = capabilities.machine_version;
  host.cpu_models = capabilities.cpu_models;
  host.lacks = capabilities.lacks;
  for (auto given : hands.network.modes()) {
    for (auto [mode, name] : network_modes) {
      if (mode == given) host.network_modes.push_back(name);
    }
  }
  if (host.network_modes.empty() || host.network_modes.front() != model::NetworkMode::nat) {
    host.problem = "NAT networks cannot be had here: " + hands.network.why_not_nat();
  }
  utsname name{};
  if (::uname(&name) == 0) host.kernel = name.release;
  return host;
}

model::NetworkMode Node::State::mode_of(const std::string& name) const {
  auto found = networks.find(name);
  return found == networks.end() ? model::NetworkMode::nat : found->second.mode;
}

Async<std::string> Node::State::leased(std::string network, std::string mac) {
  auto& cached = leases[network];
  auto time = std::chrono::steady_clock::now();
  if (time - cached.read > 1s) {
    cached.read = time;
    auto listed = co_await hands.network.leases(network);
    if (listed) {
      cached.by_mac.clear();
      for (auto& lease : *listed) cached.by_mac[lease.mac] = std::move(lease.address);
    }
  }
  auto found = cached.by_mac.find(mac);
  co_return found == cached.by_mac.end() ? std::string() : found->second;
}

Async<void> Node::State::follow_manager() {
  auto pause = 50ms;
  while (true) {
    auto socket = co_await connect_unix(settings.manager_socket.string());
    if (socket) {
      pause = 50ms;
      co_await talk(*socket);
      spdlog::info("the connection to the manager ended");
    }
    co_await sleep_for(pause);
    pause = std::min(pause * 2, Duration(5000ms));
  }
}

Async<void> Node::State::talk(UnixSocket& socket) {
  using namespace asio::experimental::awaitable_operators;
  model::FromNode hello;
  hello.hello = model::Hello{settings.name, ""};
  if (!co_await write_frame(socket, model::to_text(hello))) co_return;
  news.clear();
  replies.clear();
  news.add(describe_host());
  if (!last_pool.name.empty()) news.add(std::vector{last_pool});
  for (auto& [uuid, keeper] : keepers) keeper->report_again();
  for (const auto& [name, problem] : network_problems)
    news.add(model::NetworkReport{name, problem});
  co_await (send_news(socket) || read_messages(socket));
}

Async<void> Node::State::send_news(UnixSocket& socket) {
  using namespace asio::experimental::awaitable_operators;
  while (true) {
    model::FromNode message;
    if (!replies.empty()) {
      message.reply = std::move(replies.front());
      replies.pop_front();
    } else {
      // Only waits: what one side took when both are ready would be lost.
      co_await (news.wait() || replied->wait());
      if (news.empty()) continue;
      message.report = news.take();
    }
    if (!co_await write_frame(socket, model::to_text(message))) co_return;
  }
}

Async<void> Node::State::read_messages(UnixSocket& socket) {
  while (true) {
    auto frame = co_await read_frame(socket, message_limit);
    if (!frame) co_return;
    auto message = model::from_text<model::ToNode>(*frame, model::Unknown::ignore, message_limit);
    if (!message) {
      spdlog::error("message of the manager: {}", message.error().message);
      co_return;
    }
    if (message->assignment) take_assignment(std::move(*message->assignment));
    if (message->call) scope.spawn(answer(std::move(*message->call)));
  }
}

void Node::State::take_assignment(model::Assignment assignment) {
  if (assignment.security_groups) {
    groups.clear();
    for (const auto& given : *assignment.security_groups) groups.push_back(to_group(given));
    groups_changed = true;
    networks_changed->wake();
  }
  if (assignment.full || !assignment.networks.empty()) {
    auto before = std::exchange(networks, {});
    for (auto& network : assignment.networks) networks[network.name] = std::move(network);
    for (const auto& [name, network] : before) {
      if (!networks.contains(name)) ++removals_wanted;
    }
    networks_changed->wake();
  }
  for (auto& wish : assignment.vms) {
    auto uuid = wish.vm.uuid;
    auto& keeper = keepers[uuid];
    if (keeper) {
      keeper->assign(std::move(wish));
      continue;
    }
    auto claimed = adopted.extract(uuid);
    auto state = claimed ? std::optional(claimed.mapped()) : std::nullopt;
    keeper = std::make_shared<Keeper>(hands, std::move(wish), state);
    for (const auto& notice : early) {
      if (notice.uuid == uuid) keeper->notice(notice);
    }
    std::erase_if(early, [&](const auto& notice) { return notice.uuid == uuid; });
    scope.spawn(keeper->run(keeper));
  }
  for (const auto& uuid : assignment.gone_vms) {
    auto found = keepers.find(uuid);
    if (found == keepers.end()) continue;
    found->second->close();
    keepers.erase(found);
  }
  jobs.assign(assignment.jobs);
  if (assignment.full) {
    for (const auto& [uuid, state] : adopted) {
      spdlog::warn("a machine {} runs here that the manager does not know", uuid);
    }
  }
}

bool Node::State::to_keeper(model::Job job, JobEnd end) {
  auto found = keepers.find(job.vm);
  if (found == keepers.end()) return false;
  found->second->take(std::move(job), std::move(end));
  return true;
}

Async<void> Node::State::answer(model::Call call) {
  auto reply = co_await carry_out(call);
  model::CallReply told;
  if (reply) {
    told = std::move(*reply);
  } else {
    told.error = reply.error().message;
    told.code = to_string(reply.error().code);
  }
  told.id = call.id;
  replies.push_back(std::move(told));
  replied->wake();
}

// What asks about the host and not about one of its machines.
Async<std::optional<model::CallReply>> Node::State::of_host(const model::Call& call) {
  model::CallReply reply;
  if (call.verb == model::CallVerb::check_host) {
    if (settings.check_host) reply.checks = co_await settings.check_host();
    co_return reply;
  }
  if (call.verb != model::CallVerb::support_files) co_return std::nullopt;
  reply.files = co_await support_files(settings);
  co_return reply;
}

Async<Result<model::CallReply>> Node::State::carry_out(const model::Call& call) {
  auto told = co_await of_host(call);
  if (told) co_return *std::move(told);
  auto found = keepers.find(call.vm);
  if (found == keepers.end())
    co_return fail(Code::not_found, "this host has no machine {}", call.vm);
  auto& keeper = *found->second;
  model::CallReply reply;
  switch (call.verb) {
    case model::CallVerb::reset:
      CO_TRY_VOID(co_await hands.hypervisor.reset(call.vm));
      break;
    case model::CallVerb::screenshot: {
      CO_TRY(auto png, co_await hands.hypervisor.screenshot(call.vm));
      if (png.size() > screenshot_limit) co_return fail(Code::limit, "the screenshot is too large");
      reply.data = base64_encode(png);
      break;
    }
    case model::CallVerb::exec:
      co_return co_await exec(call);
    case model::CallVerb::serial_tail:
      reply.data =
          keeper.serial()->tail(static_cast<std::size_t>(std::max<std::int64_t>(call.bytes, 0)));
      break;
    case model::CallVerb::stream:
      CO_TRY_VOID(co_await open_stream(call, keeper));
      break;
    default:
      co_return fail(Code::unsupported, "this node does not know what is asked of it");
  }
  co_return reply;
}

Async<Result<model::CallReply>> Node::State::exec(model::Call call) {
  auto* agent = hands.hypervisor.guest_agent();
  if (agent == nullptr) co_return fail(Code::unsupported, "this hypervisor has no guest agent");
  CO_TRY(auto result,
         co_await agent->exec(call.vm, call.argv, std::chrono::seconds(call.timeout_seconds)));
  model::CallReply reply;
  reply.exec = model::ExecAnswer{result.exit_code, std::move(result.out), std::move(result.err)};
  co_return reply;
}

Async<Result<void>> Node::State::open_stream(const model::Call& call, Keeper& keeper) {
  std::string port;  // of all but the console, which is shared and remembered
  if (call.which != "serial") {
    port = hands.hypervisor.socket(call.vm, call.which).string();
    if (port.empty()) {
      co_return fail(Code::unsupported, "'{}' has no {}", keeper.vm().name,
                     call.which == "vnc" ? "screen" : call.which);
    }
  }
  CO_TRY(auto socket, co_await connect_unix(settings.manager_socket.string()));
  model::FromNode hello;
  hello.hello = model::Hello{settings.name, call.stream};
  CO_TRY_VOID(co_await write_frame(socket, model::to_text(hello)));
  scope.spawn(carry_stream(std::move(socket), call.vm, std::move(port)));
  co_return Result<void>{};
}

Async<void> Node::State::carry_stream(UnixSocket socket, std::string uuid, std::string port) {
  if (!port.empty()) {
    auto other = co_await connect_unix(port);
    if (other) co_await splice(socket, *other);
    co_return;
  }
  auto found = keepers.find(uuid);
  if (found == keepers.end()) co_return;
  auto line = found->second->serial();
  co_await line->attach(line, std::move(socket));
}

// Ensures one network and tells the manager when its problem is another one than before.
Async<Result<void>> Node::State::ensure_network(model::Network network) {
  network::Config config{network.name, network::Mode::nat, network.subnet, network.domain};
  for (auto [mode, name] : network_modes) {
    if (name == network.mode) config.mode = mode;
  }
  config.bridge = network.bridge;
  if (!network.spoof_filter) config.spoof_filter = network::SpoofFilter::off;
  auto done = co_await hands.network.ensure(config);
  auto problem = done ? std::string() : done.error().message;
  auto [known, added] = network_problems.try_emplace(network.name, problem);
  if (!added && known->second == problem) co_return done;
  known->second = problem;
  if (!problem.empty()) spdlog::warn("network {}: {}", network.name, problem);
  news.add(model::NetworkReport{network.name, problem});
  co_return done;
}

// A NIC of a group must not be plugged in before the group holds.
Async<Result<void>> Node::State::apply_groups() {
  groups_changed = false;
  auto done = co_await hands.network.set_groups(groups);
  if (!done) {
    groups_changed = true;  // the next round tries again
    spdlog::warn("security groups: {}", done.error().message);
  }
  co_return done;
}

Async<Result<void>> Node::State::network_ready(std::string name) {
  while (!first_round_done || removals_done != removals_wanted) co_await sleep_for(5ms);
  auto known = network_problems.find(name);
  if (known != network_problems.end() && known->second.empty()) co_return Result<void>{};
  auto wanted = networks.find(name);
  if (wanted == networks.end()) co_return fail(Code::not_found, "there is no network '{}'", name);
  co_return co_await ensure_network(wanted->second);
}

Async<void> Node::State::keep_networks() {
  using namespace asio::experimental::awaitable_operators;
  // Nothing is removed before the manager has said what there shall be.
  co_await networks_changed->wait();
  for (const auto& name : hands.network.present()) {
    network_problems.try_emplace(name, "not looked at yet");
  }
  while (true) {
    // First what goes: a new network may want the subnet that it had.
    auto removals = removals_wanted;
    co_await remove_networks();
    removals_done = removals;
    auto wanted = networks;
    if (first_round_done && groups_changed) co_await apply_groups();
    for (const auto& [name, network] : wanted) co_await ensure_network(network);
    if (groups_changed) co_await apply_groups();
    first_round_done = true;
    co_await (networks_changed->wait() || sleep_for(30s));
  }
}

Async<void> Node::State::remove_networks() {
  for (auto it = network_problems.begin(); it != network_problems.end();) {
    auto name = it->first;
    if (networks.contains(name)) {
      ++it;
      continue;
    }
    auto removed = co_await hands.network.remove(name);
    if (!removed) spdlog::warn("network {}: {}", name, removed.error().message);
    network_problems.erase(name);
    it = network_problems.begin();
  }
}

Async<void> Node::State::watch_pool() {
  constexpr std::uint64_t grain = 16U << 20;  // smaller changes are not worth a commit
  while (true) {
    auto capacity = co_await hands.pool.capacity();
    if (capacity) {
      model::Pool pool{
          .name = "default", .host = settings.name, .path = settings.pool_path.string()};
      pool.total = capacity->total;
      pool.free = {capacity->free.count / grain * grain};
      pool.used = capacity->used;
      pool.allocated = capacity->allocated;
      if (pool != last_pool) news.add(std::vector{pool});
      last_pool = pool;
    } else {
      spdlog::warn("pool: {}", capacity.error().message);
    }
    co_await sleep_for(10s);
  }
}

Node::Node(asio::any_io_executor loop, hypervisor::Hypervisor& hypervisor, storage::Pool& pool,
           network::Provider& network, Settings settings)
    : state_(std::make_unique<State>(std::move(loop), hypervisor, pool, network,
                                     std::move(settings))) {}

Node::~Node() = default;

Async<Result<void>> Node::start() {
  auto& state = *state_;
  state.replied = std::make_unique<Wakeup>(state.loop);
  state.networks_changed = std::make_unique<Wakeup>(state.loop);
  CO_TRY_VOID(make_folder(state.settings.run_dir / "vms", 0711));
  state.hands.hypervisor.on_notice([&state](const hypervisor::Notice& notice) {
    auto found = state.keepers.find(notice.uuid);
    if (found != state.keepers.end()) {
      found->second->notice(notice);
    } else {
      state.early.push_back(notice);
    }
  });
  CO_TRY(auto running, co_await state.hands.hypervisor.adopt());
  for (auto& [uuid, observed] : running) {
    spdlog::info("took over machine {}: {}", uuid, model::to_string(observed));
    state.adopted[uuid] = observed;
  }
  state.scope.spawn(state.keep_networks());
  state.scope.spawn(state.watch_pool());
  state.scope.spawn(state.follow_manager());
  co_return Result<void>{};
}

Async<void> Node::stop() {
  for (auto& [uuid, keeper] : state_->keepers) keeper->close();
  state_->scope.cancel();
  co_await state_->scope.join();
}

}  // namespace truce::node
