#pragma once

#include <optional>
#include <string_view>

#include "http/http.h"

namespace truce::http {

/// The value of the cookie `name` in a Cookie field (RFC 6265 4.2.1), without quotes around it.
/// Nothing when it is not there, or is there twice: a page of another origin of the same host may
/// have set one of them.
std::optional<std::string_view> cookie_of(std::string_view field, std::string_view name);

/// Whether a request was sent by a page of this site or by no page at all: its Origin, if it has
/// one, is `https://` and the Host that it was sent to.
bool same_site(const Request& request);

}  // namespace truce::http
