#include "manager/manager.h"

#include "alarms/alarms.h"
#include "api.h"
#include "base/log.h"
#include "cluster/rotation.h"
#include "http/router.h"
#include "library/uploads.h"
#include "metrics/keep.h"
#include "moves/moves.h"
#include "placement.h"
#include "plans/plans.h"
#include "plans/rules.h"
#include "platforms/platforms.h"
#include "pools/places.h"
#include "recovery/recovery.h"
#include "recovery/tenants.h"
#include "relocation/relocations.h"
#include "reports.h"
#include "resources/conflict_classes.h"
#include "resources/resource_pools.h"
#include "sleep/controls.h"
#include "sleep/saver.h"
#include "tasks.h"
#include "users/entrance.h"
#include "users/own_page.h"

namespace truce::manager {

namespace {
const std::string request_header = "x-request-id";
/// On what a page asks for by itself, again and again: a session is not in use by that.
const std::string background_header = "x-truce-background";
constexpr Duration power_limit = 40s;  // for a host's answer, which may have switched itself off
}  // namespace

namespace {
std::vector<Reading> readings_of(const Measurements& measurements, model::AlarmSubject subject) {
  switch (subject) {
    case model::AlarmSubject::vm:
      return measurements.vms();
    case model::AlarmSubject::host:
      return measurements.hosts();
    case model::AlarmSubject::pool:
      break;
  }
  return measurements.pools();
}
}  // namespace

struct Manager::State {
  State(asio::any_io_executor loop, store::Store& store, Settings s)
      : settings(std::move(s)),
        scope(loop),
        ledger(loop, store),
        pool_intake(ledger, scope, loop),
        nodes(
            loop, ledger,
            [this](std::string host, model::Report report) {
              return store_report(ledger, settings, pool_intake, std::move(host),
                                  std::move(report));
            },
            [this](const std::string& host, model::Samples samples) {
              take_samples(host, std::move(samples));
            }),
        entrance(ledger.inventory(), settings),
        measurements(loop, ledger.inventory()),
        alarms(loop, ledger, settings,
               [this](model::AlarmSubject subject) { return readings_of(measurements, subject); }),
        recovery(ledger, settings),
        platforms(loop, ledger, settings),
        relocations(loop, ledger, platforms, nodes, settings),
        saver(ledger, plans, scope, settings, power_hands(loop)),
        rooms{loop,     settings,     ledger, nodes, consoles,
              entrance, measurements, alarms, plans, platforms} {
    nodes.on_fetch([this, turn = std::make_shared<int>()](UnixSocket socket, std::string host,
                                                          model::Fetch wish) {
      return send_template(rooms, turn, std::move(socket), std::move(host), std::move(wish));
    });
    plans.begin_move = begin_migration;
    nodes.set_lives({[this](std::string host, model::Heartbeat beat) {
                       return carry_out(ledger, std::move(host), std::move(beat));
                     },
                     [this](const std::string& host) {
                       return tenancies_of(ledger.inventory(), settings, host);
                     }});
    add_server_handlers(handlers);
    add_list_handlers(handlers);
    add_summary_handlers(handlers);
    add_search_handlers(handlers);
    add_vm_handlers(handlers);
    add_power_handlers(handlers);
    add_guest_handlers(handlers);
    add_template_handlers(handlers);
    add_upload_handlers(handlers);
    add_content_handlers(handlers);
    add_network_handlers(handlers);
    add_pool_handlers(handlers);
    add_snapshot_handlers(handlers);
    add_disk_handlers(handlers);
    add_pending_handlers(handlers);
    add_move_handlers(handlers);
    add_conflict_class_handlers(handlers);
    add_resource_pool_handlers(handlers);
    add_task_handlers(handlers);
    add_token_handlers(handlers);
    add_upkeep_handlers(handlers);
    add_sign_in_handlers(handlers);
    add_account_handlers(handlers);
    add_user_handlers(handlers);
    add_metric_handlers(handlers);
    add_exposition_handlers(handlers);
    add_alarm_handlers(handlers);
    add_rule_handlers(handlers);
    add_plan_handlers(handlers);
    add_cluster_handlers(handlers);
    add_platform_handlers(handlers);
    add_foreign_vm_handlers(handlers);
    add_foreign_change_handlers(handlers);
    add_relocation_handlers(handlers);
    add_sleep_handlers(handlers);
    for (const auto& row : model::operations) {
      TRUCE_ASSERT(handlers.of(row.operation), fmt::format("operation {} has a handler", row.id));
      router.add(row.method, row.path, static_cast<std::size_t>(row.operation));
    }
  }

  Async<Result<http::Response>> answer(http::Request request, std::size_t row);
  void take_samples(const std::string& host, model::Samples samples);
  PowerHands power_hands(asio::any_io_executor loop);

  Settings settings;
  Scope scope;
  Ledger ledger;
  PoolIntake pool_intake;
  Consoles consoles;
  Nodes nodes;
  Entrance entrance;
  Measurements measurements;
  std::unique_ptr<metrics::History> history;
  Alarms alarms;
  Plans plans;
  Recovery recovery;
  Platforms platforms;
  Relocations relocations;
  PowerSaver saver;
  Rooms rooms;
  Handlers handlers;
  http::Router router;
};

namespace {

// After a crash every host counts as gone until its node has reported anew.
Async<Result<void>> mark_hosts_offline(Ledger& ledger) {
  for (bool all = false; !all;) {
    CO_TRY_VOID(co_await ledger.change({}, [&](Change& change) -> Result<void> {
      all = false;
      for (const auto& [name, kept] : ledger.inventory().all<model::Host>()) {
        if (change.full()) return {};
        if (kept->object.state == model::HostState::offline) continue;
        auto host = kept->object;
        host.state = model::HostState::offline;
        change.put(host);
      }
      all = true;
      return {};
    }));
  }
  co_return Result<void>{};
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
  CO_TRY_VOID(co_await state.ledger.change({}, [&](Change& change) -> Result<void> {
    make_first_alarms(state.ledger.inventory(), change);
    return make_first_pool(state.ledger.inventory(), change);
  }));
  CO_TRY_VOID(co_await move_places(state.ledger));
  CO_TRY_VOID(co_await mark_hosts_offline(state.ledger));
  if (!state.settings.metrics_folder.empty()) {
    state.history = open_history(state.settings.metrics_folder);
    state.rooms.history = state.history.get();
  }
  if (state.history) state.scope.spawn(forget_deleted(state.ledger, *state.history));
  CO_TRY_VOID(state.nodes.listen(state.settings.node_socket, state.scope));
  CO_TRY_VOID(availability::check(state.settings.availability));
  state.scope.spawn(place_machines(state.ledger));
  state.scope.spawn(clear_places(state.ledger));
  state.scope.spawn(watch_rules(state.ledger));
  state.scope.spawn(carry_out_plans(state.ledger, state.plans));
  state.scope.spawn(watch_load(state.ledger, state.plans, state.settings.balance_pace));
  state.scope.spawn(watch_moves(state.ledger));
  state.scope.spawn(run_drains(state.ledger));
  state.scope.spawn(watch_format(state.ledger));
  state.scope.spawn(watch_rotation(state.ledger, state.settings));
  state.scope.spawn(watch_absent_hosts(state.ledger, state.settings.absence));
  state.scope.spawn(state.recovery.run());
  state.scope.spawn(state.platforms.run());
  state.scope.spawn(state.relocations.run());
  state.scope.spawn(state.saver.run());
  state.scope.spawn(keep_history_short(state.ledger, state.settings));
  state.scope.spawn(remove_expired_uploads(state.ledger));
  state.scope.spawn(keep_door(state.ledger, state.entrance));
  state.entrance.first_run.renew();
  state.alarms.start(state.scope);
  co_return Result<void>{};
}

PowerHands Manager::State::power_hands(asio::any_io_executor loop) {
  return {[this, loop](model::Host host) {
            return open_control(loop, ledger, settings, std::move(host));
          },
          [this](std::string host, bool only_ask) -> Async<Result<void>> {
            model::Call call{.verb = model::CallVerb::power_off, .only_ask = only_ask};
            CO_TRY_VOID(co_await nodes.ask(std::move(host), std::move(call), power_limit));
            co_return Result<void>{};
          },
          [this](const std::string& host) { nodes.drop(host); }};
}

void Manager::State::take_samples(const std::string& host, model::Samples samples) {
  auto time = now();
  auto round = measurements.take(host, std::move(samples), time);
  plans.demands.take(round.vms, time);
  if (history) keep(*history, time, std::move(round));
}

Async<Result<http::Response>> Manager::State::answer(http::Request request, std::size_t row) {
  auto use = request.headers.contains(background_header) ? Use::only_looks : Use::counts;
  CO_TRY(auto caller, authenticate(rooms, request, use));
  Context context{std::move(request), std::move(caller), model::operations[row]};
  auto allowed = access::allow(context.caller, context.row.permission);
  if (allowed) allowed = check_own_page(context.caller, context.row, context.request);
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
  // PUT: a large file has thousands of pieces.
  bool changes = request.method != "GET" && request.method != "HEAD" && request.method != "PUT";
  auto response = co_await answer(std::move(request));
  response.headers["X-Request-Id"] = id;
  auto level = response.status >= 500 ? spdlog::level::warn
               : changes              ? spdlog::level::info
                                      : spdlog::level::debug;
  if (spdlog::should_log(level)) log_for(id, level, fmt::format("{}: {}", what, response.status));
  co_return response;
}

Async<http::Response> Manager::answer(http::Request request) {
  const auto& by = request.peer.host;
  if (!by.empty() && !state_->ledger.inventory().find<model::Host>(by)) {
    auto response = http::problem(
        Error{Code::forbidden, fmt::format("the host '{}' is no longer in this cluster", by), {}});
    response.headers["X-Truce-Host"] = "removed";
    co_return response;
  }
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

Result<void> Manager::admit(const std::string& host, const std::string& certificate_sha256) const {
  return manager::admit(state_->ledger.inventory(), host, certificate_sha256);
}

void Manager::serve_node(UnixSocket socket, std::string host) {
  state_->nodes.serve(std::move(socket), std::move(host), state_->scope);
}

Async<void> Manager::note_certificate(std::string host, std::string sha256, Time expires) {
  auto& ledger = state_->ledger;
  auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
    auto kept = ledger.inventory().find<model::Host>(host);
    if (!kept || !the_cluster(ledger.inventory())) return {};
    auto changed = kept->object;
    changed.certificate_expires = expires;
    auto known = ledger.inventory().certificates_of(host);
    auto noted = with_certificate(known, sha256);
    if (changed == kept->object && noted == known) return {};
    change.put(changed);
    change.write(certificates_key(host), std::move(noted));
    return {};
  });
  if (!done) spdlog::warn("host {}: {}", host, done.error().message);
}

std::vector<Seat> Manager::seats() const {
  std::vector<Seat> seats;
  auto cluster = the_cluster(state_->ledger.inventory());
  if (!cluster) return seats;
  for (const auto& manager : cluster->object.managers)
    seats.push_back({manager.name, manager.address});
  return seats;
}

void Manager::change(Limits limits) {
  static_cast<Limits&>(state_->settings) = limits;
  state_->entrance.first_run.renew();
}

void Manager::show_counters(const http::Counters& counters) {
  state_->rooms.counters = &counters;
}

Async<void> Manager::stop() {
  state_->nodes.close();
  state_->alarms.stop();
  state_->scope.cancel();
  co_await state_->scope.join();
  co_await state_->relocations.close();
  co_await state_->platforms.close();
}

}  // namespace truce::manager
