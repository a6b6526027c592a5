// What a host keeps of its part in a cluster.
#include "../member.h"

#include <gtest/gtest.h>

#include "../../../src/store/tests/temporary_folder.h"
#include "base/file.h"

namespace truce {
namespace {

Member manager() {
  Member member{.cluster = "estate",
                .host = "h1",
                .role = model::HostRole::manager,
                .address = "192.0.2.1:7444",
                .managers = {{"h1", "192.0.2.1:7444"}, {"h2", "192.0.2.2:7444"}}};
  member.store = model::StoreKind::etcd;
  member.etcd_token = "token";
  return member;
}

void expect_same_again(const Member& member) {
  store::TemporaryFolder folder;
  ASSERT_TRUE(write_member(folder.path(), member));
  auto read = read_member(folder.path());
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_TRUE(*read);
  EXPECT_EQ(**read, member);
}

Result<std::optional<Member>> read_text(const std::string& text) {
  store::TemporaryFolder folder;
  EXPECT_TRUE(write_file_durably(member_file(folder.path()), text));
  return read_member(folder.path());
}

constexpr std::string_view head =
    R"({"cluster":"e","host":"h1","role":"manager","address":"a:1","managers":[{"name":"h1","address":"a:1"}])";

TEST(Member, is_read_as_it_was_written) {
  expect_same_again(manager());
  auto ports = manager();
  ports.etcd_client_port = 12379;
  ports.etcd_peer_port = 12380;
  expect_same_again(ports);
  auto foreign = manager();
  foreign.etcd_token.clear();
  foreign.foreign = EtcdPlace{{"https://a:2379", "https://b:2379"}, "/truce/estate/", ""};
  expect_same_again(foreign);
  foreign.foreign->user = "truce";
  expect_same_again(foreign);
}

TEST(Member, one_of_a_release_before_has_the_ports_that_etcd_has_by_itself) {
  auto read = read_text(std::string(head) + R"(,"store":"etcd","etcd_token":"t"})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ((*read)->etcd_client_port, 2379);
  EXPECT_EQ((*read)->etcd_peer_port, 2380);
  EXPECT_FALSE((*read)->foreign);
}

TEST(Member, a_damaged_one_is_no_member) {
  for (const std::string tail : {R"(,"store":"etcd"})", R"(,"store":"paper"})",
                                 R"(,"store":"etcd","etcd_token":"t","etcd_client_port":0})",
                                 R"(,"store":"etcd","etcd_token":"t","etcd_peer_port":70000})",
                                 R"(,"store":"etcd","etcd_token":"t","etcd_peer_port":"2380"})",
                                 R"(,"store":"etcd","etcd":[]})", R"(,"store":"etcd","etcd":{}})",
                                 R"(,"store":"etcd","etcd":{"prefix":"/a/","urls":[]}})",
                                 R"(,"store":"etcd","etcd":{"prefix":"/a/","urls":[1]}})",
                                 R"(,"store":"etcd","etcd":{"urls":["https://a:1"]}})"}) {
    auto read = read_text(std::string(head) + tail);
    ASSERT_FALSE(read) << tail;
    EXPECT_EQ(read.error().code, Code::corrupt) << tail;
  }
}

// A release that knows no etcd of others must not begin one of its own.
TEST(Member, one_with_an_etcd_of_others_has_no_token_for_one_of_its_own) {
  auto foreign = manager();
  foreign.foreign = EtcdPlace{{"https://a:2379"}, "/truce/estate/", ""};
  store::TemporaryFolder folder;
  ASSERT_TRUE(write_member(folder.path(), foreign));
  auto text = read_file(member_file(folder.path()));
  ASSERT_TRUE(text);
  EXPECT_EQ(text->find("etcd_token"), std::string::npos);
}

TEST(Seals, a_key_is_made_once_and_read_afterwards) {
  store::TemporaryFolder folder;
  auto file = seals_file(folder.path());
  ASSERT_FALSE(*read_seals(file));
  auto made = open_seals(file);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(open_seals(file)->ids(), made->ids());
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
  ASSERT_TRUE(write_file_durably(file, "no key\n"));
  EXPECT_EQ(open_seals(file).error().code, Code::corrupt) << "another one would open nothing";
}

TEST(Seals, another_managers_keys_come_first_and_ones_own_stay) {
  store::TemporaryFolder folder;
  auto file = seals_file(folder.path());
  auto leader = access::Seals::fresh();
  EXPECT_TRUE(*take_seals(file, leader.text()->text())) << "there was no file";
  EXPECT_FALSE(*take_seals(file, leader.text()->text()));
  auto next = access::Seals::fresh();
  EXPECT_TRUE(*take_seals(file, next.text()->text()));
  auto all = open_seals(file)->ids();
  EXPECT_EQ(all, (std::vector{next.ids().front(), leader.ids().front()}));
  EXPECT_EQ(take_seals(file, "x").error().code, Code::corrupt);
}

}  // namespace
}  // namespace truce
