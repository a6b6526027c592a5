// The estate at a glance: counts, capacity, and what is wrong with what to do about it.
#include "api.h"
#include "sleep/phases.h"

namespace truce::manager {
namespace {

constexpr std::size_t problems_told = 100;

class Summing {
 public:
  Summing(const Inventory& inventory, const access::Caller& caller)
      : inventory_(inventory), caller_(caller) {}

  model::Summary take() {
    summary_.revision = inventory_.revision();
    hosts();
    pools();
    networks();
    machines();
    std::ranges::sort(problems_, {}, [](const auto& problem) {
      return std::pair(problem.severity != model::AlarmSeverity::critical, problem.target);
    });
    summary_.problem_count = static_cast<std::int64_t>(problems_.size());
    if (problems_.size() > problems_told) problems_.resize(problems_told);
    summary_.problems = std::move(problems_);
    return std::move(summary_);
  }

 private:
  template <class T>
  void wrong(const T& object, std::string message, std::string advice,
             model::AlarmSeverity severity = model::AlarmSeverity::warning) {
    problems_.push_back({key_of<T>(object.name), std::move(message), std::move(advice), severity});
  }

  template <class T, class Work>
  void each(Work work) {
    for (const auto& [name, kept] : inventory_.all<T>())
      if (visible(caller_, kept->object)) work(kept->object);
  }

  void hosts() {
    each<model::Host>([this](const model::Host& host) {
      ++summary_.hosts;
      if (host.state == model::HostState::offline && is_put_to_sleep(host)) return;
      if (host.sleep == model::HostSleep::failed) {
        wrong(host, host.problem,
              fmt::format("See what is wrong with it, then: truce host wake {}", host.name),
              model::AlarmSeverity::critical);
        return;
      }
      if (host.state == model::HostState::offline) {
        wrong(host, "is offline: what its machines do is not known",
              "See on that host whether it runs, and whether truced does: systemctl status truced",
              model::AlarmSeverity::critical);
        return;
      }
      summary_.cpus += host.cpus;
      summary_.memory.count += host.memory.count;
      if (!host.problem.empty())
        wrong(host, host.problem, fmt::format("truce host check {} tells more", host.name));
    });
  }

  void pools() {
    each<model::Pool>([this](const model::Pool& pool) {
      summary_.storage.count += pool.total.count;
      summary_.storage_free.count += pool.free.count;
      summary_.storage_promised.count += pool.allocated.count;
      if (pool.problem.empty()) return;
      wrong(
          pool, pool.problem,
          "Delete snapshots, templates or machines that nobody needs, move disks to another pool, "
          "or give it more room");
    });
  }

  void networks() {
    each<model::Network>([this](const model::Network& network) {
      if (!network.problem.empty()) wrong(network, network.problem, "");
    });
  }

  void machines() {
    std::vector<std::int64_t> counts(model::enum_names<model::Observed>().size());
    each<model::Vm>([&](const model::Vm& vm) {
      ++summary_.vms;
      ++counts[static_cast<std::size_t>(vm.observed)];
      if (vm.observed == model::Observed::running || vm.observed == model::Observed::paused) {
        summary_.cpus_given += vm.cpus;
        summary_.memory_given.count += vm.memory.count;
      }
      if (!vm.problem.empty()) wrong(vm, vm.problem, "");
    });
    for (std::size_t state = 0; state < counts.size(); ++state) {
      if (counts[state] > 0)
        summary_.states.push_back({static_cast<model::Observed>(state), counts[state]});
    }
  }

  const Inventory& inventory_;
  const access::Caller& caller_;
  model::Summary summary_;
  std::vector<model::EstateProblem> problems_;
};

Async<Result<http::Response>> get_summary(Rooms& rooms, const Context& context) {
  Summing summing(rooms.ledger.inventory(), context.caller);
  co_return http::json_response(200, model::to_json(summing.take()));
}

}  // namespace

void add_summary_handlers(Handlers& handlers) {
  handlers.on(model::Operation::get_summary, get_summary);
}

}  // namespace truce::manager
