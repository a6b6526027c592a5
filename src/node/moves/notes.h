// What a host notes of machines that come or go, so that nothing of them is left behind whatever
// happens meanwhile. Nothing is decided by it: whose a machine is says the manager.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/model.h"

namespace truce::node {

enum class Way { comes, leaves };

/// A machine on its way, as it was when that began.
struct Note {
  Way way = Way::comes;
  std::string task;
  model::Vm vm;
};

/// Files of one folder that is this host's alone and outlives a reboot.
class Notes {
 public:
  explicit Notes(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Noted, durably, before anything is made.
  Result<void> write(const Note& note) const;
  /// Also when there is none.
  Result<void> forget(Way way, const std::string& uuid) const;
  [[nodiscard]] std::optional<Note> find(Way way, const std::string& uuid) const;
  /// All; what cannot be read is logged.
  [[nodiscard]] std::vector<Note> all() const;

 private:
  [[nodiscard]] std::filesystem::path file(Way way, const std::string& uuid) const;
  std::filesystem::path folder_;
};

}  // namespace truce::node
