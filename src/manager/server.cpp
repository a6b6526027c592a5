#include "api.h"
#include "base/release.h"
#include "model/openapi.h"
#include "users/entrance.h"

namespace truce::manager {
namespace {

Async<Result<http::Response>> get_health(Rooms& rooms, const Context&) {
  CO_TRY_VOID(co_await rooms.ledger.store().get("health"));
  co_return http::json_response(200, model::to_json(model::Health{"ok", release::version()}));
}

Async<Result<http::Response>> get_server(Rooms& rooms, const Context& context) {
  auto server = describe_server(rooms, context.caller, session_cookie(context.request));
  co_return http::json_response(200, model::to_json(server));
}

Async<Result<http::Response>> get_openapi(Rooms&, const Context&) {
  http::Response response;
  response.body = model::openapi_json();
  co_return response;
}

}  // namespace

model::Server describe_server(Rooms& rooms, const access::Caller& caller, std::string_view cookie) {
  model::Server server;
  server.version = release::version();
  server.fingerprint = rooms.settings.fingerprint;
  server.url = rooms.settings.url;
  server.user = caller.name;
  server.projects = caller.projects;
  server.first_run = rooms.entrance.first_run.needed();
  if (caller.role) server.role = model::to_string(*caller.role);
  const auto& inventory = rooms.ledger.inventory();
  auto session = inventory.find<model::Session>(caller.session);
  auto user = inventory.find<model::User>(caller.name);
  if (session && user) {
    server.csrf = csrf_of(cookie);
    server.totp = user->object.totp;
    server.session_expires = session->object.expires;
  }
  return server;
}

void add_server_handlers(Handlers& handlers) {
  handlers.on(model::Operation::get_health, get_health);
  handlers.on(model::Operation::get_server, get_server);
  handlers.on(model::Operation::get_openapi, get_openapi);
}

}  // namespace truce::manager
