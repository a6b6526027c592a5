#include "session.h"

#include <boost/json.hpp>

#include "base/log.h"
#include "model/json.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

/// What went wrong before any answer: only a refused certificate or socket is not "no answer".
Failure unreachable(Error error) {
  auto exit = error.code == Code::forbidden ? Exit::failed : Exit::no_answer;
  if (exit == Exit::failed && error.message.contains("certificate is not the trusted one")) {
    error.message +=
        "; if the server's certificate was renewed on purpose, log in again: truce login";
  }
  return {exit, std::move(error)};
}

/// A refusal of the daemon is never wrong usage in the sense of exit status 2.
Failure refused(Error error) {
  if (error.code == Code::unauthenticated) error.message += "; see: truce login --help";
  return {Exit::failed, std::move(error)};
}

}  // namespace

Session::Session(asio::any_io_executor loop, http::Endpoint endpoint)
    : loop_(loop),
      request_id_(new_request_id()),
      url_(endpoint.url),
      client_(loop, std::move(endpoint)) {}

Async<Outcome<http::Response>> Session::send(Outgoing request) {
  std::map<std::string, std::string> headers;
  headers["x-request-id"] = request_id_;
  if (!request.body.empty()) headers["content-type"] = request.content_type;
  auto target = request.target();
  auto answer = client_.send(std::move(request.method), std::move(target), std::move(request.body),
                             std::move(headers));
  auto response = request.limit ? co_await within(*request.limit, std::move(answer), url_)
                                : co_await std::move(answer);
  if (!response) co_return std::unexpected(unreachable(std::move(response).error()));
  if (response->status >= 400) {
    co_return std::unexpected(refused(http::error_of(response->status, response->body)));
  }
  co_return *std::move(response);
}

Async<Outcome<http::Response>> Session::receive(std::string path,
                                                std::map<std::string, std::string> headers,
                                                http::Client::OnPiece on_piece) {
  headers["x-request-id"] = request_id_;
  auto response =
      co_await client_.receive(std::move(path), std::move(headers), std::move(on_piece));
  if (!response) {
    auto code = response.error().code;
    auto failure = unreachable(std::move(response).error());
    // What the caller could not do with a piece is no silence of the daemon.
    if (code != Code::unavailable && code != Code::timeout) failure.exit = Exit::failed;
    co_return std::unexpected(std::move(failure));
  }
  if (response->status >= 400) {
    co_return std::unexpected(refused(http::error_of(response->status, response->body)));
  }
  co_return *std::move(response);
}

Async<Outcome<json::value>> Session::call(Outgoing request) {
  CO_TRY(auto response, co_await send(std::move(request)));
  if (response.body.empty()) co_return json::value();
  auto value = model::parse_json(response.body, mib(256));
  if (!value) {
    auto error = std::move(value).error().within(url_ + ": the answer");
    error.code = Code::corrupt;
    co_return std::unexpected(Failure(std::move(error)));
  }
  co_return *std::move(value);
}

Async<Outcome<json::value>> Session::get(std::string path,
                                         std::map<std::string, std::string> query) {
  co_return co_await call(
      {.method = "GET", .path = std::move(path), .query = std::move(query), .body = {}});
}

std::string path_of(std::string_view before, std::string_view name, std::string_view after) {
  return fmt::format("{}{}{}", before, percent_encoded(name), after);
}

}  // namespace truce::cli
