#include <unistd.h>

#include <array>
#include <cerrno>

#include "image/http_upload.h"
#include "web/transfer.h"

namespace truce::image {
namespace {

using Clock = std::chrono::steady_clock;

/// One upload on its way.
struct Sending {
  const HttpUploadOptions* options = nullptr;
  int from = -1;
  std::uint64_t sent = 0;
  curl_off_t moved = 0;
  Clock::time_point last = Clock::now();
  std::optional<Error> failed;
};

std::size_t more(char* into, std::size_t, std::size_t room, void* data) {
  auto& sending = *static_cast<Sending*>(data);
  while (true) {
    auto got = ::read(sending.from, into, room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      sending.failed = fail_errno(errno, "what is to be sent").error();
      return CURL_READFUNC_ABORT;
    }
    sending.last = Clock::now();  // who gives it may take their time
    sending.sent += static_cast<std::size_t>(got);
    return static_cast<std::size_t>(got);
  }
}

std::size_t drop(char*, std::size_t, std::size_t count, void*) {
  return count;
}

int look(void* data, curl_off_t, curl_off_t came, curl_off_t, curl_off_t went) {
  auto& sending = *static_cast<Sending*>(data);
  const auto& options = *sending.options;
  if (options.cancelled != nullptr && *options.cancelled)
    sending.failed = Error{Code::cancelled, "cancelled", {}};
  if (came + went != sending.moved) {
    sending.moved = came + went;
    sending.last = Clock::now();
  }
  if (Clock::now() - sending.last > options.stalled)
    sending.failed = Error{Code::timeout, "the server takes nothing more", {}};
  return sending.failed ? 1 : 0;
}

Result<void> judge(long status, const std::string& name) {
  if (status / 100 == 2) return {};
  auto code = Code::unavailable;
  if (status == 401 || status == 403) code = Code::forbidden;
  if (status == 404) code = Code::not_found;
  if (status == 409) code = Code::conflict;
  if (status == 411 || status == 405 || status == 501) code = Code::unsupported;
  return fail(code, "{}: the server answers {}", name, status);
}

bool aim(CURL* handle, const web::Address& address, Sending& sending, const web::Trust& trust,
         curl_slist* headers) {
  auto set = [&](CURLoption option, auto value) {
    return curl_easy_setopt(handle, option, value) == CURLE_OK;
  };
  const auto& options = *sending.options;
  return set(CURLOPT_URL, address.url.c_str()) && set(CURLOPT_NOSIGNAL, 1L) &&
         set(CURLOPT_PROTOCOLS_STR, "http,https") && set(CURLOPT_PROXY, "") &&
         set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)) &&
         set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) &&
         set(CURLOPT_USERAGENT, "truce/" TRUCE_VERSION) && set(CURLOPT_UPLOAD, 1L) &&
         set(CURLOPT_CUSTOMREQUEST, options.method.c_str()) &&
         set(CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024) && set(CURLOPT_READFUNCTION, &more) &&
         set(CURLOPT_READDATA, &sending) && set(CURLOPT_WRITEFUNCTION, &drop) &&
         set(CURLOPT_XFERINFOFUNCTION, &look) && set(CURLOPT_XFERINFODATA, &sending) &&
         set(CURLOPT_NOPROGRESS, 0L) && set(CURLOPT_HTTPHEADER, headers) &&
         set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect.count())) &&
         web::trust(handle, trust);
}

}  // namespace

Result<std::uint64_t> http_upload(const std::string& url, int from,
                                  const HttpUploadOptions& options) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  TRY(auto address, web::parse_address(url));
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), &curl_easy_cleanup);
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr,
                                                                      &curl_slist_free_all);
  bool good = ready == CURLE_OK && handle != nullptr;
  // Without a wait for the server's leave, which some never give.
  for (const auto* line : {"Expect:", "Transfer-Encoding: chunked"}) {
    auto* longer = curl_slist_append(headers.get(), line);
    good = good && longer != nullptr;
    if (!headers) headers.reset(longer);
  }
  for (const auto& line : options.headers)
    good = good && curl_slist_append(headers.get(), line.c_str()) != nullptr;
  auto trust = web::trust_of(options.authorities, options.fingerprint);
  Sending sending{.options = &options, .from = from};
  if (!good || !aim(handle.get(), address, sending, trust, headers.get()))
    return fail(Code::internal, "libcurl refuses an option");
  std::array<char, CURL_ERROR_SIZE> message{};
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, message.data());
  auto code = curl_easy_perform(handle.get());
  if (sending.failed) return std::unexpected(std::move(*sending.failed).within(address.name));
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status >= 300) TRY_VOID(judge(status, address.name));
  if (code != CURLE_OK) {
    auto kind = code == CURLE_PEER_FAILED_VERIFICATION ? Code::forbidden : Code::unavailable;
    return fail(kind, "{}: {}", address.name,
                message[0] != 0 ? message.data() : curl_easy_strerror(code));
  }
  TRY_VOID(judge(status, address.name));
  return sending.sent;
}

}  // namespace truce::image
