// Takes secrets out of text that people will send around.
#pragma once

#include <string>
#include <string_view>

namespace truce::manager {

/// The text without what looks like a secret, wherever it stands: private keys in PEM, our tokens,
/// bearer tokens, crypt(3) hashes, passwords in URLs, and the values of keys whose name says that
/// they are one (`password: x`, `"api_token": "x"`, `--passphrase=x`). What is taken out is
/// replaced by `[removed]`. Linear in the text's length. It may take out too much, never promises
/// to find what does not look like a secret.
std::string redacted(std::string_view text);

}  // namespace truce::manager
