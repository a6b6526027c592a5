// A computer that runs machines: a daemon, a reaper, and processes.
#pragma once

#include "availability/membership.h"
#include "availability/reaper.h"
#include "availability/tenancy.h"
#include "world.h"

namespace truce::sim {

using availability::Action;
using availability::Incarnation;
using availability::Process;

class Host {
 public:
  Host(World& world, std::size_t number);

  // Faults.
  void boot();
  void crash();
  void freeze();  ///< all of it: machines, reaper, daemon
  void thaw();
  void kill_daemon();
  void start_daemon();
  void pause_daemon();  ///< the daemon only
  void resume_daemon();
  void end_machine(const std::string& vm);  ///< its process ends by itself
  void heal();
  /// `what` happens once, when the host does that next.
  void trap(availability::Act act, std::function<void()> what) { traps_[act] = std::move(what); }

  void connect(const std::vector<Host*>& hosts) { hosts_ = hosts; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] bool frozen() const { return up_ && machine_lane_.stopped(); }
  [[nodiscard]] bool daemon_up() const { return daemon_up_; }
  /// Whether the machine runs here now, and as which epoch.
  [[nodiscard]] bool runs(const std::string& vm) const;
  /// Told whenever a machine begins to run.
  std::function<void(const std::string& vm)> began;

 private:
  struct Running {
    Process process = Process::running;
    bool ending = false;
    bool is_protected = true;
    availability::Epoch epoch = 0;
    Revision move = 0;  ///< which move it waits for
    std::uint64_t number = 0;
    std::optional<Oracle::Handle> writes;
    Moment quiet{0};  ///< when what it wrote last has reached the disk
  };
  // daemon
  [[nodiscard]] availability::NodeTime now() const {
    return clock_.read<availability::NodeTime>(world_.loop.now());
  }
  struct Ticket {
    Lane::Life host, daemon;
  };
  [[nodiscard]] Ticket ticket() const { return {machine_lane_.life(), daemon_lane_.life()}; }
  void run(Ticket ticket, std::function<void()> what);
  void daemon_after(Moment delay, std::function<void()> what);
  void poll();
  void send_membership();
  void renew(std::uint64_t id, const Transaction& transaction);
  void credit_late();
  void look();
  void take_view(const View& view);
  void act(const std::string& vm, const Action& action);
  void send(const std::string& vm, const Action& action);
  void answered(const std::string& vm, std::uint64_t id, Outcome outcome, Revision revision);
  void sync_reaper();
  void clear();
  availability::Tenancy& tenancy(const std::string& vm);
  void spring(availability::Act act);
  // processes
  void after(Moment delay, std::function<void()> what);
  void start(const std::string& vm, const Action& action);
  void prepare(const std::string& vm, const Action& action);
  void resume(const std::string& vm, const Action& action);
  void end(const std::string& vm);
  void remove(const std::string& vm, std::uint64_t number);
  void write(const std::string& vm, Running& running, Oracle::Presents presents);
  Moment stop_writing(Running& running);
  [[nodiscard]] bool gate(const std::string& vm, Incarnation life) const;
  void failed(const std::string& vm);
  // moves
  void begin_move(const std::string& vm, const View& view);
  void pause_for_move(const std::string& vm, Revision move, std::size_t to);
  void deliver(const std::string& vm, Revision move, std::size_t from, availability::Epoch epoch);
  void confirm(const std::string& vm, Revision move);
  // reaper
  void watch_deadline();
  void wake_reaper();

  World& world_;
  std::size_t number_;
  std::string name_;
  Clock clock_;
  std::vector<Host*> hosts_;
  bool up_ = false, daemon_up_ = false;
  Lane machine_lane_, daemon_lane_;
  availability::Reaper reaper_;
  availability::NodeTime watched_;
  bool reaping_ = false;
  std::optional<availability::Membership> membership_;
  std::map<std::string, availability::Tenancy> tenancies_;
  std::map<std::string, Running> running_;
  std::map<std::string, std::map<std::uint64_t, Action>> accepts_;  ///< only for late_answers
  std::map<availability::Act, std::function<void()>> traps_;
  std::uint64_t next_number_ = 1;
  Moment view_asked_{-1'000'000'000};
  bool view_waits_ = false;
};

}  // namespace truce::sim
