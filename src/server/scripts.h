// What is done on a server, by root's shell there. Nothing of Truce is installed on it: what has to
// be known later is in files of its memory (/run, or /dev/shm where there is none).
#pragma once

#include <string_view>

namespace truce::server {

/// All file systems of its disks become read-only, once /etc/truce/before-last-copy there has run.
/// Which were writable is written down (`truce-stopped`). Fails where one stays writable.
extern const std::string_view stop_script;
/// They are writable again, and /etc/truce/after-last-copy runs.
extern const std::string_view start_script;
/// A stopped server's disks are being read for the last time (`truce-left`).
extern const std::string_view leave_script;
/// One that has left is switched off; one that was only stopped is started again; nothing happens
/// to others.
extern const std::string_view let_go_script;

}  // namespace truce::server
