// Whether a bridge of the host still leads anywhere.
#pragma once

#include <filesystem>
#include <string>

namespace truce::node {

/// What is wrong with the uplinks of a bridge: all that is plugged into it and is no machine's, as
/// `interfaces` (/sys/class/net) shows it. Empty: one of them has a carrier, or it has none and is
/// not meant to lead anywhere.
std::string why_cut_off(const std::filesystem::path& interfaces, const std::string& bridge);

}  // namespace truce::node
