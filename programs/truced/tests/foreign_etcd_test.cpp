// An etcd of somebody else's, over TLS and under a prefix.
#include "../foreign_etcd.h"

#include <sys/stat.h>

#include <fstream>

#include "../../../src/store/tests/conformance.h"
#include "tls_etcd.h"

namespace truce {
namespace {

using store::in_loop;
using store::TemporaryFolder;

ForeignEtcd::Settings settings_for(const TemporaryFolder& folder, const model::EtcdAccess& access) {
  return {.secrets = folder.path() / "cluster",
          .host = "h1",
          .place = {access.urls, access.prefix, access.user},
          .attempt = 2s,
          .limit = 4s};
}

/// A way to an etcd, kept in a folder.
struct Way {
  explicit Way(const model::EtcdAccess& access)
      : part(loop.get_executor(), settings_for(folder, access)) {
    auto kept = part.keep(access);
    if (!kept) throw std::runtime_error(kept.error().message);
  }
  ~Way() { in_loop(loop, part.close()); }
  Way(const Way&) = delete;
  Way& operator=(const Way&) = delete;

  /// Until etcd, which has just been started, answers.
  void wait() {
    for (int attempt = 0; attempt < 100; ++attempt) {
      if (in_loop(loop, part.open_store())) return;
    }
    throw std::runtime_error("etcd does not answer");
  }

  asio::io_context loop;
  TemporaryFolder folder;
  ForeignEtcd part;
};

/// An etcd, and the store in it.
struct Around {
  TlsEtcd etcd;
  std::optional<TemporaryFolder> folder;
};

store::OpenStore::Opened open_tls(asio::any_io_executor loop) {
  auto around = std::make_shared<Around>();
  Way first(around->etcd.access("/elsewhere/"));
  first.wait();
  around->folder.emplace();
  auto access = around->etcd.access("/truce/estate/");
  ForeignEtcd part(loop, settings_for(*around->folder, access));
  auto kept = part.keep(access);
  if (!kept) throw std::runtime_error(kept.error().message);
  auto& context = static_cast<asio::io_context&>(loop.context());
  auto opened = must(in_loop(context, part.open_store()));
  return {.around = around, .store = std::move(opened)};
}

auto stores() {
  std::vector<store::OpenStore> all;
  if (find_program("etcd")) all.push_back({"etcd_over_tls_under_a_prefix", open_tls});
  return all;
}

}  // namespace

namespace store {
INSTANTIATE_TEST_SUITE_P(Foreign, StoreConformance, testing::ValuesIn(stores()),
                         [](const auto& test) { return test.param.name; });
}  // namespace store

namespace {

Code code_of(const Result<void>& result) {
  return result ? Code::internal : result.error().code;
}

/// The field that is at fault.
std::string fault_of(const model::EtcdAccess& access) {
  auto good = ForeignEtcd::check(access);
  if (good) return "none";
  EXPECT_EQ(good.error().code, Code::invalid);
  return good.error().field;
}

TEST(ForeignEtcd, what_cannot_be_meant_is_refused_before_anybody_is_asked) {
  auto authority = must(link::Authority::make("a"));
  auto client = sign(authority, "client");
  auto other = sign(authority, "other");
  const model::EtcdAccess sound{.urls = {"https://a.example:2379", "https://[2001:db8::1]:2379"},
                                .prefix = "/truce/estate/",
                                .ca = authority.pem(),
                                .certificate = client.certificate,
                                .key = client.key};
  EXPECT_EQ(fault_of(sound), "none");
  for (const std::string url : {"http://a:2379", "a:2379", "https://a", "https://a:0",
                                "https://a:99999", "ftp://a:1", ""}) {
    auto access = sound;
    access.urls.push_back(url);
    EXPECT_EQ(fault_of(access), "/etcd") << url;
  }
  for (const std::string prefix : {"", "/", "truce/", "/truce", "/tru ce/", "/a\n/"}) {
    auto access = sound;
    access.prefix = prefix;
    EXPECT_EQ(fault_of(access), "/etcd_prefix") << prefix;
  }
  auto access = sound;
  access.ca = "no certificate";
  EXPECT_EQ(fault_of(access), "/etcd_ca");
  access = sound;
  access.key = other.key;
  EXPECT_EQ(fault_of(access), "/etcd_key");
  access.key = "";
  EXPECT_EQ(fault_of(access), "/etcd_key");
  access = sound;
  access.certificate = must(authority.sign(must(link::make_request("old")).pem,
                                           {.host = "old", .at = now() - std::chrono::days(400)}));
  EXPECT_EQ(fault_of(access), "/etcd_certificate");
  access = sound;
  access.user = "truce";
  EXPECT_EQ(fault_of(access), "/etcd_password");
  access = {.urls = {"https://a:1"}, .prefix = "/t/", .user = "truce", .password = "word"};
  EXPECT_EQ(fault_of(access), "none");
}

TEST(ForeignEtcd, a_member_that_is_too_old_or_has_no_room_or_no_leader_is_refused) {
  const std::string url = "https://a:2379";
  const etcd::Health good{.version = "3.4.23", .id = 1, .leader = 1};
  EXPECT_TRUE(ForeignEtcd::check_member(url, good));
  auto fault = [&](const etcd::Health& health) {
    auto checked = ForeignEtcd::check_member(url, health);
    return checked ? Error{} : checked.error();
  };
  auto health = good;
  health.version = "3.3.27";
  EXPECT_EQ(fault(health).code, Code::unsupported);
  health = good;
  health.problem = "it follows nobody";
  EXPECT_EQ(fault(health).code, Code::unavailable);
  health.problem = "memberID:1 alarm:NOSPACE ";
  EXPECT_EQ(fault(health).code, Code::io);
  EXPECT_NE(fault(health).message.find("2 GiB"), std::string::npos);
  health = good;
  health.size = mib(100);
  health.quota = mib(300);
  EXPECT_EQ(fault(health).code, Code::io);
  EXPECT_NE(fault(health).message.find("300MiB"), std::string::npos);
  health.quota = mib(356);
  EXPECT_TRUE(ForeignEtcd::check_member(url, health));
  health = {};
  health.problem = "connection refused";
  EXPECT_EQ(fault(health).code, Code::unavailable);
}

TEST(ForeignEtcd, what_lets_in_is_kept_for_root_alone_and_goes_with_it) {
  auto authority = must(link::Authority::make("a"));
  auto client = sign(authority, "client");
  model::EtcdAccess access{.urls = {"https://127.0.0.1:1"},
                           .prefix = "/t/",
                           .ca = authority.pem(),
                           .certificate = client.certificate,
                           .key = client.key,
                           .user = "truce",
                           .password = "word"};
  Way way(access);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(way.folder.path() / "cluster")) {
    struct stat status{};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 3U);
  // Who joins gets all of it, and can go the same way.
  auto told = must(in_loop(way.loop, way.part.admit("", "h2", "192.0.2.2:7444")));
  ASSERT_TRUE(told.etcd);
  EXPECT_EQ(told.etcd->password, "word");
  EXPECT_EQ(told.etcd->ca, authority.pem());
  Way second(*told.etcd);
  EXPECT_TRUE(
      link::check_pair(must(read_file(second.folder.path() / "cluster/etcd-client.pem")),
                       Secret(must(read_file(second.folder.path() / "cluster/etcd-client.pem")))));
  ASSERT_TRUE(in_loop(way.loop, way.part.forget()));
  EXPECT_TRUE(std::filesystem::is_empty(way.folder.path() / "cluster"));
}

TEST(ForeignEtcd, a_place_that_has_a_cluster_already_is_refused_and_another_one_beside_it_is_not) {
  SKIP_WITHOUT_ETCD();
  TlsEtcd etcd;
  Way first(etcd.access("/truce/first/"));
  first.wait();
  auto good = in_loop(first.loop, first.part.found());
  ASSERT_TRUE(good) << good.error().message;
  auto store = must(in_loop(first.loop, first.part.open_store()));
  ASSERT_TRUE(in_loop(first.loop, store->commit({}, {{"clusters/first", "{}"}})));
  auto taken = in_loop(first.loop, first.part.found());
  ASSERT_EQ(code_of(taken), Code::conflict);
  EXPECT_NE(taken.error().message.find("etcdctl del --prefix /truce/first/"), std::string::npos);

  Way second(etcd.access("/truce/second/"));
  EXPECT_TRUE(in_loop(second.loop, second.part.found()));
  auto other = must(in_loop(second.loop, second.part.open_store()));
  EXPECT_TRUE(must(in_loop(second.loop, other->list(""))).entries.empty());
  ASSERT_TRUE(in_loop(second.loop, other->commit({}, {{"clusters/second", "{}"}})));
  ASSERT_TRUE(in_loop(second.loop, withdraw_state(*other)));
  EXPECT_TRUE(must(in_loop(second.loop, other->list(""))).entries.empty());
  EXPECT_EQ(must(in_loop(first.loop, store->list(""))).entries.size(), 1U);
}

TEST(ForeignEtcd, a_wrong_certificate_or_nobody_there_is_said_with_what_to_look_at) {
  SKIP_WITHOUT_ETCD();
  TlsEtcd etcd;
  Way good(etcd.access("/t/"));
  good.wait();
  auto stranger = must(link::Authority::make("stranger"));
  auto stranger_client = sign(stranger, "client");
  auto unknown = etcd.access("/t/");
  unknown.certificate = stranger_client.certificate;
  unknown.key = stranger_client.key;
  auto deceived = etcd.access("/t/");
  deceived.ca = stranger.pem();
  auto absent = etcd.access("/t/");
  absent.urls = {fmt::format("https://127.0.0.1:{}", etcd::free_ports(1).front())};
  for (const auto& access : {unknown, deceived, absent}) {
    Way way(access);
    auto found = in_loop(way.loop, way.part.found());
    ASSERT_EQ(code_of(found), Code::unavailable);
    EXPECT_NE(found.error().message.find(access.urls.front()), std::string::npos);
    EXPECT_NE(found.error().message.find("--etcd-certificate"), std::string::npos);
  }
}

TEST(ForeignEtcd, addresses_of_two_etcds_are_refused) {
  SKIP_WITHOUT_ETCD();
  TlsEtcd one;
  Way first(one.access("/t/"));
  first.wait();
  // The second one takes the same certificates.
  auto access = one.access("/t/");
  etcd::Cluster other(1, one.words(), "https");
  auto second = access;
  second.urls = {other.url(0)};
  Way(second).wait();
  access.urls.push_back(other.url(0));
  Way both(access);
  auto found = in_loop(both.loop, both.part.found());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().field, "/etcd");
}

TEST(ForeignEtcd, a_certificate_that_is_replaced_in_its_file_is_used_without_a_new_start) {
  SKIP_WITHOUT_ETCD();
  TlsEtcd etcd;
  Way way(etcd.access("/t/"));
  way.wait();
  auto store = must(in_loop(way.loop, way.part.open_store()));
  auto stranger = must(link::Authority::make("stranger"));
  auto wrong = etcd.access("/t/");
  auto client = sign(stranger, "client");
  wrong.certificate = client.certificate;
  wrong.key = client.key;
  auto answers = [&] { return in_loop(way.loop, store->get("a")).has_value(); };
  ASSERT_TRUE(way.part.keep(wrong));
  Way right(etcd.access("/t/"));
  bool refused = false;
  for (int attempt = 0; attempt < 100 && !refused; ++attempt) {
    etcd.cluster().kill(0);  // connections stay as long as they can
    etcd.cluster().start(0);
    right.wait();
    refused = !answers();
  }
  EXPECT_TRUE(refused);
  ASSERT_TRUE(way.part.keep(etcd.access("/t/")));
  bool taken = false;
  for (int attempt = 0; attempt < 100 && !taken; ++attempt) taken = answers();
  EXPECT_TRUE(taken);
}

}  // namespace
}  // namespace truce
