// Which member is asked, and what its answers mean.
#pragma once

#include "wire.h"

namespace truce::etcd {

using Clock = std::chrono::steady_clock;

/// What became of a request that was to be done once.
enum class Outcome {
  done,
  refused,   ///< nothing happened, and the same request is refused again
  not_done,  ///< nothing happened; another member, or this one later, may do it
  full,      ///< etcd's space is used up; the request has ended and may have been done
  unknown,   ///< it may have been done, or may still be
};

struct Reply {
  Outcome outcome = Outcome::unknown;
  std::string bytes;  ///< when it was done
  Error error;        ///< when not
};

/// What a member answered, as what became of the request and, in words that say what to do, why.
Reply reply_of(Answer answer, const std::string& user);

/// The members of one etcd. Calls go to one of them until it does not answer, then to the next.
class Members {
 public:
  Members(std::unique_ptr<Wire> wire, const Options& options);

  /// One attempt with one member, of at most Options::attempt and until `end`.
  Async<Reply> once(std::string method, std::string request, Clock::time_point end);
  /// Attempts with all members until `end`, for what may be done twice.
  Async<Result<std::string>> ask(std::string method, std::string request, Clock::time_point end);
  Async<Result<std::string>> ask(std::string method, std::string request);
  /// A stream from a member of the caller's choice; Code::unavailable and others when it needs
  /// signing in and that fails.
  Async<Result<std::shared_ptr<Stream>>> stream(std::size_t member, std::string method,
                                                std::string request);

  /// Whoever was signed in signs in anew.
  void sign_out() { token_.clear(); }

  [[nodiscard]] std::size_t count() const { return wire_->members(); }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Clock::time_point limit() const { return Clock::now() + options_.limit; }
  /// The last request got no answer: what is sent now may be lost.
  [[nodiscard]] bool doubtful() const { return doubtful_; }
  [[nodiscard]] bool closed() const { return closed_; }
  void close();

 private:
  Async<Reply> sign_in(std::size_t member, Duration limit);
  Async<Reply> signed_call(std::size_t member, std::string method, std::string request,
                           Duration limit);
  void judge(std::size_t member, Outcome outcome);

  std::unique_ptr<Wire> wire_;
  Options options_;
  std::string token_;
  std::size_t current_ = 0;
  bool doubtful_ = false;
  bool closed_ = false;
};

/// Waits before attempt number `attempt` (from 1 on), a little longer each time.
Async<void> pause(int attempt);

}  // namespace truce::etcd
