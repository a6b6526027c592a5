#pragma once

#include <optional>
#include <string>

namespace truce::manager {

/// The parts of a URL as they stand in it; what is not there is empty.
struct Url {
  std::string scheme, user, password, host, port, path, query;
};

/// Nothing where it is none.
std::optional<Url> read_url(const std::string& text);

}  // namespace truce::manager
