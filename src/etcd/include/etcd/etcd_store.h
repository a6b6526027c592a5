// A store on etcd, which several hosts share.
#pragma once

#include <filesystem>
#include <memory>

#include "base/secret.h"
#include "store/store.h"

namespace truce::etcd {

/// PEM files, which are read again every few seconds: new connections use what is in them. All
/// empty: the system's certificates, none of our own.
struct Tls {
  std::filesystem::path authority;         ///< whose signature the members' certificates need
  std::filesystem::path certificate, key;  ///< what we show, both or none
};

struct Options {
  /// `http://10.0.0.1:2379` or `https://…`, all of one kind. Calls go to one until it fails, then
  /// to the next.
  std::vector<std::string> urls;
  Tls tls;
  std::string user;  ///< empty: nobody signs in
  SecretPtr password;
  /// Under which all keys lie: `PREFIXobjects/KEY`, and `PREFIXcommits/…` for the store's own.
  std::string prefix = "/truce/";
  /// Names this process among all that use the prefix, such as its host; `[a-zA-Z0-9._-]{1,64}`.
  std::string client;
  Duration attempt = 3s;  ///< how long one member may take
  Duration limit = 10s;   ///< how long an operation may take, over all members
};

/// A store in a cluster of etcd 3.4 or newer. Revisions are etcd's: who shares the etcd makes gaps.
/// Reads are linearizable; a commit is one transaction, done once or not at all however often it
/// has to be sent. Every operation ends within Options::limit: Code::unavailable when no member
/// answers or there is no quorum; a commit whose outcome could not be found out by then is
/// Code::timeout. When members answer again, so does the store.
///
/// etcd takes 1.5 MB in a commit (--max-request-bytes): more is Code::invalid.
/// Code::unauthenticated and Code::forbidden: of the user. Code::io: etcd's space is used up; reads
/// go on.
///
/// Watches get Code::limit, too, when etcd was compacted while none of its members could be
/// reached. All watches share one stream of the whole prefix.
class EtcdStore final : public store::Store {
 public:
  /// Connects and reads etcd's revision; watches may begin behind it. Errors as above;
  /// Code::invalid: an option.
  static Async<Result<std::unique_ptr<EtcdStore>>> open(asio::any_io_executor loop,
                                                        Options options);
  /// Operations that wait get Code::cancelled. Waits for gRPC's thread, not for etcd.
  ~EtcdStore() override;
  EtcdStore(const EtcdStore&) = delete;
  EtcdStore& operator=(const EtcdStore&) = delete;

  Async<Result<std::optional<store::Entry>>> get(std::string key) override;
  /// Reads pages of one revision; the whole listing has Options::limit for each page.
  Async<Result<store::Listing>> list(std::string prefix) override;
  /// A caller that is cancelled goes on at once; the commit may still happen.
  Async<Result<store::Revision>> commit(std::vector<store::Condition> conditions,
                                        std::vector<store::Write> writes) override;
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision from) override;

 private:
  struct Parts;
  explicit EtcdStore(std::shared_ptr<Parts> parts);
  std::shared_ptr<Parts> parts_;
};

}  // namespace truce::etcd
