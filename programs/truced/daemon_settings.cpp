// From the configuration to the settings of the modules.
#include <fmt/ranges.h>
#include <unistd.h>

#include <iostream>
#include <sstream>

#include "base/log.h"
#include "base/process.h"
#include "daemon.h"
#include "guard/guard.h"
#include "hyperv/hyperv.h"
#include "libvirt/open.h"
#include "qemu/host_checks.h"
#include "server/server.h"
#include "vsphere/vsphere.h"
#include "xapi/xapi.h"

namespace truce {
namespace {

// In the log, and on the terminal of whom has started this by hand, if the log goes elsewhere.
void tell_first_run(const model::Config& config, const std::string& text) {
  spdlog::info("{}", text);
  bool in_sight = config.log_file.empty() && spdlog::should_log(spdlog::level::info);
  if (!in_sight && ::isatty(STDERR_FILENO) == 1) std::cerr << "truced: " << text << '\n';
}

// The words are the administrator's, from the configuration of this host.
Async<Result<void>> switch_off(std::string command) {
  Command program;
  std::istringstream words(command);
  for (std::string word; words >> word;) program.argv.push_back(word);
  if (program.argv.empty())
    co_return fail(Code::unsupported, "power-off-command is empty: this host cannot be asked");
  CO_TRY_VOID(co_await run_checked(std::move(program), 30s));
  co_return Result<void>{};
}

}  // namespace

manager::Settings Daemon::manager_settings() {
  manager::Settings settings;
  static_cast<manager::Limits&>(settings) = limits_of(config_);
  settings.host = config_.name;
  settings.membership = membership_.get();
  settings.node_socket = config_.run_dir + "/node.sock";
  settings.subnet = config_.subnet;
  settings.network_mode = config_.network_mode;
  settings.upload_expiry = std::chrono::seconds(config_.upload_expiry);
  settings.mail = {config_.smtp_server, config_.smtp_from, config_.smtp_user,
                   config_.smtp_password_file};
  settings.backup = [this](std::filesystem::path file) -> Async<Result<void>> {
    if (store_) return store_->backup(std::move(file));
    return store::write_copy(loop_, *etcd_store_, std::move(file));
  };
  settings.backup_folder = config_.state_dir + "/store";
  settings.first_run_file = config_.state_dir + "/first-run-code";
  settings.tell_first_run = [this](const std::string& text) { tell_first_run(config_, text); };
  if (config_.metrics == "on") settings.metrics_folder = config_.state_dir + "/metrics";
  settings.platforms_folder = config_.state_dir + "/platforms";
  settings.guest_program = find_sibling("truce-whole", "truce").value_or("");
  settings.uid_base = static_cast<unsigned>(config_.uid_base);
  settings.platform_kinds["vsphere"] = vsphere::open;
  for (const auto* scheme : {"libvirt+qemu", "libvirt+xen"})
    settings.platform_kinds[scheme] = libvirt::open;
  settings.platform_kinds["xen"] = xapi::open;
  settings.platform_kinds["hyperv"] = [](auto loop, auto account) {
    return hyperv::open(std::move(loop), std::move(account));
  };
  settings.platform_kinds["ssh"] = server::open;
  settings.reload = [this] { return reload(); };
  return settings;
}

node::Settings Daemon::node_settings() {
  node::Settings settings;
  settings.name = config_.name;
  settings.manager_socket = config_.run_dir + "/node.sock";
  if (membership_->has_leaders()) settings.connect_manager = [this] { return connect_node(); };
  settings.dial_peer = [this](std::string address, std::string host) {
    return membership_->dial(std::move(host), std::move(address), link::peer_service);
  };
  settings.moves_folder = config_.state_dir + "/moves";
  settings.run_dir = config_.run_dir;
  settings.recipes_dir = config_.recipes_dir;
  settings.pool_path = config_.state_dir + "/pool";
  settings.log_file = config_.log_file;
  settings.memory_low_percent = config_.memory_low_percent;
  if (config_.metrics != "on") settings.sample_round = 0ms;
  guard::ReaperOptions reaper;
  reaper.folder = std::filesystem::path(config_.run_dir) / "reaper";
  reaper.node = config_.name;
  reaper.watchdog = config_.watchdog;
  settings.was_guarded = guard::was_guarded(reaper.folder);
  settings.open_guard = [reaper]() mutable -> Async<Result<std::unique_ptr<guard::Guard>>> {
    CO_TRY(reaper.program, guard::find_reaper());
    co_return co_await guard::open_reaper(reaper);
  };
  for (auto [word, ksm] :
       {std::pair("off", node::Ksm::off), {"on", node::Ksm::on}, {"auto", node::Ksm::automatic}}) {
    if (config_.ksm == word) settings.ksm = ksm;
  }
  settings.support_files = [this] {
    std::string text;
    for (const auto& [name, value] : given_.values)
      text += fmt::format("{} = \"{}\"\n", name, value);
    return std::map<std::string, std::string>{{"truced.conf", text}};
  };
  settings.power_off = [this] { return switch_off(config_.power_off_command); };
  if (config_.hypervisor == "fake") return settings;
  settings.check_host = [this] {
    return qemu::check_host({.state = config_.state_dir, .root_user = ::geteuid() == 0});
  };
  return settings;
}

Result<model::Reload> Daemon::reload() {
  TRY(auto fresh, read_options(given_.words));
  TRY(auto group, admin_group(fresh.config));
  TRY(auto log, log_settings(fresh.config));
  TRY_VOID(start_log(log));
  auto limits = limits_of(fresh.config);
  limits.admin_group = group;
  if (manager_) manager_->change(limits);
  constexpr std::string_view at_once[]{"log-level",     "log-format",          "log-file",
                                       "task-history",  "event-history",       "admin-group",
                                       "session-hours", "session-idle-minutes"};
  model::Reload told;
  for (const auto& [name, value] : fresh.values) {
    if (given_.values[name] == value) continue;
    bool applied = std::ranges::find(at_once, name) != std::end(at_once);
    (applied ? told.applied : told.needs_restart).push_back(name);
    if (applied) given_.values[name] = value;  // the others stay what they are in force
  }
  config_.admin_group = fresh.config.admin_group;
  spdlog::info("configuration read again; applied: {}; needs a restart: {}",
               fmt::join(told.applied, ", "), fmt::join(told.needs_restart, ", "));
  return told;
}

}  // namespace truce
