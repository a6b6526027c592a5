#include "nbd/link.h"

#include <algorithm>
#include <bit>
#include <cerrno>

#include "byte_order.h"
#include "nbd/wire.h"

namespace truce::image::nbd {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t bearable_block =
    65536;  // of the server's smallest one, as the protocol has it
constexpr const char* allocation_context = LIBNBD_CONTEXT_BASE_ALLOCATION;

// For nbd_poll(): 0 when the time is over.
int milliseconds_to(Clock::time_point deadline) {
  auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
}

}  // namespace

std::unexpected<Error> Link::failed(std::string_view what) const {
  auto code = Code::io;
  if (int error = nbd_get_errno(); error == EPERM || error == EACCES || error == EROFS)
    code = Code::forbidden;
  else if (error == ENOENT)
    code = Code::not_found;
  else if (error == ENOSPC)
    code = Code::limit;
  else if (error == ENOTSUP)
    code = Code::unsupported;
  const char* reason = nbd_get_error();
  return fail(code, "{}: {}: {}", name_, what, reason == nullptr ? "unknown error" : reason);
}

Result<std::unique_ptr<Link>> Link::connect(const std::string& name, const NbdFileOptions& options,
                                            const Begin& begin) {
  std::unique_ptr<Link> link(new Link(name, options.request));
  if (link->handle_ == nullptr) return link->failed("libnbd");
  TRY_VOID(link->prepare(options));
  if (begin(link->handle_.get()) == -1) return link->failed("connect");
  TRY_VOID(link->wait_connected(options.connect));
  TRY_VOID(link->learn());
  return link;
}

Result<void> Link::prepare(const NbdFileOptions& options) {
  auto* handle = handle_.get();
  // Only what can be said in an address of a server; nothing that names a local file.
  constexpr auto transports = LIBNBD_ALLOW_TRANSPORT_TCP | LIBNBD_ALLOW_TRANSPORT_UNIX;
  bool good = nbd_set_uri_allow_transports(handle, transports) == 0 &&
              nbd_set_uri_allow_local_file(handle, false) == 0 &&
              nbd_add_meta_context(handle, allocation_context) == 0;
  // What is not answered for is reported as an error; clearing the memory before gains nothing.
  good = good && nbd_set_pread_initialize(handle, false) == 0;
  if (good && !options.tls_certificates.empty())
    good = nbd_set_tls_certificates(handle, options.tls_certificates.c_str()) == 0;
  if (!good) return failed("prepare");
  return {};
}

Result<void> Link::wait_connected(std::chrono::milliseconds patience) {
  auto deadline = Clock::now() + patience;
  auto* handle = handle_.get();
  while (nbd_aio_is_connecting(handle) == 1 || nbd_aio_is_negotiating(handle) == 1) {
    auto left = milliseconds_to(deadline);
    if (left == 0)
      return fail(Code::timeout, "{}: no connection within {} ms", name_, patience.count());
    if (nbd_poll(handle, left) == -1) return failed("connect");
  }
  if (nbd_aio_is_ready(handle) != 1) return failed("connect");
  return {};
}

Result<void> Link::learn() {
  auto* handle = handle_.get();
  auto size = nbd_get_size(handle);
  if (size < 0) return failed("size");
  size_ = static_cast<std::uint64_t>(size);
  auto smallest = nbd_get_block_size(handle, LIBNBD_SIZE_MINIMUM);
  auto largest = nbd_get_block_size(handle, LIBNBD_SIZE_MAXIMUM);
  if (smallest < 0 || largest < 0) return failed("block sizes");
  smallest_ = std::max<std::uint64_t>(static_cast<std::uint64_t>(smallest), 1);
  largest_ = largest == 0 ? largest_request : static_cast<std::uint64_t>(largest);
  largest_ = std::min<std::uint64_t>(largest_, largest_request);
  if (!std::has_single_bit(smallest_) || smallest_ > bearable_block || largest_ < smallest_)
    return fail(Code::corrupt, "{}: the server's block sizes {} to {} make no sense", name_,
                smallest_, largest_);
  largest_ -= largest_ % smallest_;
  if (size_ % smallest_ != 0)
    return fail(Code::corrupt, "{}: the size {} is no multiple of the smallest block {}", name_,
                size_, smallest_);
  return {};
}

bool Link::allocation() const {
  return nbd_can_meta_context(handle_.get(), allocation_context) == 1;
}

bool Link::dead() const {
  return given_up_ || nbd_aio_is_ready(handle_.get()) != 1;
}

// libnbd still has the caller's memory when the time is over: closing the handle ends that.
Result<void> Link::complete(std::int64_t cookie, std::string_view what) {
  if (cookie < 0) return failed(what);
  auto deadline = Clock::now() + patience_;
  auto* handle = handle_.get();
  for (;;) {
    int done = nbd_aio_command_completed(handle, static_cast<std::uint64_t>(cookie));
    if (done == 1) return {};
    if (done < 0) return failed(what);
    auto left = milliseconds_to(deadline);
    if (left > 0 && nbd_poll(handle, left) != -1) continue;
    auto error = left > 0 ? failed(what)
                          : fail(Code::timeout, "{}: {}: no answer within {} ms", name_, what,
                                 patience_.count());
    handle_.reset();
    given_up_ = true;
    return error;
  }
}

Result<void> Link::read(std::uint64_t offset, Span into) {
  auto cookie =
      nbd_aio_pread(handle_.get(), into.data(), into.size(), offset, nbd_completion_callback{}, 0);
  return complete(cookie, "read");
}

Result<void> Link::write(std::uint64_t offset, View from) {
  auto cookie =
      nbd_aio_pwrite(handle_.get(), from.data(), from.size(), offset, nbd_completion_callback{}, 0);
  return complete(cookie, "write");
}

Result<void> Link::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  return complete(nbd_aio_zero(handle_.get(), length, offset, nbd_completion_callback{}, 0),
                  "write zeroes");
}

Result<void> Link::flush() {
  if (nbd_can_flush(handle_.get()) != 1) return {};
  return complete(nbd_aio_flush(handle_.get(), nbd_completion_callback{}, 0), "flush");
}

Result<std::vector<Stretch>> Link::status(std::uint64_t offset, std::uint64_t length) {
  struct Found {
    std::uint64_t left;
    std::vector<Stretch> stretches;
    bool sound = true;
  } found{length, {}, true};
  nbd_extent_callback callback{};
  callback.user_data = &found;
  callback.callback = [](void* data, const char* context, std::uint64_t, std::uint32_t* entries,
                         std::size_t count, int*) {
    auto& into = *static_cast<Found*>(data);
    if (std::string_view(context) != allocation_context) return 0;
    for (std::size_t i = 0; i + 1 < count && into.left > 0; i += 2) {
      if (entries[i] == 0) into.sound = false;
      auto part = std::min<std::uint64_t>(entries[i], into.left);
      bool stored = (entries[i + 1] & LIBNBD_STATE_ZERO) == 0;
      if (part > 0) into.stretches.push_back({part, stored});
      into.left -= part;
    }
    return 0;
  };
  TRY_VOID(complete(
      nbd_aio_block_status(handle_.get(), length, offset, callback, nbd_completion_callback{}, 0),
      "block status"));
  if (!found.sound || found.stretches.empty())
    return fail(Code::corrupt, "{}: block status at {}: the server's answer is empty", name_,
                offset);
  return std::move(found.stretches);
}

}  // namespace truce::image::nbd
