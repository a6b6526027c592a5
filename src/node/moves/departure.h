// A machine that leaves for another host: sends all of it there. Whether it is then that host's
// says the manager.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "keeper.h"
#include "moves/streams.h"
#include "moves/wire.h"

namespace truce::node {

class Departure : public std::enable_shared_from_this<Departure> {
 public:
  /// What goes, and how. `live`: it runs, and goes on until the last moment.
  struct Cargo {
    model::Job job;
    model::Vm vm;
    std::filesystem::path home;
    bool live = false;
    std::vector<TravelPlan::Address> addresses;
    std::optional<std::chrono::steady_clock::time_point> stands_since;  ///< for this move
  };
  /// Asked once with post-copy: whether the machine is the other host's.
  using Moment = std::function<Async<Result<void>>()>;
  using Tell = std::function<void(std::string step, double progress)>;

  Departure(Hands& hands, Cargo cargo, Moment moment, Tell tell);

  /// Has ended when all of it is there, and the machine stands still here; or, with post-copy, runs
  /// there. On a failure it has gone on here. Code::cancelled after call_off().
  Async<Result<void>> send();
  /// Lets send() end soon; it may have succeeded all the same.
  void call_off();
  /// What is known of it so far.
  [[nodiscard]] const model::MigrationFacts& facts() const { return facts_; }

 private:
  Async<Result<UnixSocket>> dial(std::string purpose);
  Async<Result<void>> find_copied();
  Async<Result<void>> look_ahead(Wire& wire);
  Async<Result<void>> send_home(Wire& wire);
  Async<Result<void>> send_disks(Wire& wire);
  Async<Result<void>> send_running(Wire& wire);
  Async<Result<void>> send_last_lines(Wire& wire);
  Async<void> pass_on(std::shared_ptr<Departure> self, UnixSocket from, std::string purpose);
  Async<Result<void>> send_all(Wire& wire);
  void follow(const hypervisor::Flight& flight);

  Hands& hands_;
  Cargo cargo_;
  Moment moment_;
  Tell tell_;
  model::MigrationFacts facts_;
  TravelPlan plan_;
  std::map<std::string, std::filesystem::path> files_;  ///< of the disks that are copied
  std::uint64_t log_sent_ = 0;                          ///< of its serial log
  Streams streams_;
  std::shared_ptr<Wire> wire_;
  Wakeup stop_;
  bool called_off_ = false, sending_ = false, over_ = false;
  bool memory_goes_ = false;  ///< over one connection at least
};

/// An error of both sides' streams, in words for people.
Error called_off();

}  // namespace truce::node
