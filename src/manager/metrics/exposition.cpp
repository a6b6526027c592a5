// GET /metrics: what this server, its hosts, pools and machines do, for Prometheus.
#include "exposition.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "api.h"
#include "base/file.h"
#include "metrics/keep.h"
#include "pools/fill.h"
#include "sleep/phases.h"

namespace truce::manager {
namespace {

std::uint64_t resident_bytes() {
  auto text = read_file("/proc/self/statm");
  if (!text) return 0;
  auto space = text->find(' ');
  if (space == std::string::npos) return 0;
  return std::strtoull(text->c_str() + space, nullptr, 10) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void estate_metrics(Exposition& out, const Inventory& inventory) {
  std::map<std::string_view, std::size_t> states;
  for (auto name : model::enum_names<model::Observed>()) states[name] = 0;
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    ++states[model::to_string(kept->object.observed)];
  }
  out.family("vms", "gauge", "Virtual machines by what they were last seen doing.");
  for (const auto& [state, count] : states) out.sample({{"observed", state}}, count);
  out.family("tasks_live", "gauge", "Tasks that have not ended.");
  out.sample({}, inventory.live_tasks().size());
}

// `some avg10=1.23 … total=456` in microseconds (kernel: accounting/psi.rst).
void pressure_metrics(Exposition& out) {
  out.family("host_pressure_seconds_total", "counter",
             "How long some, or all, of the host's work has waited (PSI), where the host tells.");
  for (const char* resource : {"cpu", "memory", "io"}) {
    auto text = read_file(fmt::format("/proc/pressure/{}", resource), kib(4));
    std::istringstream words(text ? *text : std::string());
    std::string who;
    for (std::string word; words >> word;) {
      constexpr std::string_view total = "total=";
      if (word == "some" || word == "full") who = word;
      if (!word.starts_with(total)) continue;
      out.sample({{"resource", resource}, {"stalled", who}},
                 std::strtod(word.c_str() + total.size(), nullptr) / 1e6);
    }
  }
}

// `cpu user nice system idle iowait irq softirq steal …` in ticks (proc_stat(5)).
void processor_metrics(Exposition& out) {
  constexpr const char* modes[] = {"user",   "nice", "system",  "idle",
                                   "iowait", "irq",  "softirq", "steal"};
  auto text = read_file("/proc/stat", mib(4));
  std::istringstream words(text ? *text : std::string());
  std::string name;
  if (!(words >> name) || name != "cpu") return;
  out.family("host_cpu_seconds_total", "counter",
             "Processor time of the host; steal is what the hypervisor below it took.");
  for (const char* mode : modes) {
    double ticks = 0;
    if (!(words >> ticks)) return;
    out.sample({{"mode", mode}}, ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)));
  }
}

/// One figure of an object: what it is called, and where it comes from; nothing: it is not known.
template <class State>
struct Figure {
  std::string_view name, type, help;
  std::function<std::optional<double>(const State&)> value;
};

std::optional<double> number(Bytes size) {
  return static_cast<double>(size.count);
}

std::optional<double> number(const std::optional<Bytes>& size) {
  return size ? number(*size) : std::nullopt;
}

struct VmFigures {
  const model::Vm& vm;
  const Measurements::VmState& state;
  [[nodiscard]] const model::VmUsage& usage() const { return state.usage; }
};

const Figure<VmFigures> vm_figures[]{
    {"vm_cpus", "gauge", "Processors of a running machine.",
     [](const auto& of) { return static_cast<double>(of.vm.cpus); }},
    {"vm_cpu_seconds_total", "counter", "Processor time of a machine's process since its start.",
     [](const auto& of) { return of.usage().cpu_seconds; }},
    {"vm_cpu_throttled_seconds_total", "counter", "How long a machine's limit has held it back.",
     [](const auto& of) { return of.usage().cpu_throttled_seconds; }},
    {"vm_memory_bytes", "gauge", "What the host has given a machine's process.",
     [](const auto& of) { return number(of.usage().memory); }},
    {"vm_memory_size_bytes", "gauge", "Memory that a machine is to have.",
     [](const auto& of) { return number(of.vm.memory); }},
    {"vm_memory_guest_used_bytes", "gauge", "Memory in use as the guest counts it.",
     [](const auto& of) -> std::optional<double> {
       const auto& usage = of.usage();
       if (usage.guest_total.count == 0 || usage.guest_available > usage.guest_total) return {};
       return static_cast<double>(usage.guest_total.count - usage.guest_available.count);
     }},
    {"vm_disk_read_bytes_total", "counter", "Read from a machine's disks since its start.",
     [](const auto& of) { return number(of.usage().disk_read); }},
    {"vm_disk_written_bytes_total", "counter", "Written to a machine's disks since its start.",
     [](const auto& of) { return number(of.usage().disk_written); }},
    {"vm_disk_reads_total", "counter", "Reads of a machine's disks since its start.",
     [](const auto& of) { return static_cast<double>(of.usage().disk_reads); }},
    {"vm_disk_writes_total", "counter", "Writes to a machine's disks since its start.",
     [](const auto& of) { return static_cast<double>(of.usage().disk_writes); }},
    {"vm_network_receive_bytes_total", "counter",
     "Received by a machine's network cards since its start; not known in user-mode networks.",
     [](const auto& of) { return number(of.usage().net_received); }},
    {"vm_network_transmit_bytes_total", "counter",
     "Sent by a machine's network cards since its start; not known in user-mode networks.",
     [](const auto& of) { return number(of.usage().net_sent); }},
};

using HostFigures = model::HostSample;

const Figure<HostFigures> host_figures[]{
    {"host_cpus", "gauge", "Processors of a host.",
     [](const auto& of) { return static_cast<double>(of.cpus); }},
    {"host_cpu_busy_seconds_total", "counter", "Processor time of a host that was used.",
     [](const auto& of) { return of.cpu_busy; }},
    {"host_cpu_iowait_seconds_total", "counter", "Processor time that only waited for disks.",
     [](const auto& of) { return of.cpu_iowait; }},
    {"host_cpu_steal_seconds_total", "counter", "Processor time that a hypervisor below took.",
     [](const auto& of) { return of.cpu_steal; }},
    {"host_memory_bytes", "gauge", "Memory of a host.",
     [](const auto& of) { return number(of.memory); }},
    {"host_memory_available_bytes", "gauge", "Memory of a host that programs could have.",
     [](const auto& of) { return number(of.memory_available); }},
    {"host_swap_used_bytes", "gauge", "What a host has swapped out.",
     [](const auto& of) { return number(of.swap_used); }},
    {"host_disk_read_bytes_total", "counter", "Read from a host's disks.",
     [](const auto& of) { return number(of.disk_read); }},
    {"host_disk_written_bytes_total", "counter", "Written to a host's disks.",
     [](const auto& of) { return number(of.disk_written); }},
    {"host_disk_reads_total", "counter", "Reads of a host's disks.",
     [](const auto& of) { return static_cast<double>(of.disk_reads); }},
    {"host_disk_writes_total", "counter", "Writes to a host's disks.",
     [](const auto& of) { return static_cast<double>(of.disk_writes); }},
    {"host_network_receive_bytes_total", "counter", "Received by a host's network cards.",
     [](const auto& of) { return number(of.net_received); }},
    {"host_network_transmit_bytes_total", "counter", "Sent by a host's network cards.",
     [](const auto& of) { return number(of.net_sent); }},
};

const Figure<model::Pool> pool_figures[]{
    {"pool_size_bytes", "gauge", "Size of what a pool lies on.",
     [](const auto& of) { return number(of.total); }},
    {"pool_free_bytes", "gauge", "Free on the pool's file system.",
     [](const auto& of) { return number(of.free); }},
    {"pool_used_bytes", "gauge", "Stored in a pool.",
     [](const auto& of) { return number(of.used); }},
    {"pool_allocated_bytes", "gauge", "Promised to machines.",
     [](const auto& of) { return number(of.allocated); }},
};

// A family has to stand together, so this goes once through all objects for each figure.
void vm_metrics(Exposition& out, const Rooms& rooms, const access::Caller& caller) {
  std::vector<VmFigures> running;
  for (const auto& [name, kept] : rooms.ledger.inventory().all<model::Vm>()) {
    if (!visible(caller, kept->object)) continue;
    if (const auto* state = rooms.measurements.vm(kept->object))
      running.push_back({kept->object, *state});
  }
  out.family("vm_info", "gauge", "1 for each running machine: where it runs and whose it is.");
  for (const auto& of : running) {
    out.sample({{"vm", of.vm.name}, {"host", of.state.host}, {"project", of.vm.project}}, 1);
  }
  for (const auto& figure : vm_figures) {
    out.family(figure.name, figure.type, figure.help);
    for (const auto& of : running) {
      if (auto value = figure.value(of)) out.sample({{"vm", of.vm.name}}, *value);
    }
  }
}

void host_metrics(Exposition& out, const Rooms& rooms) {
  const auto& hosts = rooms.ledger.inventory().all<model::Host>();
  out.family("host_online", "gauge", "1 while the host's node is connected.");
  for (const auto& [name, kept] : hosts) {
    out.sample({{"host", name}, {"accelerator", kept->object.accelerator}},
               kept->object.state == model::HostState::online ? 1 : 0);
  }
  out.family("hosts_asleep", "gauge", "Hosts that are off, or on the way there or back.");
  out.sample({}, static_cast<double>(std::ranges::count_if(hosts, [](const auto& entry) {
               return is_put_to_sleep(entry.second->object);
             })));
  for (const auto& figure : host_figures) {
    out.family(figure.name, figure.type, figure.help);
    for (const auto& [name, kept] : hosts) {
      const auto* state = rooms.measurements.host(name);
      if (state == nullptr) continue;
      if (auto value = figure.value(state->sample)) out.sample({{"host", name}}, *value);
    }
  }
}

void pool_metrics(Exposition& out, const Inventory& inventory) {
  for (const auto& figure : pool_figures) {
    out.family(figure.name, figure.type, figure.help);
    for (const auto& [name, kept] : inventory.all<model::Pool>()) {
      auto parts = parts_of(kept->object);
      if (parts.size() < 2) {
        if (auto value = figure.value(kept->object)) out.sample({{"pool", name}}, *value);
        continue;
      }
      for (const auto& part : parts) {
        if (auto value = figure.value(part))
          out.sample({{"pool", name}, {"host", part.host}}, *value);
      }
    }
  }
}

void server_metrics(Exposition& out, const Rooms& rooms) {
  auto one = [&](auto name, auto type, auto help, auto value) {
    out.family(name, type, help);
    out.sample({}, value);
  };
  one("store_revision", "gauge", "Commits of the store so far.",
      rooms.ledger.inventory().revision());
  one("uptime_seconds", "gauge", "Since the daemon started.",
      std::chrono::duration<double>(now() - rooms.started).count());
  one("resident_bytes", "gauge", "Memory of the daemon.", resident_bytes());
  if (rooms.history != nullptr) {
    one("metrics_lost_total", "counter", "Rounds of measuring of which something was not kept.",
        rooms.history->lost());
  }
  if (rooms.counters == nullptr) return;
  const auto& counters = *rooms.counters;
  one("http_requests_total", "counter", "Requests answered.", counters.requests);
  one("http_refused_total", "counter", "Requests refused by a limit of the server.",
      counters.refused);
  one("http_connections", "gauge", "Open connections.", counters.connections);
  one("http_streams", "gauge", "Open watches and consoles.", counters.streams);
}

Async<Result<http::Response>> get_metrics(Rooms& rooms, const Context& context) {
  Exposition out;
  const auto& inventory = rooms.ledger.inventory();
  estate_metrics(out, inventory);
  vm_metrics(out, rooms, context.caller);
  host_metrics(out, rooms);
  pool_metrics(out, inventory);
  pressure_metrics(out);
  processor_metrics(out);
  server_metrics(out, rooms);
  http::Response response;
  response.content_type = "text/plain; version=0.0.4";
  response.body = out.take();
  co_return response;
}

}  // namespace

void add_exposition_handlers(Handlers& handlers) {
  handlers.on(model::Operation::get_metrics, get_metrics);
}

}  // namespace truce::manager
