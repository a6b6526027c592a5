// Short work on a running machine: reset, screenshot, exec, serial output, consoles.
#include "api.h"
#include "base/base64.h"
#include "moves/moves.h"
#include "users/entrance.h"

namespace truce::manager {
namespace {

Result<Ref<model::Vm>> running_vm(Rooms& rooms, const Context& context) {
  TRY(auto kept, find<model::Vm>(rooms.ledger.inventory(), context.caller, context.name()));
  auto state = kept->object.observed;
  if (state == model::Observed::running || state == model::Observed::paused) return kept;
  return fail(Code::precondition, "'{}' is {}: start it first (truce vm start {})",
              kept->object.name, model::to_string(state), kept->object.name);
}

Async<Result<model::CallReply>> ask(Rooms& rooms, Ref<model::Vm> vm, model::Call call,
                                    Duration limit) {
  call.vm = vm->object.uuid;
  co_return co_await rooms.nodes.ask(vm->object.host, std::move(call), limit);
}

Async<Result<void>> audit(Rooms& rooms, const Context& context, Ref<model::Vm> vm,
                          std::string message) {
  co_return co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    change.event("api." + std::string(context.row.id), "vms/" + vm->object.name, vm->object.project,
                 message);
    return {};
  });
}

Async<Result<http::Response>> reset_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto vm, running_vm(rooms, context));
  CO_TRY_VOID(check_settled(vm->object));
  CO_TRY_VOID(co_await audit(rooms, context, vm, "reset"));
  CO_TRY_VOID(co_await ask(rooms, vm, {.verb = model::CallVerb::reset}, 30s));
  co_return http::no_content();
}

Async<Result<http::Response>> screenshot_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto vm, running_vm(rooms, context));
  CO_TRY(auto reply, co_await ask(rooms, vm, {.verb = model::CallVerb::screenshot}, 30s));
  http::Response response;
  response.content_type = "image/png";
  CO_TRY(response.body, base64_decode(reply.data));
  co_return response;
}

Async<Result<http::Response>> exec_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::ExecRequest>());
  CO_TRY(auto vm, running_vm(rooms, context));
  // The program, not its arguments: they may hold secrets.
  CO_TRY_VOID(co_await audit(rooms, context, vm, "exec " + wish.argv[0]));
  model::Call call{.verb = model::CallVerb::exec};
  call.argv = wish.argv;
  call.timeout_seconds = wish.timeout_seconds;
  auto limit = std::chrono::seconds(wish.timeout_seconds + 10);
  CO_TRY(auto reply, co_await ask(rooms, vm, std::move(call), limit));
  if (!reply.exec) co_return fail(Code::internal, "the host answered without a result");
  co_return http::json_response(200, model::to_json(*reply.exec));
}

Async<Result<http::Response>> get_vm_usage(Rooms& rooms, const Context& context) {
  CO_TRY(auto vm, running_vm(rooms, context));
  CO_TRY(auto reply, co_await ask(rooms, vm, {.verb = model::CallVerb::usage}, 10s));
  if (!reply.usage) co_return fail(Code::internal, "the host answered without a result");
  co_return http::json_response(200, model::to_json(*reply.usage));
}

Async<Result<http::Response>> get_vm_serial(Rooms& rooms, const Context& context) {
  CO_TRY(auto vm, find<model::Vm>(rooms.ledger.inventory(), context.caller, context.name()));
  const auto* bytes = context.query("bytes");
  model::Call call{.verb = model::CallVerb::serial_tail};
  call.bytes = bytes ? std::strtoll(bytes->c_str(), nullptr, 10) : 4096;
  CO_TRY(auto reply, co_await ask(rooms, vm, std::move(call), 10s));
  http::Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(reply.data);
  co_return response;
}

Async<Result<http::Response>> open_console(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::ConsoleRequest>());
  CO_TRY(auto vm, running_vm(rooms, context));
  CO_TRY_VOID(access::allow_project(context.caller, vm->object.project));
  CO_TRY(auto ticket, rooms.consoles.issue(vm->object.uuid, wish.kind, context.caller.session));
  CO_TRY_VOID(co_await audit(rooms, context, vm,
                             fmt::format("open {} console", model::to_string(wish.kind))));
  co_return http::json_response(
      200, model::to_json(model::ConsoleTicket{ticket, "/v1/consoles/" + ticket}));
}

/// Whether whom a ticket was issued to may still use the console of a machine.
bool still_allowed(Rooms& rooms, const Consoles::Ticket& ticket) {
  if (ticket.session.empty()) return true;
  auto caller = rooms.entrance.sessions.caller(ticket.session);
  auto vm = rooms.ledger.inventory().vm_by_uuid(ticket.uuid);
  return caller && vm && access::allow(*caller, model::Permission::operate) &&
         access::sees(*caller, vm->object.project);
}

/// Returns when they may no longer.
Async<void> no_longer_allowed(Rooms& rooms, Consoles::Ticket ticket) {
  while (still_allowed(rooms, ticket)) co_await sleep_for(5s);
}

Async<void> to_machine(Rooms& rooms, std::string session, http::WebSocket& from, UnixSocket& to) {
  while (true) {
    auto message = co_await from.read();
    if (!message) co_return;
    if (!session.empty()) rooms.entrance.sessions.used(session);
    auto [ec, size] = co_await asio::async_write(to, asio::buffer(*message), as_result);
    if (ec) co_return;
  }
}

Async<void> to_client(UnixSocket& from, http::WebSocket& to) {
  std::string buffer(16384, '\0');
  while (true) {
    auto [ec, size] = co_await from.async_read_some(asio::buffer(buffer), as_result);
    if (ec) co_return;
    if (!co_await to.write(buffer.substr(0, size))) co_return;
  }
}

Async<void> carry(Rooms& rooms, std::string host, Consoles::Ticket ticket,
                  http::WebSocket& client) {
  model::Call call{.verb = model::CallVerb::stream, .vm = ticket.uuid};
  call.which = model::to_string(ticket.kind);
  auto stream = co_await rooms.nodes.open_stream(host, std::move(call));
  if (!stream) {
    co_await client.close(stream.error().message);
    co_return;
  }
  co_await (to_machine(rooms, ticket.session, client, *stream) || to_client(*stream, client) ||
            no_longer_allowed(rooms, ticket));
  co_await client.close("the console ended");
}

Async<Result<http::Response>> attach_console(Rooms& rooms, const Context& context) {
  if (!context.request.headers.contains("upgrade")) {
    co_return fail(Code::invalid, "a console is a WebSocket: ask for an upgrade");
  }
  CO_TRY(auto ticket, rooms.consoles.redeem(context.request.parameters.at("ticket")));
  auto vm = rooms.ledger.inventory().vm_by_uuid(ticket.uuid);
  if (!vm) co_return fail(Code::not_found, "the machine was deleted");
  if (!still_allowed(rooms, ticket))
    co_return fail(Code::forbidden, "whom this ticket was issued to may no longer use it");
  http::Response response;
  response.socket = [&rooms, host = vm->object.host, ticket](http::WebSocket& client) {
    return carry(rooms, host, ticket, client);
  };
  co_return response;
}

}  // namespace

void add_guest_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::reset_vm, reset_vm);
  handlers.on(Operation::screenshot_vm, screenshot_vm);
  handlers.on(Operation::exec_vm, exec_vm);
  handlers.on(Operation::get_vm_serial, get_vm_serial);
  handlers.on(Operation::get_vm_usage, get_vm_usage);
  handlers.on(Operation::open_console, open_console);
  handlers.on(Operation::attach_console, attach_console);
}

}  // namespace truce::manager
