// Three members that are killed, frozen and restarted while the store is used.
#include <random>

#include "cluster.h"
#include "members.h"
#include "store/memory.h"

namespace truce::etcd {

namespace {

using store::Condition;
using store::Entry;
using store::Listing;
using store::Revision;
using store::Write;

/// A counter that one worker counts up, and what it was told of it.
struct Counter {
  std::string key;
  int answered = 0;                   ///< the last number whose commit was answered
  int tried = 0;                      ///< the last number that was sent at all
  std::map<Revision, int> revisions;  ///< of answered commits
  int unknown = 0;
};

// Each number is written under the condition that the one before is there, so nothing is done twice
// unnoticed. What is not known is read.
Async<void> count_up(store::Store& store, Counter& counter, const bool& stop) {
  Revision modified = 0;
  bool doubt = false;
  while (!stop) {
    counter.tried = counter.answered + 1;
    std::vector<Condition> conditions{{counter.key, modified}};
    std::vector<Write> writes{{counter.key, std::to_string(counter.tried)}};
    auto done = co_await store.commit(std::move(conditions), std::move(writes));
    if (done) {
      modified = *done;
      doubt = false;
      counter.answered = counter.tried;
      counter.revisions[*done] = counter.answered;
      continue;
    }
    auto code = done.error().code;
    if (code == Code::unavailable) continue;
    // What may still happen after a timeout shows as a conflict of the next commit.
    EXPECT_TRUE(code == Code::timeout || (code == Code::conflict && doubt)) << done.error().message;
    doubt = true;
    if (code == Code::timeout) ++counter.unknown;
    while (!stop) {
      auto entry = co_await store.get(counter.key);
      if (!entry) continue;
      modified = *entry ? (*entry)->modified : 0;
      auto number = *entry ? std::stoi((*entry)->value) : 0;
      EXPECT_TRUE(number == counter.answered || number == counter.tried) << number;
      counter.answered = number;
      break;
    }
  }
}

// A watch of all counters: they go up by one, whatever happens.
Async<void> follow(store::Watch& watch, std::map<std::string, int>& seen,
                   std::map<Revision, int>& revisions) {
  while (true) {
    auto batch = co_await watch.next();
    if (!batch) {
      EXPECT_EQ(batch.error().code, Code::cancelled) << batch.error().message;
      co_return;
    }
    for (const auto& change : batch->changes) {
      auto number = std::stoi(change.entry->value);
      EXPECT_EQ(number, seen[change.key] + 1) << change.key;
      seen[change.key] = number;
      EXPECT_TRUE(revisions.emplace(batch->revision, number).second);
    }
  }
}

void check(const std::vector<Counter>& counters, const Listing& listing,
           const std::map<std::string, int>& seen, const std::map<Revision, int>& revisions) {
  int unknown = 0;
  for (std::size_t i = 0; i < counters.size(); ++i) {
    const auto& counter = counters[i];
    auto number = std::stoi(listing.entries[i].value);
    EXPECT_TRUE(number == counter.answered || number == counter.tried) << counter.key;
    EXPECT_EQ(seen.at(counter.key), number);
    for (auto [revision, value] : counter.revisions) EXPECT_EQ(revisions.at(revision), value);
    unknown += counter.unknown;
  }
  fmt::print("{} of unknown outcome among ", unknown);
}

class EtcdChaos : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_ETCD();
    cluster_.emplace(3);
    auto options = options_for(*cluster_);
    options.attempt = 1s;
    store_ = open_store(loop_, options);
  }
  void run_for(Duration time) {
    auto wait = [](Duration how_long) -> Async<void> { co_await sleep_for(how_long); };
    in_loop(loop_, wait(time));
  }

  std::optional<Cluster> cluster_;
  asio::io_context loop_;
  std::unique_ptr<EtcdStore> store_;
};

}  // namespace

TEST_F(EtcdChaos, every_answered_commit_is_there_once_whichever_members_die_or_freeze) {
  constexpr int workers = 8;
  std::vector<Counter> counters(workers);
  std::map<std::string, int> seen;
  std::map<Revision, int> revisions;
  auto watch = store_->watch("/count/", 1);
  watch = store_->watch("/count/", in_loop(loop_, store_->list("")).value().revision + 1);
  bool stop = false;
  Scope scope(loop_.get_executor()), reader(loop_.get_executor());
  reader.spawn(follow(*watch, seen, revisions));
  for (int i = 0; i < workers; ++i) {
    counters[static_cast<std::size_t>(i)].key = fmt::format("/count/{}", i);
    scope.spawn(count_up(*store_, counters[static_cast<std::size_t>(i)], stop));
  }
  auto total = [&] {
    int sum = 0;
    for (const auto& counter : counters) sum += counter.answered;
    return sum;
  };
  auto goes_on = [&](const char* after) {
    auto before = total();
    for (int i = 0; i < 200 && total() < before + workers; ++i) run_for(100ms);
    EXPECT_GE(total(), before + workers) << "no commits after " << after;
  };
  run_for(300ms);
  auto leader = cluster_->leader();
  cluster_->kill(leader);
  goes_on("the leader was killed");
  cluster_->start(leader);
  cluster_->wait_until_ready();
  leader = cluster_->leader();
  cluster_->freeze(leader);
  goes_on("the leader was frozen");
  cluster_->thaw(leader);
  auto follower = (cluster_->leader() + 1) % 3;
  cluster_->freeze(follower);
  goes_on("a member was frozen");
  cluster_->thaw(follower);
  for (std::size_t i = 0; i < 3; ++i) cluster_->kill(i);
  run_for(300ms);
  for (std::size_t i = 0; i < 3; ++i) cluster_->start(i);
  goes_on("all were killed");
  stop = true;
  in_loop(loop_, scope.join());

  auto listing = in_loop(loop_, store_->list("/count/")).value();
  ASSERT_EQ(listing.entries.size(), counters.size());
  Revision last = 0;
  for (const auto& entry : listing.entries) last = std::max(last, entry.modified);
  for (int i = 0; i < 100 && !revisions.contains(last); ++i) run_for(100ms);
  check(counters, listing, seen, revisions);
  fmt::print("{} commits\n", total());
  reader.cancel();
  in_loop(loop_, reader.join());
}

namespace {

/// The same operations on the store and on one in memory, whose answers are taken for true. Both
/// count revisions of their own, so conditions name a key's last change by the store's own number.
class Model {
 public:
  Model(asio::io_context& loop, store::Store& real, unsigned seed)
      : real_(real), ideal_(loop.get_executor()), random_(seed) {}

  Async<void> step() {
    std::vector<Condition> conditions[2];
    std::vector<Write> writes;
    std::set<std::string> keys;
    while (keys.size() < 1 + random_() % 3) keys.insert(fmt::format("/m/{}", random_() % 8));
    for (const auto& key : keys) {
      if (random_() % 3 != 0) writes.push_back({key, std::to_string(++values_)});
      if (writes.empty() || writes.back().key != key) writes.push_back({key, {}});
      if (random_() % 2 == 0) continue;
      auto at = last_[key];
      if (random_() % 4 == 0) at = at.first ? std::pair<Revision, Revision>{} : std::pair{1L, 1L};
      conditions[0].push_back({key, at.first});
      conditions[1].push_back({key, at.second});
    }
    auto real = co_await real_.commit(conditions[0], writes);
    if (!real && real.error().code == Code::timeout) {
      co_await settle(std::move(conditions[1]), std::move(writes));
      co_return;
    }
    if (!real && real.error().code == Code::unavailable) co_return;  // nothing of it happened
    auto ideal = co_await ideal_.commit(conditions[1], writes);
    EXPECT_EQ(real.has_value(), ideal.has_value()) << (real ? ideal : real).error().message;
    if (!real || !ideal) EXPECT_EQ(real.error().code, ideal.error().code);
    if (real && ideal) co_await compare();
    ++steps;
  }

  // Waits for the members, reads everything and compares it.
  Async<void> compare() {
    auto real = co_await real_.list("/m/");
    while (!real) real = co_await real_.list("/m/");
    auto ideal = co_await ideal_.list("/m/");
    EXPECT_EQ(texts(*real), texts(*ideal));
    last_.clear();
    for (std::size_t i = 0; i < std::min(real->entries.size(), ideal->entries.size()); ++i) {
      const auto& [one, other] = std::tie(real->entries[i], ideal->entries[i]);
      EXPECT_EQ(one.created == one.modified, other.created == other.modified) << one.key;
      last_[one.key] = {one.modified, other.modified};
    }
  }

  int steps = 0, unknown = 0;

 private:
  static std::vector<std::string> texts(const Listing& listing) {
    std::vector<std::string> all;
    for (const auto& entry : listing.entries) all.push_back(entry.key + "=" + entry.value);
    return all;
  }

  // Its outcome is not known, and it may still happen until the next commit; then it is looked up.
  Async<void> settle(std::vector<Condition> conditions, std::vector<Write> writes) {
    ++unknown;
    while (!co_await real_.commit({}, {{"/next", ""}})) continue;
    auto real = co_await real_.list("/m/");
    while (!real) real = co_await real_.list("/m/");
    auto before = texts((co_await ideal_.list("/m/")).value());
    if (texts(*real) != before) {
      EXPECT_TRUE(co_await ideal_.commit(std::move(conditions), std::move(writes)));
    }
    co_await compare();
  }

  store::Store& real_;
  store::MemoryStore ideal_;
  std::mt19937 random_;
  int values_ = 0;
  std::map<std::string, std::pair<Revision, Revision>> last_;
};

Async<void> take_steps(Model& model, const bool& stop) {
  while (!stop) co_await model.step();
}

}  // namespace

TEST_F(EtcdChaos, random_operations_do_what_they_do_in_memory_while_members_die) {
  auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  Model model(loop_, *store_, seed);
  bool stop = false;
  Scope scope(loop_.get_executor());
  scope.spawn(take_steps(model, stop));
  auto rounds = std::getenv("TRUCE_LONG_TESTS") ? 100 : 3;
  for (int round = 0; round < rounds; ++round) {
    run_for(Duration(100 + random() % 400));
    auto member = random() % 3;
    if (random() % 2 == 0) {
      cluster_->kill(member);
      run_for(Duration(500 + random() % 1'000));
      cluster_->start(member);
    } else {
      cluster_->freeze(member);
      run_for(Duration(500 + random() % 1'000));
      cluster_->thaw(member);
    }
    cluster_->wait_until_ready();
  }
  stop = true;
  in_loop(loop_, scope.join());
  in_loop(loop_, model.compare());
  EXPECT_GT(model.steps, 50);
  fmt::print("{} operations, {} of unknown outcome\n", model.steps, model.unknown);
}

}  // namespace truce::etcd
