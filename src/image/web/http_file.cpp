#include "image/http_file.h"

#include <arpa/inet.h>

#include <algorithm>
#include <condition_variable>
#include <thread>

#include "byte_order.h"
#include "image/blocks.h"
#include "web/transfer.h"

namespace truce::image {
namespace {

using web::Address, web::Blocks, web::Transfer, web::Version;
using namespace std::chrono_literals;

constexpr unsigned most_connections = 16, most_redirections = 5;

bool worth_another_try(Code code) {
  return code == Code::io || code == Code::timeout || code == Code::unavailable;
}

bool numeric(const std::string& host) {
  in_addr ignored{};
  return host.starts_with('[') || ::inet_pton(AF_INET, host.c_str(), &ignored) == 1;
}

}  // namespace

/// The object, and the connections to its server.
class HttpFile::Core {
 public:
  static Result<std::unique_ptr<Core>> open(const std::string& url, const HttpFileOptions& options);
  Result<void> read(std::uint64_t offset, Span into);

  Address address_;
  Version version_;

 private:
  Core() = default;
  Result<void> begin(const std::string& url);
  Result<Address> redirected(const std::string& to);
  Result<void> fetch(std::uint64_t offset, Span into);
  Result<std::unique_ptr<Transfer>> take();
  void give_back(std::unique_ptr<Transfer> transfer);
  /// False when there shall be no further try.
  [[nodiscard]] bool wait_after(unsigned attempt) const;

  web::Access access_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Transfer>> idle_;
  unsigned open_ = 0;
  std::optional<Blocks> blocks_;
};

Result<std::unique_ptr<HttpFile::Core>> HttpFile::Core::open(const std::string& url,
                                                             const HttpFileOptions& options) {
  std::unique_ptr<Core> core(new Core);
  core->access_.options = options;
  core->access_.options.connections = std::clamp(options.connections, 1U, most_connections);
  TRY_VOID(core->begin(url));
  return core;
}

Result<Address> HttpFile::Core::redirected(const std::string& to) {
  auto next = web::parse_address(to);
  if (!next) {
    return fail(Code::forbidden, "{}: redirects to what is no web server: not followed",
                address_.name);
  }
  if (address_.tls && !next->tls)
    return fail(Code::forbidden, "{}: redirects from https to http: not followed", address_.name);
  return next;
}

// The first answer tells how long the object is; what it holds is where formats have their heads.
Result<void> HttpFile::Core::begin(const std::string& url) {
  TRY(address_, web::parse_address(url));
  access_.home = address_.origin;
  access_.user = address_.user;
  access_.password = address_.password;
  access_.trust = web::trust_of(access_.options.authorities, access_.options.fingerprint);
  TRY(auto transfer, Transfer::make(access_));
  std::vector<std::byte> head(Blocks::block_size);
  for (unsigned redirections = 0, attempt = 1;;) {
    auto got = transfer->get(address_, 0, head, nullptr);
    if (!got && got.error().code == Code::unavailable && wait_after(attempt++)) continue;
    if (!got) return std::unexpected(std::move(got).error());
    if (got->redirect.empty()) {
      version_ = got->answer.version();
      head.resize(got->length);
      break;
    }
    if (++redirections > most_redirections)
      return fail(Code::limit, "{}: more than {} redirections", address_.name, most_redirections);
    TRY(address_, redirected(got->redirect));
  }
  if (!numeric(address_.host)) {
    auto peer = transfer->peer();
    if (peer.find(':') != peer.npos) peer = "[" + peer + "]";
    access_.pinned = fmt::format("{}:{}:{}", address_.host, address_.port, peer);
  }
  idle_.push_back(std::move(transfer));
  open_ = 1;
  blocks_.emplace(version_.total, access_.options.cache,
                  [this](std::uint64_t offset, Span into) { return fetch(offset, into); });
  blocks_->put(0, head);
  return {};
}

Result<std::unique_ptr<Transfer>> HttpFile::Core::take() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [&] { return !idle_.empty() || open_ < access_.options.connections; });
  if (idle_.empty()) {
    TRY(auto made, Transfer::make(access_));
    ++open_;
    return made;
  }
  auto transfer = std::move(idle_.back());
  idle_.pop_back();
  return transfer;
}

void HttpFile::Core::give_back(std::unique_ptr<Transfer> transfer) {
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(transfer));
  returned_.notify_one();
}

bool HttpFile::Core::wait_after(unsigned attempt) const {
  if (attempt >= access_.options.attempts) return false;
  // 1, 2, 4 s: in short steps, so that Ctrl-C is heard.
  const auto* cancelled = access_.options.cancelled;
  for (auto left = std::min(1000ms * (1U << std::min(attempt - 1, 4U)), 10'000ms); left > 0ms;
       left -= 100ms) {
    if (cancelled != nullptr && *cancelled) return false;
    std::this_thread::sleep_for(100ms);
  }
  return true;
}

Result<void> HttpFile::Core::fetch(std::uint64_t offset, Span into) {
  TRY(auto transfer, take());
  Result<void> outcome;
  for (unsigned attempt = 1;; ++attempt) {
    auto got = transfer->get(address_, offset, into, &version_);
    if (got) break;
    outcome = std::unexpected(std::move(got).error());
    if (!worth_another_try(outcome.error().code) || !wait_after(attempt)) break;
    outcome = {};
  }
  give_back(std::move(transfer));
  return outcome;
}

Result<void> HttpFile::Core::read(std::uint64_t offset, Span into) {
  if (!inside(offset, into.size(), version_.total)) {
    return fail(Code::corrupt, "{}: a read of {} bytes at {}, it has {}", address_.name,
                into.size(), offset, version_.total);
  }
  return blocks_->read(offset, into);
}

HttpFile::HttpFile(std::unique_ptr<Core> core) : core_(std::move(core)) {}
HttpFile::~HttpFile() = default;

Result<std::shared_ptr<HttpFile>> HttpFile::open(const std::string& url,
                                                 const HttpFileOptions& options) {
  TRY(auto core, Core::open(url, options));
  return std::shared_ptr<HttpFile>(new HttpFile(std::move(core)));
}

std::string HttpFile::name() const {
  return core_->address_.name;
}
std::uint64_t HttpFile::size() const {
  return core_->version_.total;
}
Result<void> HttpFile::read(std::uint64_t offset, Span into) const {
  return core_->read(offset, into);
}
Result<void> HttpFile::write(std::uint64_t, View) {
  return fail(Code::unsupported, "{}: a web server's objects are only read", name());
}
Result<void> HttpFile::write_zeroes(std::uint64_t, std::uint64_t) {
  return write(0, {});
}
Result<void> HttpFile::resize(std::uint64_t) {
  return write(0, {});
}
Result<Run> HttpFile::run(std::uint64_t, std::uint64_t length) const {
  return Run{length, true};
}
bool HttpFile::versioned() const {
  return !core_->version_.etag.empty() || !core_->version_.modified.empty();
}
std::string HttpFile::version() const {
  const auto& version = core_->version_;
  return fmt::format("{} {} {}", version.total, version.etag, version.modified);
}
std::uint16_t HttpFile::port() const {
  return core_->address_.port;
}

}  // namespace truce::image
