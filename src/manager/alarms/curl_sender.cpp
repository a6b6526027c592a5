#include "alarms/curl_sender.h"

#include <curl/curl.h>

#include <array>
#include <cstring>
#include <memory>

#include "alarms/receivers.h"
#include "alarms/url.h"
#include "base/file.h"

namespace truce::manager {
namespace {

constexpr Duration document_limit = 10s;
constexpr Duration mail_limit = 30s;
constexpr std::size_t longest_answer = 64 * 1024;

struct Free {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, Free>;

/// One message on its way.
class Delivery {
 public:
  Delivery(const std::string& authorities, Duration limit, const std::atomic<bool>& stopped)
      : stopped_(stopped), handle_(curl_easy_init()) {
    if (!handle_) return;
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_USERAGENT, "truce/" TRUCE_VERSION);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    set(CURLOPT_ERRORBUFFER, message_.data());
    set(CURLOPT_WRITEFUNCTION, &Delivery::on_answer);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_XFERINFOFUNCTION, &Delivery::on_time);
    set(CURLOPT_XFERINFODATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    if (!authorities.empty()) set(CURLOPT_CAINFO, authorities.c_str());
  }

  template <class Value>
  void set(CURLoption option, Value value) {
    good_ = good_ && curl_easy_setopt(handle_.get(), option, value) == CURLE_OK;
  }
  /// What is sent as a body, by reading.
  void upload(std::string_view text) {
    left_ = text;
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &Delivery::on_read);
    set(CURLOPT_READDATA, this);
  }

  /// The status of the answer.
  Result<long> perform() {
    if (!handle_ || !good_) return fail(Code::internal, "libcurl refuses an option");
    auto code = curl_easy_perform(handle_.get());
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (stopped_) return fail(Code::cancelled, "truced is stopping");
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && answered_ > longest_answer))
      return status;
    auto kind = code == CURLE_OPERATION_TIMEDOUT ? Code::timeout : Code::unavailable;
    return fail(kind, "{}", message_[0] != '\0' ? message_.data() : curl_easy_strerror(code));
  }

 private:
  static std::size_t on_answer(char*, std::size_t, std::size_t count, void* data) {
    auto& self = *static_cast<Delivery*>(data);
    self.answered_ += count;
    return self.answered_ <= longest_answer ? count : 0;
  }
  static std::size_t on_read(char* into, std::size_t size, std::size_t count, void* data) {
    auto& left = static_cast<Delivery*>(data)->left_;
    auto length = std::min(left.size(), size * count);
    std::memcpy(into, left.data(), length);
    left.remove_prefix(length);
    return length;
  }
  static int on_time(void* data, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Delivery*>(data)->stopped_ ? 1 : 0;
  }

  const std::atomic<bool>& stopped_;
  std::unique_ptr<CURL, Free> handle_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  std::string_view left_;
  std::size_t answered_ = 0;
  bool good_ = true;
};

/// What is known of `smtp-server`.
struct MailServer {
  bool tls_from_the_start = false;
  bool this_machine = false;
};

bool is_this_machine(const std::string& host) {
  bool number = host.find_first_not_of("0123456789.") == host.npos;
  return host == "localhost" || host == "[::1]" || (number && host.starts_with("127."));
}

Result<MailServer> read_server(const std::string& text) {
  auto refused = [] {
    return fail(Code::invalid, "smtp-server: must be smtp://HOST:PORT or smtps://HOST:PORT");
  };
  auto url = read_url(text).value_or(Url{});
  if ((url.scheme != "smtp" && url.scheme != "smtps") || url.host.empty()) return refused();
  if (!url.user.empty() || !url.password.empty())
    return fail(Code::invalid,
                "smtp-server: a name belongs into smtp-user, a password into a file");
  if ((!url.path.empty() && url.path != "/") || !url.query.empty()) return refused();
  return MailServer{url.scheme == "smtps", is_this_machine(url.host)};
}

Result<std::string> read_password(const std::string& file) {
  TRY(auto text, read_file(file, kib(4)));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

Result<void> check_mail_settings(const MailSettings& settings) {
  if (settings.server.empty()) return {};
  TRY_VOID(read_server(settings.server));
  if (auto from = check_mail(settings.from); !from)
    return std::unexpected(std::move(from).error().within("smtp-from"));
  if (settings.user.empty() != settings.password_file.empty())
    return fail(Code::invalid, "smtp-user and smtp-password-file: give both or neither");
  return {};
}

CurlSender::CurlSender(MailSettings settings, std::string authorities)
    : settings_(std::move(settings)), authorities_(std::move(authorities)) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  TRUCE_ASSERT(ready == CURLE_OK, "libcurl starts");
}

CurlSender::~CurlSender() {
  stop();
  if (workers_) workers_->join();
}

asio::thread_pool& CurlSender::workers() {
  if (!workers_) workers_.emplace(at_once);
  return *workers_;
}

Async<Result<void>> CurlSender::post(std::string url, std::string document) {
  co_return co_await run_blocking(workers(), [&] { return post_now(url, document); });
}

Async<Result<void>> CurlSender::mail(std::string to, std::string text) {
  co_return co_await run_blocking(workers(), [&] { return mail_now(to, text); });
}

Result<void> CurlSender::post_now(const std::string& url, const std::string& document) const {
  if (stopped_) return fail(Code::cancelled, "truced is stopping");
  Delivery delivery(authorities_, document_limit, stopped_);
  List headers(curl_slist_append(nullptr, "Content-Type: application/json"));
  delivery.set(CURLOPT_PROTOCOLS_STR, "http,https");
  delivery.set(CURLOPT_URL, url.c_str());
  delivery.set(CURLOPT_HTTPHEADER, headers.get());
  delivery.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(document.size()));
  delivery.set(CURLOPT_POSTFIELDS, document.data());
  TRY(auto status, delivery.perform());
  if (status >= 200 && status < 300) return {};
  if (status >= 300 && status < 400) {
    return fail(Code::unavailable,
                "answered {}: redirections are not followed, give the URL that "
                "it leads to",
                status);
  }
  return fail(Code::unavailable, "answered {}", status);
}

Result<void> CurlSender::mail_now(const std::string& to, const std::string& text) const {
  if (stopped_) return fail(Code::cancelled, "truced is stopping");
  if (settings_.server.empty())
    return fail(Code::unavailable, "truced has no smtp-server to give mails in at");
  TRY(auto server, read_server(settings_.server));
  Delivery delivery(authorities_, mail_limit, stopped_);
  auto from = "<" + settings_.from + ">";
  List receivers(curl_slist_append(nullptr, ("<" + to + ">").c_str()));
  std::string password;
  if (!settings_.user.empty()) {
    TRY(password, read_password(settings_.password_file));
    delivery.set(CURLOPT_USERNAME, settings_.user.c_str());
    delivery.set(CURLOPT_PASSWORD, password.c_str());
  }
  // Passwords go through TLS, or do not leave this machine. Mail servers of one's own machine
  // mostly offer TLS with a certificate that nobody has signed.
  auto tls = server.this_machine                                    ? CURLUSESSL_NONE
             : server.tls_from_the_start || !settings_.user.empty() ? CURLUSESSL_ALL
                                                                    : CURLUSESSL_TRY;
  delivery.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  delivery.set(CURLOPT_URL, settings_.server.c_str());
  delivery.set(CURLOPT_USE_SSL, static_cast<long>(tls));
  delivery.set(CURLOPT_MAIL_FROM, from.c_str());
  delivery.set(CURLOPT_MAIL_RCPT, receivers.get());
  delivery.upload(text);
  TRY_VOID(delivery.perform());
  return {};
}

}  // namespace truce::manager
