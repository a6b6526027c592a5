// bench_plans: makes estates by dice, has the scheduler plan, and prints one JSON object a run. For
// ganeti's hbal it writes an estate as hbal reads it, before and after a plan.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <ctime>
#include <fstream>
#include <iostream>
#include <random>

#include "scheduler/packing.h"
#include "scheduler/plans.h"
#include "scheduler/scheduler.h"
#include "tests/large_estates.h"

namespace truce::bench {
namespace {

namespace json = boost::json;
using scheduler::Load;
using scheduler::of;
using namespace estates;

struct Options {
  std::string what, folder, objective = "usual", shape = "cloud", estate = "even";
  std::int32_t hosts = 100, machines = 2000, moves = 50, types = 20;
  std::uint32_t seed = 1;
  std::uint64_t effort = scheduler::BalanceWish{}.effort;
};

// Processor time: others may be at work on the machine, too.
class Watch {
 public:
  [[nodiscard]] double seconds() const {
    return static_cast<double>(std::clock() - start_) / CLOCKS_PER_SEC;
  }

 private:
  std::clock_t start_ = std::clock();
};

scheduler::Estate estate_of(const Options& options) {
  return options.estate == "even" ? even_estate(options.hosts, options.machines, options.seed)
                                  : cloud_estate(options.hosts, options.machines, options.seed);
}

// What hbal minimizes: the standard deviations of all loads, each with the same weight.
scheduler::BalanceWish wish_of(const Options& options) {
  scheduler::BalanceWish wish{.objective = {}, .moves = static_cast<std::size_t>(options.moves)};
  wish.effort = options.effort;
  if (options.objective == "hbal") {
    wish.objective.contention = {};
    wish.objective.spread = {1, 1, 1, 1, 1, 1};
    wish.objective.move = 0;
    wish.least_gain = 0;
  }
  return wish;
}

void write_ganeti(const scheduler::Estate& estate, const std::string& path) {
  constexpr std::string_view group = "6dd4ba4c-30ee-4a94-a4c4-5f5d5ae0a3f5";
  std::vector<std::int64_t> promised(estate.hosts.size());
  for (const auto& row : estate.machines)
    promised[static_cast<std::size_t>(row.host)] += of(row.demand, Load::promised);
  std::ofstream out(path);
  out << "default|" << group << "|preferred|\n\n";
  for (std::size_t i = 0; i < estate.hosts.size(); ++i)
    out << fmt::format("{}|{}|0|{}|1048576|1048576|{}|N|{}|1\n", estate.host_names[i], host_memory,
                       host_memory - promised[i], host_cpus, group);
  out << "\n";
  for (std::size_t i = 0; i < estate.machines.size(); ++i) {
    const auto& row = estate.machines[i];
    out << fmt::format("{}|{}|0|{}|running|Y|{}||ext||1\n", estate.machine_names[i],
                       of(row.demand, Load::promised), of(row.demand, Load::processors),
                       estate.host_names[static_cast<std::size_t>(row.host)]);
  }
  out << "\n\n";
}

void write_utilisation(const scheduler::Estate& estate, const std::string& path) {
  std::ofstream out(path);
  for (std::size_t i = 0; i < estate.machines.size(); ++i) {
    const auto& has = estate.hosts[0].capacity;
    const auto& row = estate.machines[i].demand;
    auto part = [&](Load load) { return static_cast<double>(of(row, load)) / of(has, load); };
    out << fmt::format("{} {:.9f} {:.9f} {:.9f} {:.9f}\n", estate.machine_names[i], part(Load::cpu),
                       part(Load::memory), part(Load::disk), part(Load::net));
  }
}

// Hosts whose processors are heavily in contention.
std::size_t hot_hosts(const scheduler::Estate& estate) {
  std::vector<std::int64_t> demand(estate.hosts.size());
  for (const auto& row : estate.machines)
    demand[static_cast<std::size_t>(row.host)] += of(row.demand, Load::cpu);
  auto limit = scheduler::Objective{}.steep * 100 * host_cpus;
  return static_cast<std::size_t>(std::ranges::count_if(
      demand, [&](std::int64_t sum) { return static_cast<double>(sum) > limit; }));
}

json::object balance(const Options& options) {
  auto estate = estate_of(options);
  auto wish = wish_of(options);
  Watch watch;
  auto plan = scheduler::balance(estate, wish);
  auto seconds = watch.seconds();
  auto findings = scheduler::check_plan(estate, plan, wish.objective);
  auto hot = hot_hosts(estate);
  if (!options.folder.empty()) {
    write_ganeti(estate, options.folder + "/before.data");
    write_utilisation(estate, options.folder + "/util");
  }
  for (const auto& move : plan.moves)
    estate.machines[static_cast<std::size_t>(move.machine)].host = move.to;
  if (!options.folder.empty()) write_ganeti(estate, options.folder + "/after.data");
  return {{"seconds", seconds},
          {"moves", plan.moves.size()},
          {"looked_at", plan.looked_at},
          {"ns_a_look",
           seconds * 1e9 / static_cast<double>(std::max<std::uint64_t>(plan.looked_at, 1))},
          {"before", plan.score_before},
          {"after", plan.score_after},
          {"bound", plan.bound},
          {"hot_before", hot},
          {"hot_after", hot_hosts(estate)},
          {"wrong", findings.wrong.empty() ? "" : findings.wrong[0]}};
}

json::object place(const Options& options) {
  auto estate = estate_of(options);
  std::vector<scheduler::Candidate> candidates(estate.hosts.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    auto host = std::make_shared<model::Host>();
    host->name = estate.host_names[i];
    host->state = model::HostState::online;
    host->cpus = host_cpus;
    host->memory = mib(host_memory);
    host->machine_types = {"pc", "q35"};
    candidates[i].host = std::move(host);
  }
  for (const auto& row : estate.machines)
    candidates[static_cast<std::size_t>(row.host)].promised.count +=
        mib(static_cast<std::uint64_t>(of(row.demand, Load::promised))).count;
  model::Vm vm;
  vm.name = "one";
  vm.cpus = 2;
  vm.memory = gib(4);
  vm.machine = model::MachineType::q35;
  constexpr int rounds = 200;
  std::string host;
  Watch watch;
  for (int i = 0; i < rounds; ++i) host = scheduler::place(vm, candidates).host;
  return {{"us", watch.seconds() * 1e6 / rounds}, {"host", host}};
}

// Shapes of flavours as clouds publish them: processors and GiB of memory of one machine, and of a
// host; made up after them, not taken from anybody's records.
json::object pack(const Options& options) {
  std::mt19937 dice(options.seed);
  scheduler::Sizes capacity{128, 512, 0, 0};
  std::vector<scheduler::PackType> types;
  for (std::int32_t i = 0; i < options.types; ++i) {
    std::int32_t cpus = 1 << dice() % 6, memory = 0;
    if (options.shape == "cloud") {
      memory = cpus * (2 << dice() % 3);  // 2, 4 or 8 GiB a processor
    } else if (options.shape == "skewed") {
      cpus = 1 + static_cast<std::int32_t>(dice() % 32);
      memory = 1 + static_cast<std::int32_t>(dice() % 200);
    } else {  // opposed: some want processors, others memory
      bool much = dice() % 2 == 0;
      cpus = much ? 40 + static_cast<std::int32_t>(dice() % 30) : 4;
      memory = much ? 24 : 140 + static_cast<std::int32_t>(dice() % 120);
    }
    types.push_back({{cpus, memory, 0, 0}, 0});
  }
  for (std::int32_t i = 0; i < options.machines; ++i) ++types[dice() % types.size()].count;
  json::object rules;
  for (int rule = 0; rule < scheduler::fill_rule_count; ++rule) {
    auto which = static_cast<scheduler::FillRule>(rule);
    rules[scheduler::to_string(which)] = scheduler::pack_by(capacity, types, which).hosts;
  }
  Watch watch;
  auto packing = scheduler::pack(capacity, types);
  return {{"seconds", watch.seconds()}, {"hosts", packing.hosts},
          {"bound", packing.bound},     {"sum_bound", scheduler::sum_bound(capacity, types)},
          {"rule", packing.rule},       {"rules", std::move(rules)}};
}

json::object consolidate(const Options& options) {
  auto estate = estate_of(options);
  Watch watch;
  auto plan = scheduler::consolidate(estate);
  auto seconds = watch.seconds();
  auto findings = scheduler::check_plan(estate, plan);
  return {
      {"seconds", seconds},          {"moves", plan.moves.size()},
      {"before", plan.score_before}, {"after", plan.score_after},
      {"bound", plan.bound},         {"wrong", findings.wrong.empty() ? "" : findings.wrong[0]}};
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app{"Plans over estates made by dice"};
  app.add_option("what", options.what)
      ->required()
      ->check(CLI::IsMember({"balance", "place", "pack", "consolidate"}));
  app.add_option("--hosts", options.hosts)->check(CLI::Range(1, 100'000));
  app.add_option("--machines", options.machines)->check(CLI::Range(1, 1'000'000));
  app.add_option("--moves", options.moves)->check(CLI::Range(1, 10'000));
  app.add_option("--types", options.types)->check(CLI::Range(1, 64));
  app.add_option("--seed", options.seed);
  app.add_option("--folder", options.folder);
  app.add_option("--estate", options.estate)->check(CLI::IsMember({"even", "cloud"}));
  app.add_option("--effort", options.effort);
  app.add_option("--objective", options.objective)->check(CLI::IsMember({"usual", "hbal"}));
  app.add_option("--shape", options.shape)->check(CLI::IsMember({"cloud", "skewed", "opposed"}));
  CLI11_PARSE(app, argc, argv);
  json::object result = options.what == "balance" ? balance(options)
                        : options.what == "place" ? place(options)
                        : options.what == "pack"  ? pack(options)
                                                  : consolidate(options);
  std::cout << json::serialize(result) << "\n";
  return 0;
}

}  // namespace
}  // namespace truce::bench

int main(int argc, char** argv) {
  return truce::bench::run(argc, argv);
}
