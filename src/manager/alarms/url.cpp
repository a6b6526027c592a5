#include "alarms/url.h"

#include <curl/curl.h>

#include <memory>

namespace truce::manager {

std::optional<Url> read_url(const std::string& text) {
  auto free = [](CURLU* url) { curl_url_cleanup(url); };
  std::unique_ptr<CURLU, decltype(free)> url(curl_url(), free);
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return {};
  auto part = [&](CURLUPart which) -> std::string {
    char* found = nullptr;
    if (curl_url_get(url.get(), which, &found, 0) != CURLUE_OK) return {};
    std::string copy(found);
    curl_free(found);
    return copy;
  };
  return Url{part(CURLUPART_SCHEME), part(CURLUPART_USER), part(CURLUPART_PASSWORD),
             part(CURLUPART_HOST),   part(CURLUPART_PORT), part(CURLUPART_PATH),
             part(CURLUPART_QUERY)};
}

}  // namespace truce::manager
