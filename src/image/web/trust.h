// Which servers a connection of libcurl believes.
#pragma once

#include <curl/curl.h>

#include <string>

namespace truce::image::web {

/// In memory: a connection that is made later must not need a file.
struct Trust {
  std::string authorities;  ///< PEM
  /// SHA-256, or SHA-1, of the one certificate that is accepted, hex; empty: any.
  std::string fingerprint;
};

/// Without authorities those of the system.
Trust trust_of(std::string authorities, std::string fingerprint);

/// Lets a handle believe these only. `trust` outlives the handle. False when libcurl refuses.
bool trust(CURL* handle, const Trust& trust);

}  // namespace truce::image::web
