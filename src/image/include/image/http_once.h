// Bytes that go to a web server or come from it in order, as many as there are: through pipes, so
// the process ignores SIGPIPE.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/stream.h"

namespace truce::image {

struct HttpOnceOptions {
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds stalled{120'000};    ///< without a byte that goes or comes
  std::string authorities, fingerprint;          ///< as HttpFileOptions has them
  std::vector<std::string> headers;              ///< `Name: value` lines
  const std::atomic<bool>* cancelled = nullptr;  ///< looked at about once a second
};

/// Sends all that comes out of a descriptor, a pipe, until its end, by `method` (`POST`): so many
/// bytes as `length` says, or chunked (HTTP/1.1), as it is not known before; through libcurl.
/// Nothing is sent twice and no redirection followed. Any answer but 2xx is an error:
/// Code::not_found, forbidden, unsupported (411: it wants the length), conflict, else unavailable.
/// Errors name the server, never its query. Blocks.
Result<std::uint64_t> http_upload(const std::string& url, const std::string& method, int from,
                                  const HttpOnceOptions& options,
                                  std::optional<std::uint64_t> length = {});

/// Sends a disk as it is converted: as raw with its length, which is the disk's size; chunked as
/// qcow2 or VHDX, for which `disk` is asked for its extents first, or as streamOptimized VMDK, by
/// the options of `build`. Blocks.
Result<void> http_send(const std::string& url, const std::string& method, Image& disk,
                       const Format& as, const BuildOptions& build, const ConvertOptions& how,
                       const HttpOnceOptions& options);

/// The disk that a web server sends, from its beginning to its end: errors as http_upload() has
/// them; one that ends too soon is Code::unavailable, or Code::corrupt where nothing tells how long
/// it should be. It comes on a thread of its own, no faster than it is read. `options.cancelled`
/// outlives the stream.
Result<std::unique_ptr<Stream>> http_stream(const std::string& url, const HttpOnceOptions& options,
                                            const StreamOptions& how);

}  // namespace truce::image
