// A machine that comes from another host: makes room for it and takes in all of it. Whether it is
// then this host's says the manager.
#pragma once

#include <memory>
#include <string>

#include "keeper.h"
#include "moves/notes.h"
#include "moves/streams.h"
#include "moves/wire.h"

namespace truce::node {

class Arrival : public std::enable_shared_from_this<Arrival> {
 public:
  Arrival(Hands& hands, const Notes& notes, model::Job job, model::VmAssignment assignment);

  /// Removes what there may be of it here: of an earlier attempt. Whether it has; run() says why
  /// not.
  Async<bool> clear();
  /// From the first preparation until all of it is there, or why not: told to the manager.
  Async<void> run(std::shared_ptr<Arrival> self);
  /// A connection of the sending node.
  void welcome(std::string purpose, UnixSocket socket);
  /// It is not to come: ends run() soon.
  void call_off();
  /// It has come, and is this host's: its process is none of the arrival's any more.
  void hand_on() { handed_on_ = true; }
  /// Its process has ended: it cannot come any more, unless it is this host's already.
  void died(const std::string& detail);
  /// Once run() has ended.
  Async<void> ended();
  /// Tells the manager again how it stands.
  void report_again();

  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] const model::Job& job() const { return job_; }
  [[nodiscard]] const model::Vm& vm() const { return assignment_.vm; }
  /// It runs on the other side until this host lets it run: its process is here.
  [[nodiscard]] bool live() const { return plan_.live; }
  [[nodiscard]] bool landed() const { return landed_; }
  [[nodiscard]] bool is_called_off() const { return called_off_; }
  [[nodiscard]] bool is_handed_on() const { return handed_on_; }

 private:
  Async<Result<void>> take_in();
  Async<Result<void>> take_words(Wire& wire);
  Async<Result<void>> take_file(Wire& wire, Word header);
  Async<Result<void>> have_templates();
  Async<Result<void>> make_room();
  Async<Result<void>> make_disk(model::VmDisk disk);
  Async<Result<void>> get_ready(Wire& wire);
  Async<Result<void>> wait_landed();
  Async<void> pass_on(std::shared_ptr<Arrival> self, UnixSocket from, std::string purpose);
  void report(model::JobReport report);

  Hands& hands_;
  const Notes& notes_;
  model::Job job_;
  model::VmAssignment assignment_;
  std::string key_;
  std::filesystem::path home_;
  std::shared_ptr<Keeper> keeper_;  ///< only builds it
  TravelPlan plan_;
  hypervisor::Landing landing_;
  Streams streams_;
  std::shared_ptr<Wire> wire_;
  model::JobReport last_;
  Wakeup connected_, over_;
  Result<void> cleared_;
  bool landed_ = false, called_off_ = false, ended_ = false, handed_on_ = false;
};

/// Removes all that there is of a machine that is not this host's: its process, what this host
/// alone has of its disks and files, its places in networks. Tried again until it has succeeded.
Async<Result<void>> remove_rest(Hands& hands, model::Vm vm);

}  // namespace truce::node
