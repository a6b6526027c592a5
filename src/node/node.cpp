#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <thread>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "base/release.h"
#include "hypervisor/live_changes.h"
#include "networks/wishes.h"
#include "state.h"

namespace truce::node {
namespace {

constexpr Bytes message_limit = mib(256);
constexpr std::size_t beats_limit = 256;
constexpr Duration refused_pause = 10s;
constexpr Duration silence_limit = 2500ms;  // of heartbeats that come every two seconds

Bytes host_memory() {
  struct sysinfo info{};
  ::sysinfo(&info);
  return {static_cast<std::uint64_t>(info.totalram) * info.mem_unit};
}

}  // namespace

model::Host Node::State::describe_host() const {
  const auto& capabilities = hands.hypervisor.capabilities();
  model::Host host;
  host.name = settings.name;
  host.version = release::version();
  host.format = release::format();
  host.state = model::HostState::online;
  host.cpus = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  host.memory = host_memory();
  host.hypervisor = capabilities.name + " " + capabilities.version;
  host.accelerator = capabilities.accelerator;
  host.machine_types = capabilities.machine_types;
  host.machine_version = capabilities.machine_version;
  host.cpu_models = capabilities.cpu_models;
  host.lacks = capabilities.lacks;
  for (auto mode : hands.network.modes()) host.network_modes.push_back(as_model(mode));
  if (host.network_modes.empty() || host.network_modes.front() != model::NetworkMode::nat) {
    host.problem = "NAT networks cannot be had here: " + hands.network.why_not_nat();
  }
  if (!mirror_lack.empty()) host.lacks["mirror_to"] = mirror_lack;
  if (!life.problem().empty()) host.problem = life.problem();
  if (!not_understood.empty()) host.problem = not_understood;
  utsname name{};
  if (::uname(&name) == 0) host.kernel = name.release;
  return host;
}

model::NetworkMode Node::State::mode_of(const std::string& name) const {
  auto found = networks.find(name);
  return found == networks.end() ? model::NetworkMode::nat : found->second.mode;
}

Async<std::vector<std::string>> Node::State::leased(std::string network, std::string mac) {
  auto& cached = leases[network];
  auto time = std::chrono::steady_clock::now();
  if (time - cached.read > 1s) {
    cached.read = time;
    auto listed = co_await hands.network.leases(network);
    if (listed) {
      cached.by_mac.clear();
      for (auto& lease : *listed) cached.by_mac[lease.mac].push_back(std::move(lease.address));
    }
  }
  auto found = cached.by_mac.find(mac);
  co_return found == cached.by_mac.end() ? std::vector<std::string>() : found->second;
}

Async<void> Node::State::follow_manager() {
  auto pause = 50ms;
  // Where several managers can lead the next one is there soon, and machines live by it.
  auto longest = settings.connect_manager ? Duration(1000ms) : Duration(5000ms);
  while (true) {
    auto socket = co_await connect_manager(settings);
    if (socket) {
      pause = 50ms;
      co_await talk(*socket);
      boost::system::error_code ignored;
      socket->close(ignored);  // not only after the pause
      spdlog::info("the connection to the manager ended");
      if (std::exchange(refused, false)) pause = refused_pause;
    }
    co_await sleep_for(pause);
    pause = std::min(pause * 2, longest);
  }
}

Async<void> Node::State::talk(UnixSocket& socket) {
  model::FromNode hello;
  hello.hello = model::Hello{settings.name, release::version(), ""};
  hello.hello->format = release::format();
  hello.hello->oldest_format = release::oldest_format();
  if (!co_await write_frame(socket, model::to_text(hello))) co_return;
  not_understood.clear();
  news.clear();
  replies.clear();
  beats.clear();
  samples.reset();
  news.add(describe_host());
  pools.report_again();
  co_await templates.report();
  for (auto& [uuid, keeper] : keepers) keeper->report_again();
  moves.report_again();
  for (const auto& [name, problem] : network_problems)
    news.add(model::NetworkReport{name, problem});
  unanswered.reset();
  co_await (send_news(socket) || read_messages(socket) || until_silent());
}

// A manager whose host has lost its power or its cable ends no connection: the next one is to be
// found before this host's life runs out.
Async<void> Node::State::until_silent() {
  while (true) {
    co_await sleep_for(silence_limit / 10);
    if (!settings.connect_manager || !unanswered) continue;
    if (std::chrono::steady_clock::now() - *unanswered < silence_limit) continue;
    spdlog::warn("the manager answers no heartbeat");
    co_return;
  }
}

Async<void> Node::State::send_news(UnixSocket& socket) {
  while (true) {
    model::FromNode message;
    if (!beats.empty()) {  // first: machines live by them
      message.beat = std::move(beats.front());
      beats.pop_front();
      if (!unanswered) unanswered = std::chrono::steady_clock::now();
    } else if (!replies.empty()) {
      message.reply = std::move(replies.front());
      replies.pop_front();
    } else if (samples) {
      message.samples = *std::exchange(samples, std::nullopt);
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
      // What it was is not done. The connection stays: machines live by the heartbeats on it.
      const auto& error = message.error();
      not_understood = fmt::format("a message of the manager is not understood: {} {}", error.field,
                                   error.message);
      spdlog::error("{}", not_understood);
      news.add(describe_host());
      continue;
    }
    if (message->refused) {
      spdlog::error("the manager does not take this host: {}", *message->refused);
      refused = true;
      co_return;
    }
    if (message->beat) {
      unanswered.reset();
      life.answered(*message->beat);
    }
    if (message->assignment) take_assignment(std::move(*message->assignment));
    if (message->call) scope.spawn(answer(std::move(*message->call)));
  }
}

void Node::State::take_assignment(model::Assignment assignment) {
  // First, so that no new keeper takes its machine for one that needs no permit.
  if (assignment.tenancies) {
    life.assign(*std::move(assignment.tenancies));
  } else if (assignment.full) {
    life.dismiss();
  }
  if (assignment.security_groups) {
    groups.clear();
    for (const auto& given : *assignment.security_groups) groups.push_back(group_of(given));
    groups_changed = true;
    networks_changed->wake();
  }
  if (assignment.hosts) hosts = *assignment.hosts;
  if (assignment.neighbours) neighbours = *std::move(assignment.neighbours);
  if (assignment.hosts || assignment.neighbours) {
    peers_changed = true;
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
  if (assignment.pools) pools.assign(*std::move(assignment.pools));
  if (assignment.resource_pools) {
    hands.resource_pools = std::move(*assignment.resource_pools);
    for (const auto& [uuid, keeper] : keepers) keeper->pools_changed();
  }
  moves.hear(assignment);
  templates.assign(assignment.templates);  // before the machines that need them
  std::set<std::string> uuids;
  for (auto& wish : assignment.vms) {
    uuids.insert(wish.vm.uuid);
    take_machine(std::move(wish));
  }
  for (const auto& uuid : assignment.gone_vms) let_go(uuid);
  if (assignment.full) let_go_all_but(uuids);
  if (assignment.full || !assignment.vms.empty() || !assignment.gone_vms.empty()) {
    for (const auto& uuid : mirrored) keepers.at(uuid)->mirrors_changed();
  }
  moves.act();
  if (assignment.uploads) porter.assign(*assignment.uploads);
  jobs.assign(assignment.jobs);
  if (assignment.full) {
    pools.leave_others([this](const std::string& uuid) {
      return keepers.contains(uuid) || adopted.contains(uuid) || moves.expects(uuid);
    });
    for (const auto& [uuid, state] : adopted) {
      spdlog::warn("a machine {} runs here that the manager does not know", uuid);
    }
  }
}

void Node::State::take_machine(model::VmAssignment wish) {
  auto uuid = wish.vm.uuid;
  if (std::ranges::any_of(wish.vm.nics, [](const auto& nic) { return !nic.mirror_to.empty(); })) {
    mirrored.insert(uuid);
  } else {
    mirrored.erase(uuid);
  }
  auto& keeper = keepers[uuid];
  if (keeper) return keeper->assign(std::move(wish));
  bool lands = moves.lands(uuid), strays = moves.strays(wish.vm);
  std::optional<model::Observed> state;
  if (auto claimed = adopted.extract(uuid); claimed && !strays) state = claimed.mapped();
  if (lands && !state) state = moves.arrived(uuid);
  if (lands && state) life.took_in(uuid);
  keeper = std::make_shared<Keeper>(hands, std::move(wish), state);
  moves.prepare(*keeper);
  if (strays) return moves.run_after_strays(keeper);
  for (const auto& notice : early) {
    if (notice.uuid == uuid) keeper->notice(notice);
  }
  forget(uuid);
  scope.spawn(keeper->run(keeper));
}

void Node::State::let_go(const std::string& uuid) {
  mirrored.erase(uuid);
  if (auto keeper = keepers.extract(uuid)) keeper.mapped()->close();
  if (!adopted.contains(uuid)) pools.leave(uuid);
}

// After a new connection: what went meanwhile is not named. What runs is known when it is later.
void Node::State::let_go_all_but(const std::set<std::string>& uuids) {
  std::vector<std::string> others;
  for (const auto& [uuid, keeper] : keepers) {
    if (uuids.contains(uuid)) continue;
    if (is_up(keeper->observed())) adopted[uuid] = keeper->observed();
    others.push_back(uuid);
  }
  for (const auto& uuid : others) let_go(uuid);
}

std::shared_ptr<Keeper> Node::State::keeper_of(const std::string& uuid) const {
  auto found = keepers.find(uuid);
  return found == keepers.end() ? nullptr : found->second;
}

void Node::State::forget(const std::string& uuid) {
  adopted.erase(uuid);
  std::erase_if(early, [&](const auto& notice) { return notice.uuid == uuid; });
}

void Node::State::send_beat(model::Heartbeat beat) {
  if (beats.size() >= beats_limit) return;  // without a manager none is answered
  beats.push_back(std::move(beat));
  if (replied) replied->wake();
}

bool Node::State::to_keeper(model::Job job, JobEnd end) {
  auto keeper = keeper_of(job.vm);
  if (keeper) keeper->take(std::move(job), std::move(end));
  return keeper != nullptr;
}

std::vector<Ballooned> Node::State::ballooned() const {
  std::vector<Ballooned> machines;
  for (const auto& [uuid, keeper] : keepers) {
    const auto& vm = keeper->vm();
    if (keeper->observed() != model::Observed::running || vm.memory_min.count == 0) continue;
    machines.push_back({uuid, vm.memory, vm.memory_min, {}, {}});
  }
  return machines;
}

std::vector<Measured> Node::State::measured() const {
  std::vector<Measured> machines;
  for (const auto& [uuid, keeper] : keepers) {
    if (is_up(keeper->observed())) machines.push_back({uuid, macs_of(keeper->vm())});
  }
  return machines;
}

Async<void> Node::State::measure_rounds() {
  Rounds rounds(hands.hypervisor.live_changes(), hands.network);
  while (settings.sample_round > 0ms) {
    co_await sleep_for(until_next(now(), settings.sample_round));
    samples = co_await rounds.measure(measured());
    replied->wake();
  }
}

Async<Result<model::VmUsage>> Node::State::usage(model::Vm vm) {
  auto* live = hands.hypervisor.live_changes();
  if (live == nullptr) co_return fail(Code::unsupported, "this hypervisor does not tell");
  CO_TRY(auto usage, co_await live->usage(vm.uuid));
  auto traffic = co_await hands.network.traffic(macs_of(vm));
  if (traffic) add_traffic(macs_of(vm), *traffic, usage);
  co_return usage;
}

Node::Node(asio::any_io_executor loop, hypervisor::Hypervisor& hypervisor, storage::Pool& pool,
           storage::PoolOpener& opener, network::Provider& network, Settings settings)
    : state_(std::make_unique<State>(std::move(loop), hypervisor, pool, opener, network,
                                     std::move(settings))) {}

Node::~Node() = default;

Async<Result<void>> Node::start() {
  auto& state = *state_;
  state.replied = std::make_unique<Wakeup>(state.loop);
  state.networks_changed = std::make_unique<Wakeup>(state.loop);
  CO_TRY_VOID(make_folder(state.settings.run_dir / "vms", 0711));
  co_await state.life.begin();
  state.hands.hypervisor.on_notice([&state](const hypervisor::Notice& notice) {
    auto found = state.keepers.find(notice.uuid);
    if (found != state.keepers.end()) {
      found->second->notice(notice);
    } else {
      state.early.push_back(notice);
      state.moves.notice(notice);
    }
  });
  CO_TRY(auto running, co_await state.hands.hypervisor.adopt());
  for (auto& [uuid, observed] : running) {
    spdlog::info("took over machine {}: {}", uuid, model::to_string(observed));
    state.adopted[uuid] = observed;
  }
  state.mirror_lack = co_await state.hands.network.why_not_mirror();
  state.scope.spawn(state.keep_networks());
  state.scope.spawn(balance_memory(state.settings, state.hands.hypervisor.live_changes(),
                                   [&state] { return state.ballooned(); }));
  state.scope.spawn(state.measure_rounds());
  state.scope.spawn(state.life.run(state.scope));
  state.scope.spawn(state.pools.watch());
  state.scope.spawn(state.follow_manager());
  co_return Result<void>{};
}

void Node::welcome(UnixSocket socket) {
  state_->scope.spawn(state_->moves.welcome(std::move(socket)));
}

std::size_t Node::machines() const {
  return state_->keepers.size() + state_->adopted.size();
}

Async<void> Node::stop() {
  state_->moves.close();
  for (auto& [uuid, keeper] : state_->keepers) keeper->close();
  state_->scope.cancel();
  co_await state_->scope.join();
  co_await state_->life.close();
}

}  // namespace truce::node
