#include "platforms/address.h"

#include <curl/curl.h>

#include <algorithm>
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

// --- libvirt and ssh ----------------------------------------------------------------------------

constexpr std::string_view libvirt_prefix = "libvirt+", ssh_prefix = "ssh://";

bool is_plain(std::string_view text, std::string_view besides) {
  return !text.empty() && !text.starts_with('-') && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           besides.contains(c);
  });
}

/// `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`
bool is_server(std::string_view text) {
  auto end = text.find(':', text.starts_with('[') ? text.find(']') : 0);
  auto host = text.substr(0, end);
  bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  bool named = bracketed ? is_plain(host.substr(1, host.size() - 2), ":.") : is_plain(host, ".-");
  if (!named || end == text.npos) return named;
  auto port = text.substr(end + 1);
  constexpr std::size_t longest_port = 5;
  return port.size() <= longest_port && !port.empty() &&
         port.find_first_not_of("0123456789") == port.npos;
}

Result<PlatformAddress> read_libvirt_address(const std::string& url) {
  constexpr std::string_view form =
      "libvirt's addresses are libvirt+qemu+ssh://USER@HOST/system, libvirt+qemu+tls://HOST/system "
      "or, for this host, libvirt+qemu:///system; or with xen";
  auto own = std::string_view(url).substr(libvirt_prefix.size());
  auto middle = own.find("://");
  if (middle == own.npos) return fail(Code::invalid, "is not whole: {}", form);
  auto scheme = own.substr(0, middle), rest = own.substr(middle + 3);
  auto plus = scheme.find('+');
  auto driver = scheme.substr(0, plus);
  auto transport = plus == scheme.npos ? std::string_view() : scheme.substr(plus + 1);
  if (!transport.empty() && transport != "ssh" && transport != "tls")
    return fail(Code::invalid, "is reached by '{}', which Truce does not use: {}", transport, form);
  auto slash = std::min(rest.find('/'), rest.size());
  auto authority = rest.substr(0, slash), path = rest.substr(slash);
  if (path.find_first_of("?#") != path.npos)
    return fail(Code::invalid,
                "has parameters, which are not taken: what ssh and TLS need is in their own "
                "files on the managers");
  if (path != "/system" && path != "/session" && path != "/default")
    return fail(Code::invalid, "names '{}' on the host: {}", path, form);
  auto at = authority.rfind('@');
  auto user = at == authority.npos ? std::string_view() : authority.substr(0, at);
  auto server = at == authority.npos ? authority : authority.substr(at + 1);
  if (user.contains(':'))
    return fail(Code::invalid, "has a password in it: it is asked for, or read from a file");
  if (at != authority.npos && !is_plain(user, "._-"))
    return fail(Code::invalid, "names no user that libvirt could be: {}", form);
  if (transport.empty() != authority.empty() || (!authority.empty() && !is_server(server)))
    return fail(Code::invalid, "names no host, or one without saying how it is reached: {}", form);
  PlatformAddress address{std::string(libvirt_prefix) + std::string(driver), std::string(user),
                          std::string(server), std::string(own)};
  return address;
}

// What passes becomes words of ssh's command line.
Result<PlatformAddress> read_ssh_address(const std::string& url) {
  auto rest = std::string_view(url).substr(ssh_prefix.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  auto at = rest.rfind('@');
  auto user = at == rest.npos ? std::string_view() : rest.substr(0, at);
  auto server = at == rest.npos ? rest : rest.substr(at + 1);
  if (user.contains(':'))
    return fail(Code::invalid, "has a password in it: ssh signs in with keys");
  if (!is_plain(user, "._-") || !is_server(server))
    return fail(Code::invalid, "names no user, or no host: it is ssh://USER@HOST");
  return PlatformAddress{"ssh", std::string(user), std::string(server),
                         std::string(ssh_prefix) + std::string(server)};
}

}  // namespace

Result<PlatformAddress> read_platform_address(const std::string& url) {
  if (url.starts_with(libvirt_prefix)) return read_libvirt_address(url);
  if (url.starts_with(ssh_prefix)) return read_ssh_address(url);
  auto free = [](CURLU* parsed) { curl_url_cleanup(parsed); };
  std::unique_ptr<CURLU, decltype(free)> parsed(curl_url(), free);
  auto text = with_plain_user(url);
  auto status =
      parsed ? curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME)
             : CURLUE_OUT_OF_MEMORY;
  if (status != CURLUE_OK || !url.contains("://"))
    return fail(Code::invalid,
                "is no address like vsphere://USER@HOST, xen://USER@HOST, hyperv://USER@HOST, "
                "libvirt+qemu+ssh://USER@HOST/system or ssh://USER@HOST");
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
  PlatformAddress address{
      part(CURLUPART_SCHEME), part(CURLUPART_USER, CURLU_URLDECODE), part(CURLUPART_HOST), {}};
  if (address.user.empty() || address.server.empty())
    return fail(Code::invalid, "names no user, or no host: it is SCHEME://USER@HOST");
  if (auto port = part(CURLUPART_PORT); !port.empty()) address.server += ":" + port;
  address.url = "https://" + address.server;
  return address;
}

}  // namespace truce::manager
