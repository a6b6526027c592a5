// The second part of a connection: requests and their answers.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "nbd/handshake.h"
#include "nbd/outbox.h"
#include "nbd/replies.h"

namespace truce::image::nbd {

/// Threads for what waits, started when they are first needed. Ends what was begun when destroyed.
class Workers {
 public:
  /// With no threads the work is done by whoever brings it.
  Workers(unsigned threads, unsigned queue_limit) : limit_(threads), queue_limit_(queue_limit) {}
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();
  /// Waits while `queue_limit` tasks are under way.
  void run(std::function<void()> task);
  [[nodiscard]] bool full();

 private:
  void work();
  bool add_thread();

  unsigned limit_, queue_limit_;
  std::mutex mutex_;
  std::condition_variable come_, gone_;
  std::deque<std::function<void()>> tasks_;
  unsigned under_way_ = 0, idle_ = 0;
  bool ending_ = false;
  std::vector<std::jthread> threads_;
};

/// Serves requests until the client ends. One thread takes them and answers what needs no waiting
/// for a disk; the rest is left to workers, so that it holds up nothing behind it.
class Session {
 public:
  using Report = std::function<void(std::string_view)>;
  Session(Transport& transport, Inbox& inbox, const Agreement& agreed, const ServerLimits& limits,
          Report report);
  /// Ends well when the client disconnects or closes between two requests.
  Result<void> run();

 private:
  Result<bool> take_request();
  Result<void> act(const Request& request);
  void hand_over(std::function<void()> task);
  [[nodiscard]] Failure objection(const Request& request) const;
  Result<void> write(const Request& request, Failure objection);
  void change(const Request& request);
  void flush(const Request& request);
  void block_status(const Request& request);
  void read(const Request& request);
  enum class Waiting { allowed, refused };
  std::optional<std::uint64_t> read_parts(const Request& request, std::uint64_t from,
                                          Disk::Remembered& remembered, Waiting waiting);
  bool read_whole(const Request& request, Disk::Remembered& remembered, Waiting waiting);
  std::optional<Buffer> buffer(std::size_t size, Waiting waiting);
  Failure told(const Error& error);

  Inbox& inbox_;
  Disk& disk_;
  bool base_allocation_;
  Report report_;
  Buffers buffers_;
  Outbox outbox_;
  Replies replies_;
  Disk::Remembered remembered_;  // of the thread that takes requests
  Workers workers_;              // last: its end is the end of all that uses the others
};

}  // namespace truce::image::nbd
