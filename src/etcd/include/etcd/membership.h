// Who the members of an etcd are, how they are, and a copy of what they keep.
#pragma once

#include "base/bytes.h"
#include "etcd/etcd_store.h"

namespace truce::etcd {

/// One member, as the cluster's list has it.
struct ListedMember {
  std::uint64_t id = 0;
  std::string name;  ///< empty until it has been started
  std::vector<std::string> peer_urls;
  std::vector<std::string> client_urls;
  bool learner = false;  ///< it follows, and has no vote yet
};

/// How one member is, by its own words.
struct Health {
  std::string problem;  ///< empty: it answers and has a leader
  std::string version;
  std::uint64_t id = 0;
  std::uint64_t cluster = 0;  ///< which etcd it is a member of
  std::uint64_t leader = 0;   ///< whom it follows, itself perhaps; 0: nobody
  Bytes size;                 ///< of its file
  Bytes in_use;               ///< of that; the rest is given back by defragment()
  Bytes quota;                ///< how large it may be; 0: etcd before 3.6 does not tell
  std::int64_t applied = 0;   ///< how far it has come in the common log
  bool learner = false;
  [[nodiscard]] bool leads() const { return id != 0 && id == leader; }
};

/// Whether a version, such as `3.5.9` or `3.6.0-rc.1`, is one that EtcdStore works with: 3.4 or
/// newer. What is no version is none.
bool is_new_enough(std::string_view version);

/// The upkeep of an etcd. Errors are those of EtcdStore, and Code::precondition: etcd does not do
/// that now (too few members run, for instance).
class Membership {
 public:
  /// `options` as for a store; the prefix and the client's name do not matter.
  static Result<std::unique_ptr<Membership>> open(asio::any_io_executor loop, Options options);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  Async<Result<std::vector<ListedMember>>> list();
  /// Adds a member that is reached at `peer_url`, as a learner: a majority needs no more members
  /// than before until promote(). Its process is started afterwards (join_cluster). The same URL
  /// again is the same member.
  Async<Result<ListedMember>> add(std::string peer_url);
  /// Gives a learner its vote. Code::unavailable: it is not up to date yet, or not there.
  Async<Result<void>> promote(std::uint64_t id);
  /// Takes a member out; one that is not in the list is out.
  Async<Result<void>> remove(std::uint64_t id);
  /// Where a member is reached from now on.
  Async<Result<void>> move(std::uint64_t id, std::string peer_url);
  /// Lets another member lead, before this one goes. Asked of the leader, among Options::urls.
  Async<Result<void>> hand_over(std::uint64_t to);

  /// How the member at a client URL is. It never fails: what is wrong is in it.
  Async<Health> health(std::string client_url);
  /// Lets the member at a client URL give back space. It answers nobody meanwhile.
  Async<Result<void>> defragment(std::string client_url);
  /// Lets all members write again after their space was used up and has been made.
  Async<Result<void>> disarm();

  /// Copies all that etcd keeps, at one revision, to `file` (mode 0600, durably; what was there is
  /// replaced), and checks etcd's digest of it. Writes on `blocking`. restore_cluster() takes it.
  Async<Result<Bytes>> save(std::filesystem::path file, asio::thread_pool& blocking);

 private:
  struct Inner;
  explicit Membership(std::shared_ptr<Inner> inner);
  std::shared_ptr<Inner> inner_;
};

}  // namespace truce::etcd
