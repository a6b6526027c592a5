#include "run.h"

#include <array>

#include "cluster.h"

namespace truce::sim {
namespace {

using availability::Act;

constexpr Moment second{1'000'000};
constexpr auto mended = 50 * second, end = 80 * second;

// Draws what goes wrong, and when.
class Faults {
 public:
  Faults(World& world, Cluster& cluster, bool freezes)
      : world_(world), cluster_(cluster), freezes_(freezes) {
    auto count = world.chance.between(2, 10);
    for (std::int64_t i = 0; i < count; ++i) plan();
    for (std::int64_t i = world.chance.between(0, 6); i > 0; --i)
      world.loop.at(some_time(), [this] { cluster_.move_some(); });
    for (std::int64_t i = world.chance.between(0, 2); i > 0; --i)
      world.loop.at(some_time(), [this] { cluster_.toggle_some(); });
    if (world.chance.happens(0.3)) world.wire.loss = 0.1;
    if (world.chance.happens(0.3)) world.wire.late = 0.2;
  }

 private:
  Moment some_time() { return world_.some(4 * second, mended - second); }
  Moment some_while() { return world_.some(second / 2, 25 * second); }
  // Long enough for a node to come close to its deadline.
  Moment some_deadline() { return world_.some(5 * second, 9 * second); }
  void between(const std::function<void()>& begin, const std::function<void()>& finish) {
    auto from = some_time();
    world_.loop.at(from, begin);
    world_.loop.at(std::min(from + some_while(), mended), finish);
  }

  void plan() {
    auto number =
        static_cast<std::size_t>(world_.chance.between(0, std::ssize(cluster_.hosts) - 1));
    auto* host = cluster_.hosts[number].get();
    switch (world_.chance.between(0, 13)) {
      case 0:
        return cut(number);
      case 1:  // perhaps a leader
        return cut(number + static_cast<std::size_t>(world_.chance.between(0, 2)));
      case 2:
        return between([host] { host->pause_daemon(); }, [host] { host->resume_daemon(); });
      case 3:
        return between([host] { host->kill_daemon(); }, [host] { host->start_daemon(); });
      case 4:
        return between([host] { host->crash(); }, [host] { host->boot(); });
      case 5:
        return lose_quorum();
      case 6:
        world_.loop.at(some_time(), [this] { cluster_.fail_over(); });
        return;
      case 7:
        world_.loop.at(some_time(), [this] {
          auto briefly = world_.chance.happens(0.5);
          cluster_.stall_leader(briefly ? world_.some(second / 2, 5 * second) : some_while());
        });
        return;
      case 8:
        return depose();
      case 9:
      case 10:
        return set_trap(*host, number);
      case 11:
        return flicker(number);
      case 12:
        world_.loop.at(some_time(), [this, number] { near_miss(number, 0); });
        return;
      default:
        if (freezes_) return between([host] { host->freeze(); }, [host] { host->thaw(); });
        world_.loop.at(some_time(), [this, host] {
          host->end_machine(fmt::format("vm{}", world_.chance.between(0, 5)));
        });
    }
  }

  // Something happens to a host just when it has begun to do something.
  void set_trap(Host& host, std::size_t number) {
    constexpr std::array acts{Act::accept, Act::start,   Act::move,    Act::prepare,
                              Act::resume, Act::give_up, Act::release, Act::hand_over};
    auto act = acts.at(static_cast<std::size_t>(world_.chance.between(0, std::ssize(acts) - 1)));
    auto kind = world_.chance.between(0, freezes_ ? 4 : 3);
    auto duration = some_while();
    world_.loop.at(some_time(), [this, &host, number, act, kind, duration] {
      host.trap(act, [this, &host, number, kind, duration] {
        spring(host, number, kind);
        world_.loop.at(std::min(world_.loop.now() + duration, mended),
                       [this, &host, number, kind] { mend(host, number, kind); });
      });
    });
  }
  void spring(Host& host, std::size_t number, std::int64_t kind) {
    if (world_.loop.now() >= mended) return;
    if (kind == 0) host.pause_daemon();
    if (kind == 1) host.kill_daemon();
    if (kind == 2) host.crash();
    if (kind == 3) world_.wire.cut.insert(number);
    if (kind == 4) host.freeze();
  }
  void mend(Host& host, std::size_t number, std::int64_t kind) {
    if (kind == 0) host.resume_daemon();
    if (kind == 1) host.start_daemon();
    if (kind == 2) host.boot();
    if (kind == 3) world_.wire.cut.erase(number);
    if (kind == 4) host.thaw();
  }

  // A node that comes close to its deadline and is saved, several times.
  void flicker(std::size_t client) {
    auto at = some_time();
    for (auto i = world_.chance.between(1, 5); i > 0; --i) {
      auto until = std::min(at + some_deadline(), mended);
      world_.loop.at(at, [this, client] { world_.wire.cut.insert(client); });
      world_.loop.at(until, [this, client] { world_.wire.cut.erase(client); });
      at = until + world_.some(second / 4, 3 * second);
      if (at >= mended) return;
    }
  }

  // The leader stalls just before a node that was cut off renews, and goes on when it would be
  // dead.
  void near_miss(std::size_t number, availability::Revision seen) {
    const auto* beat =
        availability::find(world_.store.state().beats, cluster_.hosts[number]->name());
    auto now = beat ? beat->modified : 0;
    if (world_.loop.now() > mended - 12 * second) return;
    if (seen == 0 || now == seen) {
      world_.loop.after(second / 50, [this, number, now] { near_miss(number, now); });
      return;
    }
    world_.loop.after(second / 10, [this, number] { world_.wire.cut.insert(number); });
    world_.loop.after(second * 59 / 10, [this, number] { world_.wire.cut.erase(number); });
    world_.loop.after(world_.some(second * 55 / 10, second * 65 / 10),
                      [this] { cluster_.stall_leader(second * 39 / 10); });
  }

  void cut(std::size_t client) {
    between(
        [this, client] {
          world_.trace.say("wire    {} is cut off", client);
          world_.wire.cut.insert(client);
        },
        [this, client] {
          world_.trace.say("wire    {} is reached again", client);
          world_.wire.cut.erase(client);
        });
  }

  void lose_quorum() {
    auto from = some_time();
    world_.loop.at(from, [this] {
      world_.trace.say("store   has no quorum");
      world_.wire.quorum = false;
    });
    world_.loop.at(std::min(from + world_.some(second / 2, 12 * second), mended), [this] {
      world_.trace.say("store   has a quorum");
      world_.wire.quorum = true;
    });
  }

  // The store's leader is stuck and deposed; some are still connected to it.
  void depose() {
    auto from = some_time();
    auto until = std::min(from + some_while(), mended);
    for (std::size_t client = 0; client < cluster_.hosts.size(); ++client) {
      if (!world_.chance.happens(0.5)) continue;
      world_.loop.at(from, [this, client] {
        world_.trace.say("store   host {} talks to a deposed leader of it", client);
        world_.wire.deposed.insert(client);
      });
      world_.loop.at(until, [this, client] { world_.wire.deposed.erase(client); });
    }
  }

  World& world_;
  Cluster& cluster_;
  bool freezes_;
};

// Half of the runs use the defaults, half the least that is allowed.
void set_timing(World& world) {
  if (world.chance.happens(0.5)) world.timing.dead = availability::least_dead(world.timing);
  if (world.variant == Variant::no_margin) world.timing.dead = world.timing.self;
  world.poll = world.some(Moment(50'000), Moment(400'000));
}

}  // namespace

Findings run(std::uint64_t seed, const Setting& setting) {
  World world(seed, setting.variant, setting.traced);
  set_timing(world);
  auto hosts = static_cast<std::size_t>(world.chance.between(3, 5));
  Cluster cluster(world, hosts, 6, static_cast<std::size_t>(world.chance.between(0, 1)));
  Findings found;
  for (auto& host : cluster.hosts) host->began = [&](const std::string&) { ++found.starts; };
  Faults faults(world, cluster, setting.freezes);
  world.loop.at(mended, [&] { cluster.heal(); });
  world.loop.run_until(end);
  found.overlap = world.oracle.overlap(end);
  found.guarded_overlap = world.oracle.guarded_overlap(end);
  found.old_starts = world.oracle.old_starts();
  found.faults = world.store.faults();
  for (auto& fault : cluster.unsettled()) found.faults.push_back(std::move(fault));
  found.fences = world.store.fences();
  found.moves = cluster.moves;
  found.trace = world.trace.lines();
  return found;
}

std::vector<Moment> restart_times(std::uint64_t seed) {
  World world(seed, Variant::sound, false);
  world.wire.loss = world.wire.late = 0;
  Cluster cluster(world, 4, 6, 0);
  auto death = 10 * second + world.some(Moment(0), 4 * second);
  auto* host = cluster.hosts[static_cast<std::size_t>(world.chance.between(0, 3))].get();
  std::map<std::string, Moment> again;
  world.loop.at(death, [&] {
    for (std::size_t i = 0; i < 6; ++i)
      if (auto vm = fmt::format("vm{}", i); host->runs(vm)) again[vm] = Moment::max();
    host->crash();
    for (auto& other : cluster.hosts)
      other->began = [&](const std::string& vm) {
        if (auto found = again.find(vm); found != again.end())
          found->second = std::min(found->second, world.loop.now() - death);
      };
  });
  world.loop.run_until(death + 60 * second);
  std::vector<Moment> times;
  for (const auto& [vm, time] : again) times.push_back(time);
  return times;
}

}  // namespace truce::sim
