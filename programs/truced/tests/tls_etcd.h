// An etcd with TLS on the loopback interface, whose certificates the project's own authority has
// signed, for tests.
#pragma once

#include "../../../src/etcd/tests/cluster.h"
#include "base/file.h"
#include "link/authority.h"
#include "model/model.h"

namespace truce {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

/// An authority, and what it has signed for one name: certificate and key, PEM.
struct Signed {
  std::string certificate, key;
};
inline Signed sign(const link::Authority& authority, const std::string& name) {
  auto asked = must(link::make_request(name));
  auto pem = must(authority.sign(asked.pem, {.host = name, .addresses = {"127.0.0.1"}}));
  return {pem, std::string(asked.key->text())};
}

/// One member, which takes nobody without a certificate of `authority`.
class TlsEtcd {
 public:
  TlsEtcd() : authority_(must(link::Authority::make("test"))) {
    auto server = sign(authority_, "server");
    write("ca.pem", authority_.pem());
    write("server.pem", server.certificate);
    write("server.key", server.key);
    cluster_.emplace(1, words(), "https");
  }

  /// What makes an etcd like this one.
  [[nodiscard]] etcd::Cluster::Words words() const {
    return {"--cert-file",        at("server.pem"),    "--key-file", at("server.key"),
            "--client-cert-auth", "--trusted-ca-file", at("ca.pem")};
  }

  [[nodiscard]] const link::Authority& authority() const { return authority_; }
  [[nodiscard]] std::string url() const { return cluster_->url(0); }
  etcd::Cluster& cluster() { return *cluster_; }
  /// What lets somebody in, under a prefix.
  [[nodiscard]] model::EtcdAccess access(std::string prefix) const {
    auto client = sign(authority_, "client");
    return {.urls = {url()},
            .prefix = std::move(prefix),
            .ca = authority_.pem(),
            .certificate = client.certificate,
            .key = client.key};
  }

 private:
  [[nodiscard]] std::string at(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, const std::string& text) const {
    auto done = write_file_durably(at(name), text, 0600);
    if (!done) throw std::runtime_error(done.error().message);
  }

  store::TemporaryFolder folder_;
  link::Authority authority_;
  std::optional<etcd::Cluster> cluster_;
};

}  // namespace truce
