// What a keeper knows of its machine's way to another host.
#pragma once

#include <memory>
#include <optional>

#include "keeper.h"
#include "moves/departure.h"

namespace truce::node {

/// Whose the machine is decides the manager: until it says so nothing but sending is done with it.
struct Keeper::Leaving {
  Leaving(model::Job j, asio::any_io_executor loop)
      : job(std::move(j)), over(loop), decided(std::move(loop)) {}

  model::Job job;
  bool held = false;  ///< another daemon began it: it is not gone on with
  bool begun = false;
  bool stays = false;  ///< said by the manager
  bool given = false;  ///< likewise: it is the other host's
  std::shared_ptr<Departure> departure;
  std::optional<Result<void>> ended;        ///< sending it
  std::optional<hypervisor::Notice> death;  ///< of its process, after all of it was sent
  model::JobReport last;                    ///< that the manager was told
  Wakeup over;                              ///< `ended`
  Wakeup decided;                           ///< `stays`, `given`
};

}  // namespace truce::node
