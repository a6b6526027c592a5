#include "follower.h"

#include "base/log.h"

namespace truce::hyperv {

using platform::Update;

namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration files_every = 10min;
constexpr int most_tries = 5;  // of a picture that is torn

}  // namespace

Async<Result<void>> Follower::look(const std::vector<Query>& queries, Seen& seen) {
  for (const auto& query : queries) {
    auto found = co_await session_.query(query.scope, query.text(), Session::Lane::feed);
    bool absent = !found && query.optional &&
                  (found.error().code == Code::unsupported ||
                   found.error().code == Code::not_found || found.error().code == Code::io);
    if (absent) continue;
    CO_TRY(seen.classes[std::string(query.class_name)], std::move(found));
  }
  co_return Result<void>();
}

Async<Result<DiskFile>> Follower::read_file(std::string path) {
  constexpr std::int64_t fixed = 2;
  CO_TRY(auto setting, co_await session_.disk_setting(std::move(path), Session::Lane::feed));
  co_return DiskFile{setting.bytes("MaxInternalSize"), setting.text("ParentPath"),
                     setting.number("Type") != fixed};
}

// What a file says of itself seldom changes unless its machine does, and asking for it opens it.
Async<Result<void>> Follower::read_files(Seen& seen, std::set<std::string> changed) {
  decltype(files_) kept;
  for (const auto& [path, machine] : disk_files(seen)) {
    auto found = files_.find(path);
    bool known = found != files_.end() && !changed.contains(machine);
    if (known && Clock::now() - found->second.read < files_every) {
      kept.insert(*found);
    } else {
      auto read = co_await read_file(path);
      if (!read && read.error().code == Code::unavailable)
        co_return std::unexpected(std::move(read).error());
      if (!read) spdlog::info("disk {} is shown without its size: {}", path, read.error().message);
      kept[path] = {read.value_or(DiskFile{}), Clock::now()};
    }
    seen.files[path] = kept[path].file;
  }
  files_ = std::move(kept);
  co_return Result<void>();
}

Async<Result<Update>> Follower::read_all(Seen seen) {
  following_ = false;
  std::set<std::string> changed;
  for (int i = 0; i < most_tries; ++i) {
    changed.merge(changed_machines(watched_, seen));
    watched_ = seen;
    CO_TRY_VOID(co_await look(described(), seen));
    if (is_torn(seen)) {
      co_await sleep_for(200ms);
      seen = {};
      CO_TRY_VOID(co_await look(watched(), seen));
      continue;
    }
    CO_TRY_VOID(co_await read_files(seen, changed));
    const auto& host = session_.host();
    auto update = picture(seen, host.id, host.name, host.release);
    update.at = now();
    read_ = Clock::now();
    following_ = true;
    co_return update;
  }
  co_return fail(Code::unavailable,
                 "{}: its machines have changed all the time while they were read",
                 session_.host().name);
}

Async<Result<Update>> Follower::next(Duration patience) {
  if (!following_) {
    Seen seen;
    CO_TRY_VOID(co_await look(watched(), seen));
    CO_TRY(auto update, co_await read_all(std::move(seen)));
    known_ = {};
    known_.apply(update);
    co_return update;
  }
  auto until = Clock::now() + patience;
  while (true) {
    auto left = std::chrono::duration_cast<Duration>(until - Clock::now());
    co_await sleep_for(std::clamp<Duration>(left, 0ms, pace_.watch));
    Seen seen;
    if (auto looked = co_await look(watched(), seen); !looked) {
      following_ = false;
      co_return std::unexpected(std::move(looked).error());
    }
    Update update;
    if (seen.classes != watched_.classes || Clock::now() - read_ >= pace_.read) {
      CO_TRY(auto all, co_await read_all(std::move(seen)));
      update = known_.apply(std::move(all));
    }
    update.extent = Update::Extent::changes;
    update.at = now();
    if (!update.empty() || Clock::now() >= until) co_return update;
  }
}

}  // namespace truce::hyperv
