#include "follower.h"

#include "base/log.h"

namespace truce::etcd {

Follower::Follower(asio::any_io_executor loop, std::shared_ptr<Members> members,
                   std::shared_ptr<store::Past> past, std::string prefix)
    : loop_(loop),
      members_(std::move(members)),
      past_(std::move(past)),
      prefix_(std::move(prefix)),
      guard_(std::move(loop)) {}

void Follower::start() {
  asio::co_spawn(loop_, run(shared_from_this()), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
}

void Follower::close() {
  closed_ = true;
  calm_down();
}

void Follower::expect(Revision revision) {
  expected_ = std::max(expected_, revision);
  if (past_->newest() < expected_) watch_over();
}

void Follower::watch_over() {
  if (guarded_ || closed_ || !stream_) return;
  guarded_ = true;
  guard_.expires_after(members_->options().attempt);
  guard_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto self = weak.lock();
    if (error || !self) return;
    self->guarded_ = false;
    if (self->stream_) self->stream_->cancel();
  });
}

void Follower::calm_down() {
  guarded_ = false;
  guard_.cancel();
}

Async<void> Follower::run(std::shared_ptr<Follower> self) {
  int failures = 0;
  for (std::size_t member = 0; !self->closed_; ++member) {
    auto before = self->past_->newest();
    auto why = co_await self->follow(member % self->members_->count());
    self->stream_ = nullptr;
    self->calm_down();
    if (self->closed_) co_return;
    failures = self->past_->newest() > before ? 1 : failures + 1;
    spdlog::info("store: the watch of etcd goes on with another member: {}", why.message);
    co_await pause(failures);
  }
}

Async<Error> Follower::follow(std::size_t member) {
  batch_ = {};
  created_ = false;
  auto opened = co_await members_->stream(member, "/etcdserverpb.Watch/Watch",
                                          watch_request(prefix_, past_->newest() + 1));
  if (!opened) co_return opened.error();
  stream_ = *opened;
  watch_over();
  while (auto bytes = co_await stream_->read()) {
    auto reply = parse_watch(*bytes);
    if (!reply) co_return reply.error();
    if (reply->ended) {
      auto compacted = reply->compacted;
      Error why{Code::unavailable, "etcd: " + reply->reason, {}};
      if (compacted != 0) {
        why.message = fmt::format("etcd: it is compacted up to revision {}", compacted);
        co_await start_anew(compacted);
      } else {
        members_->sign_out();  // it may be that: the stream does not say it clearly
      }
      co_return why;
    }
    take(*std::move(reply));
  }
  auto end = co_await stream_->end();
  co_return reply_of(std::move(end), members_->options().user).error;
}

// What is gone cannot be delivered: who waits for it has to list again.
Async<void> Follower::start_anew(Revision compacted) {
  auto end = end_of(prefix_);
  auto read = co_await members_->ask("/etcdserverpb.KV/Range", list_request(prefix_, end, 1, 0));
  if (!read) co_return;  // the next stream says the same again
  if (auto present = parse_range(*read)) past_->lose(std::max(compacted - 1, present->revision));
}

void Follower::take(WatchReply reply) {
  if (reply.created) created_ = true;
  for (auto& event : reply.events) {
    if (event.revision <= past_->newest()) continue;
    if (event.revision != batch_.revision) deliver();
    batch_.revision = event.revision;
    event.change.key.erase(0, prefix_.size());
    if (event.change.entry) event.change.entry->key = event.change.key;
    batch_.changes.push_back(std::move(event.change));
  }
  if (!reply.more) deliver();
  // Without events it says how far it is; with them it may be ahead of what it has sent.
  if (reply.events.empty() && !reply.created) past_->skip_to(reply.revision);
  if (!created_) return;
  calm_down();
  if (past_->newest() < expected_) watch_over();
}

void Follower::deliver() {
  if (batch_.revision != 0) past_->add(std::exchange(batch_, {}));
}

}  // namespace truce::etcd
