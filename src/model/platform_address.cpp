#include "model/platform_address.h"

namespace truce::model {

bool needs_password(std::string_view platform_address) {
  if (platform_address.starts_with("ssh://")) return false;
  if (!platform_address.starts_with("libvirt+")) return true;
  auto end = platform_address.find("://");
  if (end == std::string_view::npos) return false;
  auto authority = platform_address.substr(end + 3);
  authority = authority.substr(0, authority.find('/'));
  return platform_address.substr(0, end).ends_with("+tls") && authority.contains('@');
}

}  // namespace truce::model
