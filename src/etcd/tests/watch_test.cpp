// Watches and listings over cuts, compaction and many keys.
#include "messages.h"
#include "proxy.h"
#include "wire.h"

namespace truce::etcd {

namespace {

using store::Batch;
using store::Watch;

Async<void> write_numbers(store::Store& store, int count, Revision& last) {
  for (int i = 1; i <= count; ++i) {
    auto text = std::to_string(i);
    auto revision = co_await store.commit({}, {{"/w/a", text}, {"/w/b", text}});
    if (!revision) {
      ADD_FAILURE() << revision.error().message;
      co_return;
    }
    last = *revision;
  }
}

/// A store that reaches its member through a proxy, and one that reaches it directly.
class EtcdWatch : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_ETCD();
    cluster_.emplace(1);
    proxy_.emplace(cluster_->port(0));
    auto options = options_for(*cluster_);
    direct_ = open_store(loop_, options);
    options.urls = {proxy_->url()};
    options.attempt = 400ms;
    options.client = "other";
    store_ = open_store(loop_, options);
  }
  Revision write(int count) {
    Revision last = 0;
    in_loop(loop_, write_numbers(*direct_, count, last));
    return last;
  }
  Result<Batch> next(Watch& watch) { return in_loop(loop_, within(20s, watch.next(), "watch")); }
  void expect_next(Watch& watch, Revision revision) {
    auto batch = next(watch);
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(batch->revision, revision);
  }
  void compact(Revision revision) {
    Options options = options_for(*cluster_);
    auto wire = Wire::make(loop_.get_executor(), options).value();
    auto answer = in_loop(
        loop_, wire->call(0, "/etcdserverpb.KV/Compact", compact_request(revision), {}, 5s));
    EXPECT_EQ(answer.status, Status::ok) << answer.text;
  }

  std::optional<Cluster> cluster_;
  std::optional<Proxy> proxy_;
  asio::io_context loop_;
  std::unique_ptr<EtcdStore> direct_, store_;
};

}  // namespace

TEST_F(EtcdWatch, has_no_gap_and_nothing_twice_however_often_its_connection_is_cut) {
  auto from = write(1) + 1;
  auto watch = store_->watch("/w/", from);
  Revision last = 0;
  Scope scope(loop_.get_executor());
  scope.spawn(write_numbers(*direct_, 400, last));
  for (int i = 0; i < 400; ++i) {
    if (i % 40 == 20) proxy_->cut();
    auto batch = next(*watch);
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(batch->revision, from + i);
    ASSERT_EQ(batch->changes.size(), 2U);
    EXPECT_EQ(batch->changes[0].entry->value, std::to_string(i + 1));
    EXPECT_EQ(batch->changes[1].key, "/w/b");
  }
  in_loop(loop_, scope.join());
}

TEST_F(EtcdWatch, whose_place_was_compacted_away_meanwhile_gets_limit_and_a_new_one_goes_on) {
  auto watch = store_->watch("/w/", write(1) + 1);
  expect_next(*watch, write(1));
  proxy_->set(Proxy::Way::closed);
  proxy_->cut();
  auto last = write(20);
  compact(last);
  proxy_->set(Proxy::Way::open);
  auto gone = next(*watch);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Code::limit) << gone.error().message;
  auto listing = in_loop(loop_, store_->list("/w/"));
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->entries.at(0).value, "20");
  auto anew = store_->watch("/w/", listing->revision + 1);
  expect_next(*anew, write(1));
}

TEST_F(EtcdWatch, that_is_compacted_while_it_is_read_loses_nothing) {
  auto from = write(1) + 1;
  auto watch = store_->watch("/w/", from);
  expect_next(*watch, write(1));
  for (int round = 0; round < 5; ++round) {
    auto last = write(20);
    compact(last);
    for (auto revision = last - 19; revision <= last; ++revision) {
      expect_next(*watch, revision);
    }
  }
}

TEST_F(EtcdWatch, sees_a_commit_that_is_larger_than_one_message) {
  auto watch = store_->watch("", write(1) + 1);
  std::vector<Revision> revisions;
  proxy_->set(Proxy::Way::closed);  // so that they come together
  proxy_->cut();
  for (int i = 0; i < 20; ++i) {
    std::vector<Write> writes;
    for (int k = 0; k < 10; ++k)
      writes.push_back({fmt::format("/l/{}", k), std::string(120'000, 'x')});
    revisions.push_back(in_loop(loop_, direct_->commit({}, std::move(writes))).value());
  }
  proxy_->set(Proxy::Way::open);
  for (auto revision : revisions) {
    auto batch = next(*watch);
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(batch->revision, revision);
    EXPECT_EQ(batch->changes.size(), 10U);
  }
}

TEST_F(EtcdWatch, a_listing_of_forty_thousand_entries_is_of_one_moment) {
  auto fill = [](store::Store& store, int part) -> Async<void> {
    for (int first = part * 10'000; first < (part + 1) * 10'000; first += 100) {
      std::vector<Write> writes;
      for (int i = first; i < first + 100; ++i)
        writes.push_back({fmt::format("/vms/{:05}", i), "0"});
      EXPECT_TRUE(co_await store.commit({}, std::move(writes)));
    }
  };
  Scope scope(loop_.get_executor());
  for (int part = 0; part < 4; ++part) scope.spawn(fill(*direct_, part));
  in_loop(loop_, scope.join());
  // Keys far from each other, always written together.
  auto change = [](store::Store& store, const std::atomic<bool>& stop) -> Async<void> {
    for (int i = 0; !stop; ++i) {
      auto text = std::to_string(i);
      EXPECT_TRUE(co_await store.commit({}, {{"/vms/00000", text}, {"/vms/39999", text}}));
    }
  };
  std::atomic<bool> stop = false;
  scope.spawn(change(*direct_, stop));
  for (int i = 0; i < 2; ++i) {
    auto listing = in_loop(loop_, store_->list("/vms/"));
    ASSERT_TRUE(listing) << listing.error().message;
    ASSERT_EQ(listing->entries.size(), 40'000U);
    EXPECT_EQ(listing->entries[27'001].key, "/vms/27001");
    EXPECT_EQ(listing->entries.front().value, listing->entries.back().value);
    EXPECT_LE(listing->entries.back().modified, listing->revision);
  }
  stop = true;
  in_loop(loop_, scope.join());
}

TEST_F(EtcdWatch, a_listing_of_large_values_fits_into_messages) {
  for (int i = 0; i < 18; ++i) {
    auto value = std::string(1 << 20, static_cast<char>('a' + i));
    ASSERT_TRUE(in_loop(loop_, direct_->commit({}, {{fmt::format("/l/{:02}", i), value}})));
  }
  auto listing = in_loop(loop_, direct_->list("/l/"));
  ASSERT_TRUE(listing) << listing.error().message;
  ASSERT_EQ(listing->entries.size(), 18U);
  EXPECT_EQ(listing->entries[17].value.back(), 'r');
}

}  // namespace truce::etcd
