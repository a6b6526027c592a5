#pragma once

#include "api.h"

namespace truce::manager {

void add_security_group_handlers(Handlers& handlers);

}  // namespace truce::manager
