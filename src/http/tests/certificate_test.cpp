#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "loopback.h"

namespace truce::http {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate load(const std::filesystem::path& path) {
  auto text = read_file(path).value();
  std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free_all);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

TEST(Certificate, is_made_for_the_names_and_for_this_machine) {
  TemporaryFolder folder;
  Tls files{folder.path() / "tls/server.crt", folder.path() / "tls/server.key"};
  auto fingerprint = ensure_certificate(files, {"host1.example", "192.0.2.7", "2001:db8::7"});
  ASSERT_TRUE(fingerprint.has_value()) << fingerprint.error().message;
  EXPECT_EQ(fingerprint->size(), 64U);
  auto certificate = load(files.certificate);
  ASSERT_NE(certificate, nullptr);
  for (const char* name : {"host1.example", "localhost"}) {
    EXPECT_EQ(X509_check_host(certificate.get(), name, 0, 0, nullptr), 1) << name;
  }
  for (const char* address : {"192.0.2.7", "2001:db8::7", "127.0.0.1", "::1"}) {
    EXPECT_EQ(X509_check_ip_asc(certificate.get(), address, 0), 1) << address;
  }
  EXPECT_EQ(X509_check_host(certificate.get(), "host2.example", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())), 1);
  struct stat status{};
  ASSERT_EQ(::stat(files.key.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST(Certificate, that_exists_is_left_alone) {
  TemporaryFolder folder;
  Tls files{folder.path() / "a.crt", folder.path() / "a.key"};
  auto first = ensure_certificate(files, {});
  auto second = ensure_certificate(files, {"other"});
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(*first, *second);
  std::filesystem::remove(files.key);
  auto third = ensure_certificate(files, {});
  ASSERT_TRUE(third.has_value());
  EXPECT_NE(*third, *first) << "a certificate without its key is of no use";
}

TEST(Certificate, names_cannot_smuggle_in_other_entries) {
  TemporaryFolder folder;
  Tls files{folder.path() / "a.crt", folder.path() / "a.key"};
  for (const char* name : {"a,IP:10.0.0.1", "", "a b", "a\nb", "\xc3\xa4"}) {
    auto made = ensure_certificate(files, {name});
    ASSERT_FALSE(made.has_value()) << name;
    EXPECT_EQ(made.error().code, Code::invalid) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(files.key));
}

TEST(Certificate, a_file_that_is_none_is_named) {
  TemporaryFolder folder;
  Tls files{folder.path() / "a.crt", folder.path() / "a.key"};
  ASSERT_TRUE(write_file_durably(files.certificate, "nonsense").has_value());
  ASSERT_TRUE(write_file_durably(files.key, "nonsense").has_value());
  auto made = ensure_certificate(files, {});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, Code::corrupt);
  EXPECT_NE(made.error().message.find("a.crt"), std::string::npos);
}

TEST(Certificate, and_the_key_of_another_are_refused_by_the_server) {
  Loopback one(echo);
  TemporaryFolder folder;
  Tls other{folder.path() / "b.crt", folder.path() / "b.key"};
  ASSERT_TRUE(ensure_certificate(other, {}).has_value());
  auto listener = one.server.listen_tls("127.0.0.1", 0, {one.tls.certificate, other.key});
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code, Code::invalid);
}

}  // namespace
}  // namespace truce::http
