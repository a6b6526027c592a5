#include <system_error>

#include "nbd/session.h"

namespace truce::image::nbd {

Workers::~Workers() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  come_.notify_all();
}

bool Workers::full() {
  std::lock_guard lock(mutex_);
  return under_way_ >= queue_limit_;
}

void Workers::run(std::function<void()> task) {
  if (limit_ == 0) return task();
  std::unique_lock lock(mutex_);
  gone_.wait(lock, [&] { return under_way_ < queue_limit_; });
  ++under_way_;
  tasks_.push_back(std::move(task));
  if (idle_ >= tasks_.size() || threads_.size() >= limit_ || !add_thread()) come_.notify_one();
  if (!threads_.empty()) return;
  // Not even one thread could be had: this one does it.
  auto alone = std::move(tasks_.back());
  tasks_.pop_back();
  --under_way_;
  lock.unlock();
  alone();
}

bool Workers::add_thread() {
  try {
    threads_.emplace_back([this] { work(); });
    return true;
  } catch (const std::system_error&) {
    return false;  // those that there are must do
  }
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    come_.wait(lock, [&] { return ending_ || !tasks_.empty(); });
    --idle_;
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
    --under_way_;
    gone_.notify_one();
  }
}

}  // namespace truce::image::nbd
