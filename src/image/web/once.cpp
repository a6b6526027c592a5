#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "base/file.h"
#include "image/http_once.h"
#include "image/in_order.h"
#include "stream/pipe.h"
#include "web/transfer.h"

namespace truce::image {
namespace {

using Clock = std::chrono::steady_clock;

/// Bytes on their way, one way.
struct Passing {
  const HttpOnceOptions* options = nullptr;
  int fd = -1;
  CURL* handle = nullptr;
  const std::atomic<bool>* left = nullptr;  ///< nobody wants them any more
  std::uint64_t bytes = 0;
  curl_off_t moved = 0;
  Clock::time_point last = Clock::now();
  std::optional<Error> failed;
};

std::size_t more(char* into, std::size_t, std::size_t room, void* data) {
  auto& passing = *static_cast<Passing*>(data);
  while (true) {
    auto got = ::read(passing.fd, into, room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      passing.failed = fail_errno(errno, "what is to be sent").error();
      return CURL_READFUNC_ABORT;
    }
    passing.last = Clock::now();  // who gives it may take their time
    passing.bytes += static_cast<std::size_t>(got);
    return static_cast<std::size_t>(got);
  }
}

long status_of(CURL* handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::size_t keep(char* bytes, std::size_t, std::size_t count, void* data) {
  auto& passing = *static_cast<Passing*>(data);
  if (status_of(passing.handle) != 200) return count;  // what it says about an error
  for (std::size_t at = 0; at < count;) {
    auto done = ::write(passing.fd, bytes + at, count - at);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      passing.failed = fail_errno(errno, "what has come").error();
      return CURL_WRITEFUNC_ERROR;
    }
    at += static_cast<std::size_t>(done);
  }
  passing.last = Clock::now();  // who takes it may take their time
  passing.bytes += count;
  return count;
}

std::size_t drop(char*, std::size_t, std::size_t count, void*) {
  return count;
}

int look(void* data, curl_off_t, curl_off_t came, curl_off_t, curl_off_t went) {
  auto& passing = *static_cast<Passing*>(data);
  const auto& options = *passing.options;
  bool off = (options.cancelled != nullptr && *options.cancelled) ||
             (passing.left != nullptr && *passing.left);
  if (off) passing.failed = Error{Code::cancelled, "cancelled", {}};
  if (came + went != passing.moved) {
    passing.moved = came + went;
    passing.last = Clock::now();
  }
  if (Clock::now() - passing.last > options.stalled)
    passing.failed = Error{Code::timeout, "the server is silent", {}};
  return passing.failed ? 1 : 0;
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

/// What a request is made of.
struct Request {
  std::string url;
  std::string method;  ///< empty: its answer is what is wanted
  std::optional<std::uint64_t> length;
  std::vector<const char*> headers;  ///< besides those of the options
};

template <class Value>
bool set(CURL* handle, CURLoption option, Value value) {
  return curl_easy_setopt(handle, option, value) == CURLE_OK;
}

bool aim_body(CURL* handle, const Request& request, Passing& passing) {
  if (request.method.empty())
    return set(handle, CURLOPT_WRITEFUNCTION, &keep) && set(handle, CURLOPT_WRITEDATA, &passing);
  return set(handle, CURLOPT_UPLOAD, 1L) &&
         set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str()) &&
         (!request.length ||
          set(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*request.length))) &&
         set(handle, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024) &&
         set(handle, CURLOPT_READFUNCTION, &more) && set(handle, CURLOPT_READDATA, &passing) &&
         set(handle, CURLOPT_WRITEFUNCTION, &drop);
}

bool aim(CURL* handle, const web::Address& address, Passing& passing, const web::Trust& trust,
         curl_slist* headers) {
  return set(handle, CURLOPT_URL, address.url.c_str()) && set(handle, CURLOPT_NOSIGNAL, 1L) &&
         set(handle, CURLOPT_PROTOCOLS_STR, "http,https") && set(handle, CURLOPT_PROXY, "") &&
         set(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)) &&
         set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) &&
         set(handle, CURLOPT_USERAGENT, "truce/" TRUCE_VERSION) &&
         set(handle, CURLOPT_XFERINFOFUNCTION, &look) &&
         set(handle, CURLOPT_XFERINFODATA, &passing) && set(handle, CURLOPT_NOPROGRESS, 0L) &&
         set(handle, CURLOPT_HTTPHEADER, headers) &&
         set(handle, CURLOPT_CONNECTTIMEOUT_MS,
             static_cast<long>(passing.options->connect.count())) &&
         web::trust(handle, trust);
}

Result<std::uint64_t> pass(const Request& request, Passing& passing) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const auto& options = *passing.options;
  TRY(auto address, web::parse_address(request.url));
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), &curl_easy_cleanup);
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr,
                                                                      &curl_slist_free_all);
  bool good = ready == CURLE_OK && handle != nullptr;
  auto add = [&](const char* line) {
    auto* longer = curl_slist_append(headers.get(), line);
    good = good && longer != nullptr;
    if (!headers) headers.reset(longer);
  };
  std::ranges::for_each(request.headers, add);
  for (const auto& line : options.headers) add(line.c_str());
  passing.handle = handle.get();
  auto trust = web::trust_of(options.authorities, options.fingerprint);
  if (!good || !aim(handle.get(), address, passing, trust, headers.get()) ||
      !aim_body(handle.get(), request, passing))
    return fail(Code::internal, "libcurl refuses an option");
  std::array<char, CURL_ERROR_SIZE> message{};
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, message.data());
  auto code = curl_easy_perform(handle.get());
  if (passing.failed) return std::unexpected(std::move(*passing.failed).within(address.name));
  auto status = status_of(handle.get());
  if (status >= 300) TRY_VOID(judge(status, address.name));
  if (code != CURLE_OK) {
    auto kind = code == CURLE_PEER_FAILED_VERIFICATION ? Code::forbidden : Code::unavailable;
    return fail(kind, "{}: {}", address.name,
                message[0] != 0 ? message.data() : curl_easy_strerror(code));
  }
  TRY_VOID(judge(status, address.name));
  return passing.bytes;
}

/// A pipe has no holes.
class PipeInOrder final : public InOrder {
 public:
  explicit PipeInOrder(int fd) : file_(fd, "the upload") {}
  Result<void> write(View bytes) override { return file_.write(file_.size(), bytes); }
  Result<void> hole(std::uint64_t length) override {
    return file_.write_zeroes(file_.size(), length);
  }

 private:
  PipeFile file_;
};

/// A stream out of a pipe, and the thread that fills that.
class HttpStream final : public Stream {
 public:
  HttpStream(std::string url, HttpOnceOptions options, std::optional<std::uint64_t> whole, Fd out,
             Fd in)
      : whole_(whole),
        thread_([this, url = std::move(url), options = std::move(options), in = std::move(in)] {
          Passing passing{.options = &options, .fd = in.get(), .left = &left_};
          passed_ = pass({.url = url, .method = {}, .length = {}, .headers = {}}, passing);
          ended_ = true;
        }),
        out_(std::move(out)) {}
  ~HttpStream() override { left_ = true; }  // the pipe is closed before its thread is waited for
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  Result<void> open(const std::string& name, const StreamOptions& how) {
    auto opened = open_stream(out_.get(), name, how);
    if (!opened) return std::unexpected(reason(std::move(opened).error()));
    inner_ = *std::move(opened);
    return {};
  }
  [[nodiscard]] const Description& description() const override { return inner_->description(); }
  [[nodiscard]] bool size_known() const override { return inner_->size_known(); }
  Result<std::optional<Piece>> next() override {
    auto piece = inner_->next();
    if (!piece) return std::unexpected(reason(std::move(piece).error()));
    return piece;
  }
  [[nodiscard]] Result<void> decode(const Piece& piece, Span into) const override {
    return inner_->decode(piece, into);
  }

 private:
  // Why a server has sent no more says more than that it has not. Where the answer's end is that
  // of its connection, only what is missing tells that it was cut.
  Error reason(Error seen) {
    if (!ended_) return seen;
    if (!passed_) return passed_.error();
    bool cut = whole_ && *passed_ < *whole_;
    if (cut) return fail(Code::unavailable, "{} of {} bytes have come", *passed_, *whole_).error();
    return seen;
  }

  std::atomic<bool> left_ = false, ended_ = false;
  std::optional<std::uint64_t> whole_;  ///< how many bytes it has, where that is known
  Result<std::uint64_t> passed_ = 0;    ///< once it has ended
  std::jthread thread_;
  Fd out_;
  std::unique_ptr<Stream> inner_;
};

}  // namespace

Result<std::uint64_t> http_upload(const std::string& url, const std::string& method, int from,
                                  const HttpOnceOptions& options,
                                  std::optional<std::uint64_t> length) {
  Passing passing{.options = &options, .fd = from};
  // Without a wait for the server's leave, which some never give.
  Request request{url, method, length, {"Expect:"}};
  if (!length) request.headers.push_back("Transfer-Encoding: chunked");
  return pass(request, passing);
}

Result<void> http_send(const std::string& url, const std::string& method, Image& disk,
                       const Format& as, const BuildOptions& build, const ConvertOptions& how,
                       const HttpOnceOptions& options) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  Fd out(ends[0]), in(ends[1]);
  std::optional<std::uint64_t> length;
  if (as.name == "raw") length = disk.size();
  Result<std::uint64_t> sent = 0;
  std::jthread sender([&] {
    sent = http_upload(url, method, out.get(), options, length);
    out = Fd();  // who writes hears of it
  });
  PipeInOrder pipe(in.get());
  bool stream = as.name == "vmdk";  // the only one whose tables come last
  auto write = [&]() -> Result<void> {
    TRY(auto builder, stream ? build_in_order(as, in.get(), "the upload", build)
                             : build_in_order(as, pipe, disk));
    auto in_order = how;
    in_order.durability = Builder::Durability::none;
    in_order.checkpoints = nullptr;
    TRY_VOID(convert(disk, *builder, in_order));
    return {};
  };
  auto written = write();
  in = Fd();
  sender.join();
  // Why a server has hung up says more than that it has.
  if (!written && written.error().code != Code::io) return written;
  if (!sent) return std::unexpected(std::move(sent).error());
  return written;
}

Result<std::unique_ptr<Stream>> http_stream(const std::string& url, const HttpOnceOptions& options,
                                            const StreamOptions& how) {
  TRY(auto address, web::parse_address(url));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  auto stream = std::make_unique<HttpStream>(url, options, how.size, Fd(ends[0]), Fd(ends[1]));
  TRY_VOID(stream->open(address.name, how));
  return stream;
}

}  // namespace truce::image
