// An etcd of somebody else's: it is used, and neither started nor changed.
#pragma once

#include <filesystem>

#include "base/secret.h"
#include "etcd/membership.h"
#include "etcd_part.h"
#include "member.h"

namespace truce {

/// The way to an etcd that others run, under a prefix of the cluster's own. Its files are in the
/// folder `cluster` of the state, with mode 0600: `etcd-ca.pem`, `etcd-client.pem` (certificate and
/// key) and `etcd-password`, each where there is one. Whoever replaces them there, one rename each,
/// is heard within seconds.
class ForeignEtcd final : public EtcdPart {
 public:
  struct Settings {
    std::filesystem::path secrets;  ///< the folder `cluster`
    std::string host;               ///< name of this host
    EtcdPlace place;
    Duration attempt = 3s;  ///< how long one of its members may take
    Duration limit = 10s;   ///< and all of them together
  };

  /// What can be said of it without asking it: addresses, files, what goes with what. Code::invalid
  /// with the field of ClusterCreate.
  static Result<void> check(const model::EtcdAccess& access);

  /// Whether a state can live with a member, as it says itself. Code::unavailable: it does not
  /// answer, or has no leader; unsupported: it is too old; io: it has no room.
  static Result<void> check_member(const std::string& url, const etcd::Health& health);

  ForeignEtcd(asio::any_io_executor loop, Settings settings);
  ~ForeignEtcd() override;

  /// Writes the files of a way.
  Result<void> keep(const model::EtcdAccess& access);

  /// Looks whether a cluster's state can live there: all members answer and are of one etcd, it is
  /// new enough and has room, this way lets it read and write, and nothing is there yet.
  /// Code::conflict: another cluster is; Code::unsupported, unavailable, unauthenticated,
  /// forbidden, io (no room).
  Async<Result<void>> found() override;
  /// Keeps the way and goes it once.
  Async<Result<void>> join(model::ManagerEnrollment enrollment,
                           std::optional<link::Request> request) override;
  Async<Result<void>> start() override { co_return Result<void>{}; }
  Async<Result<std::unique_ptr<etcd::EtcdStore>>> open_store() override;
  Async<Result<void>> renew_if_due() override { co_return Result<void>{}; }
  [[nodiscard]] std::string problem() const override { return problem_; }

  Async<Result<model::ManagerEnrollment>> admit(std::string request, std::string host,
                                                std::string address) override;
  Async<Result<void>> remove(std::string, std::string) override { co_return Result<void>{}; }
  /// Looks how its members are, every few seconds: see problem().
  Async<void> look_after(std::function<std::vector<manager::Seat>()> managers) override;
  [[nodiscard]] std::map<std::string, manager::SeatState> states() const override { return {}; }

  Async<void> close() override;
  /// Removes the files; what is in etcd stays.
  Async<Result<void>> forget() override;

 private:
  [[nodiscard]] Result<etcd::Options> options() const;
  Result<std::shared_ptr<etcd::Membership>> membership();
  Async<Result<void>> check_members();
  Async<Result<void>> check_place();
  Async<std::string> look();

  asio::any_io_executor loop_;
  Settings settings_;
  std::shared_ptr<etcd::Membership> membership_;
  std::string problem_;
};

/// Removes a state that was copied into a store and is not used. Of ours alone.
Async<Result<void>> withdraw_state(store::Store& store);

}  // namespace truce
