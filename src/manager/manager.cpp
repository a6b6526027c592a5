#include "manager/manager.h"

#include "api.h"
#include "base/log.h"
#include "http/router.h"
#include "placement.h"
#include "reports.h"
#include "tasks.h"

namespace truce::manager {

struct Manager::State {
  State(asio::any_io_executor loop, store::Store& store, Settings s)
      : settings(std::move(s)),
        scope(loop),
        ledger(loop, store),
        nodes(loop, ledger,
              [this](std::string host, model::Report report) {
                return store_report(ledger, settings, std::move(host), std::move(report));
              }),
        rooms{loop, settings, ledger, nodes, consoles} {
    add_server_handlers(handlers);
    add_list_handlers(handlers);
    add_vm_handlers(handlers);
    add_power_handlers(handlers);
    add_guest_handlers(handlers);
    add_template_handlers(handlers);
    add_network_handlers(handlers);
    add_snapshot_handlers(handlers);
    add_task_handlers(handlers);
    add_token_handlers(handlers);
    add_upkeep_handlers(handlers);
    for (const auto& row : model::operations) {
      TRUCE_ASSERT(handlers.of(row.operation), fmt::format("operation {} has a handler", row.id));
      router.add(row.method, row.path, static_cast<std::size_t>(row.operation));
    }
  }

  Async<Result<http::Response>> answer(http::Request request, std::size_t row);

  Settings settings;
  Scope scope;
  Ledger ledger;
  Consoles consoles;
  Nodes nodes;
  Rooms rooms;
  Handlers handlers;
  http::Router router;
};

namespace {

const std::string request_header = "x-request-id";

// After a crash every host counts as gone until its node has reported anew.
Result<void> mark_hosts_offline(const Inventory& inventory, Change& change) {
  for (const auto& [name, kept] : inventory.all<model::Host>()) {
    if (kept->object.state == model::HostState::offline) continue;
    auto host = kept->object;
    host.state = model::HostState::offline;
    change.put(host);
  }
  return {};
}

// The client's id of a request, or one of ours; it goes with everything that the request causes.
std::string request_id(const http::Request& request) {
  auto sent = request.headers.find(request_header);
  bool usable = sent != request.headers.end() && is_request_id(sent->second);
  return usable ? sent->second : new_request_id();
}

}  // namespace

Manager::Manager(asio::any_io_executor loop, store::Store& store, Settings settings)
    : state_(std::make_unique<State>(std::move(loop), store, std::move(settings))) {}

Manager::~Manager() = default;

Async<Result<void>> Manager::start() {
  auto& state = *state_;
  CO_TRY_VOID(co_await state.ledger.open(state.scope));
  CO_TRY_VOID(co_await state.ledger.change(
      {}, [&](Change& change) { return mark_hosts_offline(state.ledger.inventory(), change); }));
  CO_TRY_VOID(state.nodes.listen(state.settings.node_socket, state.scope));
  state.scope.spawn(place_machines(state.ledger));
  state.scope.spawn(keep_history_short(state.ledger, state.settings));
  co_return Result<void>{};
}

Async<Result<http::Response>> Manager::State::answer(http::Request request, std::size_t row) {
  CO_TRY(auto caller, authenticate(ledger.inventory(), settings, request));
  Context context{std::move(request), std::move(caller), model::operations[row]};
  auto allowed = access::allow(context.caller, context.row.permission);
  if (!allowed) {
    log_for(context.request_id(), spdlog::level::warn,
            fmt::format("refused {} from {}: {}", context.row.id, context.request.peer.address,
                        allowed.error().message));
    co_return std::unexpected(std::move(allowed).error());
  }
  CO_TRY_VOID(model::check_query(context.row, context.request.query));
  co_return co_await handlers.of(context.row.operation)(rooms, context);
}

Async<http::Response> Manager::handle(http::Request request) {
  auto id = request_id(request);
  request.headers[request_header] = id;
  auto what = fmt::format("{} {} from {}", request.method, request.path, request.peer.address);
  bool changes = request.method != "GET" && request.method != "HEAD";
  auto response = co_await answer(std::move(request));
  response.headers["X-Request-Id"] = id;
  auto level = response.status >= 500 ? spdlog::level::warn
               : changes              ? spdlog::level::info
                                      : spdlog::level::debug;
  if (spdlog::should_log(level)) log_for(id, level, fmt::format("{}: {}", what, response.status));
  co_return response;
}

Async<http::Response> Manager::answer(http::Request request) {
  auto match = state_->router.find(request.method, request.path);
  if (!match) co_return state_->router.refusal(request.method, request.path);
  request.parameters = std::move(match->parameters);
  auto answer = co_await state_->answer(std::move(request), match->row);
  if (answer) co_return std::move(*answer);
  const auto& error = answer.error();
  if (error.field == "If-Match") co_return http::problem(412, error);
  auto response = http::problem(error);
  if (error.code == Code::unauthenticated) response.headers["WWW-Authenticate"] = "Bearer";
  co_return response;
}

void Manager::change(std::size_t task_history, std::size_t event_history,
                     std::optional<unsigned> admin_group) {
  state_->settings.task_history = task_history;
  state_->settings.event_history = event_history;
  state_->settings.admin_group = admin_group;
}

void Manager::show_counters(const http::Counters& counters) {
  state_->rooms.counters = &counters;
}

Async<void> Manager::stop() {
  state_->nodes.close();
  state_->scope.cancel();
  co_await state_->scope.join();
}

}  // namespace truce::manager
