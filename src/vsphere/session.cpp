#include "session.h"

#include "platform/endpoint.h"

namespace truce::vsphere {

namespace {

constexpr auto longest_call = 120s;
constexpr std::string_view cookie_name = "vmware_soap_session=";

http::Endpoint endpoint_of(const platform::Account& account) {
  return platform::endpoint_of(account, account.url, "vCenter or ESXi");
}

// The version of the interface to speak: what is asked for here is the same since 6.7, and servers
// answer in the words of the version that they are asked in.
std::string action_of(const Service& service) {
  bool is_older = !service.api_version.empty() && service.api_version < "6.7" &&
                  service.api_version.find('.') == 1;
  return is_older ? "urn:vim25/" + service.api_version.substr(0, 3) : "urn:vim25/6.7";
}

}  // namespace

Session::Session(asio::any_io_executor loop, platform::Account account)
    : account_(std::move(account)),
      calls_(loop, endpoint_of(account_)),
      feed_(loop, endpoint_of(account_)) {}

void Session::take_cookie(const http::Response& answer) {
  auto found = answer.headers.find("set-cookie");
  if (found == answer.headers.end()) return;
  auto at = found->second.find(cookie_name);
  if (at == std::string::npos) return;
  cookie_ = found->second.substr(at, found->second.find(';', at) - at);
}

Async<Result<Answer>> Session::post(Errand errand) {
  Cutter cutter(errand.cut, errand.sink);
  auto on_piece = [&](const http::Response&, std::string piece) { return cutter.feed(piece); };
  std::map<std::string, std::string> headers = {
      {"Content-Type", "text/xml; charset=utf-8"},
      {"SOAPAction", fmt::format("\"{}\"", action_of(service_))}};
  if (!cookie_.empty()) headers["Cookie"] = cookie_;
  auto& client = errand.lane == Lane::feed ? feed_ : calls_;
  CO_TRY(auto answer, co_await client.send("POST", "/sdk", envelope(errand.call),
                                           std::move(headers), errand.longest_silence, on_piece));
  take_cookie(answer);
  constexpr int ok = 200, fault = 500;
  if (answer.status != ok && answer.status != fault) {
    auto code = answer.status == 503 ? Code::unavailable : Code::io;
    co_return fail(code, "{}: {}: the server answers {}: is that the address of vCenter or ESXi?",
                   account_.url, errand.call.method, answer.status);
  }
  auto rest = answer.status == ok ? cutter.finish() : Result<std::string>(std::move(answer.body));
  auto read = rest ? Answer::read(*rest) : Result<Answer>(std::unexpected(std::move(rest).error()));
  if (!read)
    co_return std::unexpected(
        std::move(read).error().within(fmt::format("{}: {}", account_.url, errand.call.method)));
  co_return read;
}

Async<Result<Answer>> Session::carry(Errand errand, Repeat repeat) {
  CO_TRY_VOID(co_await connect());
  int in = number_;
  auto answer = co_await post(errand);
  if (answer) co_return answer;
  if (fault_of(answer.error()) == "NotAuthenticated") {
    if (in == number_) signed_in_ = false;  // else another call has signed in meanwhile
    CO_TRY_VOID(co_await connect());
    co_return co_await post(std::move(errand));
  }
  // A connection that was kept too long: only a call that changes nothing is made again.
  if (answer.error().code == Code::unavailable && repeat == Repeat::yes)
    co_return co_await post(std::move(errand));
  co_return answer;
}

Async<Result<Answer>> Session::call(Call call, Repeat repeat) {
  co_return co_await carry({std::move(call), {}, {}, longest_call, Lane::calls}, repeat);
}

Async<Result<Answer>> Session::call(Call call, std::string cut, Cutter::Sink sink,
                                    Duration longest_silence, Lane lane) {
  co_return co_await carry(
      {std::move(call), std::move(cut), std::move(sink), longest_silence, lane}, Repeat::no);
}

Async<Result<void>> Session::connect() {
  while (signing_in_) co_await sleep_for(10ms);  // one call signs in for all
  if (signed_in_) co_return Result<void>();
  signing_in_ = true;
  struct Done {
    bool& flag;
    ~Done() { flag = false; }
  } done{signing_in_};
  co_return co_await sign_in();
}

Result<void> Session::take_service(Value content) {
  auto about = content["about"];
  Service service;
  service.name = about["name"].text();
  service.version = about["version"].text();
  service.api_version = about["apiVersion"].text();
  service.instance = about["instanceUuid"].text();
  if (service.instance.empty()) service.instance = account_.url;  // ESXi has none
  service.is_center = about["apiType"].text() == "VirtualCenter";
  service.root = content["rootFolder"].ref();
  service.sessions = content["sessionManager"].ref();
  service.views = content["viewManager"].ref();
  service.collector = content["propertyCollector"].ref();
  if (service.sessions.value.empty() || service.views.value.empty() ||
      service.collector.value.empty())
    return fail(Code::unsupported, "{}: the server is no vCenter or ESXi", account_.url);
  service_ = std::move(service);
  return {};
}

Async<Result<void>> Session::sign_in() {
  auto errand = [](Call call) {
    return Errand{std::move(call), {}, {}, longest_call, Lane::calls};
  };
  cookie_.clear();
  CO_TRY(auto found,
         co_await post(errand({"RetrieveServiceContent", {"ServiceInstance", "ServiceInstance"}})));
  CO_TRY_VOID(take_service(found.returned()));
  auto password = account_.password ? account_.password->text() : std::string_view();
  auto answer =
      co_await post(errand({"Login", service_.sessions,
                            to_xml("userName", account_.user) + to_xml("password", password)}));
  if (!answer) {
    if (fault_of(answer.error()) == "InvalidLogin")
      co_return fail(Code::unauthenticated, "{}: user or password of {} is not right", account_.url,
                     account_.user);
    co_return std::unexpected(std::move(answer).error());
  }
  signed_in_ = true;
  ++number_;
  co_return Result<void>();
}

Async<Result<ObjectUpdate>> Session::read(Ref object, std::vector<std::string> paths) {
  auto set = to_xml("type", object.type);
  for (const auto& path : paths) set += to_xml("pathSet", path);
  std::optional<ObjectUpdate> found;
  auto sink = [&](std::string_view element) -> Result<void> {
    TRY(found, read_object(element));
    return {};
  };
  Call retrieve{"RetrievePropertiesEx", service_.collector,
                fmt::format("<specSet><propSet>{}</propSet><objectSet>{}</objectSet></specSet>"
                            "<options/>",
                            set, to_xml("obj", object))};
  CO_TRY_VOID(co_await connect());
  retrieve.self = service_.collector;
  CO_TRY_VOID(co_await carry({retrieve, "objects", sink, longest_call, Lane::calls}, Repeat::yes));
  if (!found) co_return fail(Code::not_found, "there is no {} {}", object.type, object.value);
  co_return *std::move(found);
}

Async<void> Session::close() {
  constexpr auto longest_goodbye = 5s;
  if (!signed_in_) co_return;
  signed_in_ = false;
  (void)co_await within(longest_goodbye,
                        post({{"Logout", service_.sessions}, {}, {}, longest_goodbye, Lane::calls}),
                        "sign out");
  cookie_.clear();
}

}  // namespace truce::vsphere
