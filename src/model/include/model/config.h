// Made by tools/generate from schema/; do not edit.
// clang-format off
// The configuration of truced.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace truce::model {

/// What truced is told at its start; the defaults of schema/config.yaml.
struct Config {
  std::string state_dir = "/var/lib/truce";  ///< Where the store and the default pool live
  std::string run_dir = "/run/truce";  ///< Sockets and pid files; emptied by a reboot
  std::string listen = "127.0.0.1:7443";  ///< Address and port of the HTTPS API; empty: none
  std::string name = "";  ///< Name of this host; empty: the system's host name
  std::string subnet = "10.77.0.0/24";  ///< Addresses of the network `default` when it is first made
  std::string network_mode = "auto";  ///< Mode of the network `default`: auto, nat or user
  std::int64_t uid_base = 720000;  ///< User id of machine number 0; each machine has its own
  std::string control_group = "truce";  ///< Control group that those of machines are in; each truced of a computer needs its own
  std::string admin_group = "";  ///< Group whose members may do everything through the unix socket; empty: root and truced's own user only
  std::string recipes_dir = "/usr/share/truce/recipes";  ///< Where template recipes are
  std::string web_dir = "/usr/share/truce/web";  ///< Folder of the web console; empty: none
  std::string hypervisor = "qemu";  ///< qemu, or fake (machines that only pretend, for tests and measuring)
  std::string accelerator = "auto";  ///< auto, kvm or tcg
  std::string key_folder = "/etc/truce/keys";  ///< Where the keys of encrypted disks are: a file for each, named as the key
  std::string key_command = "";  ///< Program that prints the key whose name it is given, instead of key-folder; empty: none
  std::int64_t memory_low_percent = 15;  ///< Where less of the host's memory is available, balloons take from machines that have a memory-min; percent
  std::string ksm = "leave";  ///< Merging of like pages by the kernel: leave, off, on, or auto (when memory becomes short)
  std::string watchdog = "";  ///< Watchdog, such as /dev/watchdog, that resets a host of a cluster that can neither renew its claim nor kill its machines; empty: none
  std::string power_off_command = "/usr/bin/systemctl poweroff";  ///< Program and words that switch this host off, where its manager wants it to sleep and nothing else can
  std::string log_level = "info";  ///< debug, info, warn or error
  std::string log_format = "text";  ///< text, logfmt or json: one line an entry
  std::string log_file = "";  ///< File that the log is appended to, opened anew on SIGHUP; empty: standard error
  std::int64_t requests_per_second = 2000;  ///< Limit for one TCP address
  std::int64_t task_history = 2000;  ///< How many ended tasks are kept
  std::int64_t event_history = 20000;  ///< How many events are kept
  std::int64_t upload_expiry = 86400;  ///< Seconds after which an upload is removed that nobody has gone on with
  std::int64_t session_hours = 12;  ///< Hours after which who has signed in must do so again
  std::int64_t session_idle_minutes = 60;  ///< Minutes without a request after which a session ends
  std::string metrics = "on";  ///< Whether what machines and hosts use is kept over time: on or off
  std::string smtp_server = "";  ///< Where alarms' mails are given in: smtp://HOST:PORT or smtps://HOST:PORT; empty: no mails
  std::string smtp_from = "";  ///< Sender of alarms' mails
  std::string smtp_user = "";  ///< Name to sign in with at smtp-server; empty: none
  std::string smtp_password_file = "";  ///< File that holds the password for smtp-user
  std::string cluster_listen = "";  ///< Address and port for the other hosts of the cluster; empty: what truce cluster init or join was told, or none
};

/// An option as data: its name is the same in the file and on the command line.
struct ConfigOption {
  std::string_view name, type, default_value, help;
};
inline constexpr std::array<ConfigOption, 34> config_options{{
    {"state-dir", "string", "/var/lib/truce", "Where the store and the default pool live"},
    {"run-dir", "string", "/run/truce", "Sockets and pid files; emptied by a reboot"},
    {"listen", "string", "127.0.0.1:7443", "Address and port of the HTTPS API; empty: none"},
    {"name", "string", "", "Name of this host; empty: the system's host name"},
    {"subnet", "string", "10.77.0.0/24", "Addresses of the network `default` when it is first made"},
    {"network-mode", "string", "auto", "Mode of the network `default`: auto, nat or user"},
    {"uid-base", "integer", "720000", "User id of machine number 0; each machine has its own"},
    {"control-group", "string", "truce", "Control group that those of machines are in; each truced of a computer needs its own"},
    {"admin-group", "string", "", "Group whose members may do everything through the unix socket; empty: root and truced's own user only"},
    {"recipes-dir", "string", "/usr/share/truce/recipes", "Where template recipes are"},
    {"web-dir", "string", "/usr/share/truce/web", "Folder of the web console; empty: none"},
    {"hypervisor", "string", "qemu", "qemu, or fake (machines that only pretend, for tests and measuring)"},
    {"accelerator", "string", "auto", "auto, kvm or tcg"},
    {"key-folder", "string", "/etc/truce/keys", "Where the keys of encrypted disks are: a file for each, named as the key"},
    {"key-command", "string", "", "Program that prints the key whose name it is given, instead of key-folder; empty: none"},
    {"memory-low-percent", "integer", "15", "Where less of the host's memory is available, balloons take from machines that have a memory-min; percent"},
    {"ksm", "string", "leave", "Merging of like pages by the kernel: leave, off, on, or auto (when memory becomes short)"},
    {"watchdog", "string", "", "Watchdog, such as /dev/watchdog, that resets a host of a cluster that can neither renew its claim nor kill its machines; empty: none"},
    {"power-off-command", "string", "/usr/bin/systemctl poweroff", "Program and words that switch this host off, where its manager wants it to sleep and nothing else can"},
    {"log-level", "string", "info", "debug, info, warn or error"},
    {"log-format", "string", "text", "text, logfmt or json: one line an entry"},
    {"log-file", "string", "", "File that the log is appended to, opened anew on SIGHUP; empty: standard error"},
    {"requests-per-second", "integer", "2000", "Limit for one TCP address"},
    {"task-history", "integer", "2000", "How many ended tasks are kept"},
    {"event-history", "integer", "20000", "How many events are kept"},
    {"upload-expiry", "integer", "86400", "Seconds after which an upload is removed that nobody has gone on with"},
    {"session-hours", "integer", "12", "Hours after which who has signed in must do so again"},
    {"session-idle-minutes", "integer", "60", "Minutes without a request after which a session ends"},
    {"metrics", "string", "on", "Whether what machines and hosts use is kept over time: on or off"},
    {"smtp-server", "string", "", "Where alarms' mails are given in: smtp://HOST:PORT or smtps://HOST:PORT; empty: no mails"},
    {"smtp-from", "string", "", "Sender of alarms' mails"},
    {"smtp-user", "string", "", "Name to sign in with at smtp-server; empty: none"},
    {"smtp-password-file", "string", "", "File that holds the password for smtp-user"},
    {"cluster-listen", "string", "", "Address and port for the other hosts of the cluster; empty: what truce cluster init or join was told, or none"},
}};

}  // namespace truce::model
