// What a Redfish service answers (DMTF DSP0266, DSP8010): of it, what power needs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "power/power.h"

namespace truce::power {

/// The members of /redfish/v1/Systems: addresses on the same service. At most 64.
Result<std::vector<std::string>> read_members(std::string_view text);

/// ComputerSystem, as far as it says how to reset it.
struct ResetAction {
  PowerState state = PowerState::unknown;
  std::string target;                ///< where the order goes
  std::vector<std::string> allowed;  ///< ResetType@Redfish.AllowableValues; empty: it does not say
  std::string more;                  ///< where it says so else (@Redfish.ActionInfo), or empty
};
Result<ResetAction> read_system(std::string_view text);

/// The values of ResetType in an ActionInfo.
Result<std::vector<std::string>> read_action_info(std::string_view text);

/// What it says about an error, in print and not too long; empty when it says nothing.
std::string read_error(std::string_view text);

/// The order that does it best among those allowed. Code::unsupported: none of them does.
Result<std::string> reset_type_for_on(const std::vector<std::string>& allowed);
Result<std::string> reset_type_for_off(const std::vector<std::string>& allowed, Off how);

/// Whether it is an address on the same service that may be asked: /redfish/v1/...
bool is_own_address(std::string_view address);

}  // namespace truce::power
