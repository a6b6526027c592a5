#include "session.h"

#include "platform/endpoint.h"

namespace truce::xapi {

namespace {

constexpr auto longest_call = 120s;
constexpr auto target = "/jsonrpc";

http::Endpoint endpoint_of(const platform::Account& account, const std::string& url) {
  auto endpoint = platform::endpoint_of(account, url, "XenServer or XCP-ng");
  endpoint.largest_answer = mib(16);
  return endpoint;
}

std::map<std::string, std::string> headers() {
  return {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
}

Result<void> check_status(const http::Response& answer, const std::string& url,
                          const std::string& method) {
  constexpr int ok = 200, away = 503;
  if (answer.status == ok) return {};
  return fail(answer.status == away ? Code::unavailable : Code::io,
              "{}: {}: the server answers {}: is that the address of a XenServer or XCP-ng host?",
              url, method, answer.status);
}

/// What a host's address can be made of: it comes from a server, and becomes part of a URL.
bool is_host(std::string_view text) {
  constexpr std::size_t longest_name = 253;
  return !text.empty() && text.size() <= longest_name && !text.starts_with('-') &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view(".-:").contains(c);
         });
}

Result<json::value> read_reply(const http::Response& answer, const std::string& url,
                               const std::string& method) {
  TRY_VOID(check_status(answer, url, method));
  auto read = read_answer(answer.body);
  if (!read && code_in(read.error()).empty())
    return std::unexpected(std::move(read).error().within(fmt::format("{}: {}", url, method)));
  return read;
}

}  // namespace

std::string at_host(const std::string& url, std::string host) {
  if (!is_host(host)) return {};
  constexpr std::string_view scheme = "https://";
  auto rest = url.substr(scheme.size());
  auto end_of_address = rest.starts_with('[') ? rest.find(']') : 0;
  auto colon = rest.find(':', end_of_address == std::string::npos ? 0 : end_of_address);
  if (host.contains(':') && !host.starts_with('[')) host = "[" + host + "]";
  return std::string(scheme) + host + (colon == std::string::npos ? "" : rest.substr(colon));
}

/// Connections to one server; kept by the calls that go by them when the session goes elsewhere.
struct Session::Lines {
  Lines(const asio::any_io_executor& loop, const http::Endpoint& endpoint)
      : calls(loop, endpoint), feed(loop, endpoint) {}
  http::Client calls, feed;
};

Session::Session(asio::any_io_executor loop, platform::Account account)
    : loop_(std::move(loop)), account_(std::move(account)) {
  go_to(account_.url);
}

Session::~Session() = default;

void Session::go_to(std::string url) {
  if (url == url_) return;
  url_ = std::move(url);
  lines_ = std::make_shared<Lines>(loop_, endpoint_of(account_, url_));
}

bool Session::is_over(const Error& error) {
  return code_in(error) == "SESSION_INVALID" || code_in(error) == "HOST_IS_SLAVE";
}

void Session::forget(int in) {
  if (in == number_) signed_in_ = false;
}

Async<Result<json::value>> Session::post(Call call, std::string session) {
  auto lines = lines_;
  auto url = url_;
  auto sent = co_await within(longest_call,
                              lines->calls.send("POST", target, request(call, session), headers()),
                              url + ": " + call.method);
  CO_TRY(auto answer, std::move(sent));
  co_return read_reply(answer, url, call.method);
}

Async<Result<json::value>> Session::call(Call call, Repeat repeat) {
  CO_TRY_VOID(co_await connect());
  int in = number_;
  auto answer = co_await post(call, session_);
  if (answer) co_return answer;
  if (is_over(answer.error())) {
    forget(in);
    CO_TRY_VOID(co_await connect());
    co_return co_await post(std::move(call), session_);
  }
  if (answer.error().code != Code::unavailable || !code_in(answer.error()).empty())
    co_return answer;
  if (url_ != account_.url) {  // another member may lead now, which the given address tells
    forget(in);
    go_to(account_.url);
  }
  if (repeat == Repeat::no) co_return answer;
  CO_TRY_VOID(co_await connect());
  co_return co_await post(std::move(call), session_);
}

Async<Result<json::object>> Session::record(std::string kind, std::string ref) {
  CO_TRY(auto value, co_await call({kind + ".get_record", {to_json(ref)}}, Repeat::yes));
  if (!value.is_object()) co_return fail(Code::corrupt, "{} {} is no object", kind, ref);
  co_return std::move(value.as_object());
}

Async<Result<json::object>> Session::events(Call call, Cutter::Sink sink,
                                            Duration longest_silence) {
  CO_TRY_VOID(co_await connect());
  int in = number_;
  Cutter cutter(std::move(sink));
  auto on_piece = [&](const http::Response&, std::string piece) { return cutter.feed(piece); };
  auto lines = lines_;
  auto url = url_;
  auto sent = co_await lines->feed.send("POST", target, request(call, session_), headers(),
                                        longest_silence, on_piece);
  if (!sent && sent.error().code == Code::unavailable && url_ != account_.url) {
    forget(in);
    go_to(account_.url);
  }
  CO_TRY(auto answer, std::move(sent));
  CO_TRY_VOID(check_status(answer, url, call.method));
  CO_TRY(auto rest, cutter.finish());
  auto read = read_answer(rest);
  if (!read && is_over(read.error())) forget(in);
  CO_TRY(auto value, std::move(read));
  if (!value.is_object())
    co_return fail(Code::corrupt, "{}: {}: the answer is none", url, call.method);
  co_return std::move(value.as_object());
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

Async<Result<std::string>> Session::log_in() {
  auto password = account_.password ? account_.password->text() : std::string_view();
  Call call{"session.login_with_password",
            {to_json(account_.user), to_json(password), to_json("1.0"), to_json("truce")}};
  auto answer = co_await post(std::move(call), {});
  if (!answer) {
    if (answer.error().code == Code::unauthenticated)
      co_return fail(Code::unauthenticated, "{}: user or password of {} is not right", url_,
                     account_.user);
    co_return std::unexpected(std::move(answer).error());
  }
  if (!answer->is_string() || answer->get_string().empty())
    co_return fail(Code::corrupt, "{}: the server has given no session", url_);
  co_return std::string(answer->get_string().data(), answer->get_string().size());
}

// The password goes to another server than the one that was named: it has to be trusted by the same
// rules. A pinned certificate is one host's, as a rule; then people have to say so.
Async<Result<std::string>> Session::follow(Error member) {
  auto master = master_in(member);
  auto from = url_;
  if (!is_host(master) || from != account_.url) {
    go_to(account_.url);
    co_return fail(Code::unavailable,
                   "{}: the host is a member of a pool, and does not say which one leads", from);
  }
  auto there = at_host(from, master);
  go_to(there);
  auto session = co_await log_in();
  if (session) co_return session;
  go_to(account_.url);
  bool is_member_too = !master_in(session.error()).empty();
  auto code = is_member_too ? Code::unavailable : session.error().code;
  co_return fail(code,
                 "{} is a member of a pool that {} leads: give the address xen://{}@{} and how its "
                 "certificate is known. There: {}",
                 from, master, account_.user, there.substr(there.find("//") + 2),
                 session.error().message);
}

Async<Result<void>> Session::sign_in() {
  session_.clear();
  bool was_elsewhere = url_ != account_.url;
  auto session = co_await log_in();
  if (!session && was_elsewhere && session.error().code != Code::unauthenticated) {
    go_to(account_.url);
    session = co_await log_in();
  }
  if (!session && !master_in(session.error()).empty())
    session = co_await follow(std::move(session).error());
  CO_TRY(auto known, std::move(session));
  if (auto met = co_await get_to_know(known); !met) {
    (void)co_await post({"session.logout", {}}, known);  // a pool has only so many sessions
    co_return met;
  }
  session_ = std::move(known);
  signed_in_ = true;
  ++number_;
  co_return Result<void>();
}

Async<Result<void>> Session::get_to_know(std::string session) {
  CO_TRY(auto pools, co_await post({"pool.get_all_records", {}}, session));
  const auto* all = pools.if_object();
  const auto* pool = all && !all->empty() ? all->begin()->value().if_object() : nullptr;
  if (pool == nullptr) co_return fail(Code::corrupt, "{}: the server has no pool", url_);
  PoolWords words;
  words.id = text_at(*pool, "uuid");
  words.name = text_at(*pool, "name_label");
  words.master = ref_at(*pool, "master");
  CO_TRY(auto host, co_await post({"host.get_record", {to_json(words.master)}}, session));
  if (const auto* record = host.if_object()) {
    words.product = text_in(*record, "software_version", "product_brand");
    words.version = text_in(*record, "software_version", "product_version");
    if (words.name.empty()) words.name = text_at(*record, "name_label");
  }
  if (words.product.empty()) words.product = "XAPI";
  if (words.version.empty()) words.version = "unknown";
  if (words.id.empty()) co_return fail(Code::corrupt, "{}: the pool has no uuid", url_);
  pool_ = std::move(words);
  co_return Result<void>();
}

Async<void> Session::close() {
  constexpr auto longest_goodbye = 5s;
  if (!signed_in_) co_return;
  signed_in_ = false;
  (void)co_await within(longest_goodbye, post({"session.logout", {}}, session_), "sign out");
  session_.clear();
}

Result<json::value> ask(const platform::Account& account, const std::string& url,
                        const std::string& key, Call call) {
  asio::io_context loop;
  http::Client client(loop.get_executor(), endpoint_of(account, url));
  std::optional<Result<http::Response>> sent;
  auto send = [&]() -> Async<void> {
    sent = co_await within(longest_call, client.send("POST", target, request(call, key), headers()),
                           url + ": " + call.method);
  };
  asio::co_spawn(loop, send(), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  loop.run();
  TRY(auto answer, *std::move(sent));
  return read_reply(answer, url, call.method);
}

}  // namespace truce::xapi
