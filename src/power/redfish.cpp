#include <string.h>

#include <boost/json.hpp>

#include "base/base64.h"
#include "http/client.h"
#include "redfish_answers.h"

namespace truce::power {
namespace {

constexpr Bytes largest_answer = mib(1);
constexpr Duration longest_answer = std::chrono::seconds(30);

/// Signs in with each request (basic): sessions are few on small controllers, and one that is not
/// given back locks others out.
class RedfishControl final : public PowerControl {
 public:
  RedfishControl(asio::any_io_executor loop, Redfish address)
      : address_(std::move(address)),
        client_(std::move(loop), {.url = address_.url,
                                  .fingerprint = address_.fingerprint,
                                  .token = {},
                                  .certificate = {},
                                  .key = {},
                                  .largest_answer = largest_answer}) {}

  Async<Result<PowerState>> state() override {
    auto action = co_await look();
    if (!action) co_return std::unexpected(std::move(action).error());
    co_return action->state;
  }

  Async<Result<void>> wake() override {
    auto action = co_await look();
    if (!action) co_return std::unexpected(std::move(action).error());
    if (action->state == PowerState::on) co_return Result<void>();
    co_return co_await order(*std::move(action), PowerState::on, Off::orderly);
  }

  Async<Result<void>> off(Off how) override {
    auto action = co_await look();
    if (!action) co_return std::unexpected(std::move(action).error());
    if (action->state == PowerState::off) co_return Result<void>();
    co_return co_await order(*std::move(action), PowerState::off, how);
  }

 private:
  [[nodiscard]] std::map<std::string, std::string> fields() const {
    auto both = fmt::format("{}:{}", address_.user, address_.password->text());
    std::map<std::string, std::string> fields{{"Authorization", "Basic " + base64_encode(both)},
                                              {"Accept", "application/json"},
                                              {"OData-Version", "4.0"}};
    explicit_bzero(both.data(), both.size());
    return fields;
  }

  Async<Result<std::string>> ask(std::string method, std::string target, std::string body = {}) {
    auto answer = co_await within(
        longest_answer, client_.send(std::move(method), target, std::move(body), fields()),
        address_.url);
    if (!answer) co_return std::unexpected(std::move(answer).error());
    if (answer->status >= 200 && answer->status < 300) co_return std::move(answer->body);
    auto said = read_error(answer->body);
    if (said.empty()) said = "it does not say why";
    if (answer->status == 401)
      co_return fail(Code::forbidden, "{}: it refuses this user or password", address_.url);
    auto code = answer->status == 403   ? Code::forbidden
                : answer->status == 404 ? Code::not_found
                : answer->status >= 500 ? Code::unavailable
                                        : Code::precondition;
    co_return fail(code, "{}{}: status {}: {}", address_.url, target, answer->status, said);
  }

  // The system's address, once it is known.
  Async<Result<std::string>> system() {
    if (!address_.system.empty()) co_return address_.system;
    auto text = co_await ask("GET", "/redfish/v1/Systems");
    if (!text) co_return std::unexpected(std::move(text).error());
    auto members = read_members(*text);
    if (!members) co_return std::unexpected(std::move(members).error().within(address_.url));
    if (members->size() != 1)
      co_return fail(Code::precondition,
                     "{}: it has {} systems: say which one is meant, such as {}", address_.url,
                     members->size(),
                     members->empty() ? "/redfish/v1/Systems/1" : members->front());
    address_.system = members->front();
    co_return address_.system;
  }

  Async<Result<ResetAction>> look() {
    auto where = co_await system();
    if (!where) co_return std::unexpected(std::move(where).error());
    auto text = co_await ask("GET", *where);
    if (!text) co_return std::unexpected(std::move(text).error());
    auto action = read_system(*text);
    if (!action) co_return std::unexpected(std::move(action).error().within(address_.url));
    co_return action;
  }

  Async<Result<void>> order(ResetAction action, PowerState wanted, Off how) {
    if (action.target.empty())
      co_return fail(Code::unsupported, "{}: it cannot switch the power of this system",
                     address_.url);
    if (action.allowed.empty() && !action.more.empty()) {
      auto text = co_await ask("GET", action.more);
      auto allowed = text ? read_action_info(*text) : Result<std::vector<std::string>>();
      if (!text) co_return std::unexpected(std::move(text).error());
      if (!allowed) co_return std::unexpected(std::move(allowed).error().within(address_.url));
      action.allowed = *std::move(allowed);
    }
    auto type = wanted == PowerState::on ? reset_type_for_on(action.allowed)
                                         : reset_type_for_off(action.allowed, how);
    if (!type) co_return std::unexpected(std::move(type).error().within(address_.url));
    auto body = boost::json::serialize(boost::json::object{{"ResetType", *type}});
    auto done = co_await ask("POST", action.target, std::move(body));
    if (!done) co_return std::unexpected(std::move(done).error());
    co_return Result<void>();
  }

  Redfish address_;
  http::Client client_;
};

}  // namespace

Result<std::unique_ptr<PowerControl>> make_control(asio::any_io_executor loop, Redfish address) {
  if (!address.url.starts_with("https://"))
    return fail(Code::invalid, "'{}' does not begin with https://", address.url);
  if (address.fingerprint.size() != 64)
    return fail(Code::invalid,
                "{}: its certificate's SHA-256 has to be given, 64 hexadecimal digits",
                address.url);
  if (!address.password || address.user.empty() || address.user.contains(':'))
    return fail(Code::invalid, "{}: a user (without ':') and a password are needed", address.url);
  if (!address.system.empty() && !is_own_address(address.system))
    return fail(Code::invalid, "'{}' is not the address of a system, such as /redfish/v1/Systems/1",
                address.system);
  return std::make_unique<RedfishControl>(std::move(loop), std::move(address));
}

}  // namespace truce::power
