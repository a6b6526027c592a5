// One signed-in session with a pool, over HTTPS connections that are kept.
#pragma once

#include <optional>

#include "cutter.h"
#include "http/client.h"
#include "platform/platform.h"
#include "rpc.h"

namespace truce::xapi {

/// Who the pool is.
struct PoolWords {
  std::string id, name, master, product, version;
};

/// Signs in when that is needed, and anew when the server has ended the session; goes to the pool's
/// coordinator where the address is that of a member, and back when that is not reached. Errors are
/// as Platform tells them.
class Session {
 public:
  /// Whether a call that broke off may be made again: what reads only.
  enum class Repeat { no, yes };

  Session(asio::any_io_executor loop, platform::Account account);
  ~Session();

  [[nodiscard]] const PoolWords& pool() const { return pool_; }
  [[nodiscard]] const platform::Account& account() const { return account_; }
  /// Where the pool is spoken to now.
  [[nodiscard]] const std::string& url() const { return url_; }
  /// By which the present session is known: a secret.
  [[nodiscard]] const std::string& key() const { return session_; }
  /// Counts sessions: events that an earlier one was told of may be told otherwise now.
  [[nodiscard]] int number() const { return number_; }

  Async<Result<void>> connect();
  Async<Result<json::value>> call(Call call, Repeat repeat = Repeat::no);
  /// What is so or not; its record.
  Async<Result<json::object>> record(std::string kind, std::string ref);
  /// event.from, on a connection of its own: its events go to `sink`, the rest is answered.
  /// SESSION_INVALID is an error here: whoever follows has to begin anew.
  Async<Result<json::object>> events(Call call, Cutter::Sink sink, Duration longest_silence);
  /// Signs out, for at most some seconds.
  Async<void> close();

 private:
  struct Lines;
  Async<Result<json::value>> post(Call call, std::string session);
  Async<Result<void>> sign_in();
  Async<Result<std::string>> log_in();
  Async<Result<std::string>> follow(Error member);
  Async<Result<void>> get_to_know(std::string session);
  void go_to(std::string url);
  /// The next call signs in, unless another one has since the session `in`.
  void forget(int in);
  /// Whether the session is what an error is about.
  static bool is_over(const Error& error);

  asio::any_io_executor loop_;
  platform::Account account_;
  std::string url_;  ///< where the pool is spoken to now
  std::shared_ptr<Lines> lines_;
  PoolWords pool_;
  std::string session_;  ///< a secret, too
  bool signed_in_ = false, signing_in_ = false;
  int number_ = 0;
};

/// Has a method carried out as a task, waits until that has ended and answers its result: a
/// reference, or nothing. A task that is lost, as when the server begins anew, is
/// Code::unavailable.
Async<Result<std::string>> run_task(Session& session, Call call);

/// Begins it, and answers what has gone wrong with it at once.
Async<Result<void>> begin_task(Session& session, Call call);

/// A call that only reads, from a thread that has no loop: in the session `key`, by a connection of
/// its own to `url`. Blocks.
Result<json::value> ask(const platform::Account& account, const std::string& url,
                        const std::string& key, Call call);

/// `https://HOST:PORT` with another host: members of a pool listen at the same port. Empty: it can
/// be none.
std::string at_host(const std::string& url, std::string host);

}  // namespace truce::xapi
