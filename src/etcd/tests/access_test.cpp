// Who may connect, and which options are taken.
#include <fstream>

#include "cluster.h"
#include "etcd/membership.h"
#include "messages.h"

namespace truce::etcd {

namespace {

Result<std::unique_ptr<EtcdStore>> try_open(asio::io_context& loop, Options options) {
  options.attempt = 1s;
  options.limit = 2s;
  return in_loop(loop, EtcdStore::open(loop.get_executor(), std::move(options)));
}

Code code_of(const Result<std::unique_ptr<EtcdStore>>& opened) {
  return opened ? Code::internal : opened.error().code;
}

/// An authority, and certificates that it has signed: `NAME.pem` and `NAME.key`.
void make_certificates(const std::filesystem::path& folder) {
  std::ofstream(folder / "names") << "subjectAltName=IP:127.0.0.1\n";
  auto script =
      R"(cd "$1" && new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key "${@:2}"; }
for a in authority stranger; do new $a -x509 -subj /CN=$a -days 2 -out $a.pem || exit 1; done
for n in server client; do new $n -subj /CN=$n -out $n.csr &&
  openssl x509 -req -in $n.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 -extfile names -out $n.pem || exit 1
done)";
  Command command{.argv = {"bash", "-c", script, "bash", folder.string()}};
  asio::io_context loop;
  auto made = in_loop(loop, run_checked(command, 60s));
  ASSERT_TRUE(made) << made.error().message;
}

}  // namespace

TEST(EtcdAccess, is_encrypted_and_certified_on_both_sides) {
  SKIP_WITHOUT_ETCD();
  store::TemporaryFolder folder;
  const auto& at = folder.path();
  make_certificates(at);
  Cluster cluster(1,
                  {"--cert-file", at / "server.pem", "--key-file", at / "server.key",
                   "--client-cert-auth", "--trusted-ca-file", at / "authority.pem"},
                  "https");
  asio::io_context loop;
  auto options = options_for(cluster);
  options.limit = 10s;
  options.tls = {at / "authority.pem", at / "client.pem", at / "client.key"};
  auto store = open_store(loop, options);
  ASSERT_TRUE(in_loop(loop, store->commit({}, {{"/a", "1"}})));
  EXPECT_EQ(in_loop(loop, store->get("/a")).value()->value, "1");

  auto nameless = options;
  nameless.tls.certificate = nameless.tls.key = "";
  EXPECT_EQ(code_of(try_open(loop, nameless)), Code::unavailable);
  auto deceived = options;
  deceived.tls.authority = at / "stranger.pem";
  EXPECT_EQ(code_of(try_open(loop, deceived)), Code::unavailable);
  auto half = options;
  half.tls.key = "";
  EXPECT_EQ(code_of(try_open(loop, half)), Code::invalid);
  half.tls.key = at / "absent.key";
  EXPECT_EQ(code_of(try_open(loop, half)), Code::invalid);
}

TEST(EtcdAccess, is_by_user_and_password_where_etcd_wants_them) {
  SKIP_WITHOUT_ETCD();
  if (!find_program("etcdctl"))
    GTEST_SKIP() << "skipped, because there is no etcdctl here: apt-get install etcd-client";
  Cluster cluster(1, {"--auth-token-ttl=1"});
  for (const auto& words : std::vector<Cluster::Words>{
           {"user", "add", "root:secret"},
           {"user", "add", "truce:word"},
           {"user", "add", "guest:word"},
           {"role", "add", "truce"},
           {"role", "grant-permission", "--prefix=true", "truce", "readwrite", "/truce/"},
           {"user", "grant-role", "truce", "truce"},
           {"user", "grant-role", "root", "root"},
           {"auth", "enable"}}) {
    auto done = cluster.control(words);
    ASSERT_TRUE(done) << done.error().message;
  }
  asio::io_context loop;
  auto options = options_for(cluster);
  EXPECT_EQ(code_of(try_open(loop, options)), Code::unauthenticated);
  options.user = "truce";
  EXPECT_EQ(code_of(try_open(loop, options)), Code::invalid);
  options.password = std::make_shared<Secret>("wrong");
  EXPECT_EQ(code_of(try_open(loop, options)), Code::unauthenticated);
  options.password = std::make_shared<Secret>("word");
  options.user = "guest";
  auto forbidden = try_open(loop, options);
  EXPECT_EQ(code_of(forbidden), Code::forbidden);
  EXPECT_NE(forbidden.error().message.find("guest"), std::string::npos);
  options.user = "truce";
  auto store = open_store(loop, options);
  auto watch = store->watch("", 1'000'000);
  for (int i = 0; i < 2; ++i) {
    auto done = in_loop(loop, store->commit({}, {{"/a", std::to_string(i)}}));
    ASSERT_TRUE(done) << done.error().message;
    watch = store->watch("", *done);
    EXPECT_EQ(in_loop(loop, within(10s, watch->next(), "watch"))->revision, *done);
    ::usleep(1'500'000);  // the token has ended
  }
}

TEST(EtcdAccess, options_that_cannot_be_meant_are_refused) {
  asio::io_context loop;
  const Options sound{.urls = {"http://127.0.0.1:1"}, .client = "a"};
  EXPECT_EQ(code_of(try_open(loop, sound)), Code::unavailable);
  for (const auto& urls : std::vector<std::vector<std::string>>{{},
                                                                {""},
                                                                {"127.0.0.1:2379"},
                                                                {"http://127.0.0.1"},
                                                                {"ftp://a:1"},
                                                                {"http://a:1/path"},
                                                                {"http://user@a:1"},
                                                                {"http://a:1", "https://b:1"},
                                                                {"http://a:1,b:2"}}) {
    auto options = sound;
    options.urls = urls;
    EXPECT_EQ(code_of(try_open(loop, options)), Code::invalid)
        << fmt::format("{}", fmt::join(urls, " "));
  }
  for (const std::string client : {"", "a/b", "ä"}) {
    auto options = sound;
    options.client = client;
    EXPECT_EQ(code_of(try_open(loop, options)), Code::invalid) << client;
  }
  for (const std::string prefix : {"", "truce"}) {
    auto options = sound;
    options.prefix = prefix;
    EXPECT_EQ(code_of(try_open(loop, options)), Code::invalid) << prefix;
  }
}

TEST(EtcdMessages, the_end_of_a_prefix_is_behind_all_that_begin_with_it) {
  EXPECT_EQ(end_of("/a"), "/b");
  EXPECT_EQ(end_of("/a/"), "/a0");
  EXPECT_EQ(end_of("/a/\xff\xff"), "/a0");
  EXPECT_EQ(end_of(std::string("/a\0", 3)), std::string("/a\1", 3));
}

TEST(EtcdMessages, a_members_status_tells_its_cluster_and_from_3_6_on_its_quota) {
  using namespace std::string_literals;
  auto before = parse_status("\x0a\x02\x08\x05\x12\x05"s + "3.4.2");
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_EQ(before->cluster, 5U);
  EXPECT_EQ(before->version, "3.4.2");
  EXPECT_EQ(before->quota, Bytes{0});
  auto after = parse_status("\x0a\x02\x08\x05\x12\x05"s + "3.6.1" + "\x60\x80\x08");
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->quota, kib(1));
}

TEST(EtcdMembership, versions_before_3_4_and_what_is_none_are_not_new_enough) {
  for (const std::string version : {"3.4.0", "3.4", "3.5.9", "3.10.1", "4.0", "3.6.0-rc.1"})
    EXPECT_TRUE(is_new_enough(version)) << version;
  for (const std::string version :
       {"3.3.27", "2.3.8", "3", "3.", "3.x", "", "v3.4", "99999999999.1"})
    EXPECT_FALSE(is_new_enough(version)) << version;
}

TEST(EtcdMessages, bytes_that_are_no_message_are_corrupt) {
  EXPECT_EQ(parse_range("\x0a\xff").error().code, Code::corrupt);
  EXPECT_EQ(parse_txn("\xff").error().code, Code::corrupt);
  EXPECT_EQ(parse_watch("\x5a\x05").error().code, Code::corrupt);
}

}  // namespace truce::etcd
