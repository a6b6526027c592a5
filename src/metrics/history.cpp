#include "metrics/history.h"

#include <atomic>

#include "base/file.h"
#include "base/log.h"
#include "rings.h"

namespace truce::metrics {
namespace {

// A disk that does not keep up costs samples, not memory.
constexpr int waiting_limit = 16;

}  // namespace

struct History::State {
  /// What the thread has of one kind.
  struct Kept {
    std::unique_ptr<Rings> rings;
    bool failing = false;
  };

  void add(Kept& kept, Time time, const std::vector<Sample>& samples) {
    auto added = kept.rings->add(time, samples);
    if (!added) ++lost;
    tell(kept, added);
  }

  static void tell(Kept& kept, const Result<void>& result) {
    if (result && std::exchange(kept.failing, false)) spdlog::info("metrics are kept again");
    if (!result && !std::exchange(kept.failing, true))
      spdlog::warn("metrics: {}; there will be gaps", result.error().message);
  }

  std::vector<Kept> kinds;
  std::atomic<std::uint64_t> lost = 0;
  std::atomic<int> waiting = 0;
  asio::thread_pool thread{1};
};

History::History(std::unique_ptr<State> state) : state_(std::move(state)) {}

History::~History() {
  state_->thread.join();
}

Result<std::unique_ptr<History>> History::open(std::filesystem::path folder,
                                               std::vector<Kind> kinds) {
  TRY_VOID(make_folder(folder, 0700));
  auto state = std::make_unique<State>();
  for (auto& kind : kinds) {
    auto file = folder / (kind.name + ".db");
    TRY(auto rings, Rings::open(file, std::move(kind)));
    state->kinds.push_back({std::move(rings)});
  }
  return std::unique_ptr<History>(new History(std::move(state)));
}

void History::add(std::size_t kind, Time time, std::vector<Sample> samples) {
  auto* state = state_.get();
  if (state->waiting >= waiting_limit) {
    if (state->lost++ % 100 == 0)
      spdlog::warn("metrics: the disk is too slow for them; there will be gaps");
    return;
  }
  ++state->waiting;
  asio::post(state->thread, [state, kind, time, samples = std::move(samples)] {
    state->add(state->kinds[kind], time, samples);
    --state->waiting;
  });
}

Async<Series> History::series(std::size_t kind, std::string object, Level level, Time now) {
  auto* state = state_.get();
  co_return co_await run_blocking(state->thread, [state, kind, object, level, now] {
    return state->kinds[kind].rings->series(object, level, now);
  });
}

void History::keep_only(std::size_t kind, std::set<std::string> objects) {
  auto* state = state_.get();
  asio::post(state->thread, [state, kind, objects = std::move(objects)] {
    auto& kept = state->kinds[kind];
    State::tell(kept, kept.rings->keep_only(objects));
  });
}

std::uint64_t History::lost() const {
  return state_->lost;
}

}  // namespace truce::metrics
