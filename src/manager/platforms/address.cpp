#include "platforms/address.h"

#include <curl/curl.h>

#include <memory>

namespace truce::manager {
namespace {

/// In names of users there may be what ends them in URLs: all before the last '@' is the name.
std::string with_plain_user(const std::string& url) {
  auto begin = url.find("://");
  if (begin == url.npos) return url;
  begin += 3;
  auto end = url.find('@', begin) == url.npos ? url.npos : url.rfind('@');
  if (end == url.npos) return url;
  std::string user;
  for (char c : url.substr(begin, end - begin)) {
    if (c == '@' || c == '\\')
      user += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      user += c;
  }
  return url.substr(0, begin) + user + url.substr(end);
}

}  // namespace

Result<PlatformAddress> read_platform_address(const std::string& url) {
  auto free = [](CURLU* parsed) { curl_url_cleanup(parsed); };
  std::unique_ptr<CURLU, decltype(free)> parsed(curl_url(), free);
  auto text = with_plain_user(url);
  auto status =
      parsed ? curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME)
             : CURLUE_OUT_OF_MEMORY;
  if (status != CURLUE_OK || !url.contains("://"))
    return fail(Code::invalid, "is no address like vsphere://USER@HOST");
  auto part = [&](CURLUPart which, unsigned flags = 0) -> std::string {
    char* found = nullptr;
    if (curl_url_get(parsed.get(), which, &found, flags) != CURLUE_OK) return {};
    std::string copy(found);
    curl_free(found);
    return copy;
  };
  if (!part(CURLUPART_PASSWORD).empty())
    return fail(Code::invalid, "has a password in it: it is asked for, or read from a file");
  auto path = part(CURLUPART_PATH);
  if ((!path.empty() && path != "/") || !part(CURLUPART_QUERY).empty() ||
      !part(CURLUPART_FRAGMENT).empty())
    return fail(Code::invalid, "has something behind the host");
  PlatformAddress address{part(CURLUPART_SCHEME), part(CURLUPART_USER, CURLU_URLDECODE),
                          part(CURLUPART_HOST)};
  if (address.user.empty() || address.server.empty())
    return fail(Code::invalid, "names no user, or no host: it is SCHEME://USER@HOST");
  if (auto port = part(CURLUPART_PORT); !port.empty()) address.server += ":" + port;
  return address;
}

}  // namespace truce::manager
