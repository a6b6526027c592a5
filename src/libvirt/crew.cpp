#include "crew.h"

#include <atomic>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>

#include "library.h"

namespace truce::libvirt {

namespace {

constexpr int most_of_all = 500;    // of this process, with those that are left behind
constexpr auto longest_rest = 10s;  // of a thread that has nothing to do

std::atomic<int>& all_threads() {
  static std::atomic<int> count = 0;
  return count;
}

}  // namespace

void Door::post(std::function<void()> work) {
  std::scoped_lock lock(mutex_);
  if (loop_) asio::post(*loop_, std::move(work));
}

void Door::shut() {
  std::scoped_lock lock(mutex_);
  loop_.reset();
}

struct Crew::Shared {
  std::mutex mutex;
  std::condition_variable more;
  std::deque<std::function<void()>> waiting;
  int idle = 0, threads = 0, most = 0;
  bool over = false;
};

Crew::Crew(asio::any_io_executor loop, int most_threads)
    : loop_(loop),
      door_(std::make_shared<Door>(std::move(loop))),
      shared_(std::make_shared<Shared>()) {
  shared_->most = most_threads;
}

Crew::~Crew() {
  door_->shut();
  std::scoped_lock lock(shared_->mutex);
  shared_->over = true;
  shared_->more.notify_all();
}

Result<void> Crew::give(std::function<void()> work) {
  std::scoped_lock lock(shared_->mutex);
  bool more = std::cmp_greater_equal(shared_->waiting.size(), shared_->idle);
  if (more && shared_->threads < shared_->most) {
    if (all_threads() >= most_of_all)
      return fail(Code::limit, "{} calls of libvirt have not ended: hosts do not answer",
                  most_of_all);
    ++shared_->threads;
    ++all_threads();
    quiet_thread([shared = shared_] { Crew::work(shared); }).detach();
  }
  shared_->waiting.push_back(std::move(work));
  shared_->more.notify_one();
  return {};
}

void Crew::work(std::shared_ptr<Shared> shared) {
  std::unique_lock lock(shared->mutex);
  while (true) {
    ++shared->idle;
    bool any = shared->more.wait_for(lock, longest_rest,
                                     [&] { return !shared->waiting.empty() || shared->over; });
    --shared->idle;
    if (!any || shared->waiting.empty()) break;  // what waits is done before it ends
    auto next = std::move(shared->waiting.front());
    shared->waiting.pop_front();
    lock.unlock();
    next();
    next = nullptr;
    lock.lock();
  }
  --shared->threads;
  --all_threads();
}

}  // namespace truce::libvirt
