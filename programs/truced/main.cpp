// truced: reads its configuration, wires the modules, runs.
#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "base/service.h"
#include "hypervisor/fake.h"
#include "manager/manager.h"
#include "model/config.h"
#include "model/config_file.h"
#include "network/fake.h"
#include "network/host_network.h"
#include "node/node.h"
#include "qemu/host_checks.h"
#include "qemu/qemu.h"
#include "storage/fake_pool.h"
#include "storage/folder_pool.h"
#include "store/restore.h"
#include "store/sqlite.h"

namespace truce {
namespace {

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  std::string_view whole(name);
  return std::string(whole.substr(0, whole.find('.')));
}

/// `127.0.0.1:7443` or `[::1]:7443` as address and port.
Result<std::pair<std::string, std::uint16_t>> split_listen(const std::string& text) {
  auto colon = text.rfind(':');
  auto port = colon == text.npos ? 0UL : std::strtoul(text.c_str() + colon + 1, nullptr, 10);
  if (colon == text.npos || port > 65535 ||
      text.find_first_not_of("0123456789", colon + 1) != text.npos) {
    return fail(Code::invalid, "listen: '{}' is not ADDRESS:PORT", text);
  }
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return std::pair(address, static_cast<std::uint16_t>(port));
}

/// What truced was told, by its words and its configuration file.
struct Options {
  std::vector<std::string> words;
  model::Config config;
  std::map<std::string, std::string> values;  ///< of all options that have a row in the schema
  std::string restore;                        ///< a backup to put in the store's place
};

void describe(CLI::App& app, Options& options) {
  app.name("truced");
  app.description("The Truce daemon: runs virtual machines on this host and answers the API");
  app.set_version_flag("--version", TRUCE_VERSION);
  model::add_options_and_file(app, options.config);
  app.add_option("--restore", options.restore,
                 "Put this backup of the store (truce server backup) in the store's place, and end")
      ->configurable(false);
}

Result<Options> read_options(std::vector<std::string> words) {
  Options options;
  options.words = words;
  CLI::App app;
  describe(app, options);
  std::ranges::reverse(words);  // CLI11 takes them from the end
  try {
    app.parse(std::move(words));
  } catch (const CLI::Error& error) {
    return fail(Code::invalid, "{}", error.what());
  }
  for (const auto& row : model::config_options) {
    const auto* option = app.get_option("--" + std::string(row.name));
    options.values[std::string(row.name)] =
        option->count() > 0 ? option->results().back() : std::string(row.default_value);
  }
  return options;
}

/// The id of a group; Code::invalid when the system knows none of that name.
Result<unsigned> group_id(const std::string& name) {
  std::vector<char> room(64 * 1024);
  group entry{};
  group* found = nullptr;
  if (::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
    return fail(Code::invalid, "admin-group: there is no group '{}'", name);
  return found->gr_gid;
}

Result<LogSettings> log_settings(const model::Config& config) {
  LogSettings settings{.level = config.log_level, .file = config.log_file};
  if (config.log_format == "logfmt") settings.format = LogFormat::logfmt;
  if (config.log_format == "json") settings.format = LogFormat::json;
  return settings;
}

Result<std::optional<unsigned>> admin_group(const model::Config& config) {
  if (config.admin_group.empty()) return std::nullopt;
  TRY(auto id, group_id(config.admin_group));
  return id;
}

/// The modules with their concrete types.
struct Daemon {
  Daemon(asio::io_context& l, Options o)
      : loop(l.get_executor()), given(std::move(o)), config(given.config) {}

  Async<Result<void>> start();
  Async<void> stop();
  Result<void> make_folders();
  Async<Result<void>> choose_types();
  Result<void> serve();
  manager::Settings manager_settings();
  node::Settings node_settings();
  Result<model::Reload> reload();

  asio::any_io_executor loop;
  Options given;
  model::Config config;  ///< in force
  asio::thread_pool workers{2};
  std::unique_ptr<store::SqliteStore> store;
  std::unique_ptr<hypervisor::Hypervisor> hypervisor;
  std::unique_ptr<storage::Pool> pool;
  std::unique_ptr<network::Provider> network;
  std::unique_ptr<manager::Manager> manager;
  std::unique_ptr<node::Node> node;
  std::unique_ptr<http::Server> server;
};

Result<void> Daemon::make_folders() {
  // Machines run as other users: they pass through, they may not list.
  TRY_VOID(make_folder(config.state_dir, 0711));
  TRY_VOID(make_folder(config.state_dir + "/store", 0700));
  TRY_VOID(make_folder(config.state_dir + "/pool", 0711));
  return make_folder(config.run_dir, 0711);
}

// Copies of the store that an earlier life was still writing when it was killed.
void remove_unsent_copies(const std::filesystem::path& folder) {
  std::error_code ec;
  for (std::filesystem::directory_iterator at(folder, ec), end; !ec && at != end;
       at.increment(ec)) {
    if (at->path().filename().string().starts_with(".backup-")) (void)remove_tree(at->path());
  }
}

Async<Result<void>> Daemon::choose_types() {
  if (config.hypervisor == "fake") {
    hypervisor = std::make_unique<hypervisor::FakeHypervisor>();
    pool = std::make_unique<storage::FakePool>(config.state_dir + "/pool");
    network = std::make_unique<network::FakeNetwork>();
    co_return Result<void>{};
  }
  auto folder = std::make_unique<storage::FolderPool>(workers, config.state_dir + "/pool",
                                                      storage::this_program());
  CO_TRY_VOID(folder->recover());
  pool = std::move(folder);
  qemu::Options options;
  options.accelerator = config.accelerator;
  options.uid_base = static_cast<unsigned>(config.uid_base);
  options.runtimes = std::filesystem::path(config.run_dir) / "vms";
  CO_TRY(hypervisor, co_await qemu::Qemu::open(std::move(options)));
  network::HostOptions network_options;
  network_options.host_name = config.name;
  network = std::make_unique<network::HostNetwork>(loop, config.run_dir, config.state_dir,
                                                   std::move(network_options));
  co_return Result<void>{};
}

Result<void> Daemon::serve() {
  http::Limits limits;
  limits.requests_per_second = static_cast<double>(config.requests_per_second);
  server = std::make_unique<http::Server>(
      loop, limits, [this](http::Request request) { return manager->handle(std::move(request)); });
  manager->show_counters(server->counters());
  TRY_VOID(server->listen_unix(config.run_dir + "/truced.sock", 0666));
  if (config.listen.empty()) return {};
  TRY(auto where, split_listen(config.listen));
  http::Tls tls{config.state_dir + "/server.crt", config.state_dir + "/server.key"};
  TRY(auto port, server->listen_tls(where.first, where.second, tls));
  spdlog::info("API at https://{}:{}", where.first, port);
  return {};
}

// What the options' own checks cannot see, before anything is made.
Result<void> check(const model::Config& config) {
  if (!config.listen.empty()) TRY_VOID(split_listen(config.listen));
  auto subnet = network::check_subnet(config.subnet);
  if (!subnet) return std::unexpected(std::move(subnet).error().within("subnet"));
  return {};
}

manager::Settings Daemon::manager_settings() {
  manager::Settings settings;
  settings.node_socket = config.run_dir + "/node.sock";
  settings.subnet = config.subnet;
  settings.network_mode = config.network_mode;
  settings.task_history = static_cast<std::size_t>(config.task_history);
  settings.event_history = static_cast<std::size_t>(config.event_history);
  settings.backup = [this](std::filesystem::path file) { return store->backup(std::move(file)); };
  settings.backup_folder = config.state_dir + "/store";
  settings.reload = [this] { return reload(); };
  return settings;
}

node::Settings Daemon::node_settings() {
  node::Settings settings;
  settings.name = config.name;
  settings.manager_socket = config.run_dir + "/node.sock";
  settings.run_dir = config.run_dir;
  settings.recipes_dir = config.recipes_dir;
  settings.pool_path = config.state_dir + "/pool";
  settings.log_file = config.log_file;
  settings.support_files = [this] {
    std::string text;
    for (const auto& [name, value] : given.values)
      text += fmt::format("{} = \"{}\"\n", name, value);
    return std::map<std::string, std::string>{{"truced.conf", text}};
  };
  if (config.hypervisor == "fake") return settings;
  settings.check_host = [this] {
    return qemu::check_host({.state = config.state_dir, .root_user = ::geteuid() == 0});
  };
  return settings;
}

// What is in force changes only when all of the new configuration is right.
Result<model::Reload> Daemon::reload() {
  TRY(auto fresh, read_options(given.words));
  TRY(auto group, admin_group(fresh.config));
  TRY(auto log, log_settings(fresh.config));
  TRY_VOID(start_log(log));
  manager->change(static_cast<std::size_t>(fresh.config.task_history),
                  static_cast<std::size_t>(fresh.config.event_history), group);
  constexpr std::string_view at_once[]{"log-level",    "log-format",    "log-file",
                                       "task-history", "event-history", "admin-group"};
  model::Reload told;
  for (const auto& [name, value] : fresh.values) {
    if (given.values[name] == value) continue;
    bool applied = std::ranges::find(at_once, name) != std::end(at_once);
    (applied ? told.applied : told.needs_restart).push_back(name);
    if (applied) given.values[name] = value;  // the others stay what they are in force
  }
  config.admin_group = fresh.config.admin_group;
  spdlog::info("configuration read again; applied: {}; needs a restart: {}",
               fmt::join(told.applied, ", "), fmt::join(told.needs_restart, ", "));
  return told;
}

Async<Result<void>> Daemon::start() {
  CO_TRY_VOID(check(config));
  CO_TRY_VOID(make_folders());
  remove_unsent_copies(config.state_dir + "/store");
  CO_TRY(store, store::SqliteStore::open(loop, config.state_dir + "/store/truce.db"));
  if (config.name.empty()) config.name = host_name();
  CO_TRY_VOID(co_await choose_types());
  auto settings = manager_settings();
  CO_TRY(settings.admin_group, admin_group(config));
  if (!config.listen.empty()) {
    settings.url = "https://" + config.listen;
    CO_TRY(settings.fingerprint, http::ensure_certificate({config.state_dir + "/server.crt",
                                                           config.state_dir + "/server.key"},
                                                          {config.name}));
  }
  manager = std::make_unique<manager::Manager>(loop, *store, std::move(settings));
  CO_TRY_VOID(co_await manager->start());
  CO_TRY_VOID(serve());
  node = std::make_unique<node::Node>(loop, *hypervisor, *pool, *network, node_settings());
  CO_TRY_VOID(co_await node->start());
  spdlog::info("truced {} is ready: host {}, {} {} with {}", TRUCE_VERSION, config.name,
               hypervisor->capabilities().name, hypervisor->capabilities().version,
               hypervisor->capabilities().accelerator);
  co_return Result<void>{};
}

Async<void> Daemon::stop() {
  if (server) co_await server->stop();
  if (node) co_await node->stop();
  if (manager) co_await manager->stop();
  if (hypervisor) co_await hypervisor->close();
}

// SIGHUP reads the configuration again and opens the log file anew; SIGINT and SIGTERM end.
Async<void> until_ended(asio::io_context& context, Daemon& daemon) {
  asio::signal_set signals(context, SIGINT, SIGTERM, SIGHUP);
  while (true) {
    auto [ec, number] = co_await signals.async_wait(as_result);
    if (ec || number != SIGHUP) co_return;
    auto done = daemon.reload();
    if (!done) spdlog::error("configuration not read again: {}", done.error().message);
  }
}

Async<int> run(asio::io_context& context, Options options) {
  Daemon daemon(context, std::move(options));
  auto started = co_await daemon.start();
  if (started) {
    notify_service("READY=1");
    co_await until_ended(context, daemon);
    notify_service("STOPPING=1");
    spdlog::info("stopping; machines run on");
  } else {
    std::cerr << "truced: " << started.error().message << '\n';
  }
  co_await daemon.stop();
  co_return started ? 0 : 1;
}

// A descriptor or two for each connection and machine; many systems begin with 1,024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// `--restore FILE`: puts a backup in the store's place, and ends.
int restore(const Options& options) {
  auto restored = store::restore(options.restore, options.config.state_dir + "/store/truce.db");
  if (!restored) {
    std::cerr << "truced: " << restored.error().message << '\n';
    return 1;
  }
  std::cout << fmt::format("the store is what it was at revision {}, with {} entries\n",
                           restored->revision, restored->entries);
  if (!restored->old.empty())
    std::cout << fmt::format("what was there before is now {}\n", restored->old.string());
  return 0;
}

int main_with(Options options) {
  auto log = log_settings(options.config);
  auto begun = log ? start_log(*log) : Result<void>(std::unexpected(log.error()));
  if (!begun) {
    std::cerr << "truced: log-file: " << begun.error().message << '\n';
    return 1;
  }
  if (!options.restore.empty()) return restore(options);
  std::signal(SIGPIPE, SIG_IGN);
  ::umask(0022);
  raise_descriptor_limit();
  asio::io_context context(1);
  int status = 1;
  asio::co_spawn(context, run(context, std::move(options)), [&](std::exception_ptr e, int result) {
    if (e) std::rethrow_exception(e);
    status = result;
    context.stop();
  });
  context.run();
  return status;
}

}  // namespace
}  // namespace truce

int main(int argc, char** argv) {
  truce::storage::run_as_import_process(argc, argv);
  std::vector<std::string> words(argv + 1, argv + argc);
  auto options = truce::read_options(words);
  if (options) return truce::main_with(*std::move(options));
  // Said anew in CLI11's own way: help and version are no errors.
  CLI::App app;
  truce::Options unused;
  truce::describe(app, unused);
  CLI11_PARSE(app, argc, argv);
  return 1;
}
