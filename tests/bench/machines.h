// The machines that benchmarks are about: as large as real ones, and the same in each run.
#pragma once

#include "base/time.h"
#include "model/model.h"

namespace truce::bench {

inline std::string machine_name(int number) {
  return fmt::format("vm-{:05}", number);
}

inline std::string machine_uuid(int number) {
  return fmt::format("7bec0000-0000-4000-8000-{:012x}", number);
}

/// A machine that is off and shall be off: a node has nothing to do for it.
inline model::Vm machine(int number, const std::string& host) {
  model::Vm vm;
  vm.name = machine_name(number);
  vm.uuid = machine_uuid(number);
  vm.number = number;
  vm.description = "a machine to measure with";
  vm.labels = {{"tier", number % 10 == 0 ? "database" : "web"},
               {"rack", fmt::format("r{:02}", number % 40)}};
  vm.cpus = 1 + number % 4;
  vm.memory = mib(512);
  vm.machine = model::MachineType::q35;
  vm.template_ = "debian-12@1";
  vm.disks = {{.id = "disk0", .size = gib(20), .template_ = "debian-12@1"}};
  vm.nics = {{.network = "default",
              .mac = fmt::format("52:54:00:{:02x}:{:02x}:{:02x}", number >> 16 & 0xff,
                                 number >> 8 & 0xff, number & 0xff)}};
  vm.wanted = model::Wanted::off;
  vm.observed = model::Observed::off;
  vm.generation = 1;
  vm.host = host;
  vm.created = Time(std::chrono::milliseconds(1'767'225'600'000 + number));
  return vm;
}

}  // namespace truce::bench
