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
  std::string admin_group = "";  ///< Group whose members may do everything through the unix socket; empty: root and truced's own user only
  std::string recipes_dir = "/usr/share/truce/recipes";  ///< Where template recipes are
  std::string hypervisor = "qemu";  ///< qemu, or fake (machines that only pretend, for tests and measuring)
  std::string accelerator = "auto";  ///< auto, kvm or tcg
  std::string log_level = "info";  ///< debug, info, warn or error
  std::string log_format = "text";  ///< text, logfmt or json: one line an entry
  std::string log_file = "";  ///< File that the log is appended to, opened anew on SIGHUP; empty: standard error
  std::int64_t requests_per_second = 2000;  ///< Limit for one TCP address
  std::int64_t task_history = 2000;  ///< How many ended tasks are kept
  std::int64_t event_history = 20000;  ///< How many events are kept
};

/// An option as data: its name is the same in the file and on the command line.
struct ConfigOption {
  std::string_view name, type, default_value, help;
};
inline constexpr std::array<ConfigOption, 17> config_options{{
    {"state-dir", "string", "/var/lib/truce", "Where the store and the default pool live"},
    {"run-dir", "string", "/run/truce", "Sockets and pid files; emptied by a reboot"},
    {"listen", "string", "127.0.0.1:7443", "Address and port of the HTTPS API; empty: none"},
    {"name", "string", "", "Name of this host; empty: the system's host name"},
    {"subnet", "string", "10.77.0.0/24", "Addresses of the network `default` when it is first made"},
    {"network-mode", "string", "auto", "Mode of the network `default`: auto, nat or user"},
    {"uid-base", "integer", "720000", "User id of machine number 0; each machine has its own"},
    {"admin-group", "string", "", "Group whose members may do everything through the unix socket; empty: root and truced's own user only"},
    {"recipes-dir", "string", "/usr/share/truce/recipes", "Where template recipes are"},
    {"hypervisor", "string", "qemu", "qemu, or fake (machines that only pretend, for tests and measuring)"},
    {"accelerator", "string", "auto", "auto, kvm or tcg"},
    {"log-level", "string", "info", "debug, info, warn or error"},
    {"log-format", "string", "text", "text, logfmt or json: one line an entry"},
    {"log-file", "string", "", "File that the log is appended to, opened anew on SIGHUP; empty: standard error"},
    {"requests-per-second", "integer", "2000", "Limit for one TCP address"},
    {"task-history", "integer", "2000", "How many ended tasks are kept"},
    {"event-history", "integer", "20000", "How many events are kept"},
}};

}  // namespace truce::model
