// Machines that only pretend: for tests of what is above, and for measuring it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "hypervisor/hypervisor.h"

namespace truce::hypervisor {

class FakeHypervisor;

/// The host that fake machines run on. Hand the same world to a second FakeHypervisor to play a
/// restart of the daemon: machines go on meanwhile. One loop only, as the hypervisors on it.
class FakeWorld {
 public:
  struct Guest {
    Machine machine;
    model::Observed state = model::Observed::running;  ///< running or paused
    int resets = 0;
    bool continued = false;  ///< it came from a suspended state
    bool stop_asked = false;
    int frozen = 0, freezes = 0;  ///< file systems, and how often they were
    std::vector<std::string> addresses;
  };

  /// What runs now, by uuid.
  [[nodiscard]] const std::map<std::string, Guest>& guests() const { return guests_; }
  [[nodiscard]] const Guest* find(const std::string& uuid) const;
  /// How often a machine was started, in all.
  [[nodiscard]] int starts() const { return starts_; }

  /// The next `times` calls of a verb (`start`, `suspend`, ...) answer `error` and do nothing.
  void fail(const std::string& verb, Error error, int times = 1);
  /// The guest ignores the power button from now on, also after a restart.
  void ignore_power_button(const std::string& uuid) { stubborn_.insert(uuid); }
  /// The guest's agent answers with these from now on.
  void set_addresses(const std::string& uuid, std::vector<std::string> addresses);
  /// A machine ends by itself. Without a hypervisor that listens, the next adopt() tells it.
  void end(const std::string& uuid, EndReason reason, std::string detail = {});
  /// The guest resets itself.
  void reset(const std::string& uuid);
  /// The machine is stopped by something that nobody asked for, as by a full disk.
  void pause(const std::string& uuid);

 private:
  friend class FakeHypervisor;
  Result<void> take_failure(const std::string& verb);
  void tell(Notice notice);

  std::map<std::string, Guest> guests_;
  std::map<std::string, std::vector<std::string>> addresses_;
  std::set<std::string> stubborn_;
  std::set<std::string> suspended_;  ///< those without a folder to keep a file in
  std::map<std::string, std::pair<Error, int>> failures_;
  std::vector<Notice> missed_;
  std::function<void(Notice)> sink_;
  const FakeHypervisor* listener_ = nullptr;  ///< whose sink it is
  int starts_ = 0;
};

/// Runs machines in a FakeWorld; every verb takes effect at once.
class FakeHypervisor final : public Hypervisor, private GuestAgent, private Snapshots {
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
  Async<Result<std::string>> screenshot(std::string uuid) override;
  GuestAgent* guest_agent() override { return this; }
  Snapshots* snapshots() override { return this; }
  std::filesystem::path socket(const std::string& uuid, const std::string& which) const override;
  void on_notice(std::function<void(Notice)> sink) override;
  Async<void> close() override;

 private:
  Async<Result<void>> ping(std::string uuid) override;
  Async<Result<std::vector<std::string>>> addresses(std::string uuid) override;
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
  /// The machine that `verb` is for, unless the verb shall fail or the machine does not run.
  Result<FakeWorld::Guest*> enter(const std::string& verb, const std::string& uuid);
  void detach();

  std::shared_ptr<FakeWorld> world_;
  Capabilities capabilities_;
};

}  // namespace truce::hypervisor
