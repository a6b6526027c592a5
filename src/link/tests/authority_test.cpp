#include "link/authority.h"

#include <sys/stat.h>

#include <fstream>

#include "base/process.h"
#include "hello.h"
#include "world.h"

namespace truce::link {

namespace {

/// openssl's own opinion, in the folder.
Result<std::string> openssl(const std::filesystem::path& folder, const std::string& words) {
  asio::io_context loop;
  return in_loop(
      loop,
      run_checked({.argv = {"sh", "-c", "cd \"$1\" && openssl " + words, "sh", folder.string()}},
                  60s));
}

Code code_of(const Result<std::string>& result) {
  return result ? Code::internal : result.error().code;
}

}  // namespace

TEST(Authority, a_key_is_known_as_that_of_its_certificate) {
  auto authority = must(Authority::make("estate"));
  auto asked = must(make_request("h1"));
  auto pem = must(authority.sign(asked.pem, {.host = "h1"}));
  EXPECT_TRUE(check_pair(pem, *asked.key));
  EXPECT_EQ(check_pair(pem, *must(make_request("h1")).key).error().code, Code::invalid);
  EXPECT_EQ(check_pair(pem, Secret("no key")).error().code, Code::corrupt);
  EXPECT_EQ(check_pair("no certificate", *asked.key).error().code, Code::corrupt);
}

TEST(Authority, certificates_say_what_they_were_told_to) {
  auto authority = must(Authority::make("estate"));
  auto asked = must(make_request("h1"));
  Time at = now();
  auto pem = must(authority.sign(
      asked.pem, {.host = "h1", .addresses = {"192.0.2.1", "2001:db8::1", "h1.example"}}));
  auto said = must(read_certificate(pem));
  EXPECT_EQ(said.name, "h1");
  EXPECT_EQ(said.host, "h1");
  EXPECT_EQ(said.authority_key, authority.certificate().key_id);
  EXPECT_NE(said.key_id, said.authority_key);
  EXPECT_EQ(said.fingerprint.size(), 64U);
  EXPECT_EQ(said.serial.size(), 32U);
  EXPECT_LT(said.begins, at);
  EXPECT_GE(said.ends, at + std::chrono::days(90) - 1s);
  EXPECT_LE(said.ends, now() + std::chrono::days(90));
  auto again = must(read_certificate(must(authority.sign(asked.pem, {.host = "h1"}))));
  EXPECT_NE(again.serial, said.serial);

  store::TemporaryFolder folder;
  must(write_file_durably(folder.path() / "ca", authority.pem()));
  must(write_file_durably(folder.path() / "c", pem));
  for (const char* purpose : {"sslserver", "sslclient"}) {
    auto verified = openssl(folder.path(),
                            fmt::format("verify -x509_strict -purpose {} -CAfile ca c", purpose));
    EXPECT_TRUE(verified) << verified.error().message;
  }
  EXPECT_FALSE(openssl(folder.path(), "verify -purpose crlsign -CAfile ca c"));
  for (const char* check : {"-verify_ip 192.0.2.1", "-verify_ip 2001:db8::1", "-verify_hostname h1",
                            "-verify_hostname h1.example"}) {
    EXPECT_TRUE(openssl(folder.path(), fmt::format("verify {} -CAfile ca c", check))) << check;
  }
  EXPECT_FALSE(openssl(folder.path(), "verify -verify_hostname h2 -CAfile ca c"));
}

TEST(Authority, nothing_that_a_request_wishes_is_granted) {
  auto authority = must(Authority::make("estate"));
  store::TemporaryFolder folder;
  std::ofstream(folder.path() / "wishes")
      << "[req]\ndistinguished_name=d\nreq_extensions=e\n[d]\n[e]\nbasicConstraints=CA:TRUE\n"
         "subjectAltName=URI:truce://h9,DNS:h9\n";
  must(openssl(folder.path(),
               "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k "
               "-config wishes -subj /CN=h9 -out r"));
  auto pem = must(authority.sign(must(read_file(folder.path() / "r")), {.host = "h1"}));
  must(write_file_durably(folder.path() / "c", pem));
  auto text = must(openssl(folder.path(), "x509 -in c -noout -text"));
  EXPECT_EQ(text.find("h9"), std::string::npos) << text;
  EXPECT_NE(text.find("CA:FALSE"), std::string::npos);
  EXPECT_EQ(must(read_certificate(pem)).host, "h1");
}

TEST(Authority, requests_that_prove_nothing_are_refused) {
  auto authority = must(Authority::make("estate"));
  auto asked = must(make_request("h1"));
  const Grant grant{.host = "h1"};
  EXPECT_EQ(code_of(authority.sign("", grant)), Code::invalid);
  EXPECT_EQ(code_of(authority.sign("nonsense", grant)), Code::invalid);
  EXPECT_EQ(code_of(authority.sign(authority.pem(), grant)), Code::invalid);
  EXPECT_EQ(code_of(authority.sign(asked.pem.substr(0, asked.pem.size() / 2), grant)),
            Code::invalid);
  EXPECT_EQ(code_of(authority.sign(std::string(20'000, '\n') + asked.pem, grant)), Code::invalid);
  store::TemporaryFolder folder;
  // Signed by another key than the one it asks for.
  must(write_file_durably(folder.path() / "r", asked.pem));
  must(openssl(folder.path(), "req -in r -outform DER -out d"));
  auto bytes = must(read_file(folder.path() / "d"));
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  must(write_file_durably(folder.path() / "d", bytes));
  must(openssl(folder.path(), "req -inform DER -in d -out bent"));
  EXPECT_EQ(code_of(authority.sign(must(read_file(folder.path() / "bent")), grant)), Code::invalid);
  for (const char* key : {"rsa:1024", "dsa:p", "ec -pkeyopt ec_paramgen_curve:secp224r1"}) {
    if (std::string_view(key).starts_with("dsa")) {
      must(openssl(folder.path(), "dsaparam -out p 1024"));
    }
    must(openssl(folder.path(),
                 fmt::format("req -newkey {} -nodes -keyout k -subj /CN=a -out weak", key)));
    EXPECT_EQ(code_of(authority.sign(must(read_file(folder.path() / "weak")), grant)),
              Code::invalid)
        << key;
  }
  for (const char* key : {"rsa:2048", "ed25519", "ec -pkeyopt ec_paramgen_curve:P-384"}) {
    must(openssl(folder.path(),
                 fmt::format("req -newkey {} -nodes -keyout k -subj /CN=a -out good", key)));
    EXPECT_TRUE(authority.sign(must(read_file(folder.path() / "good")), grant)) << key;
  }
}

TEST(Authority, names_that_mean_something_to_openssl_are_refused) {
  auto authority = must(Authority::make("estate"));
  auto asked = must(make_request("h1"));
  for (const std::string name : {"", "a,DNS:b", "-a", ".a", "a b", "a/b", "ä", "a\n", "*"}) {
    EXPECT_EQ(code_of(authority.sign(asked.pem, {.host = name})), Code::invalid) << name;
    EXPECT_FALSE(make_request(name)) << name;
    EXPECT_EQ(code_of(authority.sign(asked.pem, {.host = "h1", .addresses = {name + ","}})),
              Code::invalid);
  }
  EXPECT_FALSE(is_host_name(std::string(64, 'a')));
  EXPECT_TRUE(is_host_name(std::string(63, 'a')));
  EXPECT_TRUE(is_host_name("Node-1.rack_2"));
}

TEST(Authority, it_is_read_from_its_file_as_it_was) {
  store::TemporaryFolder folder;
  auto file = folder.path() / "authority.pem";
  auto made = must(Authority::make("estate"));
  must(made.write(file));
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  auto read = must(Authority::open(file));
  EXPECT_EQ(read.pem(), made.pem());
  EXPECT_EQ(read.key()->text(), made.key()->text());
  EXPECT_TRUE(read.certificate().name.starts_with("estate "));
  EXPECT_GT(read.certificate().ends, now() + std::chrono::days(3600));
  auto asked = must(make_request("h1"));
  auto child = must(read.sign(asked.pem, {.host = "h1"}));
  EXPECT_EQ(must(read_certificate(child)).authority_key, made.certificate().key_id);

  auto other = must(Authority::make("estate"));
  auto code = [](const Result<Authority>& result) {
    return result ? Code::internal : result.error().code;
  };
  EXPECT_EQ(code(Authority::read(made.pem(), *other.key())), Code::corrupt);
  EXPECT_EQ(code(Authority::read(child, *asked.key)), Code::corrupt);
  EXPECT_EQ(code(Authority::read("", *made.key())), Code::corrupt);
  EXPECT_FALSE(Authority::open(folder.path() / "absent"));
}

TEST(Authority, a_certificate_never_outlives_it) {
  auto old = must(Authority::make("estate", now() - std::chrono::days(3652 - 10)));
  auto asked = must(make_request("h1"));
  auto said = must(read_certificate(must(old.sign(asked.pem, {.host = "h1"}))));
  EXPECT_EQ(said.ends, old.certificate().ends);
}

TEST(Authority, a_certificate_is_due_when_a_third_of_its_life_is_left) {
  Certificate certificate;
  certificate.begins = parse_time("2026-01-01T00:00:00.000Z").value();
  certificate.ends = certificate.begins + std::chrono::days(90);
  EXPECT_FALSE(is_due(certificate, certificate.begins + std::chrono::days(59)));
  EXPECT_TRUE(is_due(certificate, certificate.begins + std::chrono::days(60)));
  EXPECT_TRUE(is_due(certificate, certificate.ends + std::chrono::days(60)));
}

TEST(Authority, bundles_grow_and_shrink) {
  auto first = must(Authority::make("estate"));
  auto second = must(Authority::make("estate"));
  auto ended = must(Authority::make("estate", now() - std::chrono::days(4000)));
  auto both = must(extend_bundle(first.pem(), second.pem()));
  EXPECT_EQ(must(extend_bundle(both, first.pem())), both);
  EXPECT_EQ(must(extend_bundle(ended.pem() + both, first.pem())), both);
  auto all = must(read_bundle(both));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].fingerprint, second.certificate().fingerprint);
  EXPECT_EQ(must(reduce_bundle(both, all[0].fingerprint)), second.pem());
  EXPECT_EQ(must(extend_bundle("", first.pem())), first.pem());
  EXPECT_FALSE(reduce_bundle(first.pem(), first.certificate().fingerprint));
  EXPECT_FALSE(read_bundle("nonsense"));
  EXPECT_FALSE(read_bundle(both.substr(0, both.size() - 100)));
}

TEST(Hello, answers_come_back_as_they_were_and_hold_nothing_that_a_log_should_not_have) {
  EXPECT_EQ(hello_of("peer"), "\4peer");
  EXPECT_EQ(answer_of({}), std::string(1, '\0'));
  auto answer = answer_of(fail(Code::not_found, "no such service"));
  auto again = parse_answer(std::string_view(answer).substr(1));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::not_found);
  EXPECT_EQ(again.error().message, "no such service");
  EXPECT_EQ(answer_of(fail(Code::io, "{}", std::string(1000, 'x'))).size(), 256U);
  EXPECT_EQ(parse_answer("forbidden a\nb").error().message, "a?b");
  EXPECT_EQ(parse_answer("strange").error().code, Code::internal);
  for (const char* name : {"", "Peer", "a b", "abcdefghijklmnopqrstuvwxyzabcdefg"}) {
    EXPECT_FALSE(is_service_name(name)) << name;
  }
}

}  // namespace truce::link
