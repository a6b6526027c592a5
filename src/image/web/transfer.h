// One connection to a web server, through libcurl.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>

#include "image/http_file.h"
#include "web/answer.h"
#include "web/trust.h"

namespace truce::image::web {

/// Where requests go.
struct Address {
  std::string url;     ///< without credentials
  std::string name;    ///< for messages: without the query, too
  std::string origin;  ///< scheme, host and port
  std::string host;    ///< as in the URL
  std::uint16_t port = 0;
  bool tls = false;
  std::string user, password;  ///< decoded
};
/// Code::invalid, which does not repeat the text, when it is not an http or https URL.
Result<Address> parse_address(const std::string& url);

/// What all connections share. Outlives them.
struct Access {
  HttpFileOptions options;
  Trust trust;
  std::string home;  ///< origin of the first server: credentials go there
  std::string user, password;
  std::string pinned;  ///< `HOST:PORT:ADDRESS`: names are not looked up again
};

/// Does one request at a time.
class Transfer {
 public:
  static Result<std::unique_ptr<Transfer>> make(const Access& access);

  struct Got {
    Answer answer;
    std::size_t length = 0;  ///< of what came; all, but for the first answer of a short object
    std::string redirect;    ///< where the answer is a redirection
  };
  /// Reads as many bytes as `into` has, from `first` on. `expected` is null for the first answer.
  /// Code::io, timeout and unavailable are worth another try; Code::cancelled.
  Result<Got> get(const Address& address, std::uint64_t first, Span into, const Version* expected);
  /// The numeric address of the server that answered last.
  [[nodiscard]] std::string peer() const;

 private:
  struct Close {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, FreeList>;
  /// One request on its way.
  struct Request {
    const Access* access = nullptr;
    const Version* expected = nullptr;
    std::uint64_t first = 0;
    Span into;
    Answer answer;
    std::size_t length = 0;
    std::optional<Error> refused;  // why it was broken off
    std::chrono::steady_clock::time_point begun, last_byte;
    [[nodiscard]] Result<void> judge() const;
  };
  explicit Transfer(const Access& access) : access_(access), handle_(curl_easy_init()) {}
  Result<void> prepare();
  Result<void> aim(const Address& address, Request& request, List& headers);
  [[nodiscard]] Error failure(CURLcode code, const Address& address) const;
  static std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* request);
  static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* request);
  static int on_time(void* request, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const Access& access_;
  std::unique_ptr<CURL, Close> handle_;
  List pinned_;
  std::array<char, CURL_ERROR_SIZE> message_{};
};

}  // namespace truce::image::web
