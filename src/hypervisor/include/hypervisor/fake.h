// Machines that only pretend: for tests of what is above, and for measuring it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "hypervisor/disk_moves.h"
#include "hypervisor/live_changes.h"
#include "hypervisor/migration.h"

namespace truce::hypervisor {

class FakeHypervisor;
class FakeLanding;

/// The host that fake machines run on. Hand the same world to a second FakeHypervisor to play a
/// restart of the daemon: machines go on meanwhile. One loop only, as the hypervisors on it.
class FakeWorld {
 public:
  struct Guest {
    Machine machine;
    model::Observed state = model::Observed::running;  ///< running or paused
    int resets = 0;
    int pings = 0;           ///< that its agent has answered
    bool panicked = false;   ///< since its last reset
    bool continued = false;  ///< it came from a suspended state
    bool stop_asked = false;
    int frozen = 0, freezes = 0;                         ///< file systems, and how often they were
    std::map<std::string, std::filesystem::path> media;  ///< of its CD drives
    std::map<std::string, Bytes> grown;                  ///< disks whose size was changed
    Bytes balloon;                                       ///< what is left to it; 0: all
    std::map<std::string, std::filesystem::path> mirrors;  ///< of its disks
    bool mirror_stopped = false;
    std::vector<std::string> addresses;
    /// What it is to a migration; `away`: post-copy has let it run on the other side.
    enum class Flying { no, arriving, sending, sent, away } flying = Flying::no;
    bool flight_stopped = false;
    std::shared_ptr<FakeLanding> landing;  ///< of one that arrives
    std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
    std::optional<std::chrono::steady_clock::time_point> hung;  ///< since when
  };

  /// What runs now, by uuid.
  [[nodiscard]] const std::map<std::string, Guest>& guests() const { return guests_; }
  [[nodiscard]] const Guest* find(const std::string& uuid) const;
  /// How often a machine was started, in all.
  [[nodiscard]] int starts() const { return starts_; }

  /// The next `times` calls of a verb (`start`, `suspend`, ...) answer `error` and do nothing.
  /// `sending`: a send() breaks in the middle; `landing`: what the next receive() waits for breaks
  /// when all of it has come, and the machine ends.
  void fail(const std::string& verb, Error error, int times = 1);
  /// It fails no more.
  void mend(const std::string& verb) { failures_.erase(verb); }
  /// The guest ignores the power button from now on, also after a restart.
  void ignore_power_button(const std::string& uuid) { stubborn_.insert(uuid); }
  /// The guest's agent answers with these from now on.
  void set_addresses(const std::string& uuid, std::vector<std::string> addresses);
  /// The guest shows this text from now on.
  void set_screen(const std::string& uuid, std::string text) { screens_[uuid] = std::move(text); }
  /// A machine ends by itself. Without a hypervisor that listens, the next adopt() tells it.
  void end(const std::string& uuid, EndReason reason, std::string detail = {});
  /// A machine is gone with the power of its host: nobody is told.
  void lose(const std::string& uuid) { guests_.erase(uuid); }
  /// The guest lets go of no device from now on.
  void hold_devices(const std::string& uuid) { holding_.insert(uuid); }
  /// Mirrors of disks do not get done until this is called with `false`.
  void hold_mirrors(bool held) { mirrors_held_ = held; }
  /// What is sent from here does not get done until this is called with `false`.
  void hold_flights(bool held) { flights_held_ = held; }
  /// The guest resets itself.
  void reset(const std::string& uuid);
  /// The machine is stopped by something that nobody asked for, as by a full disk.
  void pause(const std::string& uuid);
  /// The same, and there is no room for what it writes.
  void fill(const std::string& uuid);
  /// The same, for another reason.
  void stop(const std::string& uuid, Cause cause, std::string detail);
  /// The guest's agent answers no more.
  void silence(const std::string& uuid) { silent_.insert(uuid); }
  /// The guest does nothing any more until it is reset: its agent neither answers nor do its disks
  /// work.
  void hang(const std::string& uuid);

 private:
  friend class FakeHypervisor;
  Result<void> take_failure(const std::string& verb);
  void tell(Notice notice);

  std::map<std::string, Guest> guests_;
  std::map<std::string, std::vector<std::string>> addresses_;
  std::map<std::string, std::string> screens_;
  std::set<std::string> stubborn_, holding_, silent_;
  bool mirrors_held_ = false, flights_held_ = false;
  std::set<std::string> suspended_;  ///< those without a folder to keep a file in
  std::map<std::string, std::pair<Error, int>> failures_;
  std::vector<Notice> missed_;
  std::function<void(Notice)> sink_;
  const FakeHypervisor* listener_ = nullptr;  ///< whose sink it is
  int starts_ = 0;
};

/// Runs machines in a FakeWorld; every verb takes effect at once.
class FakeHypervisor final : public Hypervisor,
                             private GuestAgent,
                             private Snapshots,
                             private LiveChanges,
                             private DiskMoves,
                             private Migration {
 public:
  explicit FakeHypervisor(std::shared_ptr<FakeWorld> world = std::make_shared<FakeWorld>());
  ~FakeHypervisor() override;

  [[nodiscard]] const std::shared_ptr<FakeWorld>& world() const { return world_; }

  [[nodiscard]] const Capabilities& capabilities() const override { return capabilities_; }
  Async<Result<std::vector<std::pair<std::string, model::Observed>>>> adopt() override;
  Async<Result<void>> start(Machine machine) override;
  Async<Result<void>> request_stop(std::string uuid) override;
  Async<Result<void>> kill(std::string uuid) override;
  Async<Result<void>> pause(std::string uuid) override;
  Async<Result<void>> resume(std::string uuid) override;
  Async<Result<void>> reset(std::string uuid) override;
  Async<Result<void>> suspend(std::string uuid) override;
  Async<Result<void>> set_limits(std::string uuid, Limits limits) override;
  Async<Result<std::string>> screenshot(std::string uuid) override;
  Async<Result<std::string>> screen_text(std::string uuid) override;
  GuestAgent* guest_agent() override { return this; }
  Snapshots* snapshots() override { return this; }
  LiveChanges* live_changes() override { return this; }
  DiskMoves* disk_moves() override { return this; }
  Migration* migration() override { return this; }
  std::filesystem::path socket(const std::string& uuid, const std::string& which) const override;
  void on_notice(std::function<void(Notice)> sink) override;
  Async<void> close() override;

 private:
  Async<Result<void>> ping(std::string uuid) override;
  Async<Result<std::vector<std::string>>> addresses(std::string uuid) override;
  Async<Result<GuestIdentity>> identity(std::string uuid) override;
  Async<Result<ExecResult>> exec(std::string uuid, std::vector<std::string> argv,
                                 Duration limit) override;
  Async<Result<int>> freeze(std::string uuid) override;
  Async<Result<void>> thaw(std::string uuid) override;
  Async<Result<void>> take(std::string uuid, Moment moment) override;
  Async<Result<std::map<std::string, std::filesystem::path>>> written(std::string uuid) override;
  Async<Result<void>> merge(std::string uuid, Merge merge,
                            std::function<Async<Result<void>>()> settled,
                            std::function<void(double)> progress) override;
  void stop_merge(const std::string& uuid) override;
  Async<Result<void>> add_disk(std::string uuid, DiskFile disk) override;
  Async<Result<void>> remove_disk(std::string uuid, std::string id, Duration patience) override;
  Async<Result<void>> grow_disk(std::string uuid, std::string id, Bytes size) override;
  Async<Result<void>> add_port(std::string uuid, Port port) override;
  Async<Result<void>> remove_port(std::string uuid, int number, Duration patience) override;
  Async<Result<void>> set_medium(std::string uuid, std::string drive,
                                 std::filesystem::path medium) override;
  Async<Result<void>> set_cpus(std::string uuid, int cpus) override;
  Async<Result<void>> set_memory(std::string uuid, Bytes memory) override;
  Async<Result<void>> set_balloon(std::string uuid, Bytes memory) override;
  Async<Result<model::VmUsage>> usage(std::string uuid) override;
  Async<Result<void>> mirror(std::string uuid, std::string disk, std::filesystem::path target,
                             std::function<void(double)> progress) override;
  void stop_mirror(const std::string& uuid) override;
  Async<Result<void>> switch_over(std::string uuid, std::string disk, std::filesystem::path target,
                                  std::function<Async<Result<void>>()> settled) override;
  Async<Result<std::map<std::string, std::filesystem::path>>> settle(std::string uuid) override;
  Async<Result<std::string>> outline(std::string uuid) override;
  Async<Result<Landing>> receive(Machine machine, std::string outline,
                                 Departure departure) override;
  Async<Result<bool>> has_landed(std::string uuid) override;
  Async<Result<void>> land(std::string uuid) override;
  Async<Result<void>> discard(std::string uuid) override;
  Async<Result<Flight>> send(std::string uuid, Departure departure,
                             std::function<Async<Result<void>>()> moment,
                             std::function<void(const Flight&)> progress) override;
  void stop_sending(const std::string& uuid) override;
  Async<Result<void>> take_back(std::string uuid) override;
  Async<Result<Bytes>> dirty_rate(std::string uuid) override;
  Async<Result<Flight>> fly(std::string uuid, Departure departure,
                            std::function<Async<Result<void>>()> moment,
                            std::function<void(const Flight&)> progress);
  /// The machine that arrives; what broke its arrival has ended it.
  Result<FakeWorld::Guest*> enter_arriving(const std::string& verb, const std::string& uuid);
  /// The machine that send() is about, unless it is to end.
  Result<FakeWorld::Guest*> enter_flight(const std::string& uuid);
  /// The machine that `verb` is for, unless the verb shall fail or the machine does not run.
  Result<FakeWorld::Guest*> enter(const std::string& verb, const std::string& uuid);
  void detach();

  std::shared_ptr<FakeWorld> world_;
  Capabilities capabilities_;
};

}  // namespace truce::hypervisor
