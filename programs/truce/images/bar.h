// How long work on images goes on, and how it is interrupted.
#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "image/convert.h"
#include "model/types.h"

namespace truce::cli {

/// While it lives, Ctrl-C and a request to end set a flag; a second one ends the program at once,
/// and removes what would be left half written.
class Interruptible {
 public:
  Interruptible();
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
  static inline std::atomic<bool> interrupted = false;
  /// At most 16 files; of an image of more the rest stays.
  void remove_when_killed(const std::vector<std::string>& names);

 private:
  struct sigaction int_{}, term_{};
};

/// A bar on a terminal, four times a second; elsewhere a line every ten seconds.
class Bar {
 public:
  Bar(std::string kind, std::string target, bool wanted);
  ~Bar() { end(); }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;
  void show(const image::Progress& progress);
  /// Takes it away.
  void end();

 private:
  using Clock = std::chrono::steady_clock;
  bool on_terminal_, wanted_;
  model::Task task_;
  Clock::time_point start_ = Clock::now(), shown_ = start_;
};

}  // namespace truce::cli
