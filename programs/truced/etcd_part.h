// What a manager's host does about the etcd that the cluster's state is in.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "etcd/etcd_store.h"
#include "link/authority.h"
#include "manager/membership.h"

namespace truce {

class OwnEtcd;

/// The etcd that truced runs itself (OwnEtcd), or one of somebody else's (ForeignEtcd). Used on one
/// loop.
class EtcdPart {
 public:
  EtcdPart() = default;
  EtcdPart(const EtcdPart&) = delete;
  EtcdPart& operator=(const EtcdPart&) = delete;
  virtual ~EtcdPart() = default;

  /// Makes it ready for a state that is to move there. What an attempt that was not ended has left
  /// is thrown away, if it is ours.
  virtual Async<Result<void>> found() = 0;
  /// Makes this host a manager that shares it, by what a leader has answered. `request` is that of
  /// OwnEtcd::request(), if there was one.
  virtual Async<Result<void>> join(model::ManagerEnrollment enrollment,
                                   std::optional<link::Request> request) = 0;
  /// What is to be done at each start of the daemon.
  virtual Async<Result<void>> start() = 0;
  /// The store in it. Code::unavailable while too few members answer.
  virtual Async<Result<std::unique_ptr<etcd::EtcdStore>>> open_store() = 0;
  /// Renews certificates that are ours to renew, when that is due.
  virtual Async<Result<void>> renew_if_due() = 0;
  /// Why this host's part does not work at present; empty: it does, as far as it knows.
  [[nodiscard]] virtual std::string problem() const = 0;

  // --- for the leader ---

  /// What lets a host share it. Code::precondition: another one is just joining.
  virtual Async<Result<model::ManagerEnrollment>> admit(std::string request, std::string host,
                                                        std::string address) = 0;
  /// Takes a host out of it. Code::precondition: too few of the others would be left that answer.
  virtual Async<Result<void>> remove(std::string host, std::string address) = 0;
  /// Looks how it is, until cancelled.
  virtual Async<void> look_after(std::function<std::vector<manager::Seat>()> managers) = 0;
  /// How the managers' parts are, by name of host, as they were seen last; none: they have none.
  [[nodiscard]] virtual std::map<std::string, manager::SeatState> states() const = 0;

  /// Ends what this object does; processes go on.
  virtual Async<void> close() = 0;
  /// Removes all that this host has of it.
  virtual Async<Result<void>> forget() = 0;

  /// The same, if it is truced's own; else null.
  virtual OwnEtcd* own() { return nullptr; }
};

}  // namespace truce
