// What certificates say, and bundles of them.
#include <openssl/err.h>

#include <algorithm>

#include "base/file.h"
#include "openssl.h"

namespace truce::link {

namespace {
constexpr std::size_t most_authorities = 16;
}

bool is_host_name(std::string_view name) {
  auto letter_or_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !name.empty() && name.size() <= 63 && letter_or_digit(name.front()) &&
         std::ranges::all_of(
             name, [&](char c) { return letter_or_digit(c) || c == '.' || c == '-' || c == '_'; });
}

Result<Certificate> read_certificate(std::string_view pem) {
  TRY(auto all, parse_certificates(pem, 1));
  return describe(all.front().get());
}

Result<std::vector<Certificate>> read_bundle(std::string_view pem) {
  TRY(auto all, parse_certificates(pem, most_authorities));
  std::vector<Certificate> out;
  for (const auto& each : all) out.push_back(describe(each.get()));
  return out;
}

Result<std::string> extend_bundle(std::string_view bundle, std::string_view pem, Time at) {
  TRY(auto more, parse_certificates(pem, 1));
  std::vector<CertificatePtr> all;
  if (!bundle.empty()) {
    TRY(all, parse_certificates(bundle, most_authorities));
  }
  all.push_back(std::move(more.front()));
  std::string out;
  std::vector<std::string> have;
  for (const auto& each : all) {
    auto said = describe(each.get());
    if (said.ends <= at || std::ranges::find(have, said.fingerprint) != have.end()) continue;
    have.push_back(said.fingerprint);
    TRY(auto text, pem_of(each.get()));
    out += text;
  }
  if (have.empty()) return fail(Code::precondition, "all of these authorities have ended");
  if (have.size() > most_authorities) {
    return fail(Code::limit, "more than {} authorities", most_authorities);
  }
  return out;
}

Result<std::string> reduce_bundle(std::string_view bundle, std::string_view fingerprint) {
  TRY(auto all, parse_certificates(bundle, most_authorities));
  std::string out;
  for (const auto& each : all) {
    if (describe(each.get()).fingerprint == fingerprint) continue;
    TRY(auto text, pem_of(each.get()));
    out += text;
  }
  if (out.empty()) return fail(Code::precondition, "no authority would be left");
  return out;
}

Result<void> check_pair(std::string_view certificate, const Secret& key) {
  TRY(auto all, parse_certificates(certificate, 1));
  TRY(auto read, parse_key(key.text()));
  if (X509_check_private_key(all.front().get(), read.get()) == 1) return {};
  ERR_clear_error();
  return fail(Code::invalid, "the key is another certificate's");
}

bool is_due(const Certificate& certificate, Time at) {
  return at >= certificate.ends - (certificate.ends - certificate.begins) / 3;
}

Result<void> write_identity(const std::filesystem::path& file, std::string_view certificate,
                            const Secret& key) {
  Secret both(certificate.size() + key.text().size());
  auto* out = reinterpret_cast<char*>(both.bytes().data());
  std::ranges::copy(key.text(), std::ranges::copy(certificate, out).out);
  return write_file_durably(file, both.text(), 0600);
}

}  // namespace truce::link
