#include <array>
#include <boost/json.hpp>

#include "http/http.h"
#include "message.h"

namespace truce::http {

namespace json = boost::json;

namespace {

struct Row {
  Code code;
  int status;
};

// One row a code: `precondition` shares 409 with `conflict`; the document's `code` tells them
// apart.
constexpr std::array statuses = {
    Row{Code::invalid, 400},   Row{Code::unauthenticated, 401}, Row{Code::forbidden, 403},
    Row{Code::not_found, 404}, Row{Code::conflict, 409},        Row{Code::precondition, 409},
    Row{Code::limit, 429},     Row{Code::unavailable, 503},     Row{Code::timeout, 504},
    Row{Code::cancelled, 409}, Row{Code::unsupported, 501},     Row{Code::corrupt, 500},
    Row{Code::io, 500},        Row{Code::internal, 500},
};

Code code_of(int status) {
  switch (status) {
    case 401:
      return Code::unauthenticated;
    case 403:
      return Code::forbidden;
    case 404:
    case 410:
      return Code::not_found;
    case 408:
    case 504:
      return Code::timeout;
    case 409:
      return Code::conflict;
    case 412:
      return Code::precondition;
    case 413:
    case 429:
    case 431:
      return Code::limit;
    case 405:
    case 426:
    case 501:
      return Code::unsupported;
    case 502:
    case 503:
      return Code::unavailable;
    default:
      return status >= 400 && status < 500 ? Code::invalid : Code::internal;
  }
}

std::string text_member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string());
}

}  // namespace

int status_of(Code code) {
  for (const auto& row : statuses) {
    if (row.code == code) return row.status;
  }
  return 500;
}

Response json_response(int status, const boost::json::value& body) {
  Response response;
  response.status = status;
  response.body = json::serialize(body);
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  return response;
}

Response problem(const Error& error) {
  return problem(status_of(error.code), error);
}

Response problem(int status, const Error& error) {
  json::object document;
  document["type"] = fmt::format("urn:truce:error:{}", to_string(error.code));
  document["title"] = reason_of(status);
  document["status"] = status;
  document["code"] = to_string(error.code);
  document["detail"] = error.message;
  if (!error.field.empty()) document["field"] = error.field;
  auto response = json_response(status, document);
  response.content_type = "application/problem+json";
  return response;
}

Error error_of(int status, std::string_view body) {
  Error error{code_of(status), {}, {}};
  constexpr std::size_t largest_document = 64 * 1024;
  boost::system::error_code ec;
  json::value parsed;
  if (body.size() <= largest_document) parsed = json::parse(body, ec);
  if (const auto* document = parsed.if_object(); !ec && document != nullptr) {
    error.message = text_member(*document, "detail");
    if (error.message.empty()) error.message = text_member(*document, "title");
    error.field = text_member(*document, "field");
    auto name = text_member(*document, "code");
    for (const auto& row : statuses) {
      if (to_string(row.code) == name) error.code = row.code;
    }
  }
  if (error.message.empty()) {
    error.message = fmt::format("the server answered {} {}", status, reason_of(status));
  }
  return error;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

}  // namespace truce::http
