// How places of pools are stored: each under a key of its own, so that what a host reports costs as
// much with thousands of hosts.
#include "../estate.h"
#include "filled_inventory.h"
#include "pools/fill.h"
#include "pools/places.h"
#include "pools/pools.h"

namespace truce::manager {
namespace {

model::PoolPlace place_on(std::string host, std::uint64_t total_gib, std::uint64_t free_gib) {
  model::PoolPlace place;
  place.host = std::move(host);
  place.path = "/srv/pool";
  place.total = gib(total_gib);
  place.free = gib(free_gib);
  place.used = gib(total_gib - free_gib);
  return place;
}

model::Pool pool_of(std::string name, int hosts) {
  model::Pool pool;
  pool.name = std::move(name);
  pool.path = "/srv/pool";
  std::vector<model::PoolPlace> places;
  for (int number = 0; number < hosts; ++number)
    places.push_back(place_on(fmt::format("h{:04}", number), 100, 50));
  put_places(pool, places);
  return pool;
}

model::Pool seen_as(const std::string& name, const model::PoolPlace& place) {
  model::Pool seen;
  seen.name = name;
  seen.path = place.path;
  seen.total = place.total;
  seen.free = place.free;
  seen.used = place.used;
  seen.problem = place.problem;
  return seen;
}

/// What one report changes of a pool that many hosts have.
Change report_of(const FilledInventory& shelf, const std::string& pool,
                 const model::PoolPlace& place) {
  Change change(shelf.inventory, {});
  std::vector<PoolSight> sights{{place.host, seen_as(pool, place)}};
  take_in_pool(shelf.inventory, change, pool, sights);
  return change;
}

TEST(PoolPlaces, a_report_writes_the_place_of_its_host_and_nothing_else) {
  FilledInventory shelf;
  for (int number = 0; number < 200; ++number) {
    auto change = report_of(shelf, "default", place_on(fmt::format("h{:04}", number), 100, 50));
    std::size_t bytes = 0;
    for (const auto& write : change.writes) bytes += write.value->size();
    EXPECT_LE(change.writes.size(), 2U);
    EXPECT_LT(bytes, 1000U);
    shelf.take(change);
  }
  auto shown = shelf.inventory.find<model::Pool>("default");
  EXPECT_EQ(shown->object.places.size(), 200U);
  EXPECT_EQ(shown->object.total, gib(20000));
  EXPECT_EQ(shown->object.free, gib(10000));
  EXPECT_LT(shelf.inventory.stored_pool("default")->text->size(), 500U);
  auto read = model::from_text<model::Pool>(*shown->text, model::Unknown::refuse);
  EXPECT_TRUE(read && *read == shown->object) << "what is shown is all of it";
  auto change = report_of(shelf, "default", place_on("h0007", 100, 10));
  EXPECT_EQ(change.writes.size(), 1U);
  EXPECT_EQ(change.writes.front().key, "pool-places/default/h0007");
  EXPECT_EQ(change.events.size(), 1U) << "it is nearly full";
}

TEST(PoolPlaces, what_watchers_are_told_of_is_the_pool_and_only_its_newest_text_is_kept) {
  FilledInventory shelf;
  shelf.put(without_places(pool_of("default", 1)));
  for (int number = 0; number < 50; ++number)
    shelf.take(report_of(shelf, "default", place_on(fmt::format("h{:04}", number), 100, 50)));
  const auto& recent = shelf.inventory.recent();
  EXPECT_EQ(recent.size(), 51U);
  for (const auto& seen : recent) {
    EXPECT_EQ(seen.folder, "pools");
    EXPECT_EQ(seen.name, "default");
    EXPECT_EQ(seen.text, recent.back().text);
  }
}

TEST(PoolPlaces, of_many_hosts_that_lack_it_a_pool_tells_some_and_how_many_there_are) {
  auto pool = pool_of("nfs", 500);
  for (auto& place : pool.places) place.problem = "not mounted";
  put_places(pool, {});
  EXPECT_TRUE(pool.problem.starts_with("h0000: not mounted; h0001: ")) << pool.problem;
  EXPECT_TRUE(pool.problem.ends_with("; and 492 more")) << pool.problem;
}

TEST(PoolPlaces, of_a_pool_that_few_hosts_have_whatever_is_new_is_stored) {
  auto pool = pool_of("default", 8);
  auto place = pool.places.front();
  EXPECT_FALSE(is_news(pool, place));
  place.free.count += 1;
  EXPECT_TRUE(is_news(pool, place));
}

TEST(PoolPlaces, of_a_pool_that_many_hosts_have_what_matters_is_stored) {
  auto pool = pool_of("default", 9);
  auto changed = [&](auto change) {
    auto place = pool.places.front();
    change(place);
    return is_news(pool, place);
  };
  EXPECT_FALSE(changed([](auto&) {}));
  EXPECT_FALSE(changed([](auto& place) { place.free = gib(49); }));
  EXPECT_FALSE(changed([](auto& place) { place.used = gib(51); }));
  EXPECT_TRUE(changed([](auto& place) { place.free = gib(48); }));
  EXPECT_TRUE(changed([](auto& place) { place.used = gib(52); }));
  EXPECT_TRUE(changed([](auto& place) { place.allocated = gib(2); }));
  EXPECT_TRUE(changed([](auto& place) { place.total = gib(101); }));
  EXPECT_TRUE(changed([](auto& place) { place.path = "/srv/other"; }));
  EXPECT_TRUE(changed([](auto& place) { place.problem = "gone"; }));
  EXPECT_TRUE(changed([](auto& place) { place.host = "h9999"; }));
  put_place(pool, place_on("h0000", 100, 16));
  EXPECT_TRUE(changed([](auto& place) { place.free.count = gib(15).count - 1; }))
      << "it becomes nearly full";
  put_place(pool, place_on("h0000", 1000, 4));
  EXPECT_TRUE(changed([](auto& place) { place.free = gib(3); })) << "the fuller, the closer";
  EXPECT_TRUE(changed([](auto& place) { place.free = gib(0); }));
}

TEST(PoolPlaces, nothing_is_made_of_a_report_that_says_nothing_new) {
  FilledInventory shelf;
  shelf.put(pool_of("default", 9));
  auto change = report_of(shelf, "default", place_on("h0003", 100, 50));
  EXPECT_TRUE(change.writes.empty());
  EXPECT_TRUE(change.events.empty());
}

std::vector<std::string> keys_under(const store::Listing& listing) {
  std::vector<std::string> keys;
  for (const auto& entry : listing.entries) keys.push_back(entry.key);
  return keys;
}

TEST(PoolPlaces, a_store_from_before_is_opened_and_shows_what_it_showed) {
  on_loop([](asio::any_io_executor loop) -> Async<void> {
    Estate estate(loop);
    auto before = pool_of("default", 300);
    before.quota = gib(70);
    std::vector<store::Write> old{{"pools/default", model::to_text(before)}};
    EXPECT_TRUE(co_await estate.store.commit({}, std::move(old)));
    co_await estate.start();
    auto shown = co_await estate.call("GET", "/v1/pools/default");
    auto read = model::from_text<model::Pool>(shown.raw, model::Unknown::refuse);
    EXPECT_TRUE(read && *read == before) << shown.raw;
    auto places = co_await estate.store.list("pool-places/");
    EXPECT_TRUE(places && places->entries.size() == 300);
    auto itself = co_await estate.store.get("pools/default");
    EXPECT_TRUE(itself && *itself && (*itself)->value.contains(R"("places":[])"));
    co_await estate.manager->stop();
  });
}

TEST(PoolPlaces, of_a_pool_that_is_deleted_no_places_are_left) {
  on_loop([](asio::any_io_executor loop) -> Async<void> {
    Estate estate(loop);
    std::vector<store::Write> old{{"pools/fast", model::to_text(pool_of("fast", 2))}};
    EXPECT_TRUE(co_await estate.store.commit({}, std::move(old)));
    // What was left of another one, which had more places than one commit erases.
    for (int number = 0; number < 250; ++number) {
      auto place = place_on(fmt::format("h{:04}", number), 100, 50);
      std::vector<store::Write> left{{place_key("gone", place.host), model::to_text(place)}};
      EXPECT_TRUE(co_await estate.store.commit({}, std::move(left)));
    }
    co_await estate.start();
    EXPECT_EQ((co_await estate.call("GET", "/v1/pools/gone")).status, 404);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/pools/fast")).status, 202);
    std::vector<std::string> keys{"?"};
    for (int i = 0; i < 2000 && !keys.empty(); ++i) {
      auto places = co_await estate.store.list("pool-places/");
      keys = places ? keys_under(*places) : keys;
      co_await sleep_for(5ms);
    }
    EXPECT_EQ(keys, std::vector<std::string>{});
    co_await estate.manager->stop();
  });
}

}  // namespace
}  // namespace truce::manager
