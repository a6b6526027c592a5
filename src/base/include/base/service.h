// What truced tells the service manager that started it. [systemd, sd_notify(3)]
#pragma once

#include <string_view>

namespace truce {

/// Sends lines such as `READY=1` to the socket that $NOTIFY_SOCKET names; without one nothing
/// happens, and a service manager that does not listen costs nothing.
void notify_service(std::string_view lines);

}  // namespace truce
