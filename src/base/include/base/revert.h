#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace truce {

/// Undo steps, run newest first when the scope ends without success(). Steps must not throw.
class Revert {
 public:
  Revert() = default;
  Revert(const Revert&) = delete;
  Revert& operator=(const Revert&) = delete;
  ~Revert() {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)();
  }
  void add(std::function<void()> step) { steps_.push_back(std::move(step)); }
  void success() { steps_.clear(); }

 private:
  std::vector<std::function<void()>> steps_;
};

}  // namespace truce
