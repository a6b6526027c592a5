// Peers that should not get in, or that try to keep others out.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/process.h"
#include "openssl.h"
#include "world.h"

namespace truce::link {

namespace {

Fd connect_to(std::uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  timeval limit{60, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect");
  }
  return fd;
}

/// Writes `bytes` and waits until the other side has ended the connection.
bool is_ended_after(std::uint16_t port, const std::string& bytes) {
  auto fd = connect_to(port);
  if (::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return true;
  char answer[4096];
  ssize_t got = 0;
  while ((got = ::recv(fd.get(), answer, sizeof answer, 0)) > 0) {
  }
  return got == 0 || errno == ECONNRESET;
}

/// A client that is not ours. What became of it: empty when it could say `words` and was answered.
struct Stranger {
  std::filesystem::path certificate;  ///< and key; empty: it has none
  int version = TLS1_3_VERSION;
  bool speaks_truce = true;
  std::string words = std::string(1, '\4') + "peer";

  [[nodiscard]] std::string try_to_get_in(std::uint16_t port) const {
    ContextPtr context(SSL_CTX_new(TLS_client_method()), Freed<SSL_CTX_free>());
    auto* c = context.get();
    SSL_CTX_set_min_proto_version(c, version);
    SSL_CTX_set_max_proto_version(c, version);
    if (speaks_truce) {
      SSL_CTX_set_alpn_protos(c, reinterpret_cast<const unsigned char*>("\7truce/1"), 8);
    }
    if (!certificate.empty()) {
      EXPECT_EQ(SSL_CTX_use_certificate_chain_file(c, certificate.c_str()), 1) << tls_errors();
      EXPECT_EQ(SSL_CTX_use_PrivateKey_file(c, certificate.c_str(), SSL_FILETYPE_PEM), 1);
    }
    auto fd = connect_to(port);
    SslPtr tls(SSL_new(c));
    SSL_set_fd(tls.get(), fd.get());
    if (SSL_connect(tls.get()) != 1) return "handshake: " + tls_errors();
    if (SSL_write(tls.get(), words.data(), static_cast<int>(words.size())) <= 0) {
      return "write: " + tls_errors();
    }
    char answer[256] = {};
    int got = SSL_read(tls.get(), answer, sizeof answer);
    if (got <= 0) return "read: " + tls_errors();
    return std::string(answer + 1, static_cast<std::size_t>(got) - 1);
  }
};

/// While `work` runs on a thread of its own, so does the loop.
template <class Work>
auto beside(World& world, Work work) {
  asio::thread_pool pool(1);
  return in_loop(world.loop, run_blocking(pool, std::move(work)));
}

std::string run_openssl(std::vector<std::string> words) {
  words.insert(words.begin(), "openssl");
  asio::io_context loop;
  auto done = in_loop(loop, run_checked({.argv = std::move(words)}, 60s));
  return done ? *done : "failed: " + done.error().message;
}

}  // namespace

TEST(LinkRefuses, another_authority_on_either_side) {
  World world;
  world.listen();
  auto other = must(Authority::make("estate"));
  // It does not believe h2.
  auto deceived = world.call(world.identity({.host = "h3"}, other), world.target());
  ASSERT_FALSE(deceived);
  EXPECT_EQ(deceived.error().code, Code::forbidden);
  EXPECT_NE(deceived.error().message.find("is not believed"), std::string::npos)
      << deceived.error().message;
  // It believes h2, which does not believe it.
  auto liar =
      world.call(world.identity({.host = "h1"}, other, world.authority.pem()), world.target());
  ASSERT_FALSE(liar);
  EXPECT_EQ(liar.error().code, Code::forbidden);
  EXPECT_NE(liar.error().message.find("it refuses us"), std::string::npos) << liar.error().message;
  EXPECT_TRUE(eventually([&] { return world.listener->refused() == 2; }));
  EXPECT_TRUE(world.incoming.empty());
}

TEST(LinkRefuses, certificates_that_have_ended_on_either_side) {
  World world;
  auto past = now() - std::chrono::days(100);
  world.listen();
  auto ended =
      world.call(world.identity({.host = "h3", .at = past}, world.authority), world.target());
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Code::forbidden);
  EXPECT_NE(ended.error().message.find("expired"), std::string::npos) << ended.error().message;
  world.enroll({.host = "h2", .at = past}, world.authority);
  must(world.h2->reload());
  auto stale = world.call();
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, Code::forbidden);
  EXPECT_NE(stale.error().message.find("expired"), std::string::npos) << stale.error().message;
}

TEST(LinkRefuses, a_host_with_another_name_than_was_dialled) {
  World world;
  world.listen();
  auto target = world.target();
  target.host = "h3";
  auto result = world.call(world.h1, target);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::forbidden);
  EXPECT_NE(result.error().message.find("'h2' answers there, not 'h3'"), std::string::npos)
      << result.error().message;
  EXPECT_TRUE(world.incoming.empty());
}

TEST(LinkRefuses, clients_without_a_hosts_certificate_or_with_old_protocols) {
  World world;
  world.listen();
  auto port = world.listener->port();
  Stranger sound{.certificate = world.files("h1").identity};
  EXPECT_EQ(beside(world, [&] { return sound.try_to_get_in(port); }), "");
  auto nobody = sound;
  nobody.certificate.clear();
  EXPECT_NE(nobody.try_to_get_in(port).find("certificate required"), std::string::npos);
  auto old = sound;
  old.version = TLS1_2_VERSION;
  EXPECT_NE(old.try_to_get_in(port).find("protocol version"), std::string::npos);
  auto other = sound;
  other.speaks_truce = false;
  EXPECT_TRUE(other.try_to_get_in(port).starts_with("read: "));

  // Signed by the authority, but for nobody to speak as a host.
  world.authority.write(world.folder.path() / "ca.pem").value();
  auto at = [&](const char* name) { return (world.folder.path() / name).string(); };
  EXPECT_EQ(run_openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                         "-subj", "/CN=h1", "-keyout", at("k"), "-out", at("r")}),
            "");
  EXPECT_EQ(run_openssl({"x509", "-req", "-in", at("r"), "-CA", at("ca.pem"), "-CAkey",
                         at("ca.pem"), "-days", "2", "-out", at("c")}),
            "");
  auto both = must(read_file(at("c"))) + must(read_file(at("k")));
  must(write_file_durably(at("guest.pem"), both));
  auto guest = sound;
  guest.certificate = at("guest.pem");
  EXPECT_TRUE(guest.try_to_get_in(port).starts_with("read: "));
  EXPECT_TRUE(eventually([&] { return world.listener->refused() == 4; }));
  EXPECT_EQ(world.incoming.size(), 1U);
}

TEST(LinkRefuses, what_is_not_tls) {
  World world;
  world.listen();
  auto port = world.listener->port();
  EXPECT_TRUE(is_ended_after(port, "GET / HTTP/1.1\r\nHost: h2\r\n\r\n"));
  EXPECT_TRUE(is_ended_after(port, std::string(100'000, '\0')));
  EXPECT_TRUE(is_ended_after(port, "\x16\x03\x01\x40" + random_bytes(20'000)));
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(is_ended_after(port, random_bytes(600)));
  EXPECT_TRUE(world.call());
}

TEST(LinkRefuses, peers_that_keep_it_waiting) {
  World world;
  world.listen({.handshake = 1s});
  auto port = world.listener->port();
  EXPECT_TRUE(is_ended_after(port, ""));
  EXPECT_TRUE(is_ended_after(port, std::string("\x16\x03\x01\x01\x00\x01", 6)));
  // It is certified, and then does not say what it wants.
  Stranger slow{.certificate = world.files("h1").identity, .words = std::string(1, '\4') + "pe"};
  EXPECT_NE(slow.try_to_get_in(port), "");
  EXPECT_TRUE(eventually([&] { return world.listener->refused() == 3; }));
  EXPECT_EQ(world.there.connections(), 0U);
}

TEST(LinkRefuses, more_handshakes_at_once_than_allowed_and_recovers) {
  World world;
  world.listen({.handshakes = 8, .handshakes_of_address = 2});
  auto port = world.listener->port();
  auto first = connect_to(port);
  auto second = connect_to(port);
  EXPECT_TRUE(eventually([&] {
    auto full = world.call();
    return !full && full.error().code == Code::unavailable;
  }));
  first = Fd();
  EXPECT_TRUE(eventually([&] { return world.call().has_value(); }));
}

TEST(LinkRefuses, strange_wishes_of_certified_peers) {
  World world;
  world.listen();
  auto port = world.listener->port();
  Stranger strange{.certificate = world.files("h1").identity};
  for (const auto& words :
       {std::string(1, '\0'), std::string("\1\n"), "\xff" + std::string(255, 'a'),
        std::string("\4Peer"), "\4" + std::string("\0\0\0\0", 4)}) {
    strange.words = words;
    auto answer = beside(world, [&] { return strange.try_to_get_in(port); });
    EXPECT_TRUE(answer.starts_with("not_found ")) << answer;
  }
  EXPECT_TRUE(world.incoming.empty());
}

TEST(LinkIdentity, an_authority_gives_way_to_another_without_a_break) {
  World world;
  world.listen();
  auto old_one = must(world.call());
  auto old_in = world.next();
  auto next = must(Authority::make("estate"));
  // Both hosts believe both; then each gets a certificate of the new one; then the old one goes.
  auto both = must(extend_bundle(world.authority.pem(), next.pem()));
  auto change = [&](const std::shared_ptr<Identity>& who, const Authority& by,
                    const std::string& believes) {
    world.enroll({.host = who->certificate().host}, by, believes);
    must(who->reload());
    auto socket = must(world.call());
    auto in = world.next();
    EXPECT_EQ(in.peer.fingerprint, world.h1->certificate().fingerprint);
  };
  change(world.h2, world.authority, both);
  change(world.h1, world.authority, both);
  change(world.h1, next, both);
  change(world.h2, next, both);
  auto alone = must(reduce_bundle(both, world.authority.certificate().fingerprint));
  change(world.h1, next, alone);
  change(world.h2, next, alone);
  auto late = world.call(world.identity({.host = "h3"}, world.authority, both), world.target());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::forbidden);
  must(in_loop(world.loop, write_frame(old_one, "still there")));
  EXPECT_EQ(must(in_loop(world.loop, read_frame(old_in.socket, kib(1)))), "still there");
}

TEST(LinkIdentity, a_connection_ends_with_the_peers_certificate) {
  World world;
  world.listen();
  for (auto life = 2s;; life *= 2) {  // longer, should this be so crowded that it ends before
    auto at = now() - std::chrono::days(1) + life;
    auto brief =
        world.identity({.host = "h1", .lifetime = std::chrono::days(1), .at = at}, world.authority);
    auto socket = world.call(brief, world.target());
    if (!socket) {
      ASSERT_LT(life, 60s) << socket.error().message;
      continue;
    }
    auto in = world.next();
    EXPECT_EQ(in_loop(world.loop, receive(in.socket)), "");
    EXPECT_GE(now(), brief->certificate().ends);
    break;
  }
}

TEST(LinkIdentity, files_that_are_no_identity_are_refused_and_change_nothing) {
  World world;
  auto before = world.h1->certificate().fingerprint;
  auto files = world.files("h1");
  auto sound = must(read_file(files.identity));
  auto other = must(read_file(world.files("h2").identity));
  auto key = sound.find("-----BEGIN PRIVATE KEY");
  auto other_key = other.substr(other.find("-----BEGIN PRIVATE KEY"));
  for (const auto& bad : {std::string(), sound.substr(0, key), sound.substr(key),
                          sound.substr(0, key) + other_key, std::string("nonsense")}) {
    must(write_file_durably(files.identity, bad));
    auto reloaded = world.h1->reload();
    ASSERT_FALSE(reloaded);
    EXPECT_EQ(reloaded.error().code, Code::invalid);
    EXPECT_NE(reloaded.error().message.find("h1.pem"), std::string::npos)
        << reloaded.error().message;
  }
  must(write_file_durably(files.identity, sound));
  must(write_file_durably(files.authority, sound.substr(0, key)));
  EXPECT_FALSE(world.h1->reload()) << "its own certificate is no authority";
  std::filesystem::remove(files.authority);
  EXPECT_FALSE(world.h1->reload());
  EXPECT_EQ(world.h1->certificate().fingerprint, before);
  EXPECT_EQ(world.h1->authorities().size(), 1U);
}

}  // namespace truce::link
