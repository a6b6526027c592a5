// One signed-in session with a server of vim25, over HTTPS connections that are kept.
#pragma once

#include "cutter.h"
#include "http/client.h"
#include "platform/platform.h"
#include "soap.h"

namespace truce::vsphere {

/// Of ServiceContent: who the server is, and where its parts are.
struct Service {
  std::string name, version, api_version, instance;
  bool is_center = false;  ///< vCenter, not an ESXi host alone
  Ref root, sessions, views, collector;
};

/// Signs in when that is needed, and anew when the server has ended the session. Errors are as
/// Platform tells them.
class Session {
 public:
  /// Which connection a call goes by: what waits for long has its own.
  enum class Lane { calls, feed };
  /// Whether a call that broke off may be made again: what reads only.
  enum class Repeat { no, yes };

  Session(asio::any_io_executor loop, platform::Account account);

  [[nodiscard]] const Service& service() const { return service_; }
  [[nodiscard]] const platform::Account& account() const { return account_; }
  /// The line of a header by which the present session is known: a secret.
  [[nodiscard]] std::string cookie_line() const { return "Cookie: " + cookie_; }
  /// Counts sessions: what was made in an earlier one (filters, views) is gone.
  [[nodiscard]] int number() const { return number_; }

  Async<Result<void>> connect();
  Async<Result<Answer>> call(Call call, Repeat repeat = Repeat::no);
  /// The elements `cut` of the answer go to `sink` as they come; nothing of it comes for
  /// `longest_silence`: Code::timeout.
  Async<Result<Answer>> call(Call call, std::string cut, Cutter::Sink sink,
                             Duration longest_silence, Lane lane = Lane::feed);
  /// Some properties of an object, those that it has.
  Async<Result<ObjectUpdate>> read(Ref object, std::vector<std::string> paths);
  /// Signs out, for at most some seconds.
  Async<void> close();

 private:
  struct Errand {
    Call call;
    std::string cut;
    Cutter::Sink sink;
    Duration longest_silence;
    Lane lane;
  };
  Async<Result<Answer>> carry(Errand errand, Repeat repeat);
  Async<Result<Answer>> post(Errand errand);
  Async<Result<void>> sign_in();
  Result<void> take_service(Value content);
  void take_cookie(const http::Response& answer);

  platform::Account account_;
  http::Client calls_, feed_;
  Service service_;
  std::string cookie_;  ///< a secret, too
  bool signed_in_ = false, signing_in_ = false;
  int number_ = 0;
};

/// Starts a method that answers a task, and waits until that has ended; answers its result, where
/// that is an object.
Async<Result<Ref>> run_task(Session& session, Call call);

}  // namespace truce::vsphere
