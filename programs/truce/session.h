// A conversation with the daemon.
#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <memory>
#include <string>

#include "http/client.h"
#include "invocation.h"
#include "request.h"

namespace truce::cli {

/// Why a command ends without success, and the exit status that says so.
struct Failure {
  Exit exit = Exit::failed;
  Error error;
  Failure(Error e)
      : exit(e.code == Code::invalid ? Exit::usage : Exit::failed), error(std::move(e)) {}
  Failure(Exit status, Error e) : exit(status), error(std::move(e)) {}
};

template <class T>
using Outcome = std::expected<T, Failure>;

/// The connection of one command.
class Session {
 public:
  Session(asio::any_io_executor loop, http::Endpoint endpoint);

  /// The answer to a request that was not refused. Exit::no_answer when the daemon cannot be
  /// reached.
  Async<Outcome<http::Response>> send(Outgoing request);
  /// The same, with the answer's JSON (null when it has no body).
  Async<Outcome<boost::json::value>> call(Outgoing request);
  Async<Outcome<boost::json::value>> get(std::string path,
                                         std::map<std::string, std::string> query = {});
  /// A file of any size, piece by piece: see Client::receive.
  Async<Outcome<http::Response>> receive(std::string path,
                                         std::map<std::string, std::string> headers,
                                         http::Client::OnPiece on_piece);

  [[nodiscard]] http::Client& client() { return client_; }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] asio::any_io_executor loop() const { return loop_; }

 private:
  asio::any_io_executor loop_;
  std::string request_id_;  ///< of all that this command asks for
  std::string url_;
  http::Client client_;
};

/// `/v1/vms/web01/console` from `/v1/vms/`, a name and `/console`.
std::string path_of(std::string_view before, std::string_view name, std::string_view after = {});

}  // namespace truce::cli
