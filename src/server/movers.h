// The server leaves: while it runs, or when nothing of its disks is in use.
#pragma once

#include <functional>

#include "disk.h"
#include "platform/transfers.h"

namespace truce::server {

class Movers final : public platform::Transfers {
 public:
  /// `look` reports how the server is now.
  using Look = std::function<Async<Result<Report>>()>;
  Movers(Way way, Look look) : way_(std::move(way)), look_(std::move(look)) {}

  [[nodiscard]] Devices devices() const override { return Devices::ours; }
  [[nodiscard]] bool takes() const override { return false; }
  Async<Result<std::unique_ptr<platform::Departure>>> depart(std::string machine) override;
  [[nodiscard]] bool warm() const override { return true; }
  Async<Result<std::unique_ptr<platform::WarmDeparture>>> depart_warm(std::string machine,
                                                                      std::string move) override;
  Async<Result<std::unique_ptr<platform::Arrival>>> arrive(platform::NewMachine wish) override;

 private:
  /// What is known of a move's disks, by their names; gone when this program ends: then the next
  /// pass brings all again.
  struct Trails {
    std::string move;
    std::map<std::string, std::shared_ptr<Trail>> disks;
  };
  class Leaving;
  class LeavingWarm;
  Async<Result<Report>> look_at(std::string machine) const;

  Way way_;
  Look look_;
  std::shared_ptr<Trails> trails_ = std::make_shared<Trails>();
};

}  // namespace truce::server
