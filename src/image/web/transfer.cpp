#include "web/transfer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "web/trust.h"

namespace truce::image::web {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t longest_page = 65536;
constexpr std::uint64_t slowest_rate = 4096;  // bytes a second, of a request as a whole

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

template <class Value>
bool set(CURL* handle, CURLoption option, Value value) {
  return curl_easy_setopt(handle, option, value) == CURLE_OK;
}

}  // namespace

Result<Address> parse_address(const std::string& text) {
  std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  auto refused = [] {
    return fail(Code::invalid, "this is no address of a web server: https://HOST/PATH");
  };
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return refused();
  auto scheme = part_of(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return refused();
  Address address;
  address.tls = scheme == "https";
  address.host = part_of(url.get(), CURLUPART_HOST);
  auto port = part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || address.host.empty()) return refused();
  address.user = part_of(url.get(), CURLUPART_USER, CURLU_URLDECODE);
  address.password = part_of(url.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
  address.origin = fmt::format("{}://{}:{}", scheme, address.host, address.port);
  auto path = part_of(url.get(), CURLUPART_PATH);
  auto query = part_of(url.get(), CURLUPART_QUERY);
  auto given_port = part_of(url.get(), CURLUPART_PORT);
  address.name = fmt::format("{}://{}{}{}{}", scheme, address.host, given_port.empty() ? "" : ":",
                             given_port, path);
  address.url = query.empty() ? address.name : address.name + "?" + query;
  if (!query.empty()) address.name += "?...";
  return address;
}

Result<std::unique_ptr<Transfer>> Transfer::make(const Access& access) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  std::unique_ptr<Transfer> made(new Transfer(access));
  if (ready != CURLE_OK || !made->handle_) return fail(Code::internal, "libcurl does not start");
  TRY_VOID(made->prepare());
  return made;
}

Result<void> Transfer::prepare() {
  auto* handle = handle_.get();
  const auto& options = access_.options;
  bool good = set(handle, CURLOPT_NOSIGNAL, 1L) &&
              set(handle, CURLOPT_PROTOCOLS_STR, "http,https") &&
              set(handle, CURLOPT_FOLLOWLOCATION, 0L) && set(handle, CURLOPT_PROXY, "") &&
              set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) &&
              set(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)) &&
              set(handle, CURLOPT_USERAGENT, "truce/" TRUCE_VERSION) &&
              set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect.count())) &&
              set(handle, CURLOPT_BUFFERSIZE, 256L * 1024) &&
              set(handle, CURLOPT_ERRORBUFFER, message_.data()) &&
              set(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_header) &&
              set(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_body) &&
              set(handle, CURLOPT_XFERINFOFUNCTION, &Transfer::on_time) &&
              set(handle, CURLOPT_NOPROGRESS, 0L);
  good = good && trust(handle, access_.trust);
  if (!good) return fail(Code::internal, "libcurl refuses an option");
  return {};
}

Result<void> Transfer::aim(const Address& address, Request& request, List& headers) {
  auto* handle = handle_.get();
  auto add = [&](const std::string& line) {
    auto* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer != nullptr && headers == nullptr) headers.reset(longer);
    return longer != nullptr;
  };
  bool good = add("Accept-Encoding: identity");
  if (request.expected != nullptr && request.expected->strong())
    good = good && add("If-Match: " + request.expected->etag);
  bool home = address.origin == access_.home;
  if (home) {
    for (const auto& line : access_.options.headers) good = good && add(line);
  }
  auto range = fmt::format("{}-{}", request.first, request.first + request.into.size() - 1);
  good = good && set(handle, CURLOPT_URL, address.url.c_str()) &&
         set(handle, CURLOPT_RANGE, range.c_str()) &&
         set(handle, CURLOPT_HTTPHEADER, headers.get()) &&
         set(handle, CURLOPT_HEADERDATA, &request) && set(handle, CURLOPT_WRITEDATA, &request) &&
         set(handle, CURLOPT_XFERINFODATA, &request);
  bool known = home && !access_.user.empty();
  good = good && set(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC)) &&
         set(handle, CURLOPT_USERNAME, known ? access_.user.c_str() : nullptr) &&
         set(handle, CURLOPT_PASSWORD, known ? access_.password.c_str() : nullptr);
  if (good && !access_.pinned.empty() && !pinned_) {
    pinned_.reset(curl_slist_append(nullptr, access_.pinned.c_str()));
    good = set(handle, CURLOPT_RESOLVE, pinned_.get());
  }
  if (!good) return fail(Code::internal, "libcurl refuses an option");
  return {};
}

Result<void> Transfer::Request::judge() const {
  if (answer.redirects() && expected == nullptr) return {};
  return answer.check(first, first + into.size() - 1, expected);
}

std::size_t Transfer::on_header(char* bytes, std::size_t, std::size_t count, void* data) {
  static_cast<Request*>(data)->answer.add({bytes, count});
  return count;
}

// Only what was asked for gets into the caller's memory. 0 breaks the request off.
std::size_t Transfer::on_body(char* bytes, std::size_t, std::size_t count, void* data) {
  auto& request = *static_cast<Request*>(data);
  if (request.answer.redirects() && request.expected == nullptr) {
    request.length += count;  // a page for people
    return request.length <= longest_page ? count : 0;
  }
  if (request.length == 0) {
    auto judged = request.judge();
    if (!judged) request.refused = std::move(judged).error();
  }
  if (!request.refused && count > request.into.size() - request.length)
    request.refused = Error{Code::corrupt, "the server sends more than was asked for", {}};
  if (request.refused) return 0;
  std::memcpy(request.into.data() + request.length, bytes, count);
  request.length += count;
  request.last_byte = Clock::now();
  return count;
}

int Transfer::on_time(void* data, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& request = *static_cast<Request*>(data);
  const auto& options = request.access->options;
  if (options.cancelled != nullptr && *options.cancelled) {
    request.refused = Error{Code::cancelled, "cancelled", {}};
    return 1;
  }
  auto now = Clock::now();
  auto whole = options.stalled + std::chrono::seconds(request.into.size() / slowest_rate);
  if (now - request.last_byte <= options.stalled && now - request.begun <= whole) return 0;
  request.refused =
      Error{Code::timeout, fmt::format("no answer within {} ms", options.stalled.count()), {}};
  return 1;
}

Error Transfer::failure(CURLcode code, const Address& address) const {
  auto kind = Code::io;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      kind = Code::timeout;
      break;
    case CURLE_COULDNT_RESOLVE_HOST:
      kind = Code::not_found;
      break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      kind = Code::forbidden;
      break;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      kind = Code::corrupt;
      break;
    default:
      break;
  }
  const char* said = message_[0] != '\0' ? message_.data() : curl_easy_strerror(code);
  return Error{kind, said, {}}.within(address.name);
}

Result<Transfer::Got> Transfer::get(const Address& address, std::uint64_t first, Span into,
                                    const Version* expected) {
  Request request{.access = &access_, .expected = expected, .first = first, .into = into};
  request.begun = request.last_byte = Clock::now();
  List headers;
  TRY_VOID(aim(address, request, headers));
  message_[0] = '\0';
  auto code = curl_easy_perform(handle_.get());
  set(handle_.get(), CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
  if (request.refused) return std::unexpected(std::move(*request.refused).within(address.name));
  Got got{request.answer, request.length, {}};
  if (request.answer.redirects() && expected == nullptr) {
    char* where = nullptr;
    curl_easy_getinfo(handle_.get(), CURLINFO_REDIRECT_URL, &where);
    if (where == nullptr)
      return fail(Code::corrupt, "{}: the server redirects to nowhere", address.name);
    got.redirect = where;
    return got;
  }
  if (code != CURLE_OK) return std::unexpected(failure(code, address));
  if (auto judged = request.judge(); !judged)
    return std::unexpected(std::move(judged).error().within(address.name));
  auto wanted = std::min<std::uint64_t>(into.size(), got.answer.version().total - first);
  if (request.length != wanted) {
    return fail(Code::io, "{}: the answer ends after {} of {} bytes", address.name, request.length,
                wanted);
  }
  return got;
}

std::string Transfer::peer() const {
  char* address = nullptr;
  curl_easy_getinfo(handle_.get(), CURLINFO_PRIMARY_IP, &address);
  return address == nullptr ? "" : address;
}

}  // namespace truce::image::web
