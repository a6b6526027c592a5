// Whether a machine that was started as a throw-away has booted, by what is seen from outside.
// Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "model/model.h"

namespace truce::manager {

/// What is seen at one moment of a machine that was started.
struct Glimpse {
  Duration since{};  ///< it was first seen to run
  model::Observed observed = model::Observed::running;
  std::string problem;      ///< of the machine
  model::GuestSigns signs;  ///< while it runs
  std::string services;     ///< `running`, `degraded`, as systemctl(1) says it; empty: not told
  std::vector<std::string> failed_services;
};

/// What came of it, and what somebody may do about it; nothing where it has booted.
struct Verdict {
  model::BootProof proof;
  std::string advice;
};

/// Judges one start. A sign that it has not booted counts when it has stood for a while, as
/// firmware and boot loaders try one thing after another.
class Judge {
 public:
  /// `limit`: after that time without a sign it is unclear.
  explicit Judge(Duration limit) : limit_(limit) {}
  /// Nothing while it may still turn out either way. Glimpses come in their order.
  std::optional<Verdict> see(const Glimpse& glimpse);

 private:
  std::optional<Verdict> see_failure(const Glimpse& glimpse);
  std::string unclear(const Glimpse& glimpse) const;

  Duration limit_;
  std::string picture_;
  Duration changed_at_{};  ///< the picture
  std::string sign_;       ///< of a failure, that stands now
  Duration sign_since_{};
};

/// Whether a line of what a console shows asks for a user's name.
bool asks_for_login(std::string_view text);

}  // namespace truce::manager
