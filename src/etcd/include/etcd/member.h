// A member of etcd that this host runs: a process that outlives this program.
#pragma once

#include <sys/types.h>

#include "base/process.h"
#include "etcd/membership.h"

namespace truce::etcd {

/// What is the same for all of a member's life, but for the files' content.
struct MemberSettings {
  /// Its own: `data/` is etcd's, `tls/` has copies of the two files, `member.json` says how it
  /// began, `etcd.log` is what it says, at most 8 MiB.
  std::filesystem::path folder;
  std::string name;     ///< unique among the members, such as the host's
  std::string address;  ///< where the others reach it: an address or a name, IPv6 without brackets
  std::string listen;   ///< an address; empty: `address`
  std::uint16_t client_port = 2379;
  std::uint16_t peer_port = 2380;
  /// PEM: certificate and key in one, and whom it believes. Whoever has a certificate of this
  /// authority reads and writes all: it is none that signs for hosts without a member. Both empty:
  /// nothing is encrypted and everyone is believed.
  std::filesystem::path identity, authority;
  std::optional<std::pair<uid_t, gid_t>> user;  ///< who it runs as; see member_user
  Bytes quota = gib(2);                         ///< --quota-backend-bytes
  std::int64_t revisions = 10'000;              ///< that are remembered
};

std::string client_url(const MemberSettings& settings);
std::string peer_url(const MemberSettings& settings);

/// Debian's user `etcd` when this program is root; nobody else when it is not. Code::unsupported:
/// there is no such user.
Result<std::optional<std::pair<uid_t, gid_t>>> member_user();

/// Lays down that the member is the first of a new cluster. `token` is the new cluster's own, and
/// random. Code::conflict: the folder has a member already. So are the next two.
Result<void> found_cluster(const MemberSettings& settings, const std::string& token);

/// Lays down that it joins: `members` is Membership::list() after add() of its peer_url().
Result<void> join_cluster(const MemberSettings& settings, const std::string& token,
                          const std::vector<ListedMember>& members);

/// Lays down that it is the first of a new cluster with the content of a copy that
/// Membership::save made. Needs `etcdctl`. Members of the old one never find it. Code::corrupt: the
/// copy is damaged.
Async<Result<void>> restore_cluster(MemberSettings settings, std::string token,
                                    std::filesystem::path copy);

/// Removes all that a member has kept; its process has been stopped. For one that has left.
Result<void> forget_member(const MemberSettings& settings);

/// Whether one of the three above has been done.
bool has_member(const MemberSettings& settings);

/// Keeps a laid down member running. Its process goes on when this object or this program goes, and
/// is found again by its data folder.
class Member {
 public:
  /// Whether the member goes on alone, without the others of the cluster, which it forgets. For
  /// when the majority is lost for good, and only then: see etcd's --force-new-cluster.
  enum class Others { kept, given_up };

  /// Takes over the process, or starts one. Code::precondition: nothing is laid down; unsupported:
  /// there is no `etcd`; Code::invalid: a file of the identity. That etcd ends at once is no error
  /// here: see problem().
  static Async<Result<std::unique_ptr<Member>>> open(asio::any_io_executor loop,
                                                     MemberSettings settings,
                                                     Others others = Others::kept);
  /// After close() or stop().
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  /// Its process; 0 while there is none.
  [[nodiscard]] pid_t pid() const;
  /// So often it was started by this object.
  [[nodiscard]] int starts() const;
  /// Why there is no process at present, with the last of what it said; empty while there is one.
  [[nodiscard]] std::string problem() const;

  /// Gives etcd the identity's files as they are now. It uses a new certificate from the next
  /// connection on; for another authority it is started anew, one member after the other, please.
  Async<Result<void>> refresh();
  /// No longer looks after it; the process goes on.
  Async<void> close();
  /// Ends the process, and looks after it no longer.
  Async<Result<void>> stop();

 private:
  struct Inner;
  explicit Member(std::shared_ptr<Inner> inner);
  std::shared_ptr<Inner> inner_;
};

}  // namespace truce::etcd
