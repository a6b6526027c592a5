#include "platform/endpoint.h"

namespace truce::platform {

http::Endpoint endpoint_of(const Account& account, std::string url, std::string service) {
  http::Endpoint endpoint;
  endpoint.url = std::move(url);
  endpoint.fingerprint = account.trust.fingerprint;
  if (endpoint.fingerprint.empty())
    endpoint.authorities = account.trust.authorities.empty() ? "system" : account.trust.authorities;
  endpoint.service = std::move(service);
  return endpoint;
}

}  // namespace truce::platform
