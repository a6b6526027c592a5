// A platform that only pretends: for tests of what is above.
#pragma once

#include <memory>
#include <set>

#include "image/file.h"
#include "platform/inventory.h"
#include "platform/platform.h"
#include "platform/transfers.h"

namespace truce::platform {

class FakePlatform;

/// What a fake platform manages. It outlives the connections to it, of which there may be several;
/// all on one loop.
class FakeEstate {
 public:
  FakeEstate();

  /// All that there is; `told` is never set.
  [[nodiscard]] const Inventory& inventory() const { return all_; }
  /// Somebody else changes something: what is seen is added or changed, what is gone is taken away.
  void change(Update update);
  /// The machine as it is; it must be there.
  [[nodiscard]] Machine machine(const std::string& id) const { return all_.machines().at(id); }
  /// A machine that is off, with a disk and a card, and tools that run when it does; its id.
  std::string add_machine(const std::string& name);

  /// The content of a machine's disk, which has the disk's size. Whoever changes it says so by
  /// touch().
  std::shared_ptr<image::MemoryFile> content(const std::string& machine, const std::string& disk);
  /// Disks that are read from now on are of another version.
  void touch() { ++*version_; }
  /// While this is true, nobody who reads a disk gets on.
  std::shared_ptr<std::atomic<bool>> hold = std::make_shared<std::atomic<bool>>(false);
  /// How many reads have waited for that.
  std::shared_ptr<std::atomic<int>> held = std::make_shared<std::atomic<int>>(0);

  /// Machines are read at their first moment only, as long as they run.
  bool once = false;
  int passes_ended = 0;
  /// How many moments of a machine's disks are kept (WarmDeparture).
  [[nodiscard]] std::size_t moments(const std::string& machine) const;

  /// All connections break, and feeds with them; the next call connects again.
  void cut();
  /// The same, and no feed can go on from where it was.
  void restart() { cut(); }
  /// The next `times` calls of a verb (`connect`, `next`, `start`, ...) answer `error` and do
  /// nothing.
  void fail(const std::string& verb, Error error, int times = 1);
  /// How often somebody has connected.
  [[nodiscard]] int connections() const { return connections_; }

 private:
  friend class FakePlatform;
  friend class FakeWarm;
  Result<void> take_failure(const std::string& verb);
  std::string new_id(std::string_view kind) { return fmt::format("{}-{}", kind, ++last_id_); }

  Inventory all_;
  using Files = std::map<std::string, std::shared_ptr<image::MemoryFile>>;  ///< by disk
  Files contents_;                                                          ///< `MACHINE/DISK`
  std::map<std::string, std::vector<Files>> moments_;                       ///< by machine
  std::shared_ptr<std::atomic<int>> version_ = std::make_shared<std::atomic<int>>(1);
  std::set<FakePlatform*> listeners_;
  std::map<std::string, std::pair<Error, int>> failures_;
  int connections_ = 0, last_id_ = 0;
};

/// One connection to a FakeEstate; every verb takes effect at once.
class FakePlatform final : public Platform, private Snapshots, private Making, private Transfers {
 public:
  FakePlatform(asio::any_io_executor loop, std::shared_ptr<FakeEstate> estate);
  ~FakePlatform() override;

  [[nodiscard]] const Capabilities& capabilities() const override { return capabilities_; }
  Async<Result<void>> connect() override;
  Async<Result<Update>> next(Duration patience) override;
  Async<Result<void>> start(std::string machine) override;
  Async<Result<void>> request_stop(std::string machine) override;
  Async<Result<void>> kill(std::string machine) override;
  Async<Result<void>> reset(std::string machine) override;
  Async<Result<void>> suspend(std::string machine) override;
  Snapshots* snapshots() override { return this; }
  Making* making() override { return this; }
  Transfers* transfers() override { return this; }
  Async<void> close() override;

 private:
  friend class FakeEstate;
  Async<Result<std::unique_ptr<Departure>>> depart(std::string machine) override;
  [[nodiscard]] bool warm() const override { return true; }
  Async<Result<std::unique_ptr<WarmDeparture>>> depart_warm(std::string machine,
                                                            std::string move) override;
  Async<Result<std::unique_ptr<Arrival>>> arrive(NewMachine wish) override;
  Async<Result<std::string>> create(std::string machine, SnapshotOrder order) override;
  Async<Result<void>> restore(std::string machine, std::string snapshot) override;
  Async<Result<void>> remove(std::string machine, std::string snapshot, Extent extent) override;
  Async<Result<std::string>> clone(std::string machine, std::string new_name) override;
  Async<Result<void>> resize(std::string machine, std::optional<int> cpus,
                             std::optional<Bytes> memory) override;
  Async<Result<void>> remove(std::string machine) override;
  /// The machine that `verb` is for, unless the verb shall fail or there is none.
  Async<Result<Machine>> enter(std::string verb, std::string machine);
  Result<void> put(Machine machine);
  [[nodiscard]] Update everything() const;

  std::shared_ptr<FakeEstate> estate_;
  Capabilities capabilities_;
  Wakeup news_;
  std::vector<Update> waiting_;  ///< what has changed since the last next()
  bool connected_ = false, following_ = false;
};

}  // namespace truce::platform
