// Made by tools/generate from schema/; do not edit.
// clang-format off
// Only for truced: the options, for its command line and its file.
#pragma once

#include <CLI/CLI.hpp>
#include <limits>

#include "model/config.h"

namespace truce::model {

/// Registers every option with `app`, which fills `config` when it parses.
inline void add_options(CLI::App& app, Config& config) {
  app.add_option("--state-dir", config.state_dir, "Where the store and the default pool live")->capture_default_str()->take_last();
  app.add_option("--run-dir", config.run_dir, "Sockets and pid files; emptied by a reboot")->capture_default_str()->take_last();
  app.add_option("--listen", config.listen, "Address and port of the HTTPS API; empty: none")->capture_default_str()->take_last();
  app.add_option("--name", config.name, "Name of this host; empty: the system's host name")->capture_default_str()->take_last();
  app.add_option("--subnet", config.subnet, "Addresses of the network `default` when it is first made")->capture_default_str()->take_last();
  app.add_option("--network-mode", config.network_mode, "Mode of the network `default`: auto, nat or user")->capture_default_str()->take_last()->check(CLI::IsMember({"auto", "nat", "user"}));
  app.add_option("--uid-base", config.uid_base, "User id of machine number 0; each machine has its own")->capture_default_str()->take_last()->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  app.add_option("--admin-group", config.admin_group, "Group whose members may do everything through the unix socket; empty: root and truced's own user only")->capture_default_str()->take_last();
  app.add_option("--recipes-dir", config.recipes_dir, "Where template recipes are")->capture_default_str()->take_last();
  app.add_option("--hypervisor", config.hypervisor, "qemu, or fake (machines that only pretend, for tests and measuring)")->capture_default_str()->take_last()->check(CLI::IsMember({"qemu", "fake"}));
  app.add_option("--accelerator", config.accelerator, "auto, kvm or tcg")->capture_default_str()->take_last()->check(CLI::IsMember({"auto", "kvm", "tcg"}));
  app.add_option("--log-level", config.log_level, "debug, info, warn or error")->capture_default_str()->take_last()->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  app.add_option("--log-format", config.log_format, "text, logfmt or json: one line an entry")->capture_default_str()->take_last()->check(CLI::IsMember({"text", "logfmt", "json"}));
  app.add_option("--log-file", config.log_file, "File that the log is appended to, opened anew on SIGHUP; empty: standard error")->capture_default_str()->take_last();
  app.add_option("--requests-per-second", config.requests_per_second, "Limit for one TCP address")->capture_default_str()->take_last()->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  app.add_option("--task-history", config.task_history, "How many ended tasks are kept")->capture_default_str()->take_last()->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  app.add_option("--event-history", config.event_history, "How many events are kept")->capture_default_str()->take_last()->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
}

}  // namespace truce::model
