#include "settings.h"

#include <boost/json.hpp>
#include <cstdlib>

#include "base/file.h"
#include "text_formats.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

constexpr std::string_view local_socket = "unix:/run/truce/truced.sock";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

std::filesystem::path settings_path() {
  if (auto path = variable("TRUCE_CONFIG"); !path.empty()) return path;
  if (auto path = variable("XDG_CONFIG_HOME"); !path.empty()) {
    return std::filesystem::path(path) / "truce/client.json";
  }
  return std::filesystem::path(variable("HOME")) / ".config/truce/client.json";
}

Result<Settings> read_settings(const std::filesystem::path& path) {
  std::error_code ec;
  if (!std::filesystem::exists(path, ec)) return Settings{};
  TRY(auto text, read_file(path, mib(1)));
  boost::system::error_code wrong;
  auto value = json::parse(text, wrong);
  const auto* object = wrong ? nullptr : value.if_object();
  if (object == nullptr) {
    return fail(Code::corrupt, "{}: is not JSON; remove it and log in again", path.string());
  }
  Settings settings{.current = text_of(*object, "current"), .servers = {}};
  const auto* servers = object->if_contains("servers");
  if (servers == nullptr || !servers->is_object()) return settings;
  for (const auto& entry : servers->get_object()) {
    if (!entry.value().is_object()) continue;
    const auto& stored = entry.value().get_object();
    settings.servers[std::string(entry.key())] = {.url = std::string(entry.key()),
                                                  .fingerprint = text_of(stored, "fingerprint"),
                                                  .token = text_of(stored, "token"),
                                                  .certificate = text_of(stored, "certificate"),
                                                  .key = text_of(stored, "key")};
  }
  return settings;
}

Result<void> write_settings(const std::filesystem::path& path, const Settings& settings) {
  json::object servers;
  for (const auto& [url, server] : settings.servers) {
    json::object stored;
    for (auto [name, value] :
         {std::pair("fingerprint", &server.fingerprint), std::pair("token", &server.token),
          std::pair("certificate", &server.certificate), std::pair("key", &server.key)}) {
      if (!value->empty()) stored[name] = *value;
    }
    servers[url] = std::move(stored);
  }
  json::object object{{"current", settings.current}, {"servers", std::move(servers)}};
  if (path.has_parent_path()) TRY_VOID(make_folder(path.parent_path(), 0700));
  return write_file_durably(path, pretty_json(object), 0600);
}

Result<std::string> normal_url(std::string url) {
  if (url.starts_with("unix:") && url.size() > 5) return url;
  while (url.ends_with('/')) url.pop_back();
  if (url.starts_with("https://") && url.size() > 8) return url;
  return fail(Code::invalid, "'{}' is not a server; write https://HOST:7443 or unix:PATH", url);
}

Result<http::Endpoint> choose_endpoint(const Settings& settings, const Wishes& wishes) {
  std::string url(local_socket);
  for (const auto& wish : {wishes.url, wishes.url_variable, settings.current}) {
    if (wish.empty()) continue;
    TRY(url, normal_url(wish));
    break;
  }
  http::Endpoint endpoint{.url = url, .fingerprint = {}, .token = {}, .certificate = {}, .key = {}};
  if (auto known = settings.servers.find(url); known != settings.servers.end())
    endpoint = known->second;
  for (const auto& token : {wishes.token_variable, wishes.token}) {
    if (!token.empty()) endpoint.token = token;
  }
  return endpoint;
}

}  // namespace truce::cli
