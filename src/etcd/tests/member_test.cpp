// Members that this program starts: real ones, on the loopback interface.
#include "etcd/member.h"

#include <fstream>

#include "cluster.h"
#include "member/beginning.h"
#include "member/find.h"
#include "store/copy.h"
#include "store/sqlite.h"

namespace truce::etcd {

namespace {

template <class Condition>
bool eventually(Condition holds) {
  for (int i = 0; i < 6'000; ++i, ::usleep(10'000)) {
    if (holds()) return true;
  }
  return false;
}

/// Hosts with a member each, in one folder.
class Hosts {
 public:
  /// `encrypted`: there are `server.pem` and so on in its folder.
  explicit Hosts(bool encrypted = false) {
    if (!encrypted) return;
    auto script =
        R"(cd "$1" && new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key "${@:2}"; }
for a in authority stranger; do new $a -x509 -subj /CN=$a -days 2 -out $a.pem || exit 1
  new host -subj /CN=host -out host.csr && openssl x509 -req -in host.csr -CA $a.pem -CAkey $a.key -CAcreateserial -days 2 \
    -extfile names -out host.crt && cat host.crt host.key > identity-$a.pem || exit 1
done; cat authority.pem stranger.pem > both.pem)";
    std::ofstream(at("names")) << "subjectAltName=IP:127.0.0.1\n";
    asio::io_context once;
    auto made =
        in_loop(once, run_checked({.argv = {"bash", "-c", script, "bash", at("").string()}}, 60s));
    EXPECT_TRUE(made) << made.error().message;
    std::filesystem::copy_file(at("identity-authority.pem"), at("identity.pem"));
    std::filesystem::copy_file(at("authority.pem"), at("trusted.pem"));
    identity = at("identity.pem");
    authority = at("trusted.pem");
  }
  /// Whatever still runs ends.
  ~Hosts() {
    for (const auto& settings : all) {
      auto left = find_process(data_word(settings), std::nullopt);
      if (!left || !*left) continue;
      EXPECT_TRUE((*left)->signal(SIGKILL));
      EXPECT_TRUE(run_to_end((*left)->wait()));
    }
  }
  [[nodiscard]] std::filesystem::path at(const std::string& name) const {
    return folder.path() / name;
  }
  MemberSettings add(const std::string& name) {
    auto ports = free_ports(2);
    MemberSettings settings;
    settings.folder = at(name);
    settings.name = name;
    settings.address = "127.0.0.1";
    settings.client_port = static_cast<std::uint16_t>(ports[0]);
    settings.peer_port = static_cast<std::uint16_t>(ports[1]);
    settings.identity = identity;
    settings.authority = authority;
    all.push_back(settings);
    return settings;
  }
  [[nodiscard]] Options options(std::vector<MemberSettings> of) const {
    Options out{.urls = {}, .client = "test"};
    for (const auto& settings : of) out.urls.push_back(client_url(settings));
    if (!identity.empty()) out.tls = {at("both.pem"), identity, identity};
    out.limit = 60s;
    return out;
  }
  template <class T>
  T run_to_end(Async<T> work) {
    return in_loop(loop, std::move(work));
  }
  std::unique_ptr<Member> open(const MemberSettings& settings,
                               Member::Others others = Member::Others::kept) {
    auto member = run_to_end(Member::open(loop.get_executor(), settings, others));
    if (!member) throw std::runtime_error(member.error().message);
    return *std::move(member);
  }
  void close(std::unique_ptr<Member>& member) {
    run_to_end([](Member& m) -> Async<bool> {
      co_await m.close();
      co_return true;
    }(*member));
    member.reset();
  }
  std::unique_ptr<EtcdStore> store(const std::vector<MemberSettings>& of) {
    return open_store(loop, options(of));
  }
  std::unique_ptr<Membership> membership(const std::vector<MemberSettings>& of) {
    return Membership::open(loop.get_executor(), options(of)).value();
  }
  std::string value(store::Store& of, const std::string& key) {
    auto entry = run_to_end(of.get(key));
    if (!entry) return "error: " + entry.error().message;
    return *entry ? (*entry)->value : "absent";
  }
  void put(store::Store& of, const std::string& key, const std::string& text) {
    auto done = run_to_end(of.commit({}, {{key, text}}));
    ASSERT_TRUE(done) << done.error().message;
  }

  asio::io_context loop;
  asio::thread_pool blocking{1};
  store::TemporaryFolder folder{store::quick_parent()};
  std::filesystem::path identity, authority;
  std::vector<MemberSettings> all;
};

/// Until a learner may vote.
void promote(Hosts& hosts, Membership& membership, std::uint64_t id) {
  EXPECT_TRUE(eventually([&] { return hosts.run_to_end(membership.promote(id)).has_value(); }));
}

}  // namespace

TEST(EtcdMember, outlives_who_started_it_and_is_found_again) {
  SKIP_WITHOUT_ETCD();
  Hosts hosts;
  auto settings = hosts.add("h1");
  ASSERT_TRUE(found_cluster(settings, "token"));
  auto member = hosts.open(settings);
  auto pid = member->pid();
  EXPECT_GT(pid, 0);
  EXPECT_EQ(member->starts(), 1);
  {
    auto store = hosts.store({settings});
    hosts.put(*store, "/a", "1");
    hosts.close(member);
    hosts.put(*store, "/b", "2");
  }
  member = hosts.open(settings);
  EXPECT_EQ(member->pid(), pid);
  EXPECT_EQ(member->starts(), 0);
  ASSERT_TRUE(hosts.run_to_end(member->stop()));
  EXPECT_FALSE(start_ticks_of(pid));
  member = hosts.open(settings);
  EXPECT_NE(member->pid(), pid);
  auto store = hosts.store({settings});
  EXPECT_EQ(hosts.value(*store, "/b"), "2");
  ASSERT_TRUE(hosts.run_to_end(member->stop()));
}

TEST(EtcdMember, is_started_again_when_it_dies) {
  SKIP_WITHOUT_ETCD();
  Hosts hosts;
  auto settings = hosts.add("h1");
  ASSERT_TRUE(found_cluster(settings, "token"));
  auto member = hosts.open(settings);
  auto store = hosts.store({settings});
  hosts.put(*store, "/a", "1");
  auto pid = member->pid();
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  while (member->starts() < 2) hosts.loop.run_one();
  EXPECT_NE(member->pid(), pid);
  EXPECT_EQ(hosts.value(*store, "/a"), "1");
  ASSERT_TRUE(hosts.run_to_end(member->stop()));
}

TEST(EtcdMember, that_cannot_start_says_why_and_does_not_try_all_the_time) {
  SKIP_WITHOUT_ETCD();
  Hosts hosts;
  auto settings = hosts.add("h1");
  auto nothing = hosts.run_to_end(Member::open(hosts.loop.get_executor(), settings));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Code::precondition);
  ASSERT_TRUE(found_cluster(settings, "token"));
  EXPECT_EQ(found_cluster(settings, "token").error().code, Code::conflict);
  // Somebody has its port.
  Fd taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback(settings.client_port);
  ASSERT_EQ(::bind(taken.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(taken.get(), 1), 0);
  auto member = hosts.open(settings);
  while (member->problem().empty()) hosts.loop.run_one();
  EXPECT_NE(member->problem().find("address already in use"), std::string::npos)
      << member->problem();
  EXPECT_EQ(member->pid(), 0);
  auto starts = member->starts();
  EXPECT_LE(starts, 2);
  taken = Fd();
  while (member->starts() == starts) hosts.loop.run_one();
  auto store = hosts.store({settings});
  hosts.put(*store, "/a", "1");
  ASSERT_TRUE(hosts.run_to_end(member->stop()));
  ASSERT_TRUE(forget_member(settings));
  EXPECT_FALSE(has_member(settings));
}

TEST(EtcdMember, members_join_vote_leave_and_are_asked_how_they_are) {
  SKIP_WITHOUT_ETCD();
  Hosts hosts;
  auto first = hosts.add("h1");
  auto second = hosts.add("h2");
  auto third = hosts.add("h3");
  ASSERT_TRUE(found_cluster(first, "token"));
  auto one = hosts.open(first);
  auto store = hosts.store({first});
  hosts.put(*store, "/a", "1");
  auto membership = hosts.membership({first, second, third});

  std::vector<std::unique_ptr<Member>> others;
  for (const auto& settings : {second, third}) {
    auto added = hosts.run_to_end(membership->add(peer_url(settings)));
    ASSERT_TRUE(added) << added.error().message;
    EXPECT_TRUE(added->learner);
    EXPECT_EQ(hosts.run_to_end(membership->add(peer_url(settings)))->id, added->id);
    // Before it is there everything goes on: a learner has no vote.
    hosts.put(*store, "/b", settings.name);
    auto early = hosts.run_to_end(membership->promote(added->id));
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, Code::unavailable) << early.error().message;
    auto members = hosts.run_to_end(membership->list());
    ASSERT_TRUE(members) << members.error().message;
    ASSERT_TRUE(join_cluster(settings, "token", *members));
    others.push_back(hosts.open(settings));
    promote(hosts, *membership, added->id);
    EXPECT_TRUE(hosts.run_to_end(membership->promote(added->id)));
  }
  auto members = hosts.run_to_end(membership->list()).value();
  ASSERT_EQ(members.size(), 3U);
  int leaders = 0;
  for (const auto& member : members) {
    EXPECT_FALSE(member.learner);
    auto health = hosts.run_to_end(membership->health(member.client_urls.at(0)));
    EXPECT_EQ(health.problem, "");
    EXPECT_EQ(health.id, member.id);
    EXPECT_TRUE(health.version.starts_with("3.")) << health.version;
    EXPECT_GT(health.size.count, 0U);
    if (health.leads()) ++leaders;
    EXPECT_TRUE(hosts.run_to_end(membership->defragment(member.client_urls.at(0))));
  }
  EXPECT_EQ(leaders, 1);
  // Another one leads, then the old leader goes.
  auto to = std::ranges::find(members, "h2", &ListedMember::name)->id;
  EXPECT_TRUE(eventually([&] { return hosts.run_to_end(membership->hand_over(to)).has_value(); }));
  EXPECT_TRUE(
      eventually([&] { return hosts.run_to_end(membership->health(client_url(second))).leads(); }));
  ASSERT_TRUE(hosts.run_to_end(one->stop()));
  auto gone = std::ranges::find(members, "h1", &ListedMember::name)->id;
  EXPECT_NE(hosts.run_to_end(membership->health(client_url(first))).problem, "");
  auto removed = hosts.run_to_end(membership->remove(gone));
  EXPECT_TRUE(removed) << removed.error().message;
  EXPECT_TRUE(hosts.run_to_end(membership->remove(gone)));
  EXPECT_TRUE(hosts.run_to_end(membership->disarm()));
  store = hosts.store({second, third});
  EXPECT_EQ(hosts.value(*store, "/b"), "h3");
  for (auto& other : others) ASSERT_TRUE(hosts.run_to_end(other->stop()));
}

TEST(EtcdMember, is_encrypted_and_its_certificates_and_authority_change_under_way) {
  SKIP_WITHOUT_ETCD();
  Hosts hosts(true);
  auto settings = hosts.add("h1");
  ASSERT_TRUE(found_cluster(settings, "token"));
  auto member = hosts.open(settings);
  auto pid = member->pid();
  {
    auto store = hosts.store({settings});
    hosts.put(*store, "/a", "1");
  }
  auto plain = hosts.options({settings});
  plain.tls.certificate = plain.tls.key = "";
  plain.attempt = 1s;
  plain.limit = 2s;
  EXPECT_FALSE(hosts.run_to_end(EtcdStore::open(hosts.loop.get_executor(), plain)));
  // A certificate alone needs no new start.
  ASSERT_TRUE(hosts.run_to_end(member->refresh()));
  EXPECT_EQ(member->pid(), pid);
  // Another authority does: at first both are believed, then the other one alone.
  auto change = [&](const char* trusted, const char* identity) {
    auto starts = member->starts();
    std::filesystem::copy_file(hosts.at(trusted), hosts.authority,
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy_file(hosts.at(identity), hosts.identity,
                               std::filesystem::copy_options::overwrite_existing);
    ASSERT_TRUE(hosts.run_to_end(member->refresh()));
    while (member->starts() == starts) hosts.loop.run_one();
    auto store = hosts.store({settings});
    EXPECT_EQ(hosts.value(*store, "/a"), "1");
  };
  change("both.pem", "identity-authority.pem");
  change("stranger.pem", "identity-stranger.pem");
  auto old = hosts.options({settings});
  old.tls.certificate = old.tls.key = hosts.at("identity-authority.pem");
  old.attempt = 1s;
  old.limit = 2s;
  EXPECT_FALSE(hosts.run_to_end(EtcdStore::open(hosts.loop.get_executor(), old)));
  ASSERT_TRUE(hosts.run_to_end(member->stop()));
}

TEST(EtcdMember, a_copy_becomes_a_new_cluster_with_the_same_content) {
  SKIP_WITHOUT_ETCD();
  if (!find_program("etcdctl")) GTEST_SKIP() << "skipped, because there is no etcdctl here";
  Hosts hosts;
  auto settings = hosts.add("h1");
  ASSERT_TRUE(found_cluster(settings, "token"));
  auto member = hosts.open(settings);
  store::Content before;
  auto copy = hosts.at("copy");
  {
    auto store = hosts.store({settings});
    for (int i = 0; i < 50; ++i) hosts.put(*store, fmt::format("/{}", i), random_hex(20'000));
    before = store::content_of(hosts.run_to_end(store->list("")).value().entries);
    auto membership = hosts.membership({settings});
    auto saved = hosts.run_to_end(membership->save(copy, hosts.blocking));
    ASSERT_TRUE(saved) << saved.error().message;
    EXPECT_EQ(saved->count, std::filesystem::file_size(copy));
    EXPECT_FALSE(std::filesystem::exists(copy.string() + ".new"));
    hosts.put(*store, "/later", "x");
  }
  ASSERT_TRUE(hosts.run_to_end(member->stop()));
  ASSERT_TRUE(forget_member(settings));

  auto damaged = read_file(copy).value();
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  ASSERT_TRUE(write_file_durably(hosts.at("damaged"), damaged));
  auto refused = hosts.run_to_end(restore_cluster(settings, "again", hosts.at("damaged")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::corrupt) << refused.error().message;
  EXPECT_FALSE(has_member(settings));

  auto restored = hosts.run_to_end(restore_cluster(settings, "again", copy));
  ASSERT_TRUE(restored) << restored.error().message;
  member = hosts.open(settings);
  {
    auto store = hosts.store({settings});
    auto entries = hosts.run_to_end(store->list(""));
    ASSERT_TRUE(entries) << entries.error().message;
    EXPECT_EQ(store::content_of(entries->entries), before);
  }
  ASSERT_TRUE(hosts.run_to_end(member->stop()));
}

TEST(EtcdMember, the_last_one_of_a_lost_majority_goes_on_alone) {
  SKIP_WITHOUT_ETCD();
  Hosts hosts;
  auto first = hosts.add("h1");
  auto second = hosts.add("h2");
  ASSERT_TRUE(found_cluster(first, "token"));
  auto one = hosts.open(first);
  auto membership = hosts.membership({first, second});
  auto added = hosts.run_to_end(membership->add(peer_url(second)));
  ASSERT_TRUE(added) << added.error().message;
  ASSERT_TRUE(join_cluster(second, "token", hosts.run_to_end(membership->list()).value()));
  auto two = hosts.open(second);
  promote(hosts, *membership, added->id);
  {
    auto store = hosts.store({first, second});
    hosts.put(*store, "/a", "1");
  }
  ASSERT_TRUE(hosts.run_to_end(two->stop()));
  auto refused =
      hosts.run_to_end(Member::open(hosts.loop.get_executor(), first, Member::Others::given_up));
  ASSERT_FALSE(refused) << "it still runs";
  ASSERT_TRUE(hosts.run_to_end(one->stop()));
  one = hosts.open(first, Member::Others::given_up);
  auto store = hosts.store({first});
  EXPECT_EQ(hosts.value(*store, "/a"), "1");
  hosts.put(*store, "/b", "2");
  EXPECT_EQ(hosts.run_to_end(membership->list()).value().size(), 1U);
  ASSERT_TRUE(hosts.run_to_end(one->stop()));
}

TEST(EtcdMember, takes_over_what_a_store_in_sqlite_holds) {
  SKIP_WITHOUT_ETCD();
  Hosts hosts;
  auto settings = hosts.add("h1");
  ASSERT_TRUE(found_cluster(settings, "token"));
  auto member = hosts.open(settings);
  auto file = store::SqliteStore::open(hosts.loop.get_executor(), hosts.at("truce.db"));
  ASSERT_TRUE(file) << file.error().message;
  for (int i = 0; i < 20; ++i) {
    std::vector<store::Write> writes;
    for (int j = 0; j < 100; ++j)
      writes.push_back({fmt::format("vms/{}-{}", i, j), random_hex(300)});
    ASSERT_TRUE(hosts.run_to_end((*file)->commit({}, std::move(writes))));
  }
  ASSERT_TRUE(hosts.run_to_end((*file)->commit({}, {{"large", std::string(1U << 20, 'x')}})));
  auto store = hosts.store({settings});
  auto copied = hosts.run_to_end(store::copy(**file, *store));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->entries, 2'001U);
  EXPECT_FALSE(hosts.run_to_end(store::copy_underway(*store)).value());
  EXPECT_EQ(hosts.run_to_end(store::copy(**file, *store)).value(), *copied);
  store.reset();
  file->reset();
  ASSERT_TRUE(hosts.run_to_end(member->stop()));
}

TEST(EtcdMember, its_words_and_its_beginning) {
  MemberSettings settings{.folder = "/f", .name = "h1", .address = "2001:db8::1"};
  settings.identity = "/id";
  settings.authority = "/ca";
  EXPECT_EQ(client_url(settings), "https://[2001:db8::1]:2379");
  Beginning beginning{"t", "h1=https://[2001:db8::1]:2380", true};
  auto words = command_line(settings, beginning, Member::Others::kept);
  for (const std::string word :
       {"--data-dir=/f/data", "--initial-cluster-state=existing", "--client-cert-auth",
        "--peer-client-cert-auth", "--cert-file=/f/tls/identity.pem", "--max-txn-ops=128",
        "--auto-compaction-retention=10000", "--quota-backend-bytes=2147483648"}) {
    EXPECT_NE(std::ranges::find(words, word), words.end()) << word;
  }
  EXPECT_EQ(std::ranges::find(words, "--force-new-cluster"), words.end());
  auto again = parse_beginning(to_text(beginning));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->initial, beginning.initial);
  for (const char* text : {"", "{}", "[]", R"({"token":1,"initial":"a","existing":true})"}) {
    EXPECT_EQ(parse_beginning(text).error().code, Code::corrupt) << text;
  }
  settings.folder = "/nowhere/f";
  settings.address = "a,b=c";
  EXPECT_EQ(found_cluster(settings, "t").error().code, Code::invalid);
}

}  // namespace truce::etcd
