// Which servers this user has logged in to, and how each is trusted.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"
#include "http/client.h"

namespace truce::cli {

struct Settings {
  std::string current;                            ///< url of the last login, or empty
  std::map<std::string, http::Endpoint> servers;  ///< by url
};

/// $TRUCE_CONFIG, else client.json in $XDG_CONFIG_HOME/truce or ~/.config/truce.
std::filesystem::path settings_path();

/// No file is no servers.
Result<Settings> read_settings(const std::filesystem::path& path);
/// Readable by this user only: it holds tokens.
Result<void> write_settings(const std::filesystem::path& path, const Settings& settings);

/// `https://HOST:PORT` or `unix:PATH` as one spelling; Code::invalid for anything else.
Result<std::string> normal_url(std::string url);

/// What the command line and the environment say; empty where they do not.
struct Wishes {
  std::string url, url_variable, token, token_variable;
};

/// The server to talk to: the option, $TRUCE_URL, the last login, the local socket, in this order.
/// A token of the option or of $TRUCE_TOKEN wins over the stored one.
Result<http::Endpoint> choose_endpoint(const Settings& settings, const Wishes& wishes);

}  // namespace truce::cli
