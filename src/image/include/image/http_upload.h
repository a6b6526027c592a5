// Bytes that go to a web server in order, as many as there are.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace truce::image {

struct HttpUploadOptions {
  std::string method = "POST";
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds stalled{120'000};    ///< without a byte that goes, or the answer
  std::string authorities, fingerprint;          ///< as HttpFileOptions has them
  std::vector<std::string> headers;              ///< `Name: value` lines
  const std::atomic<bool>* cancelled = nullptr;  ///< looked at about once a second
};

/// Sends all that comes out of a descriptor, a pipe, until its end: chunked (HTTP/1.1), as its
/// length is not known before; through libcurl. Nothing is sent twice and no redirection followed.
/// Any answer but 2xx is an error: Code::not_found, forbidden, unsupported (411: it wants the
/// length), conflict, else unavailable. Errors name the server, never its query. Blocks.
Result<std::uint64_t> http_upload(const std::string& url, int from,
                                  const HttpUploadOptions& options);

}  // namespace truce::image
