// How the first administrator of a new installation is made.
#pragma once

#include <optional>
#include <string>

#include "inventory.h"
#include "manager/manager.h"

namespace truce::manager {

/// While there is no user, a code that is good once makes the first one. It is told at each start
/// and reload, where only an administrator of the system reads it; in memory there is its SHA-256.
class FirstRun {
 public:
  static constexpr auto code_life = std::chrono::hours(24);
  static constexpr int most_wrong = 20;  ///< codes; after that there must be a new one

  FirstRun(const Inventory& inventory, const Settings& settings);

  [[nodiscard]] bool needed() const { return inventory_.all<model::User>().empty(); }
  /// Tells a new code, which replaces the one before; ends the old one where there is a user.
  void renew();
  /// Takes the code: nobody else can until give_back(). Code::conflict where there is a user
  /// already, Code::precondition where there is no code, Code::forbidden for a wrong one.
  Result<void> take(const std::string& typed);
  /// Nothing came of it.
  void give_back();
  /// No code is good any more.
  void end();
  /// Ends a code that is too old.
  void end_old();

 private:
  const Inventory& inventory_;
  const Settings& settings_;
  std::string sha256_;  ///< empty: there is none
  std::string taken_;
  Time made_;
  int wrong_ = 0;
};

}  // namespace truce::manager
