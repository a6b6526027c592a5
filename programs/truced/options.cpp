#include "options.h"

#include <grp.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "addresses.h"
#include "base/release.h"
#include "model/config_file.h"
#include "network/host_network.h"

namespace truce {

void describe(CLI::App& app, Options& options) {
  app.name("truced");
  app.description("The Truce daemon: runs virtual machines on this host and answers the API");
  app.set_version_flag("--version", release::version());
  model::add_options_and_file(app, options.config);
  app.add_option("--restore", options.restore,
                 "Put this backup of the store (truce server backup) in the store's place, and end")
      ->configurable(false);
  app.add_option("--recover-alone", options.recover_alone,
                 "When most managers are lost for ever: go on without these (HOST,HOST), and end. "
                 "Asks for all of them by name, and says what it means")
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

namespace {

/// The id of a group; Code::invalid when the system knows none of that name.
Result<unsigned> group_id(const std::string& name) {
  std::vector<char> room(64 * 1024);
  group entry{};
  group* found = nullptr;
  if (::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
    return fail(Code::invalid, "admin-group: there is no group '{}'", name);
  return found->gr_gid;
}

}  // namespace

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

Result<void> check(const model::Config& config) {
  for (const auto& [option, address] :
       {std::pair("listen", config.listen), {"cluster-listen", config.cluster_listen}}) {
    if (address.empty()) continue;
    auto parts = split_listen(address);
    if (!parts) return std::unexpected(std::move(parts).error().within(option));
  }
  if (!config.key_command.empty()) {
    if (!config.key_command.starts_with('/'))
      return fail(Code::invalid, "key-command: '{}' is no absolute path of a program",
                  config.key_command);
    if (config.key_folder != model::Config().key_folder)
      return fail(Code::invalid, "key-command: give it or key-folder, not both");
  } else if (!config.key_folder.starts_with('/')) {
    return fail(Code::invalid, "key-folder: '{}' is no absolute path", config.key_folder);
  }
  TRY_VOID(manager::check_mail_settings(
      {config.smtp_server, config.smtp_from, config.smtp_user, config.smtp_password_file}));
  auto subnet = network::check_subnet(config.subnet);
  if (!subnet) return std::unexpected(std::move(subnet).error().within("subnet"));
  return {};
}

manager::Limits limits_of(const model::Config& config) {
  manager::Limits limits;
  limits.task_history = static_cast<std::size_t>(config.task_history);
  limits.event_history = static_cast<std::size_t>(config.event_history);
  limits.session_life = std::chrono::hours(config.session_hours);
  limits.session_idle = std::chrono::minutes(config.session_idle_minutes);
  return limits;
}

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  std::string_view whole(name);
  return std::string(whole.substr(0, whole.find('.')));
}

}  // namespace truce
