// Machines that move to, from and between platforms of others, while they are off. Each step is in
// the store before it is done, so that any manager goes on with it (docs/adr/0034).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "ledger.h"
#include "manager/manager.h"
#include "nodes.h"
#include "platforms/platforms.h"

namespace truce::manager {

class DiskCopy;
struct Glimpse;
struct GuestChanges;
struct Verdict;

class Relocations {
 public:
  Relocations(asio::any_io_executor loop, Ledger& ledger, Platforms& platforms, Nodes& nodes,
              const Settings& settings);
  ~Relocations();

  /// Brings all that are in the store to their end, until cancelled.
  Async<void> run();
  /// Once run() has ended.
  Async<void> close();

 private:
  struct Trip;
  struct Turn;
  struct Warm;
  using Move = model::Relocation;
  using Step = std::function<Result<void>(Change& change, Move move)>;

  /// How a move ends: what becomes of the machine here, if there is one, which is put or erased;
  /// what else is told.
  struct End {
    model::TaskState state = model::TaskState::succeeded;
    std::string error, left;
    std::function<void(Change& change, model::Vm& vm, std::string& left)> machine;
    std::function<void(Change& change)> also;
  };

  Async<void> drive(std::string name);
  Async<Result<void>> step(Trip& trip, Move move);
  Async<void> consider(Trip& trip, Move move, Error error);
  Async<Result<void>> await_machine(Trip& trip, Move move);
  Async<Result<void>> bring(Trip& trip, Move move);
  /// Brings one disk of a platform into one of ours, on a thread.
  using Bringing = std::function<Result<void>(DiskCopy& copy, const std::string& theirs, Fd ours)>;
  Async<Result<void>> bring_disks(Trip& trip, Move move, Bringing bring);
  // warm.cpp
  Async<Result<Warm>> warm_departure(Move move);
  Async<Result<void>> bring_moment(Trip& trip, Move move);
  Async<Result<void>> bring_last(Trip& trip, Move move);
  /// All disks, as far as they are another since the moment before.
  Async<Result<void>> follow(Trip& trip, Move move, Warm warm);
  Async<Result<void>> await_off(Trip& trip, Move move);
  Async<Result<void>> let_go(Move move);
  Async<Result<void>> give_back(Move move);
  [[nodiscard]] bool is_off(const Move& move) const;
  // preparing.cpp
  Async<Result<void>> convert(Trip& trip, Move move);
  Async<Result<GuestChanges>> change_guest(Trip& trip, Move move);
  Async<void> until_called_off(Trip& trip, Move move);
  // proving.cpp
  Async<Result<void>> prove(Trip& trip, Move move);
  Async<Result<void>> begin_trial(Trip& trip, Move move);
  Async<Result<void>> look_at_trial(Trip& trip, Move move, model::Vm vm);
  Async<Result<void>> close_trial(Trip& trip, Move move, model::Vm vm);
  Async<Result<void>> conclude(Move move, model::Vm vm, Verdict verdict);
  Async<Result<Glimpse>> glimpse(Trip& trip, model::Vm vm);
  Async<Result<void>> settle_here(Trip& trip, Move move);
  Async<Result<void>> hand_over(Move move);
  Async<Result<void>> begin_there(Trip& trip, Move move);
  Async<Result<void>> send(Trip& trip, Move move);
  Async<Result<void>> settle_there(Trip& trip, Move move);
  Async<Result<void>> undo(Trip& trip, Move move);
  using Copying = std::function<Result<void>(DiskCopy& copy)>;
  Async<Result<void>> carry(Trip& trip, Move move, std::size_t disk, std::shared_ptr<DiskCopy> copy,
                            Copying work);
  Async<void> look_after(Trip& trip, Move move, std::size_t disk, std::shared_ptr<DiskCopy> copy);
  Async<Result<Fd>> open_disk(Move move, std::string disk, bool write);
  Async<Result<void>> remove_from(std::string platform, std::string machine);
  Async<Result<void>> remove_made(Move move, model::Vm vm);
  Async<Result<void>> end(Move move, End how);
  [[nodiscard]] bool tried_enough(const Trip& trip, const Error& error) const;
  Async<Result<void>> set_phase(Move move, model::RelocationPhase phase);
  /// One change of a move that is still there.
  Async<Result<void>> change(std::string name, Step build);
  Async<void> note(const Move& move, std::string step, double progress);
  /// What goes: the machine here, or what that of another platform would be here.
  Result<model::Vm> what_goes(const Move& move) const;
  Async<Result<Copying>> copying(Trip& trip, Move move, std::size_t disk);
  /// Nothing while too many others copy, or too many of one of these.
  [[nodiscard]] std::unique_ptr<Turn> take_turn(std::vector<std::string> ends);
  Result<platform::Transfers*> transfers_of(platform::Platform& platform) const;

  asio::any_io_executor loop_;
  Ledger& ledger_;
  Platforms& platforms_;
  Nodes& nodes_;
  const Settings& settings_;
  Scope scope_;
  std::set<std::string> driven_;
  std::multiset<std::string> busy_;  ///< platforms and hosts that copy now
  std::size_t turns_ = 0;            ///< moves that do
  asio::thread_pool threads_;
};

/// Code::precondition while a machine moves to or from a platform.
Result<void> check_not_relocating(const model::Vm& vm);

/// Code::conflict while a machine of a platform is being moved: nothing else is done with it.
Result<void> check_stays(const Inventory& inventory, std::string_view platform,
                         std::string_view machine);

/// Calls a move off, if that is what the task stands for and it is not over yet: Code::precondition
/// then. False: it stands for something else.
Result<bool> cancel_relocation(const Inventory& inventory, Change& change, model::Task task);

}  // namespace truce::manager
