#include "openssl.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/file.h"
#include "base/random.h"

namespace truce::link {

namespace {

constexpr std::size_t largest_file = 256 * 1024;

using NumberPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

std::string hex_of(const ASN1_OCTET_STRING* bytes) {
  if (bytes == nullptr) return {};
  return to_hex(
      {ASN1_STRING_get0_data(bytes), static_cast<std::size_t>(ASN1_STRING_length(bytes))});
}

/// As text that can be shown and compared; empty when it has anything but printable ASCII.
std::string plain(const ASN1_STRING* text) {
  std::string_view all(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
  for (char c : all) {
    if (c < ' ' || c > '~') return {};
  }
  return std::string(all.substr(0, 256));
}

std::string common_name(const X509* certificate) {
  const auto* subject = X509_get_subject_name(certificate);
  int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  return plain(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
}

/// The host of the one URI `truce://HOST`; none when there are several, as no authority of ours
/// signs that.
std::string host_of(const X509* certificate) {
  NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string found;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    auto uri = plain(name->d.uniformResourceIdentifier);
    constexpr std::string_view scheme = "truce://";
    if (!uri.starts_with(scheme)) continue;
    if (!found.empty() || !is_host_name(uri.substr(scheme.size()))) return {};
    found = uri.substr(scheme.size());
  }
  return found;
}

std::string serial_of(const X509* certificate) {
  NumberPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return {};
  std::vector<unsigned char> bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return to_hex(bytes);
}

Time time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return Time(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

std::string tls_errors() {
  std::string out;
  while (auto code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!out.empty()) out += "; ";
    out += reason != nullptr ? reason : fmt::format("error {:x}", code);
  }
  return out.empty() ? "no reason given" : out;
}

int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*unused*/) {
  return -1;
}

BioPtr reader_of(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<std::vector<CertificatePtr>> parse_certificates(std::string_view pem, std::size_t most) {
  std::vector<CertificatePtr> all;
  if (pem.size() > 64UL * 1024) return fail(Code::corrupt, "certificates of more than 64 KiB");
  auto bio = reader_of(pem);
  ERR_clear_error();
  while (bio && all.size() < most) {
    CertificatePtr next(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (!next) break;
    all.push_back(std::move(next));
  }
  auto error = ERR_peek_last_error();
  bool no_more = error == 0 || ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (all.empty() || !no_more) {
    return fail(Code::corrupt, "not certificates as PEM: {}", tls_errors());
  }
  ERR_clear_error();
  return all;
}

Result<KeyPtr> parse_key(std::string_view pem) {
  auto bio = reader_of(pem.substr(0, largest_file));
  ERR_clear_error();
  KeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr);
  if (!key) return fail(Code::corrupt, "not a key as PEM: {}", tls_errors());
  return key;
}

Result<std::string> pem_of(X509* certificate) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) {
    return fail(Code::internal, "write a certificate: {}", tls_errors());
  }
  char* text = nullptr;
  auto size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

Result<SecretPtr> pem_of(EVP_PKEY* key) {
  // This kind wipes its memory when it is freed, and where it grew out of it.
  BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio ||
      PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return fail(Code::internal, "write a key: {}", tls_errors());
  }
  char* text = nullptr;
  auto size = BIO_get_mem_data(bio.get(), &text);
  return std::make_shared<const Secret>(std::string_view(text, static_cast<std::size_t>(size)));
}

Certificate describe(X509* certificate) {
  Certificate out;
  out.name = common_name(certificate);
  out.host = host_of(certificate);
  out.serial = serial_of(certificate);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1) {
    out.fingerprint = to_hex({digest.data(), size});
  }
  out.key_id = hex_of(X509_get0_subject_key_id(certificate));
  out.authority_key = hex_of(X509_get0_authority_key_id(certificate));
  out.begins = time_of(X509_get0_notBefore(certificate));
  out.ends = time_of(X509_get0_notAfter(certificate));
  return out;
}

Result<SecretPtr> read_secret(const std::filesystem::path& file) {
  TRY(auto fd, open_file(file, O_RDONLY));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "stat " + file.string());
  if (!S_ISREG(status.st_mode) || static_cast<std::size_t>(status.st_size) > largest_file) {
    return fail(Code::invalid, "{} is not a file of at most 256 KiB", file.string());
  }
  auto secret = std::make_shared<Secret>(static_cast<std::size_t>(status.st_size));
  std::size_t have = 0;
  while (have < secret->bytes().size()) {
    auto got = ::read(fd.get(), secret->bytes().data() + have, secret->bytes().size() - have);
    if (got < 0) return fail_errno(errno, "read " + file.string());
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  secret->shorten(have);
  return secret;
}

}  // namespace truce::link
