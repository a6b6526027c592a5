#include <unistd.h>

#include "api.h"
#include "base/file.h"
#include "model/openapi.h"

namespace truce::manager {
namespace {

Async<Result<http::Response>> get_health(Rooms& rooms, const Context&) {
  CO_TRY_VOID(co_await rooms.ledger.store().get("health"));
  co_return http::json_response(200, model::to_json(model::Health{"ok", TRUCE_VERSION}));
}

Async<Result<http::Response>> get_server(Rooms& rooms, const Context& context) {
  model::Server server;
  server.version = TRUCE_VERSION;
  server.fingerprint = rooms.settings.fingerprint;
  server.url = rooms.settings.url;
  server.user = context.caller.name;
  if (context.caller.role) server.role = model::to_string(*context.caller.role);
  co_return http::json_response(200, model::to_json(server));
}

Async<Result<http::Response>> get_openapi(Rooms&, const Context&) {
  http::Response response;
  response.body = model::openapi_json();
  co_return response;
}

std::uint64_t resident_bytes() {
  auto text = read_file("/proc/self/statm");
  if (!text) return 0;
  auto space = text->find(' ');
  if (space == std::string::npos) return 0;
  return std::strtoull(text->c_str() + space, nullptr, 10) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// One line a sample in the text format of Prometheus (version 0.0.4).
class Metrics {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text_), "# HELP truce_{} {}\n# TYPE truce_{} {}\n", name,
                   help, name, type);
  }
  template <class Number>
  void sample(std::string_view name, std::string_view labels, Number value) {
    fmt::format_to(std::back_inserter(text_), "truce_{}{} {}\n", name, labels, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void vm_metrics(Metrics& metrics, const Inventory& inventory) {
  std::map<std::string_view, std::size_t> states;
  for (auto name : model::enum_names<model::Observed>()) states[name] = 0;
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    ++states[model::to_string(kept->object.observed)];
  }
  metrics.family("vms", "gauge", "Virtual machines by what they were last seen doing.");
  for (const auto& [state, count] : states) {
    metrics.sample("vms", fmt::format("{{observed=\"{}\"}}", state), count);
  }
  metrics.family("tasks_live", "gauge", "Tasks that have not ended.");
  metrics.sample("tasks_live", "", inventory.live_tasks().size());
}

void host_metrics(Metrics& metrics, const Inventory& inventory) {
  metrics.family("host_online", "gauge", "1 while the host's node is connected.");
  for (const auto& [name, kept] : inventory.all<model::Host>()) {
    metrics.sample(
        "host_online",
        fmt::format("{{host=\"{}\",accelerator=\"{}\"}}", name, kept->object.accelerator),
        kept->object.state == model::HostState::online ? 1 : 0);
  }
  metrics.family("pool_free_bytes", "gauge", "Free on the pool's file system.");
  for (const auto& [name, kept] : inventory.all<model::Pool>()) {
    metrics.sample("pool_free_bytes", fmt::format("{{pool=\"{}\"}}", name),
                   kept->object.free.count);
  }
}

Async<Result<http::Response>> get_metrics(Rooms& rooms, const Context&) {
  Metrics metrics;
  const auto& inventory = rooms.ledger.inventory();
  vm_metrics(metrics, inventory);
  host_metrics(metrics, inventory);
  metrics.family("store_revision", "counter", "Commits of the store so far.");
  metrics.sample("store_revision", "", inventory.revision());
  metrics.family("uptime_seconds", "gauge", "Since the daemon started.");
  metrics.sample("uptime_seconds", "",
                 std::chrono::duration<double>(now() - rooms.started).count());
  metrics.family("resident_bytes", "gauge", "Memory of the daemon.");
  metrics.sample("resident_bytes", "", resident_bytes());
  if (rooms.counters) {
    const auto& c = *rooms.counters;
    metrics.family("http_requests_total", "counter", "Requests answered.");
    metrics.sample("http_requests_total", "", c.requests);
    metrics.family("http_refused_total", "counter", "Requests refused by a limit of the server.");
    metrics.sample("http_refused_total", "", c.refused);
    metrics.family("http_connections", "gauge", "Open connections.");
    metrics.sample("http_connections", "", c.connections);
    metrics.family("http_streams", "gauge", "Open watches and consoles.");
    metrics.sample("http_streams", "", c.streams);
  }
  http::Response response;
  response.content_type = "text/plain; version=0.0.4";
  response.body = metrics.take();
  co_return response;
}

}  // namespace

void add_server_handlers(Handlers& handlers) {
  handlers.on(model::Operation::get_health, get_health);
  handlers.on(model::Operation::get_server, get_server);
  handlers.on(model::Operation::get_openapi, get_openapi);
  handlers.on(model::Operation::get_metrics, get_metrics);
}

}  // namespace truce::manager
