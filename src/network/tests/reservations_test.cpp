#include "reservations.h"

#include <gtest/gtest.h>

#include <fstream>

#include "names.h"
#include "sandbox.h"

namespace truce::network {
namespace {

using Change = WatchedFolder::Change;

const Subnet small = *parse_subnet("10.1.2.0/29");
const auto nobody = [](Address) { return false; };

TEST(Reservations, an_address_follows_from_the_mac) {
  auto first = choose_address(small, "02:00:00:00:00:01", {}, nobody);
  ASSERT_TRUE(first);
  EXPECT_TRUE(small.is_guest(*first));
  EXPECT_EQ(*choose_address(small, "02:00:00:00:00:01", {}, nobody), *first);
}

TEST(Reservations, each_address_goes_once_until_none_is_left) {
  Reservations taken;
  std::set<Address> seen;
  for (int i = 0; i < 5; ++i) {
    auto mac = fmt::format("02:00:00:00:00:0{}", i);
    auto address = choose_address(small, mac, taken, nobody);
    ASSERT_TRUE(address);
    EXPECT_TRUE(small.is_guest(*address));
    EXPECT_TRUE(seen.insert(*address).second);
    taken[mac] = {mac, "vm", *address};
  }
  auto none = choose_address(small, "02:00:00:00:00:99", taken, nobody);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::limit);
}

TEST(Reservations, an_address_that_somebody_still_holds_is_the_last_choice) {
  auto favourite = *choose_address(small, "02:00:00:00:00:01", {}, nobody);
  auto leased = [&](Address address) { return address == favourite; };
  EXPECT_NE(*choose_address(small, "02:00:00:00:00:01", {}, leased), favourite);
  auto all_leased = [](Address) { return true; };
  EXPECT_EQ(*choose_address(small, "02:00:00:00:00:01", {}, all_leased), favourite);
}

TEST(Reservations, come_back_from_their_files_and_junk_does_not) {
  TempFolder folder;
  auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder.path() / name) << text;
  };
  Reservation good{"02:00:00:00:00:01", "web01", small.guest(1)};
  Reservation other_subnet{"02:00:00:00:00:02", "web02", *parse_address("10.9.9.9")};
  Reservation same_address{"02:00:00:00:00:03", "web03", small.guest(1)};
  Reservation host_address{"02:00:00:00:00:04", "web04", small.gateway()};
  for (const auto& one : {good, other_subnet, same_address, host_address}) {
    put(file_name(one.mac) + ".json", to_text(one));
  }
  put("020000000005.json", to_text(good));
  put("020000000006.json", "{");
  put("020000000007.json", R"({"mac":"02:00:00:00:00:07","vm":"a\nb","address":"10.1.2.4"})");
  put("leases", "");
  auto loaded = load_reservations(folder.path(), {small});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded, (Reservations{{good.mac, good}}));
  EXPECT_TRUE(load_reservations(folder.path() / "absent", {small})->empty());
}

TEST(Reservations, of_ipv6_follow_from_the_mac_and_stay_within_their_range) {
  const auto range = *parse_subnet6("fd00:1::/64");
  const auto nobody6 = [](Address6) { return false; };
  auto first = choose_address(range, "02:00:00:00:00:01", {}, nobody6);
  ASSERT_TRUE(first);
  EXPECT_TRUE(range.is_guest(*first));
  EXPECT_EQ(*choose_address(range, "02:00:00:00:00:01", {}, nobody6), *first);
  Reservation other{"02:00:00:00:00:02", "db", small.guest(2)};
  other.address6 = *first;
  EXPECT_NE(*choose_address(range, "02:00:00:00:00:01", {{other.mac, other}}, nobody6), *first);
  TempFolder folder;
  std::ofstream(folder.path() / (file_name(other.mac) + ".json")) << to_text(other);
  EXPECT_EQ(*load_reservations(folder.path(), {small, range}), (Reservations{{other.mac, other}}));
  auto without = other;
  without.address6.reset();
  EXPECT_EQ(*load_reservations(folder.path(), {small, *parse_subnet6("fd00:2::/64")}),
            (Reservations{{other.mac, without}}));
  EXPECT_EQ(*load_reservations(folder.path(), {small}), (Reservations{{other.mac, without}}));
  EXPECT_FALSE(parse_reservation(
      R"({"mac":"02:00:00:00:00:07","vm":"a","address":"10.1.2.4","address6":"x"})"));
}

TEST(WatchedFolder, says_whether_a_watcher_must_be_told) {
  TempFolder folder;
  auto path = folder.path() / "hosts";
  WatchedFolder watched(path);
  EXPECT_EQ(*watched.publish({{"a", "1"}}), Change::added);
  EXPECT_EQ(*watched.publish({{"a", "1"}}), Change::none);
  EXPECT_EQ(*watched.publish({{"a", "1"}, {"b", "2"}}), Change::added);
  EXPECT_EQ(*watched.publish({{"a", "1"}, {"b", "3"}}), Change::replaced);
  EXPECT_EQ(*watched.publish({{"b", "3"}}), Change::replaced);
  EXPECT_FALSE(std::filesystem::exists(path / "a"));
  EXPECT_EQ(*read_file(path / "b"), "3");
}

TEST(WatchedFolder, mends_what_others_changed_once_it_forgot) {
  TempFolder folder;
  WatchedFolder watched(folder.path());
  ASSERT_TRUE(watched.publish({{"a", "1"}}));
  std::ofstream(folder.path() / "a") << "other";
  std::ofstream(folder.path() / "stray") << "x";
  watched.forget();
  EXPECT_EQ(*watched.publish({{"a", "1"}}), Change::replaced);
  EXPECT_EQ(*read_file(folder.path() / "a"), "1");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "stray"));
}

}  // namespace
}  // namespace truce::network
