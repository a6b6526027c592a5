// What a manager's host does about etcd: its member, its certificates, and who else is in it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "etcd/etcd_store.h"
#include "etcd/member.h"
#include "link/authority.h"
#include "manager/membership.h"

namespace truce {

/// This host's member of the cluster's etcd. Its keys are in the folder `cluster` of the state:
/// `etcd.pem`, `etcd-authority.pem` and `etcd-authority.key`, which is all of the state. Used on
/// one loop.
class EtcdPart {
 public:
  struct Settings {
    std::filesystem::path secrets;        ///< the folder `cluster`
    std::filesystem::path folder;         ///< the member's own
    std::string host;                     ///< name of this host, and of its member
    std::string address;                  ///< ADDRESS:PORT where the others reach this host
    std::string listen;                   ///< ADDRESS:PORT of the option cluster-listen, or empty
    std::string token;                    ///< of the etcd cluster
    std::vector<manager::Seat> managers;  ///< all of them, as far as they are known
  };

  /// Code::unsupported, and what to do, where etcd is not installed.
  static Result<void> check();
  /// The name of the user agent of its certificate: a request for one, and its key.
  static Result<link::Request> request(const std::string& host);

  EtcdPart(asio::any_io_executor loop, Settings settings);
  ~EtcdPart();

  /// Makes an authority and lays down the first member. What an attempt that was not ended has
  /// left is thrown away.
  Async<Result<void>> found();
  /// Lays down a member that joins, with what a leader has answered.
  Async<Result<void>> join(model::ManagerEnrollment enrollment, link::Request request);
  /// Starts the member, or takes over its process.
  Async<Result<void>> start();
  /// The store in it. Code::unavailable while too few members answer.
  Async<Result<std::unique_ptr<etcd::EtcdStore>>> open_store();
  /// Makes this member the only one, with what it has, and ends it: the others are lost for ever.
  /// Code::conflict: enough members answer, so nothing has to be given up.
  Async<Result<void>> give_up_others();
  /// Renews the member's certificate when that is due.
  Async<Result<void>> renew_if_due();
  /// Why there is no member at present; empty: there is one.
  [[nodiscard]] std::string problem() const;

  // --- for the leader ---

  /// Adds a host's member and signs for it. Code::precondition: another one is just joining.
  Async<Result<model::ManagerEnrollment>> admit(std::string request, std::string host,
                                                std::string address);
  /// Takes a host's member out, unless too few of the others would be left that answer:
  /// Code::precondition.
  Async<Result<void>> remove(std::string host, std::string address);
  /// Looks how the members are, and gives those their vote that are in step, until cancelled.
  Async<void> look_after(std::function<std::vector<manager::Seat>()> managers);
  /// By name of host, as they were seen last.
  [[nodiscard]] const std::map<std::string, manager::SeatState>& states() const { return states_; }

  /// The member's process goes on.
  Async<void> close();
  /// Ends it and removes all that it has kept.
  Async<Result<void>> forget();

 private:
  [[nodiscard]] etcd::MemberSettings member_settings() const;
  [[nodiscard]] etcd::Options options() const;
  Result<std::shared_ptr<etcd::Membership>> membership();
  Result<void> sign_own();
  Async<void> look(const std::vector<manager::Seat>& managers);

  asio::any_io_executor loop_;
  Settings settings_;
  std::unique_ptr<etcd::Member> member_;
  std::shared_ptr<etcd::Membership> membership_;
  std::map<std::string, manager::SeatState> states_;
  std::map<std::uint64_t, int> strangers_;  ///< members of no host: so often seen one after another
};

}  // namespace truce
