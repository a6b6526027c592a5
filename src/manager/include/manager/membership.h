#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "base/time.h"
#include "manager/invitation.h"
#include "model/model.h"
#include "store/store.h"

namespace truce::manager {

/// A host's certificate, as the cluster's authority has signed it.
struct Issued {
  std::string certificate;  ///< PEM
  std::string authority;    ///< certificates of the authority, PEM
  std::string sha256;       ///< of the certificate, hexadecimal
  Time expires;
};

/// What this host has become by founding a cluster.
struct Founded {
  std::string address;      ///< where the other hosts reach it, ADDRESS:PORT
  std::string fingerprint;  ///< SHA-256 of the authority's certificate
  std::string certificate;  ///< SHA-256 of this host's own, hexadecimal
  Time certificate_expires;
};

/// Authorities that are to take the place of those that a cluster has, as SHA-256.
struct FreshAuthorities {
  std::string hosts;
  std::string etcd;  ///< empty where truced runs no etcd
};

/// How a manager's part of the state is.
struct SeatState {
  bool votes = true;    ///< it counts for a majority
  std::string problem;  ///< empty: it answers
};

/// What is written besides, as the last thing before a state has moved: the commit's writes, when
/// the old store was last changed at that revision.
using LastWrites = std::function<Async<Result<std::vector<store::Write>>>(store::Revision)>;

/// What a program does about clusters for its manager: files, ports, other daemons.
class Membership {
 public:
  virtual ~Membership() = default;

  /// Makes an authority and a certificate of this host, unless they are there already, and listens
  /// for other hosts, now and after each start. With etcd as its store the cluster is there only
  /// after move_state(), and nothing has changed before. Code::invalid with the field, such as
  /// /address; Code::unsupported: etcd is not installed, or an etcd of one's own is too old.
  virtual Async<Result<Founded>> found(model::ClusterCreate wish) = 0;

  /// Moves the state into the etcd that found() has begun. Nobody else can write meanwhile, and
  /// once this has succeeded nobody writes to the old store any more: the host goes on as a manager
  /// of that cluster when the request that asked for this is answered. After an error, or a crash,
  /// everything is as it was.
  virtual Async<Result<void>> move_state(LastWrites last) = 0;

  /// Whether this host is in a cluster. A restored store may tell of one that is no more.
  [[nodiscard]] virtual bool in_cluster() const = 0;

  /// Signs a request (PEM) for the host of that name, whatever name the request has, with the
  /// authority of that SHA-256, or the one in force where this host has no such. Code::invalid when
  /// it is no request or its key is too weak; Code::precondition: this host has no authority.
  virtual Result<Issued> issue(const std::string& request, const std::string& host,
                               const std::string& authority) = 0;

  /// Makes new authorities beside those that are in force, and keeps them; nobody is told. Those
  /// that an earlier call has made and nobody uses are replaced.
  virtual Result<FreshAuthorities> make_fresh_authorities() = 0;
  /// The certificates and keys of these. Code::not_found: this host has no such.
  virtual Result<model::AuthorityOrders> fresh_authorities(const std::string& hosts,
                                                           const std::string& etcd) const = 0;

  /// What makes a host a manager besides its certificate; its member of etcd is added, without a
  /// vote. `request` is for that one's certificate. The same host again is the same member. Where
  /// etcd is not truced's own there is no member, and no request: it gets the way to that etcd.
  /// Code::precondition: another one is joining; Code::unsupported: the state is not in etcd.
  virtual Async<Result<model::ManagerEnrollment>> admit_manager(std::string request,
                                                                std::string host,
                                                                std::string address) = 0;
  /// Takes a host's member out of etcd. Code::precondition: too few others answer.
  virtual Async<Result<void>> remove_manager(std::string host, std::string address) = 0;
  /// How the managers are, by name of host, as they were seen last; empty without an etcd of
  /// truced's own.
  [[nodiscard]] virtual std::map<std::string, SeatState> managers() const = 0;
  /// What is wrong with an etcd that is not truced's own, for people; empty: nothing.
  [[nodiscard]] virtual std::string etcd_problem() const = 0;

  /// Joins the cluster: proves that its manager has the authority of the invitation, only then
  /// sends the secret, and keeps what comes back. Once the request that asked for this is answered,
  /// this host goes on as a member: its manager and its store are put aside.
  virtual Async<Result<void>> join(Invitation invitation, std::string address) = 0;

  /// Ends all connections of a host that is no longer let in.
  virtual void refuse(const std::string& host) = 0;
};

}  // namespace truce::manager
