#include "session.h"

#include <boost/url.hpp>

#include "base/base64.h"
#include "base/random.h"
#include "base/text.h"
#include "negotiate.h"
#include "platform/endpoint.h"

namespace truce::hyperv {

namespace {

constexpr auto longest_call = 120s;
constexpr auto target = "/wsman";
constexpr int ok = 200, not_signed_in = 401, fault = 500, away = 503;

std::string with_port(const std::string& url) {
  auto parsed = boost::urls::parse_uri(url);
  return parsed && !parsed->has_port() ? url + ":5986" : url;
}

http::Endpoint endpoint_of(const platform::Account& account, const std::string& url) {
  auto endpoint = platform::endpoint_of(account, url, "Hyper-V's WinRM for HTTPS");
  endpoint.largest_answer = mib(4);
  return endpoint;
}

/// What follows the name of a scheme, in small letters, among those that `WWW-Authenticate` lists;
/// none: it is not listed.
std::optional<std::string> offer(const http::Response& answer, std::string_view scheme) {
  auto found = answer.headers.find("www-authenticate");
  if (found == answer.headers.end()) return {};
  std::string_view rest = found->second;
  while (!rest.empty()) {
    auto comma = std::min(rest.find(','), rest.size());
    auto one = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    auto space = std::min(one.find(' '), one.size());
    if (lower_case(one.substr(0, space)) != scheme) continue;
    return std::string(one.substr(std::min(space + 1, one.size())));
  }
  return {};
}

}  // namespace

/// One connection, whose messages go one after the other: it is the connection that is signed in.
class Session::Line {
 public:
  Line(asio::any_io_executor loop, const platform::Account& account, const std::string& url)
      : account_(account), url_(url), client_(std::move(loop), endpoint_of(account_, url)) {}

  Async<Result<http::Response>> post(std::string body) {
    while (busy_) co_await sleep_for(5ms);
    busy_ = true;
    struct Free {
      bool& busy;
      ~Free() { busy = false; }
    } free{busy_};
    CO_TRY(auto answer, co_await exchange(body, basic_));
    if (answer.status != not_signed_in) co_return answer;
    co_return co_await sign_in(std::move(body), std::move(answer));
  }

 private:
  Async<Result<http::Response>> exchange(std::string body, std::string authorization) {
    std::map<std::string, std::string> headers = {
        {"Content-Type", "application/soap+xml;charset=UTF-8"}, {"User-Agent", "truce"}};
    if (!authorization.empty()) headers["Authorization"] = std::move(authorization);
    co_return co_await client_.send("POST", target, std::move(body), std::move(headers));
  }

  Async<Result<http::Response>> sign_in(std::string body, http::Response refused) {
    bool was_basic = !basic_.empty();
    basic_.clear();
    if (offer(refused, "negotiate")) co_return co_await negotiate(std::move(body));
    if (!offer(refused, "basic"))
      co_return fail(Code::unauthenticated,
                     "{}: the server offers neither Negotiate nor Basic to sign in by: switch "
                     "Negotiate on there (winrm/config/service/auth)",
                     url_);
    if (was_basic) co_return wrong_password();
    auto password = account_.password ? account_.password->text() : std::string_view();
    auto basic = "Basic " + base64_encode(fmt::format("{}:{}", account_.user, password));
    CO_TRY(auto answer, co_await exchange(std::move(body), basic));
    if (answer.status == not_signed_in) co_return wrong_password();
    basic_ = std::move(basic);
    co_return answer;
  }

  // Tokens of NTLM as they are, as WinRM takes them under this name, too ([MS-WSMV] 2.2.1).
  Async<Result<http::Response>> negotiate(std::string body) {
    CO_TRY(auto negotiation, Negotiation::begin(account_.user, account_.password));
    CO_TRY(auto first, negotiation.step({}));
    CO_TRY(auto challenged, co_await exchange({}, "Negotiate " + base64_encode(first)));
    auto token = offer(challenged, "negotiate");
    if (challenged.status != not_signed_in || !token || token->empty())
      co_return fail(Code::unauthenticated, "{}: the server does not sign {} in by NTLM", url_,
                     account_.user);
    CO_TRY(auto received, base64_decode(*token));
    CO_TRY(auto second, negotiation.step(received));
    CO_TRY(auto answer, co_await exchange(std::move(body), "Negotiate " + base64_encode(second)));
    if (answer.status == not_signed_in) co_return wrong_password();
    co_return answer;
  }

  [[nodiscard]] std::unexpected<Error> wrong_password() const {
    return fail(Code::unauthenticated, "{}: user or password of {} is not right", url_,
                account_.user);
  }

  const platform::Account& account_;
  const std::string& url_;
  http::Client client_;
  std::string basic_;  ///< what is sent with each message then: a secret
  bool busy_ = false;
};

Session::Session(asio::any_io_executor loop, platform::Account account)
    : account_(std::move(account)),
      url_(with_port(account_.url)),
      calls_(std::make_unique<Line>(loop, account_, url_)),
      feed_(std::make_unique<Line>(loop, account_, url_)) {}

Session::~Session() = default;

Async<Result<Reply>> Session::send(Message message, Lane lane, Repeat repeat) {
  auto& line = lane == Lane::calls ? *calls_ : *feed_;
  auto what = message.action.substr(message.action.rfind('/') + 1);
  auto once = [&] {
    return within(longest_call, line.post(envelope(message, url_ + target, random_uuid())),
                  url_ + ": " + what);
  };
  auto sent = co_await once();
  if (!sent && sent.error().code == Code::unavailable && repeat == Repeat::yes)
    sent = co_await once();
  if (!sent && sent.error().code == Code::unavailable) forget();
  CO_TRY(auto answer, std::move(sent));
  if (answer.status != ok && answer.status != fault)
    co_return fail(answer.status == away ? Code::unavailable : Code::io,
                   "{}: {}: the server answers {}: is that WinRM's address?", url_, what,
                   answer.status);
  auto reply = Reply::read(answer.body);
  if (!reply)
    co_return std::unexpected(std::move(reply).error().within(fmt::format("{}: {}", url_, what)));
  co_return reply;
}

// Another host may be there when something is again.
void Session::forget() {
  host_ = {};
  services_.clear();
}

Async<Result<Instances>> Session::query(std::string_view scope, std::string query, Lane lane) {
  constexpr std::size_t most = 200'000;
  CO_TRY(auto reply, co_await send(enumerate(scope, query), lane, Repeat::yes));
  CO_TRY(auto page, read_page(reply));
  auto found = std::move(page.items);
  while (!page.context.empty()) {
    CO_TRY(auto more, co_await send(pull(scope, page.context), lane, Repeat::no));
    CO_TRY(page, read_page(more));
    if (page.items.empty() && !page.context.empty())
      co_return fail(Code::corrupt, "{}: {}: the server goes on without end", url_, query);
    std::ranges::move(page.items, std::back_inserter(found));
    if (found.size() > most)
      co_return fail(Code::limit, "{}: {}: there are more than {}", url_, query, most);
  }
  co_return found;
}

Async<Result<Instance>> Session::get(std::string_view scope, Reference self) {
  CO_TRY(auto reply, co_await send(hyperv::get(scope, std::move(self)), Lane::calls, Repeat::yes));
  co_return Instance(reply.body());
}

Async<Result<Instance>> Session::call(std::string_view scope, Reference self, std::string method,
                                      std::vector<Parameter> parameters, Lane lane, Repeat repeat) {
  CO_TRY(auto reply,
         co_await send(hyperv::invoke(scope, std::move(self), method, parameters), lane, repeat));
  Instance output(reply.body());
  if (output.class_name() != method + "_OUTPUT" || output.text("ReturnValue").empty())
    co_return fail(Code::corrupt, "{}: {}: the answer is none", url_, method);
  co_return output;
}

Async<Result<Instance>> Session::invoke(std::string_view scope, Reference self, std::string method,
                                        std::vector<Parameter> parameters) {
  constexpr std::int64_t done = 0, begun = 4096;
  CO_TRY(auto output, co_await call(scope, std::move(self), method, std::move(parameters),
                                    Lane::calls, Repeat::no));
  auto value = output.number("ReturnValue");
  if (value != done && value != begun) co_return std::unexpected(refusal(method, value));
  if (value == begun) CO_TRY_VOID(co_await wait_for(output.reference("Job"), method));
  co_return output;
}

Async<Result<Reference>> Session::find_service(std::string class_name, Lane lane) {
  if (auto known = services_.find(class_name); known != services_.end()) co_return known->second;
  CO_TRY(auto found, co_await query(virtualization, "SELECT * FROM " + class_name, lane));
  if (found.empty()) co_return fail(Code::unsupported, "{}: there is no {}", url_, class_name);
  Reference self{class_name, {}};
  for (const auto* key : {"SystemCreationClassName", "SystemName", "CreationClassName", "Name"})
    self.keys[key] = found.front().text(key);
  services_[class_name] = self;
  co_return self;
}

Async<Result<Instance>> Session::invoke(std::string service, std::string method,
                                        std::vector<Parameter> parameters) {
  CO_TRY(auto self, co_await find_service(std::move(service), Lane::calls));
  co_return co_await invoke(virtualization, std::move(self), std::move(method),
                            std::move(parameters));
}

Async<Result<Instance>> Session::disk_setting(std::string path, Lane lane) {
  const std::string method = "GetVirtualHardDiskSettingData";
  std::vector<Parameter> parameters{text("Path", path)};
  CO_TRY(auto self, co_await find_service("Msvm_ImageManagementService", lane));
  CO_TRY(auto output, co_await call(virtualization, std::move(self), method, std::move(parameters),
                                    lane, Repeat::yes));
  if (auto value = output.number("ReturnValue"); value != 0)
    co_return std::unexpected(refusal(method, value));
  co_return read_embedded(output.text("SettingData"));
}

Async<Result<void>> Session::wait_for(Reference job, std::string method) {
  constexpr std::int64_t completed = 7, warned = 32768, terminated = 8, killed = 9, exception = 10;
  constexpr Duration longest_pause = 1s;
  if (!job) co_return fail(Code::corrupt, "{}: {}: the server names no job", url_, method);
  for (Duration pause = 50ms;; pause = std::min(longest_pause, pause * 2)) {
    auto seen = co_await get(virtualization, job);
    if (!seen && seen.error().code == Code::not_found)
      co_return fail(
          Code::unavailable,
          "{}: {}: the server knows nothing of it any more: whether it took effect shows", url_,
          method);
    CO_TRY(auto known, std::move(seen));
    auto state = known.number("JobState");
    bool ended = state == completed || state == warned;
    if (ended && known.number("ErrorCode") == 0) co_return Result<void>();
    if (state == terminated || state == killed)
      co_return fail(Code::cancelled, "{}: {}: it was called off there", url_, method);
    if (ended || state == exception)
      co_return std::unexpected(
          refusal(method, known.number("ErrorCode"), known.text("ErrorDescription")));
    co_await sleep_for(pause);
  }
}

Async<Result<void>> Session::connect() {
  if (!host_.id.empty()) co_return Result<void>();
  auto service = co_await query(virtualization,
                                "SELECT Name FROM Msvm_VirtualSystemManagementService", Lane::feed);
  if (!service && service.error().code == Code::unsupported)
    co_return fail(Code::unsupported, "{}: this host has no Hyper-V: {}", url_,
                   service.error().message);
  CO_TRY_VOID(std::move(service));
  auto first = [&](std::string_view text) -> Async<Result<Instance>> {
    CO_TRY(auto found, co_await query(windows, std::string(text), Lane::feed));
    co_return found.empty() ? Instance() : std::move(found.front());
  };
  CO_TRY(auto board, co_await first("SELECT UUID FROM Win32_ComputerSystemProduct"));
  CO_TRY(auto computer, co_await first("SELECT Name FROM Win32_ComputerSystem"));
  CO_TRY(auto release, co_await first("SELECT Caption, Version FROM Win32_OperatingSystem"));
  HostWords words{board.guid("UUID"), computer.text("Name"), release.text("Caption"),
                  release.text("Version")};
  if (words.id.empty() || words.name.empty())
    co_return fail(Code::corrupt, "{}: the host has no id or no name", url_);
  if (words.release.empty()) words.release = "Windows";
  if (words.version.empty()) words.version = "unknown";
  host_ = std::move(words);
  co_return Result<void>();
}

}  // namespace truce::hyperv
