#include "follower.h"

namespace truce::xapi {

using platform::Update;

namespace {

constexpr auto longest_silence = 120s;  // a server may need long for a large picture
constexpr auto breath = 100ms;          // much changes in a pool that is not shown

// What went wrong with our place in the server, not with the server.
bool is_lost(const Error& error) {
  auto code = code_in(error);
  return code == "SESSION_INVALID" || code == "HOST_IS_SLAVE" || code == "EVENTS_LOST" ||
         code == "EVENT_FROM_TOKEN_PARSE_FAILURE";
}

}  // namespace

Async<Result<Update>> Follower::next(Duration patience) {
  CO_TRY_VOID(co_await session_.connect());
  if (number_ != session_.number()) co_return co_await read_all();
  auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto left = until - std::chrono::steady_clock::now();
    auto told = co_await wait(std::max<Duration>(0ms, std::chrono::duration_cast<Duration>(left)));
    if (!told) {
      number_ = 0;
      if (is_lost(told.error())) co_return co_await read_all();
      co_return std::unexpected(std::move(told).error());
    }
    if (differences() != differences_) co_return co_await read_all();
    auto update = known_.apply(picture_.collect(Update::Extent::changes));
    update.extent = Update::Extent::changes;
    update.at = now();
    if (!update.empty() || std::chrono::steady_clock::now() >= until) co_return update;
    co_await sleep_for(breath);
  }
}

Async<Result<Update>> Follower::read_all() {
  number_ = 0;
  picture_ = {};
  known_ = {};
  token_.clear();
  CO_TRY_VOID(co_await session_.connect());
  int number = session_.number();
  CO_TRY_VOID(co_await wait(0s));
  differences_ = differences();
  auto update = picture_.collect(Update::Extent::whole);
  update.at = now();
  known_.apply(update);
  number_ = number;
  co_return update;
}

Async<Result<void>> Follower::wait(Duration patience) {
  // With a fraction: XAPI's is no whole number. What has changed waits a little for its like there.
  auto seconds = fmt::format("{:.1f}", std::chrono::duration<double>(patience).count() + 0.1);
  Call call{"event.from", {to_json(watched_classes()), to_json(token_), seconds}};
  auto sink = [this](std::string_view event) { return picture_.take(event); };
  CO_TRY(auto answer, co_await session_.events(std::move(call), sink, patience + longest_silence));
  token_ = text_at(answer, "token");
  if (token_.empty()) co_return fail(Code::corrupt, "event.from: the server has told no place");
  counted_.clear();
  const auto* counts = field(answer, "valid_ref_counts");
  if (const auto* map = counts ? counts->if_object() : nullptr)
    for (const auto& [name, value] : *map)
      counted_[std::string(name.data(), name.size())] = number_at(*map, {name.data(), name.size()});
  co_return Result<void>();
}

std::map<std::string, std::int64_t> Follower::differences() const {
  std::map<std::string, std::int64_t> found;
  for (const auto& [name, ours] : picture_.counts())
    if (auto theirs = counted_.find(name); theirs != counted_.end())
      found[name] = theirs->second - ours;
  return found;
}

}  // namespace truce::xapi
