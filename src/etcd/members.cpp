#include "members.h"

#include <algorithm>

#include "messages.h"

namespace truce::etcd {

namespace {

std::string all_of(const std::vector<std::string>& urls) {
  return fmt::format("{}", fmt::join(urls, ", "));
}

Duration left_until(Clock::time_point end) {
  return std::chrono::ceil<Duration>(std::max(end - Clock::now(), Clock::duration::zero()));
}

Reply closing() {
  return {Outcome::unknown, {}, {Code::cancelled, "etcd: the store is closing", {}}};
}

bool is_set(asio::cancellation_state state) {
  return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace

Async<void> pause(int attempt) {
  co_await sleep_for(std::min<Duration>(50ms * attempt, 500ms));
}

Members::Members(std::unique_ptr<Wire> wire, const Options& options)
    : wire_(std::move(wire)), options_(options) {}

void Members::close() {
  closed_ = true;
  wire_->close();
}

void Members::judge(std::size_t member, Outcome outcome) {
  doubtful_ = outcome == Outcome::not_done || outcome == Outcome::unknown;
  // Of many calls that end at the same time only the first moves on.
  if (doubtful_ && member == current_) current_ = (member + 1) % count();
}

Async<Reply> Members::sign_in(std::size_t member, Duration limit) {
  auto answer =
      co_await wire_->call(member, "/etcdserverpb.Auth/Authenticate",
                           sign_in_request(options_.user, options_.password->text()), {}, limit);
  auto reply = reply_of(std::move(answer), options_.user);
  if (reply.outcome == Outcome::unknown) reply.outcome = Outcome::not_done;  // of what comes after
  if (reply.outcome != Outcome::done) co_return reply;
  auto token = parse_token(reply.bytes);
  if (!token) co_return Reply{Outcome::refused, {}, token.error()};
  token_ = *std::move(token);
  co_return reply;
}

// Tokens end, and with them what they were good for: then a new one is fetched, once.
Async<Reply> Members::signed_call(std::size_t member, std::string method, std::string request,
                                  Duration limit) {
  auto signs_in = !options_.user.empty();
  if (signs_in && token_.empty()) {
    auto entered = co_await sign_in(member, limit);
    if (entered.outcome != Outcome::done) co_return entered;
  }
  auto used = token_;
  auto reply = reply_of(co_await wire_->call(member, method, request, used, limit), options_.user);
  if (!signs_in || reply.error.code != Code::unauthenticated) co_return reply;
  if (used == token_ || token_.empty()) {
    auto entered = co_await sign_in(member, limit);
    if (entered.outcome != Outcome::done) co_return entered;
  }
  co_return reply_of(co_await wire_->call(member, method, request, token_, limit), options_.user);
}

Async<Reply> Members::once(std::string method, std::string request, Clock::time_point end) {
  if (closed_) co_return closing();
  auto member = current_;
  auto limit = std::min(options_.attempt, left_until(end));
  auto reply = co_await signed_call(member, std::move(method), std::move(request), limit);
  if (closed_) co_return closing();
  if (is_set(co_await asio::this_coro::cancellation_state)) {
    reply.error = {Code::cancelled, "etcd: cancelled", {}};
    co_return reply;
  }
  judge(member, reply.outcome);
  co_return reply;
}

Async<Result<std::string>> Members::ask(std::string method, std::string request,
                                        Clock::time_point end) {
  for (int attempt = 1;; ++attempt) {
    auto reply = co_await once(method, request, end);
    if (reply.outcome == Outcome::done) co_return std::move(reply.bytes);
    auto code = reply.error.code;
    if (code != Code::unavailable) co_return std::unexpected(std::move(reply.error));
    if (Clock::now() >= end) {
      co_return fail(Code::unavailable, "no member of etcd at {} answers: {}",
                     all_of(options_.urls), reply.error.message);
    }
    co_await pause(attempt);
    if (is_set(co_await asio::this_coro::cancellation_state))
      co_return fail(Code::cancelled, "etcd: cancelled");
  }
}

Async<Result<std::string>> Members::ask(std::string method, std::string request) {
  return ask(std::move(method), std::move(request), limit());
}

Async<Result<std::shared_ptr<Stream>>> Members::stream(std::size_t member, std::string method,
                                                       std::string request) {
  if (!options_.user.empty() && token_.empty()) {
    auto entered = co_await sign_in(member, options_.attempt);
    if (entered.outcome != Outcome::done) co_return std::unexpected(std::move(entered.error));
  }
  co_return co_await wire_->stream(member, std::move(method), std::move(request), token_);
}

}  // namespace truce::etcd
