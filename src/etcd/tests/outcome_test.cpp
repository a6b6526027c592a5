// What becomes of commits whose way is disturbed.
#include <regex>

#include "members.h"
#include "messages.h"
#include "proxy.h"

namespace truce::etcd {

namespace {

using store::Batch;
using store::Watch;

/// One member, and a store that reaches it through a proxy first.
class EtcdOutcome : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_ETCD();
    cluster_.emplace(1);
    proxy_.emplace(cluster_->port(0));
  }
  void open(std::vector<std::string> urls, Duration limit = 3s) {
    auto options = options_for(*cluster_);
    options.urls = std::move(urls);
    options.attempt = 400ms;
    options.limit = limit;
    store_ = open_store(loop_, options);
  }
  Result<Revision> commit(std::vector<Condition> conditions, std::vector<Write> writes) {
    return in_loop(loop_, store_->commit(std::move(conditions), std::move(writes)));
  }
  Revision put(std::string key, std::string value) {
    auto revision = commit({}, {{std::move(key), std::move(value)}});
    if (!revision) ADD_FAILURE() << revision.error().message;
    return revision.value_or(-1);
  }
  std::optional<Entry> get(std::string key) {
    auto entry = in_loop(loop_, store_->get(std::move(key)));
    if (!entry) ADD_FAILURE() << entry.error().message;
    return entry.value_or(std::nullopt);
  }
  Result<Batch> next(Watch& watch, Duration limit = 10s) {
    return in_loop(loop_, within(limit, watch.next(), "watch"));
  }
  int transactions() {
    std::smatch found;
    auto text = ask_plainly(cluster_->port(0), "/metrics");
    std::regex line(R"re(grpc_server_started_total\{grpc_method="Txn",[^}]*\} (\d+))re");
    return std::regex_search(text, found, line) ? std::stoi(found[1]) : 0;
  }
  /// Until one more than before has come, ten seconds at most.
  void await_held(int before) {
    for (int i = 0; i < 500 && transactions() == before; ++i) ::usleep(20'000);
    EXPECT_GT(transactions(), before) << "the held transaction has not come";
  }

  std::optional<Cluster> cluster_;
  std::optional<Proxy> proxy_;
  asio::io_context loop_;
  std::unique_ptr<EtcdStore> store_;
};

}  // namespace

TEST_F(EtcdOutcome, a_commit_whose_answer_is_lost_is_answered_with_its_revision) {
  open({proxy_->url(), cluster_->url(0)});
  auto first = put("/a", "1");
  auto watch = store_->watch("", first + 1);
  proxy_->set(Proxy::Way::deaf);
  auto second = commit({{"/a", first}}, {{"/a", "2"}});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(get("/a")->modified, *second);
  EXPECT_EQ(get("/a")->value, "2");
  auto third = put("/a", "3");
  for (auto revision : {*second, third}) {
    auto batch = next(*watch);
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(batch->revision, revision);
  }
  EXPECT_FALSE(next(*watch, 200ms));
}

TEST_F(EtcdOutcome, a_conflict_whose_answer_is_lost_is_still_a_conflict) {
  open({proxy_->url(), cluster_->url(0)});
  auto first = put("/a", "1");
  proxy_->set(Proxy::Way::deaf);
  auto wrong = commit({{"/a", first - 1}}, {{"/a", "2"}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::conflict) << wrong.error().message;
  EXPECT_EQ(get("/a")->value, "1");
}

TEST_F(EtcdOutcome, a_transaction_that_comes_late_does_nothing) {
  open({proxy_->url(), cluster_->url(0)});
  auto first = put("/a", "0");
  auto watch = store_->watch("", first + 1);
  proxy_->set(Proxy::Way::holds);
  auto second = put("/a", "1");  // held, given up, fenced off, and done by the other way
  auto third = put("/a", "2");
  auto before = transactions();
  proxy_->set(Proxy::Way::open);
  proxy_->release();
  await_held(before);
  EXPECT_EQ(get("/a")->value, "2");
  EXPECT_EQ(get("/a")->modified, third);
  for (auto revision : {second, third}) EXPECT_EQ(next(*watch)->revision, revision);
  EXPECT_FALSE(next(*watch, 200ms));
}

TEST_F(EtcdOutcome, a_transaction_of_an_earlier_life_does_nothing_once_the_store_is_open_again) {
  open({proxy_->url()});
  auto first = put("/a", "1");
  proxy_->set(Proxy::Way::holds);
  EXPECT_FALSE(in_loop(loop_, within(200ms, store_->commit({}, {{"/a", "2"}}), "commit")));
  store_.reset();
  open({cluster_->url(0)});
  auto before = transactions();
  proxy_->set(Proxy::Way::open);
  proxy_->release();
  await_held(before);
  EXPECT_EQ(get("/a")->modified, first);
}

TEST_F(EtcdOutcome, what_cannot_be_found_out_is_a_timeout_and_later_commits_are_not_sent) {
  open({proxy_->url()}, 1s);
  auto first = put("/a", "1");
  proxy_->set(Proxy::Way::deaf);
  auto start = Clock::now();
  auto lost = commit({{"/a", first}}, {{"/a", "2"}});
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::timeout) << lost.error().message;
  EXPECT_NE(lost.error().message.find("not known"), std::string::npos);
  EXPECT_LT(Clock::now() - start, 3s);
  auto next_one = commit({}, {{"/b", "1"}});
  ASSERT_FALSE(next_one);
  EXPECT_EQ(next_one.error().code, Code::unavailable) << next_one.error().message;
  EXPECT_NE(next_one.error().message.find("nothing of it happened"), std::string::npos);
  auto read = in_loop(loop_, store_->get("/a"));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::unavailable) << read.error().message;
  proxy_->set(Proxy::Way::open);
  proxy_->cut();
  EXPECT_EQ(get("/a")->value, "2");
  EXPECT_FALSE(get("/b"));
  EXPECT_EQ(get("/a")->modified + 1, put("/a", "3") - 1);  // between them the slot was fenced off
}

TEST_F(EtcdOutcome, without_a_member_all_fails_in_time_and_comes_back_by_itself) {
  open({cluster_->url(0)}, 1s);
  auto watch = store_->watch("", put("/a", "1") + 1);
  cluster_->kill(0);
  auto start = Clock::now();
  for (auto i = 0; i < 2; ++i) {
    auto commit_now = commit({}, {{"/b", "1"}});
    ASSERT_FALSE(commit_now);
    EXPECT_TRUE(commit_now.error().code == Code::unavailable ||
                (i == 0 && commit_now.error().code == Code::timeout))
        << commit_now.error().message;
  }
  auto listing = in_loop(loop_, store_->list(""));
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error().code, Code::unavailable);
  EXPECT_NE(listing.error().message.find(cluster_->url(0)), std::string::npos);
  EXPECT_LT(Clock::now() - start, 8s);
  cluster_->start(0);
  cluster_->wait_until_ready();
  auto revision = put("/a", "2");
  EXPECT_EQ(next(*watch)->revision, revision);
}

TEST_F(EtcdOutcome, a_frozen_member_stops_no_loop_and_waits_are_cancelled) {
  open({cluster_->url(0)});
  put("/a", "1");
  cluster_->freeze(0);
  auto start = Clock::now();
  auto cut = in_loop(loop_, within(50ms, store_->get("/a"), "get"));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Code::timeout);
  auto commit_now = in_loop(loop_, within(50ms, store_->commit({}, {{"/a", "2"}}), "commit"));
  ASSERT_FALSE(commit_now);
  EXPECT_LT(Clock::now() - start, 300ms);
  store_.reset();  // while both are on their way
  EXPECT_LT(Clock::now() - start, 1s);
  cluster_->thaw(0);
}

TEST_F(EtcdOutcome, a_commit_that_is_too_large_is_refused_whole_with_what_to_do) {
  open({cluster_->url(0)});
  auto mebibyte = std::string(1 << 20, 'v');
  auto large = commit({}, {{"/a", mebibyte}, {"/b", mebibyte}});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Code::invalid);
  EXPECT_NE(large.error().message.find("--max-request-bytes"), std::string::npos)
      << large.error().message;
  auto larger = commit({}, {{"/a", mebibyte}, {"/b", mebibyte}, {"/c", mebibyte}});
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().code, Code::invalid) << larger.error().message;
  EXPECT_FALSE(get("/a"));
  put("/a", mebibyte);
}

TEST_F(EtcdOutcome, the_largest_commit_with_as_many_conditions_fits_into_a_transaction) {
  open({cluster_->url(0)});
  std::vector<Condition> conditions;
  std::vector<Write> writes, deletes;
  for (std::size_t i = 0; i < store::max_writes_in_commit; ++i) {
    auto key = fmt::format("/many/{}", i);
    conditions.push_back({key, 0});
    writes.push_back({key, "v"});
    deletes.push_back({key, {}});
  }
  auto made = commit(conditions, writes);
  ASSERT_TRUE(made) << made.error().message;
  for (auto& condition : conditions) condition.modified = *made;
  auto gone = commit(conditions, deletes);
  ASSERT_TRUE(gone) << gone.error().message;
  ASSERT_TRUE(commit({}, deletes));
  EXPECT_EQ(commit(conditions, deletes).error().code, Code::conflict);
}

TEST_F(EtcdOutcome, a_full_etcd_says_so_and_what_it_answered_is_true) {
  cluster_.emplace(1, Cluster::Words{"--quota-backend-bytes=16777216"});
  open({cluster_->url(0)});
  std::optional<Error> full;
  std::string last;
  for (int i = 0; i < 64 && !full; ++i) {
    auto key = fmt::format("/a/{}", i);
    auto done = commit({}, {{key, std::string(512 << 10, 'v')}});
    if (done) {
      EXPECT_EQ(get(key)->modified, *done);
    } else {
      full = done.error();
      EXPECT_FALSE(get(key));
    }
  }
  ASSERT_TRUE(full);
  EXPECT_EQ(full->code, Code::io);
  EXPECT_NE(full->message.find("--quota-backend-bytes"), std::string::npos) << full->message;
}

}  // namespace truce::etcd
