#include "sleep/controls.h"

#include "http/client.h"

namespace truce::manager {
namespace {

constexpr std::size_t digits_of_sha256 = 64;
constexpr Duration longest_look = 20s;

// Where a sealed password belongs: with another address it cannot be opened.
std::string place_of(const model::Host& host) {
  return fmt::format("hosts/{}/power/{}/{}", host.name, host.power, host.power_fingerprint);
}

bool is_sha256(std::string_view text) {
  return text.size() == digits_of_sha256 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

Result<void> seal_password(const Settings& settings, Change& change, const model::Host& host,
                           const std::string& password) {
  if (settings.seals == nullptr)
    return fail(Code::unsupported, "this manager has no keys to store a password with");
  if (password.empty()) return fail_field("/power_password", "is empty");
  auto sealed = settings.seals->seal(password, place_of(host));
  if (!sealed) return fail_field("/power_password", sealed.error().message);
  change.write(power_secret_key(host.name), *std::move(sealed));
  return {};
}

Result<void> forget_power(Change& change, model::Host& host, const model::HostChange& wish) {
  if (wish.power_password) return fail_field("/power_password", "is for redfish and ipmi");
  if (wish.power_fingerprint && !wish.power_fingerprint->empty())
    return fail_field("/power_fingerprint", "is for redfish");
  host.power_fingerprint.clear();
  change.write(power_secret_key(host.name), std::nullopt);
  return {};
}

Result<void> check_made(const model::Host& host, const power::Address& address,
                        std::string_view password) {
  asio::io_context nowhere;
  auto made = power::make_control(nowhere.get_executor(), address, host.power_fingerprint,
                                  std::make_shared<const Secret>(password));
  if (!made) return fail_field("/power", made.error().message);
  return {};
}

}  // namespace

std::string power_secret_key(std::string_view host) {
  return fmt::format("host-power/{}", host);
}

Result<void> set_power(const Settings& settings, Change& change, model::Host& host,
                       const model::HostChange& wish) {
  if (!wish.power && !wish.power_password && !wish.power_fingerprint) return {};
  auto before = host;
  if (wish.power) host.power = *wish.power == "none" ? "" : *wish.power;
  if (wish.power_fingerprint)
    host.power_fingerprint = http::normal_fingerprint(*wish.power_fingerprint);
  if (host.power.empty()) {
    host.power_tried = false;
    return forget_power(change, host, wish);
  }
  auto address = power::parse_address(host.power);
  if (!address) return fail_field("/power", address.error().message);
  host.power = power::to_string(*address);
  if (!address->is_controller()) {
    if (host.power != before.power) host.power_tried = false;
    return forget_power(change, host, wish);
  }
  bool redfish = address->kind == power::Address::Kind::redfish;
  if (!redfish) host.power_fingerprint.clear();
  if (redfish && !is_sha256(host.power_fingerprint))
    return fail_field("/power_fingerprint", "is to be the SHA-256 of its certificate, 64 digits");
  bool other = host.power != before.power || host.power_fingerprint != before.power_fingerprint;
  if (!other && !wish.power_password) return {};
  if (!wish.power_password)
    return fail_field("/power_password",
                      "has to be given again: it is not shown to another controller");
  TRY_VOID(check_made(host, *address, *wish.power_password));
  if (other) {
    host.power_tried = false;
    host.wake_seconds = 0;
  }
  return seal_password(settings, change, host, *wish.power_password);
}

Async<Result<void>> check_fingerprint(Rooms& rooms, model::Host host, model::HostChange wish) {
  if (!wish.power || wish.power_fingerprint) co_return Result<void>{};
  auto address = power::parse_address(*wish.power);
  bool redfish = address && address->kind == power::Address::Kind::redfish;
  bool same = redfish && power::to_string(*address) == host.power;
  if (!redfish || same) co_return Result<void>{};
  auto url = power::url_of(*address);
  auto shown = co_await within(longest_look, http::server_fingerprint(rooms.loop, url), url);
  if (!shown)
    co_return fail_field(
        "/power", fmt::format("its certificate cannot be looked at: {}", shown.error().message));
  co_return fail_field(
      "/power_fingerprint",
      fmt::format("is needed; {} shows {}: compare that with what the controller says of itself, "
                  "and give it",
                  url, *shown));
}

Async<Result<std::unique_ptr<power::PowerControl>>> open_control(asio::any_io_executor loop,
                                                                 Ledger& ledger,
                                                                 const Settings& settings,
                                                                 model::Host host) {
  if (host.power.empty())
    co_return fail(Code::precondition,
                   "'{}' has no power control: truce host set {} --power says what switches it",
                   host.name, host.name);
  CO_TRY(auto address, power::parse_address(host.power));
  SecretPtr password;
  if (address.is_controller()) {
    CO_TRY(auto entry, co_await ledger.store().get(power_secret_key(host.name)));
    if (!entry || settings.seals == nullptr)
      co_return fail(Code::precondition,
                     "the password for the controller of '{}' is not there: truce host set {} "
                     "--power-password-file gives it",
                     host.name, host.name);
    CO_TRY(password, settings.seals->open(entry->value, place_of(host)));
  }
  if (settings.power_control) co_return settings.power_control(host, std::move(password));
  co_return power::make_control(loop, address, host.power_fingerprint, std::move(password));
}

}  // namespace truce::manager
