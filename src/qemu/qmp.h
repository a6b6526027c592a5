// QEMU's machine protocol: JSON lines over a unix socket (qemu.git docs/interop/qmp-spec.txt).
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json.hpp>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/async.h"
#include "base/file.h"
#include "base/result.h"

namespace truce::qemu {

namespace json = boost::json;

/// The first line of a connection.
struct QmpGreeting {
  std::string version;  ///< `7.2.22`
};

/// The answer to a call.
struct QmpReply {
  std::uint64_t id = 0;  ///< 0: QEMU could not tell which call it was
  Result<json::value> result;
};

/// Something that QEMU tells unasked.
struct QmpEvent {
  std::string name;  ///< `SHUTDOWN`
  json::object arguments;
};

using QmpMessage = std::variant<QmpGreeting, QmpReply, QmpEvent>;

/// Reads one line. Code::corrupt for anything that is not a message of the protocol. A refusal by
/// QEMU is a QmpReply whose result is an error.
Result<QmpMessage> parse_qmp(std::string_view line);

/// A field of an answer that may be anything: empty, 0 or false when absent or of another type.
std::string text_in(const json::value& object, std::string_view key);
std::int64_t integer_in(const json::value& object, std::string_view key);
bool bool_in(const json::value& object, std::string_view key);
/// The field itself; null when `object` is none, or has none of this name.
const json::value* field_of(const json::value& object, std::string_view key);

/// Bounds of one connection.
struct QmpLimits {
  std::size_t line_bytes = 16 << 20;
  std::size_t outstanding_calls = 64;
};

/// One connection to a QEMU. Somebody must be in run() for calls to be answered.
class Qmp : public std::enable_shared_from_this<Qmp> {
 public:
  using Socket = asio::local::stream_protocol::socket;
  /// Receives events in their order, on the loop, before the answer of a call that follows them.
  using Sink = std::function<void(const QmpEvent&)>;

  Qmp(Socket socket, Sink sink, QmpLimits limits = {});
  Qmp(const Qmp&) = delete;
  Qmp& operator=(const Qmp&) = delete;

  static Async<Result<std::shared_ptr<Qmp>>> connect(std::filesystem::path path, Sink sink);

  /// Sends and receives until the connection ends, and says why it did: Code::unavailable for an
  /// end of the stream, limit for a line that is too long, corrupt for junk. Then all calls fail.
  /// Once only.
  Async<Error> run();

  /// Queues a command at once; the answer is awaited. Calls are sent in the order of execute(), so
  /// several can be under way. `passed` travels with the command (SCM_RIGHTS). Errors: what QEMU
  /// refused (precondition, unsupported, not_found, io), timeout after `limit`, unavailable when
  /// the connection has ended or ends.
  Async<Result<json::value>> execute(std::string command, json::object arguments = {},
                                     Duration limit = 10s, Fd passed = {});

  /// Ends the connection; run() returns.
  void close();
  [[nodiscard]] bool open() const { return !closed_; }

 private:
  struct Call {
    explicit Call(const asio::any_io_executor& loop) : answered(loop) {}
    std::string command;
    std::optional<Result<json::value>> answer;
    asio::steady_timer answered;
    Duration limit{};
  };
  struct Outgoing {
    std::uint64_t id = 0;
    std::string bytes;
    std::size_t sent = 0;
    Fd passed;
  };

  std::pair<std::uint64_t, std::shared_ptr<Call>> submit(std::string command,
                                                         json::object arguments, Duration limit,
                                                         Fd passed);
  static Async<Result<json::value>> answer(std::shared_ptr<Qmp> self, std::uint64_t id,
                                           std::shared_ptr<Call> call);
  Async<Error> read_loop();
  Async<Error> write_loop();
  void dispatch(QmpMessage message);

  Socket socket_;
  Sink sink_;
  QmpLimits limits_;
  std::map<std::uint64_t, std::shared_ptr<Call>> calls_;
  std::deque<Outgoing> outgoing_;
  Wakeup to_send_;
  std::uint64_t last_id_ = 0;
  std::uint64_t last_with_fd_ = 0;  ///< QEMU keeps only the last descriptor it got: one at a time
  bool closed_ = false;
};

}  // namespace truce::qemu
