// Hosts, machines, leaders, and somebody who uses them.
#pragma once

#include <memory>

#include "host.h"
#include "leader.h"

namespace truce::sim {

class Cluster {
 public:
  /// All hosts and the first leader begin; machines are wanted.
  Cluster(World& world, std::size_t hosts, std::size_t machines, std::size_t kept);

  // What somebody asks for.
  void move_some();
  void toggle_some();  ///< a machine that is wanted is not any more, or the other way round
  // What happens to leaders.
  void fail_over();
  void stall_leader(Moment how_long);
  void heal();

  /// What is not as it should be, long after all was mended.
  [[nodiscard]] std::vector<std::string> unsettled() const;

  std::vector<std::unique_ptr<Host>> hosts;
  std::vector<std::unique_ptr<Leader>> leaders;
  std::size_t moves = 0;

 private:
  void add_machine(std::size_t number, bool kept);
  void store_record(const std::string& vm, Revision modified, availability::VmRecord record);

  World& world_;
  Estate estate_;
  std::vector<std::string> names_;
  std::size_t leader_ = 0;
  std::uint64_t term_ = 0;
};

}  // namespace truce::sim
