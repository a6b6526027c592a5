// Virtual machines of this host, each a QEMU process of its own.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>

#include "base/async.h"
#include "base/process.h"
#include "hypervisor/hypervisor.h"

namespace truce::qemu {

struct Running;
class Agents;
class ChainSnapshots;
class LiveQemu;
class MirrorMoves;
class QemuFlights;
struct Manner;
struct QmpEvent;
struct Enclosure;
enum class Accelerator;

struct Options {
  std::filesystem::path runtimes;    ///< parent of every Machine::runtime: where adopt() looks
  uid_t uid_base = 720000;           ///< a machine's process runs as uid_base + its number
  std::string accelerator = "auto";  ///< `auto`, `kvm` or `tcg`
  std::string program = "qemu-system-x86_64";
  std::filesystem::path firmware = "/usr/share/OVMF";  ///< where the package ovmf has its files
  std::string control_group = "truce";                 ///< parent of the machines' control groups
};

/// Runs machines as QEMU processes that outlive the daemon. Each has its own user, control group,
/// seccomp filter, root folder and namespaces (as far as this process may set them up).
///
/// Wants of its surroundings: every folder above a machine's disks, templates and runtime folder
/// can be passed through by others (mode 0711), and templates can be read by others.
class Qemu final : public hypervisor::Hypervisor {
 public:
  /// Code::unsupported when there is no QEMU, or no KVM where it is demanded.
  static Async<Result<std::unique_ptr<Qemu>>> open(Options options);
  ~Qemu() override;

  [[nodiscard]] const hypervisor::Capabilities& capabilities() const override {
    return capabilities_;
  }
  Async<Result<std::vector<std::pair<std::string, model::Observed>>>> adopt() override;
  Async<Result<void>> start(hypervisor::Machine machine) override;
  Async<Result<void>> request_stop(std::string uuid) override;
  Async<Result<void>> kill(std::string uuid) override;
  Async<Result<void>> pause(std::string uuid) override;
  Async<Result<void>> resume(std::string uuid) override;
  Async<Result<void>> reset(std::string uuid) override;
  Async<Result<void>> suspend(std::string uuid) override;
  Async<Result<void>> set_limits(std::string uuid, hypervisor::Limits limits) override;
  Async<Result<std::string>> screenshot(std::string uuid) override;
  Async<Result<std::string>> screen_text(std::string uuid) override;
  hypervisor::GuestAgent* guest_agent() override;
  hypervisor::Snapshots* snapshots() override;
  hypervisor::LiveChanges* live_changes() override;
  hypervisor::DiskMoves* disk_moves() override;
  hypervisor::Migration* migration() override;
  std::filesystem::path socket(const std::string& uuid, const std::string& which) const override;
  void on_notice(std::function<void(hypervisor::Notice)> sink) override { sink_ = std::move(sink); }
  Async<void> close() override;

 private:
  using RunningPtr = std::shared_ptr<Running>;

  Qemu(asio::any_io_executor loop, Options options, hypervisor::Capabilities capabilities,
       Enclosure enclosure);

  Result<RunningPtr> find(const std::string& uuid) const;
  Result<RunningPtr> launch(const hypervisor::Machine& machine, const Manner& manner);
  using Prepare = std::function<Async<Result<void>>(RunningPtr vm)>;
  Async<Result<RunningPtr>> await_arrival(hypervisor::Machine machine, Manner manner,
                                          Prepare prepare);
  void watch(RunningPtr vm);
  Async<void> reap(Process process);
  Async<void> boot_as_usual(RunningPtr vm, std::map<std::string, int> order);
  std::function<void(const QmpEvent&)> events_of(const RunningPtr& vm);
  Async<Result<void>> connect(RunningPtr vm);
  Async<Result<void>> give_keys(RunningPtr vm, const std::vector<hypervisor::DiskFile>& disks);
  Async<Result<void>> bring_up(RunningPtr vm, bool incoming);
  Async<Result<void>> see_up(RunningPtr vm, std::vector<hypervisor::DiskFile> disks,
                             Prepare bring_up);
  static Result<void> take_screens(const RunningPtr& vm);
  Async<Result<model::Observed>> look(RunningPtr vm);
  Async<RunningPtr> adopt_one(std::filesystem::path folder);
  Async<void> take_over(RunningPtr vm);
  Async<void> discard(std::filesystem::path folder);

  Async<void> watch_process(RunningPtr vm);
  Async<void> watch_qmp(RunningPtr vm);
  Async<void> catch_up(RunningPtr vm);
  Async<void> bound_logs();
  Async<void> finish(RunningPtr vm, std::string how);
  Async<Result<void>> end(RunningPtr vm, Duration patience);
  Async<void> end_later(RunningPtr vm);
  void on_event(const RunningPtr& vm, const QmpEvent& event);
  void on_guest_reset(const RunningPtr& vm);
  void on_shutdown(const RunningPtr& vm, const QmpEvent& event);
  void on_panic(const RunningPtr& vm);
  void on_disk_error(const RunningPtr& vm, const QmpEvent& event);
  void tell(const RunningPtr& vm, hypervisor::Notice::Kind kind, std::string detail);

  asio::any_io_executor loop_;
  Options options_;
  hypervisor::Capabilities capabilities_;
  Accelerator accelerator_;
  std::string cpu_less_;  ///< what of the host's processor its KVM cannot give
  std::unique_ptr<const Enclosure> enclosure_;
  std::function<void(hypervisor::Notice)> sink_;
  std::map<std::string, RunningPtr> running_;
  std::unique_ptr<Agents> agents_;
  std::unique_ptr<ChainSnapshots> snapshots_;
  std::unique_ptr<LiveQemu> live_;
  std::unique_ptr<MirrorMoves> moves_;
  std::unique_ptr<QemuFlights> flights_;
  asio::thread_pool blocking_{1};  ///< for fsync of large files
  Scope scope_;
};

}  // namespace truce::qemu
