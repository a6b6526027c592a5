// What switches hosts: addresses, and passwords, which are stored sealed and shown to nobody.
#pragma once

#include "api.h"
#include "power/power.h"

namespace truce::manager {

/// The key of a host's sealed password; the inventory does not hold it.
std::string power_secret_key(std::string_view host);

/// Takes what is said of a host's power control into the host, and its password into the change.
/// A password is good for the address and certificate that it was given for: with another one it
/// has to be given again. Code::invalid with the field.
Result<void> set_power(const Settings& settings, Change& change, model::Host& host,
                       const model::HostChange& wish);

/// Asks a Redfish controller for its certificate where none is pinned, so that an administrator can
/// compare it. Code::invalid with the field power_fingerprint tells it.
Async<Result<void>> check_fingerprint(Rooms& rooms, model::Host host, model::HostChange wish);

/// What switches a host. Code::precondition: it has none, or its password cannot be opened.
Async<Result<std::unique_ptr<power::PowerControl>>> open_control(asio::any_io_executor loop,
                                                                 Ledger& ledger,
                                                                 const Settings& settings,
                                                                 model::Host host);

void add_sleep_handlers(Handlers& handlers);

}  // namespace truce::manager
