// Whom an alarm tells: what an address may look like, and how one that is secret is shown. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace truce::manager {

/// Code::invalid, which does not repeat the text, unless it is an http or https URL with a host.
Result<void> check_webhook(const std::string& url);

/// Code::invalid unless it is LOCAL@DOMAIN, in ASCII and without quotes, comments or a name.
/// [RFC 5321, 4.1.2]
Result<void> check_mail(std::string_view address);

/// How webhooks are shown to everybody: scheme, host and port, as the rest is as good as a password
/// with most receivers. No two look the same: `https://chat.example.com/…`, `…(2)`.
std::vector<std::string> shown_webhooks(const std::vector<std::string>& webhooks);

/// The webhooks that are asked for, each a URL or one of `kept` as it is shown. One empty text is
/// none. Code::invalid with the field at fault.
Result<std::vector<std::string>> wanted_webhooks(const std::vector<std::string>& wish,
                                                 const std::vector<std::string>& kept);

/// Mail addresses, likewise.
Result<std::vector<std::string>> wanted_mail(const std::vector<std::string>& wish);

}  // namespace truce::manager
