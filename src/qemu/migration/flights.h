// Live migration of QEMU machines (qemu.git docs/devel/migration.rst, qapi/migration.json). QEMU
// opens no connection to another host: it speaks through unix sockets, which daemons join.
//
//     sender's vm/memory.sock   a second name of Departure::memory, where QEMU may go
//     receiver's memory.sock    made by QEMU in vm/, moved out of its reach, as vnc.sock is
#pragma once

#include <functional>

#include "hypervisor/migration.h"
#include "migration/outline.h"
#include "running.h"

namespace truce::qemu {

/// What of the hypervisor migration works with.
struct FlightTools {
  using Prepare = std::function<Async<Result<void>>(RunningPtr vm)>;
  std::function<Result<RunningPtr>(const std::string& uuid)> find;
  /// Starts a machine that waits for what comes; `prepare` when QEMU answers.
  std::function<Async<Result<RunningPtr>>(hypervisor::Machine, Manner, Prepare prepare)> arrive;
  std::function<Async<Result<void>>(std::string uuid)> kill;
  Accelerator accelerator;
  std::string version;
};

class QemuFlights final : public hypervisor::Migration {
 public:
  explicit QemuFlights(FlightTools tools) : tools_(std::move(tools)) {}

  Async<Result<std::string>> outline(std::string uuid) override;
  // arrival.cpp
  Async<Result<hypervisor::Landing>> receive(hypervisor::Machine machine, std::string outline,
                                             hypervisor::Departure departure) override;
  Async<Result<bool>> has_landed(std::string uuid) override;
  Async<Result<void>> land(std::string uuid) override;
  Async<Result<void>> discard(std::string uuid) override;
  // departure.cpp
  Async<Result<hypervisor::Flight>> send(
      std::string uuid, hypervisor::Departure departure,
      std::function<Async<Result<void>>()> moment,
      std::function<void(const hypervisor::Flight&)> progress) override;
  void stop_sending(const std::string& uuid) override;
  Async<Result<void>> take_back(std::string uuid) override;
  Async<Result<Bytes>> dirty_rate(std::string uuid) override;

 private:
  FlightTools tools_;
};

}  // namespace truce::qemu
