#include "moving/lease.h"

#include <algorithm>

namespace truce::vsphere {

namespace {

constexpr Duration lease_wait = 120s, lease_pause = 300ms;

// `*` stands for the server that was asked.
std::string with_host(std::string url, const std::string& account_url) {
  constexpr std::string_view any = "https://*";
  if (!url.starts_with(any)) return url;
  auto rest = url.substr(any.size());
  // A port there is the one that was asked.
  auto slash = std::min(rest.find('/'), rest.size());
  return account_url + (rest.starts_with(':') ? rest.substr(slash) : rest);
}

std::string origin_of(std::string_view url) {
  auto slash = url.find('/', url.find("://") + 3);
  return std::string(url.substr(0, slash));
}

Lease read_lease(Ref ref, Value info, const std::string& account_url) {
  Lease lease{.ref = std::move(ref), .machine = info["entity"].ref().value, .doors = {}};
  info.each("deviceUrl", [&](Value one) {
    if (one["disk"].flag())
      lease.doors.push_back({one["key"].text(), with_host(one["url"].text(), account_url),
                             http::normal_fingerprint(one["sslThumbprint"].text())});
  });
  return lease;
}

Async<Result<Lease>> look_until_ready(Session& session, Ref lease) {
  auto end = std::chrono::steady_clock::now() + lease_wait;
  while (true) {
    CO_TRY(auto seen, co_await session.read(lease, {"state", "info", "error"}));
    auto state = seen.value("state").text();
    if (state == "error") {
      auto error = seen.value("error");
      co_return std::unexpected(
          error_of(error["fault"].type(), error["localizedMessage"].text()).within("the lease"));
    }
    if (state == "ready") co_return read_lease(lease, seen.value("info"), session.account().url);
    if (std::chrono::steady_clock::now() > end)
      co_return fail(Code::timeout, "the lease is not ready within 2 minutes");
    co_await sleep_for(lease_pause);
  }
}

}  // namespace

Async<Result<Lease>> wait_ready(Session& session, Ref lease) {
  auto ready = co_await look_until_ready(session, lease);
  if (!ready) (void)co_await session.call({"HttpNfcLeaseAbort", lease});
  co_return ready;
}

Async<Result<void>> tell_lease(Session& session, Ref lease, double fraction) {
  auto percent = std::to_string(static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 100));
  CO_TRY_VOID(co_await session.call({"HttpNfcLeaseProgress", lease, to_xml("percent", percent)}));
  co_return Result<void>();
}

Result<std::string> authorities_of(const platform::Account& account) {
  if (account.trust.authorities.empty()) return std::string();
  return read_file(account.trust.authorities);
}

image::HttpOnceOptions options_of(const Door& door, const platform::Account& account,
                                  const std::string& authorities) {
  image::HttpOnceOptions options;
  bool own = origin_of(door.url) == origin_of(account.url);
  if (own || door.thumbprint.empty()) {
    options.authorities = authorities;
    if (own) options.fingerprint = account.trust.fingerprint;
  } else {
    options.fingerprint = door.thumbprint;
  }
  return options;
}

}  // namespace truce::vsphere
