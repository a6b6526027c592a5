// The etcd that managers run: this host's member, its certificates, and who else is in it.
#pragma once

#include <filesystem>

#include "etcd/member.h"
#include "etcd_part.h"

namespace truce {

/// This host's member of the cluster's etcd. Its keys are in the folder `cluster` of the state:
/// `etcd.pem`, `etcd-authority.pem` and `etcd-authority.key`, which is all of the state; beside
/// them, while that authority is replaced, `etcd-authority-next.key`.
class OwnEtcd final : public EtcdPart {
 public:
  struct Settings {
    std::filesystem::path secrets;        ///< the folder `cluster`
    std::filesystem::path folder;         ///< the member's own
    std::string host;                     ///< name of this host, and of its member
    std::string address;                  ///< ADDRESS:PORT where the others reach this host
    std::string listen;                   ///< ADDRESS:PORT of the option cluster-listen, or empty
    std::string token;                    ///< of the etcd cluster
    std::vector<manager::Seat> managers;  ///< all of them, as far as they are known
    std::uint16_t client_port = 2379;     ///< of all members
    std::uint16_t peer_port = 2380;
  };

  /// Code::unsupported, and what to do, where etcd is not installed.
  static Result<void> check();
  /// The name of the user agent of its certificate: a request for one, and its key.
  static Result<link::Request> request(const std::string& host);

  OwnEtcd(asio::any_io_executor loop, Settings settings);
  ~OwnEtcd() override;

  /// Makes an authority and lays down the first member.
  Async<Result<void>> found() override;
  /// Lays down a member that joins.
  Async<Result<void>> join(model::ManagerEnrollment enrollment,
                           std::optional<link::Request> request) override;
  /// Starts the member, or takes over its process.
  Async<Result<void>> start() override;
  Async<Result<std::unique_ptr<etcd::EtcdStore>>> open_store() override;
  /// Makes this member the only one, with what it has, and ends it: the others are lost for ever.
  /// Code::conflict: enough members answer, so nothing has to be given up.
  Async<Result<void>> give_up_others();
  Async<Result<void>> renew_if_due() override;
  [[nodiscard]] std::string problem() const override;

  /// Adds a host's member and signs for it.
  Async<Result<model::ManagerEnrollment>> admit(std::string request, std::string host,
                                                std::string address) override;
  /// Takes a host's member out.
  Async<Result<void>> remove(std::string host, std::string address) override;
  /// Also gives those their vote that are in step.
  Async<void> look_after(std::function<std::vector<manager::Seat>()> managers) override;
  [[nodiscard]] std::map<std::string, manager::SeatState> states() const override {
    return states_;
  }

  // --- while the members' authority is replaced; see link::Authority ---

  /// Makes a new authority beside the one in force.
  Result<link::Authority> make_fresh();
  /// The one in force or the new one, whichever has that SHA-256. Code::not_found: neither.
  [[nodiscard]] Result<link::Authority> authority_named(const std::string& sha256) const;
  /// SHA-256 of the authorities whose keys this host has.
  [[nodiscard]] std::vector<std::string> keys() const;
  /// Keeps the key of the new one, and believes it, too; for that the member is started anew, if it
  /// may.
  Async<Result<void>> trust(std::string authority, std::string key, bool may_restart);
  /// The new one signs from now on, and has signed this host's certificate.
  Async<Result<void>> issue(std::string sha256);
  /// Believes no other than that; for that the member is started anew, if it may.
  Async<Result<void>> forget_others(std::string sha256, bool may_restart);
  /// Whom the member believes, by SHA-256; nobody while it is not well.
  Async<std::vector<std::string>> believed();
  /// SHA-256 of the authority that has signed its certificate, of those that it believes.
  [[nodiscard]] std::string signed_by() const;

  /// The member's process goes on.
  Async<void> close() override;
  /// Ends it and removes all that it has kept.
  Async<Result<void>> forget() override;

  OwnEtcd* own() override { return this; }

 private:
  [[nodiscard]] etcd::MemberSettings member_settings() const;
  [[nodiscard]] etcd::Options options() const;
  Result<std::shared_ptr<etcd::Membership>> membership();
  Result<void> sign_own();
  Async<Result<void>> believe(std::string bundle, bool may_restart);
  Async<void> look(const std::vector<manager::Seat>& managers);

  asio::any_io_executor loop_;
  Settings settings_;
  std::unique_ptr<etcd::Member> member_;
  std::shared_ptr<etcd::Membership> membership_;
  std::map<std::string, manager::SeatState> states_;
  std::map<std::uint64_t, int> strangers_;  ///< members of no host: so often seen one after another
};

}  // namespace truce
