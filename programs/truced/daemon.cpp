#include "daemon.h"

#include "addresses.h"
#include "base/file.h"
#include "base/log.h"
#include "base/release.h"
#include "hypervisor/fake.h"
#include "network/fake.h"
#include "network/host_network.h"
#include "qemu/qemu.h"
#include "storage/fake_opener.h"
#include "storage/folder_opener.h"

namespace truce {
namespace {

// Copies of the store that an earlier life was still writing when it was killed.
void remove_unsent_copies(const std::filesystem::path& folder) {
  std::error_code ec;
  for (std::filesystem::directory_iterator at(folder, ec), end; !ec && at != end;
       at.increment(ec)) {
    if (at->path().filename().string().starts_with(".backup-")) (void)remove_tree(at->path());
  }
}

}  // namespace

Daemon::Daemon(asio::io_context& context, Options options)
    : loop_(context.get_executor()),
      given_(std::move(options)),
      config_(given_.config),
      changed_(loop_),
      reconnected_(loop_),
      scope_(loop_) {}

Daemon::~Daemon() = default;

Result<void> Daemon::make_folders() {
  // Machines run as other users: they pass through, they may not list.
  TRY_VOID(make_folder(config_.state_dir, 0711));
  TRY_VOID(make_folder(config_.state_dir + "/pool", 0711));
  TRY_VOID(make_folder(config_.run_dir, 0711));
  return make_store_folder();
}

// What a host had before it joined is not the cluster's; it is kept for whoever misses it.
Result<void> Daemon::make_store_folder() {
  auto folder = config_.state_dir + "/store";
  const auto& member = membership_->member();
  std::error_code ec;
  bool old = membership_->follows() ||
             (membership_->etcd() != nullptr && std::filesystem::exists(folder + "/truce.db", ec));
  if (old) TRY_VOID(put_aside(folder, member->cluster));
  if (membership_->follows()) return {};
  return make_folder(folder, 0700);
}

Async<Result<void>> Daemon::choose_types() {
  if (config_.hypervisor == "fake") {
    hypervisor_ = std::make_unique<hypervisor::FakeHypervisor>();
    pool_ = std::make_unique<storage::FakePool>(config_.state_dir + "/pool");
    opener_ = std::make_unique<storage::FakeOpener>();
    network_ = std::make_unique<network::FakeNetwork>();
    co_return Result<void>{};
  }
  if (config_.key_command.empty()) {
    keys_ = std::make_unique<storage::FolderKeys>(workers_, config_.key_folder);
  } else {
    keys_ = std::make_unique<storage::CommandKeys>(config_.key_command);
  }
  auto folder = std::make_unique<storage::FolderPool>(workers_, config_.state_dir + "/pool",
                                                      storage::this_program(), keys_.get());
  CO_TRY_VOID(folder->recover());
  opener_ = std::make_unique<storage::FolderOpener>(
      workers_, *folder, std::vector<std::filesystem::path>{config_.state_dir, config_.run_dir});
  pool_ = std::move(folder);
  qemu::Options options;
  options.accelerator = config_.accelerator;
  options.uid_base = static_cast<unsigned>(config_.uid_base);
  options.control_group = config_.control_group;
  options.runtimes = std::filesystem::path(config_.run_dir) / "vms";
  CO_TRY(hypervisor_, co_await qemu::Qemu::open(std::move(options)));
  network::HostOptions network_options;
  network_options.host_name = config_.name;
  network_ = std::make_unique<network::HostNetwork>(loop_, config_.run_dir, config_.state_dir,
                                                    std::move(network_options));
  co_return Result<void>{};
}

// Without its files there is an API and no page.
Result<void> Daemon::load_console() {
  if (config_.web_dir.empty()) return {};
  auto pages = http::Pages::load(config_.web_dir);
  if (pages) {
    console_ = *std::move(pages);
  } else if (pages.error().code == Code::not_found) {
    spdlog::info("no web console: {}", pages.error().message);
  } else {
    return std::unexpected(std::move(pages).error().within("web-dir"));
  }
  return {};
}

Async<http::Response> Daemon::answer(http::Request request) {
  if (follows()) co_return co_await pass_on(std::move(request));
  bool leaves = request.method == "POST" && request.path == leave_path && request.peer.host.empty();
  if (leaves && candidacy_) co_return co_await leave_as_leader(std::move(request));
  const auto& path = request.path;
  bool api = path == "/v1" || path.starts_with("/v1/") || path == "/healthz" || path == "/metrics";
  if (api || !console_) co_return co_await manager_->handle(std::move(request));
  co_return console_->answer(request);
}

Result<void> Daemon::serve() {
  if (!follows() || membership_->etcd() != nullptr) TRY_VOID(load_console());
  http::Limits limits;
  limits.requests_per_second = static_cast<double>(config_.requests_per_second);
  server_ = std::make_unique<http::Server>(
      loop_, limits, [this](http::Request request) { return answer(std::move(request)); });
  if (manager_) manager_->show_counters(server_->counters());
  TRY_VOID(server_->listen_unix(config_.run_dir + "/truced.sock", 0666));
  if (config_.listen.empty()) return {};
  TRY(auto where, split_listen(config_.listen));
  http::Tls tls{config_.state_dir + "/server.crt", config_.state_dir + "/server.key"};
  TRY(auto port, server_->listen_tls(where.first, where.second, tls));
  spdlog::info("{} at https://{}:{}", console_ ? "API and web console" : "API", where.first, port);
  return {};
}

Async<Result<void>> Daemon::open_own_store() {
  CO_TRY(store_, store::SqliteStore::open(loop_, config_.state_dir + "/store/truce.db"));
  gated_ = std::make_unique<store::GatedStore>(loop_, *store_);
  membership_->keep_state_of(gated_.get());
  co_return co_await start_manager(*gated_);
}

Async<Result<void>> Daemon::start_manager(store::Store& store) {
  remove_unsent_copies(config_.state_dir + "/store");
  auto settings = manager_settings();
  auto own = membership_->has_leaders() ? "/cluster" : "/store";
  CO_TRY(seals_, open_seals(seals_file(config_.state_dir + own)));
  settings.seals = &*seals_;
  CO_TRY(settings.admin_group, admin_group(config_));
  if (!config_.listen.empty()) {
    settings.url = "https://" + config_.listen;
    CO_TRY(settings.fingerprint, http::ensure_certificate({config_.state_dir + "/server.crt",
                                                           config_.state_dir + "/server.key"},
                                                          {config_.name}));
  }
  auto manager = std::make_unique<manager::Manager>(loop_, store, std::move(settings));
  auto started = co_await manager->start();
  if (!started) {
    co_await manager->stop();
    co_return started;
  }
  manager_ = std::move(manager);
  co_return Result<void>{};
}

Async<Result<void>> Daemon::start() {
  CO_TRY_VOID(check(config_));
  CO_TRY_VOID(admin_group(config_));
  if (config_.name.empty()) config_.name = host_name();
  HostMembership::Settings membership{.folder = config_.state_dir + "/cluster",
                                      .etcd = config_.state_dir + "/etcd",
                                      .store = config_.state_dir + "/store",
                                      .host = config_.name,
                                      .listen = config_.cluster_listen};
  membership_ =
      std::make_unique<HostMembership>(loop_, std::move(membership), [this] { changed_.wake(); });
  CO_TRY_VOID(membership_->open());
  CO_TRY_VOID(make_folders());
  CO_TRY_VOID(co_await choose_types());
  if (!membership_->has_leaders()) {
    CO_TRY_VOID(co_await open_own_store());
  } else if (!config_.listen.empty()) {
    CO_TRY_VOID(http::ensure_certificate(
        {config_.state_dir + "/server.crt", config_.state_dir + "/server.key"}, {config_.name}));
  }
  CO_TRY_VOID(serve());
  CO_TRY_VOID(membership_->serve(doors()));
  scope_.spawn(keep_certificate());
  scope_.spawn(keep_authorities());
  if (membership_->has_leaders()) scope_.spawn(keep_managers());
  if (membership_->etcd() != nullptr) {
    CO_TRY_VOID(co_await membership_->etcd()->start());
    scope_.spawn(stand_for_leader());
  }
  node_ = std::make_unique<node::Node>(loop_, *hypervisor_, *pool_, *opener_, *network_,
                                       node_settings());
  CO_TRY_VOID(co_await node_->start());
  spdlog::info("truced {} is ready: host {}, {} {} with {}", release::version(), config_.name,
               hypervisor_->capabilities().name, hypervisor_->capabilities().version,
               hypervisor_->capabilities().accelerator);
  co_return Result<void>{};
}

Async<void> Daemon::stop(Duration farewell) {
  scope_.cancel();
  co_await scope_.join();
  if (strangers_) co_await strangers_->stop();
  if (server_) co_await server_->finish(farewell);
  if (candidacy_) co_await candidacy_->resign();
  if (node_) co_await node_->stop();
  if (manager_) co_await manager_->stop();
  if (membership_) co_await membership_->stop();
  if (hypervisor_) co_await hypervisor_->close();
}

}  // namespace truce
