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
  app.add_option("--control-group", config.control_group, "Control group that those of machines are in; each truced of a computer needs its own")->capture_default_str()->take_last();
  app.add_option("--admin-group", config.admin_group, "Group whose members may do everything through the unix socket; empty: root and truced's own user only")->capture_default_str()->take_last();
  app.add_option("--recipes-dir", config.recipes_dir, "Where template recipes are")->capture_default_str()->take_last();
  app.add_option("--web-dir", config.web_dir, "Folder of the web console; empty: none")->capture_default_str()->take_last();
  app.add_option("--hypervisor", config.hypervisor, "qemu, or fake (machines that only pretend, for tests and measuring)")->capture_default_str()->take_last()->check(CLI::IsMember({"qemu", "fake"}));
  app.add_option("--accelerator", config.accelerator, "auto, kvm or tcg")->capture_default_str()->take_last()->check(CLI::IsMember({"auto", "kvm", "tcg"}));
  app.add_option("--key-folder", config.key_folder, "Where the keys of encrypted disks are: a file for each, named as the key")->capture_default_str()->take_last();
  app.add_option("--key-command", config.key_command, "Program that prints the key whose name it is given, instead of key-folder; empty: none")->capture_default_str()->take_last();
  app.add_option("--memory-low-percent", config.memory_low_percent, "Where less of the host's memory is available, balloons take from machines that have a memory-min; percent")->capture_default_str()->take_last()->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  app.add_option("--ksm", config.ksm, "Merging of like pages by the kernel: leave, off, on, or auto (when memory becomes short)")->capture_default_str()->take_last()->check(CLI::IsMember({"leave", "off", "on", "auto"}));
  app.add_option("--watchdog", config.watchdog, "Watchdog, such as /dev/watchdog, that resets a host of a cluster that can neither renew its claim nor kill its machines; empty: none")->capture_default_str()->take_last();
  app.add_option("--power-off-command", config.power_off_command, "Program and words that switch this host off, where its manager wants it to sleep and nothing else can")->capture_default_str()->take_last();
  app.add_option("--log-level", config.log_level, "debug, info, warn or error")->capture_default_str()->take_last()->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  app.add_option("--log-format", config.log_format, "text, logfmt or json: one line an entry")->capture_default_str()->take_last()->check(CLI::IsMember({"text", "logfmt", "json"}));
  app.add_option("--log-file", config.log_file, "File that the log is appended to, opened anew on SIGHUP; empty: standard error")->capture_default_str()->take_last();
  app.add_option("--requests-per-second", config.requests_per_second, "Limit for one TCP address")->capture_default_str()->take_last()->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  app.add_option("--task-history", config.task_history, "How many ended tasks are kept")->capture_default_str()->take_last()->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  app.add_option("--event-history", config.event_history, "How many events are kept")->capture_default_str()->take_last()->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  app.add_option("--upload-expiry", config.upload_expiry, "Seconds after which an upload is removed that nobody has gone on with")->capture_default_str()->take_last()->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  app.add_option("--session-hours", config.session_hours, "Hours after which who has signed in must do so again")->capture_default_str()->take_last()->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  app.add_option("--session-idle-minutes", config.session_idle_minutes, "Minutes without a request after which a session ends")->capture_default_str()->take_last()->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  app.add_option("--metrics", config.metrics, "Whether what machines and hosts use is kept over time: on or off")->capture_default_str()->take_last()->check(CLI::IsMember({"on", "off"}));
  app.add_option("--smtp-server", config.smtp_server, "Where alarms' mails are given in: smtp://HOST:PORT or smtps://HOST:PORT; empty: no mails")->capture_default_str()->take_last();
  app.add_option("--smtp-from", config.smtp_from, "Sender of alarms' mails")->capture_default_str()->take_last();
  app.add_option("--smtp-user", config.smtp_user, "Name to sign in with at smtp-server; empty: none")->capture_default_str()->take_last();
  app.add_option("--smtp-password-file", config.smtp_password_file, "File that holds the password for smtp-user")->capture_default_str()->take_last();
  app.add_option("--cluster-listen", config.cluster_listen, "Address and port for the other hosts of the cluster; empty: what truce cluster init or join was told, or none")->capture_default_str()->take_last();
}

}  // namespace truce::model
