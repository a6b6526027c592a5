#include "login.h"

#include <boost/json.hpp>

#include "model/model.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace {

/// As people copy it: capitals, colons and spaces do not count.
std::string normal_fingerprint(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c != ':' && c != ' ') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace

Async<Result<std::string>> trusted_fingerprint(asio::any_io_executor loop, std::string url,
                                               std::string wanted) {
  CO_TRY(auto seen, co_await http::server_fingerprint(loop, url));
  if (!wanted.empty()) {
    if (normal_fingerprint(wanted) == seen) co_return seen;
    co_return fail(
        Code::forbidden,
        "the server shows another certificate than the one you named: its fingerprint is {}", seen);
  }
  if (!is_terminal(Channel::input)) {
    co_return fail(
        Code::forbidden,
        "this server is not known yet; compare its fingerprint {} with what 'truce server show' "
        "says on the server, then: truce login {} --fingerprint {}",
        seen, url, seen);
  }
  print(fmt::format("{} shows a certificate with the SHA-256 fingerprint\n  {}\n"
                    "On the server, 'truce server show' says which one is right.\n",
                    url, seen),
        Channel::errors);
  auto answer = ask("Is this the right server (yes/no)? ");
  if (answer != "yes" && answer != "y")
    co_return fail(Code::forbidden, "the server was not trusted");
  co_return seen;
}

Async<Outcome<int>> login(asio::any_io_executor loop, const Invocation& invocation, Wishes wishes) {
  CO_TRY(auto url, normal_url(invocation.value("server")));
  CO_TRY(auto settings, read_settings(settings_path()));
  http::Endpoint endpoint{.url = url,
                          .fingerprint = {},
                          .token = wishes.token.empty() ? wishes.token_variable : wishes.token,
                          .certificate = invocation.value("certificate"),
                          .key = invocation.value("key")};
  bool remote = url.starts_with("https:");
  if (remote) {
    auto trusted = co_await trusted_fingerprint(loop, url, invocation.value("fingerprint"));
    if (!trusted) {
      auto exit = trusted.error().code == Code::unavailable ? Exit::no_answer : Exit::failed;
      co_return std::unexpected(Failure(exit, std::move(trusted).error()));
    }
    endpoint.fingerprint = *trusted;
    bool secret = !endpoint.token.empty() || !endpoint.certificate.empty();
    if (!secret && is_terminal(Channel::input))
      endpoint.token = ask_hidden("Token (Enter for none): ");
  }
  Session session(loop, endpoint);
  CO_TRY(auto value, co_await session.get("/v1"));
  auto server = model::from_json<model::Server>(value, model::Unknown::ignore);
  if (!server)
    co_return std::unexpected(
        Failure(Exit::failed, std::move(server).error().within("the answer")));
  if (server->user.empty()) {
    co_return std::unexpected(Failure(
        Exit::failed,
        Error{Code::unauthenticated,
              "the server does not know this token or certificate; an administrator makes one "
              "with: truce token create NAME",
              {}}));
  }
  settings.current = url;
  settings.servers[url] = endpoint;
  CO_TRY_VOID(write_settings(settings_path(), settings));
  if (!invocation.quiet) {
    print(fmt::format("Logged in to {} (truced {}) as {} ({}).\n", url, printable(server->version),
                      printable(server->user), printable(server->role)));
  }
  co_return 0;
}

Async<Result<http::Endpoint>> known_endpoint(asio::any_io_executor loop, Wishes wishes) {
  CO_TRY(auto settings, read_settings(settings_path()));
  CO_TRY(auto endpoint, choose_endpoint(settings, wishes));
  if (!endpoint.url.starts_with("https:") || !endpoint.fingerprint.empty()) co_return endpoint;
  CO_TRY(endpoint.fingerprint, co_await trusted_fingerprint(loop, endpoint.url, {}));
  auto& stored = settings.servers[endpoint.url];
  stored.url = endpoint.url;
  stored.fingerprint = endpoint.fingerprint;
  CO_TRY_VOID(write_settings(settings_path(), settings));
  co_return endpoint;
}

}  // namespace truce::cli
