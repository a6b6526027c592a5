// How a platform's HTTPS server is reached.
#pragma once

#include "http/client.h"
#include "platform/platform.h"

namespace truce::platform {

/// The server at `url`, trusted as the account says. `service`: what listens there, for messages.
http::Endpoint endpoint_of(const Account& account, std::string url, std::string service);

}  // namespace truce::platform
