// This host's part in a cluster: its certificate, its port, and the ways to the managers.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/async.h"
#include "foreign_etcd.h"
#include "http/http.h"
#include "link/dial.h"
#include "link/listener.h"
#include "manager/membership.h"
#include "member.h"
#include "own_etcd.h"
#include "store/gated.h"

namespace truce {

/// What the rest of the daemon does with those who come from other hosts.
struct Doors {
  link::Admit admit;                              ///< of all but those without a certificate
  std::map<std::string, link::Service> services;  ///< by name
  /// Whether one of them can be had at present; none: all can.
  std::function<Result<void>(const std::string& service)> offers;
};

/// Used on one loop. Everything that it needs after a restart is in its folder.
class HostMembership final : public manager::Membership {
 public:
  struct Settings {
    std::filesystem::path folder;  ///< made with mode 0700 when there is something to keep
    std::filesystem::path etcd;    ///< of the member of etcd, if there is one
    std::filesystem::path store;   ///< of the store that a host has alone
    std::string host;              ///< name of this host
    std::string listen;            ///< ADDRESS:PORT, instead of where the others reach it
  };

  /// `changed` is called once this host has become another one: it has to begin anew.
  HostMembership(asio::any_io_executor loop, Settings settings, std::function<void()> changed);
  ~HostMembership() override;

  /// Reads the folder. Code::corrupt: it is damaged; Code::invalid: the host has another name now.
  Result<void> open();
  /// Listens for other hosts, if this one is in a cluster, or as soon as it founds one.
  Result<void> serve(Doors doors);
  /// What the manager of this host writes to: move_state() takes it away.
  void keep_state_of(store::GatedStore* state) { state_ = state; }

  /// Nothing while this is a single host.
  [[nodiscard]] const std::optional<Member>& member() const { return member_; }
  /// Whether this host's own manager never decides.
  [[nodiscard]] bool follows() const;
  /// Whether one of several managers decides, this host's own perhaps: see decide().
  [[nodiscard]] bool has_leaders() const { return member_ && (follows() || member_->keeps_etcd()); }
  /// Whether this host's manager decides now.
  void decide(bool decides) { decides_ = decides; }
  /// This host's part in etcd; null: it has none.
  EtcdPart* etcd() { return etcd_.get(); }

  /// Whom reach() asks first.
  void prefer(std::optional<manager::Seat> leader);
  /// Notes where the managers are.
  void learn(std::vector<manager::Seat> managers);
  /// Where they are, as the leader says.
  Async<Result<std::vector<manager::Seat>>> ask_for_managers();

  /// A connection to a service of a manager. Code::forbidden: it does not let this host in (any
  /// more); Code::unavailable: no manager answers.
  Async<Result<UnixSocket>> reach(std::string service);
  /// A connection to a service of another host of the cluster, by name and ADDRESS:PORT.
  Async<Result<UnixSocket>> dial(std::string host, std::string address, std::string service);
  /// Renews the certificates in time, until cancelled. `renewed` is told when this host has signed
  /// its own.
  Async<void> keep_certificate(std::function<Async<void>()> renewed);
  /// This host's own; nothing while it is a single one.
  [[nodiscard]] std::optional<link::Certificate> certificate() const;
  /// Whom this host believes, and who signed for it, for the manager.
  Async<model::AuthorityReport> authority_report();
  /// Does what the manager asks for while the authority is replaced, and keeps the keys that it
  /// lacked; what is done already is no harm. `renewed` is told when this host has signed its own
  /// certificate.
  Async<Result<void>> obey(model::AuthorityOrders orders, std::function<Async<void>()> renewed);
  /// Makes this a single host again, whose folder is put aside; calls `changed`.
  Async<Result<void>> forget();
  /// Ends all connections. To be called before the loop ends.
  Async<void> stop();

  Async<Result<manager::Founded>> found(model::ClusterCreate wish) override;
  Async<Result<void>> move_state(manager::LastWrites last) override;
  [[nodiscard]] bool in_cluster() const override { return member_.has_value(); }
  Async<Result<model::ManagerEnrollment>> admit_manager(std::string request, std::string host,
                                                        std::string address) override;
  Async<Result<void>> remove_manager(std::string host, std::string address) override;
  [[nodiscard]] std::map<std::string, manager::SeatState> managers() const override;
  [[nodiscard]] std::string etcd_problem() const override;
  Result<manager::Issued> issue(const std::string& request, const std::string& host,
                                const std::string& authority) override;
  Result<manager::FreshAuthorities> make_fresh_authorities() override;
  Result<model::AuthorityOrders> fresh_authorities(const std::string& hosts,
                                                   const std::string& etcd) const override;
  Async<Result<void>> join(manager::Invitation invitation, std::string address) override;
  void refuse(const std::string& host) override;

 private:
  link::Relays& relays();
  struct Race;
  Result<void> open_identity();
  Result<void> make_identity(const std::string& cluster, const std::string& reached);
  Result<void> begin_listening(const Member& member);
  std::unique_ptr<EtcdPart> etcd_for(const Member& member) const;
  Result<void> take_seals_along();
  Async<Result<void>> begin_etcd(model::ClusterCreate wish);
  Async<Result<void>> carry_over(store::Store& to, manager::LastWrites last);
  Async<Result<void>> seal(store::Store& to, manager::LastWrites last);
  Async<void> give_up_founding();
  Result<Member> become_manager(Member member, const model::ManagerEnrollment& enrollment);
  std::vector<manager::Seat> ways() const;
  Async<void> try_way(std::shared_ptr<Race> race, link::Target target, Duration wait);
  Result<void> listen();
  Result<std::string> own_address(const std::string& wished, const std::string& towards) const;
  /// What a host that joins has asked with.
  struct Asked {
    link::Request request;
    std::optional<link::Request> etcd;
    std::string address;
  };
  Async<Result<void>> keep(model::Enrollment enrollment, Asked asked,
                           manager::Invitation invitation);
  Async<Result<model::Enrollment>> enroll(UnixSocket socket, model::EnrollRequest wish);
  Result<const link::Authority*> authority_named(const std::string& sha256);
  Result<void> keep_seals(const std::string& text);
  Result<void> believe(const std::string& bundle);
  Result<void> trust(const model::AuthorityOrders& orders);
  Async<Result<void>> take_certificate(const std::string& authority,
                                       std::function<Async<void>()> renewed);
  [[nodiscard]] bool signs_own() const { return authority_ && (decides_ || !has_leaders()); }
  Async<Result<Time>> renew();
  Result<Time> renew_own();

  asio::any_io_executor loop_;
  Settings settings_;
  std::function<void()> changed_;
  Scope scope_;
  std::optional<Member> member_;
  std::optional<Member> founding_;  ///< what this host is about to become
  std::optional<manager::Seat> preferred_;
  bool decides_ = false;
  store::GatedStore* state_ = nullptr;
  std::unique_ptr<EtcdPart> etcd_;
  std::shared_ptr<link::Identity> identity_;
  std::optional<link::Authority> authority_;
  std::optional<link::Authority> next_;   ///< is to take its place
  std::unique_ptr<link::Relays> relays_;  ///< with their threads, from their first use on
  Doors doors_;
  std::unique_ptr<link::Listener> listener_;
};

}  // namespace truce
