// Calls to etcd's members. The only file that knows gRPC; its completions come from a thread of its
// own and go on on the loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "etcd/etcd_store.h"

namespace truce::etcd {

/// gRPC's numbers (grpc.io/docs/guides/status-codes) that something here depends on.
enum class Status {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

struct Answer {
  Status status = Status::unknown;
  std::string text;  ///< the message, or why there is none
};

/// A stream of messages from one member. Used from one coroutine, but for cancel().
class Stream {
 public:
  struct Inner;
  explicit Stream(std::shared_ptr<Inner> inner) : inner_(std::move(inner)) {}

  /// The next message; nothing when the stream has ended.
  Async<std::optional<std::string>> read();
  /// Why it has ended; once, after read() answered nothing.
  Async<Answer> end();
  /// Ends it: what waits for it goes on.
  void cancel();

 private:
  std::shared_ptr<Inner> inner_;
};

class Wire {
 public:
  /// Connects when the first call needs it. Code::invalid: a URL, or a file of `options.tls`.
  static Result<std::unique_ptr<Wire>> make(asio::any_io_executor loop, const Options& options);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  [[nodiscard]] std::size_t members() const;
  /// One call to one member; `token` may be empty. A caller that is cancelled goes on at once with
  /// Status::cancelled; whether etcd did what it was asked is not known then.
  Async<Answer> call(std::size_t member, std::string method, std::string request, std::string token,
                     Duration limit);
  /// Opens a stream and sends its one request; a member that does not answer ends it at once.
  Async<std::shared_ptr<Stream>> stream(std::size_t member, std::string method, std::string request,
                                        std::string token);
  /// Cancels what runs, starts nothing any more, and waits for gRPC's thread.
  void close();

 private:
  struct Inner;
  friend struct Stream::Inner;
  explicit Wire(std::shared_ptr<Inner> inner);
  std::shared_ptr<Inner> inner_;
};

}  // namespace truce::etcd
