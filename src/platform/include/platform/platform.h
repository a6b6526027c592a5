// A management platform of somebody else (vCenter, XenServer, Hyper-V), behind one narrow
// interface. It is watched, and acted on only when asked: nothing here is brought into a wanted
// state (docs/adr/0030).
#pragma once

#include <optional>
#include <string>

#include "base/async.h"
#include "base/result.h"
#include "base/secret.h"
#include "platform/nouns.h"

namespace truce::platform {

/// How a platform's certificate is trusted: by its fingerprint where there is one, else by a chain.
struct Trust {
  std::string fingerprint;  ///< SHA-256 of the one certificate that is accepted; hex
  std::string authorities;  ///< PEM file of those that may have signed it; empty: the system's
};

/// Where a platform is and who asks.
struct Account {
  std::string url;  ///< `https://vc.example.com`
  std::string user;
  SecretPtr password;
  Trust trust;
};

/// What a platform is and can do. What is off here is refused with Code::unsupported.
struct Capabilities {
  std::string name;  ///< `VMware vCenter Server`
  std::string version;
  std::string instance;  ///< who it is: stays over restarts, another one after it was made anew
  bool several_hosts = false;
  bool clone = false;       ///< Making::clone()
  bool clean_stop = false;  ///< request_stop(), of machines whose tools run
  bool suspend = false;
  bool snapshots_with_memory = false;
  bool quiesced_snapshots = false;
};

/// A snapshot that is to be made.
struct SnapshotOrder {
  std::string name;
  std::string description;
  bool memory = false;   ///< with the memory of a machine that runs
  bool quiesce = false;  ///< the guest's tools freeze its file systems for the moment
};

/// Capability of a Platform: trees of snapshots. Code::not_found for a snapshot that is not there.
class Snapshots {
 public:
  enum class Extent { alone, with_children };
  virtual ~Snapshots() = default;
  /// Answers the new one's id.
  virtual Async<Result<std::string>> create(std::string machine, SnapshotOrder order) = 0;
  /// The machine is then as it was: off, where the snapshot has no memory.
  virtual Async<Result<void>> restore(std::string machine, std::string snapshot) = 0;
  /// Alone: its children become those of its parent. Their content stays.
  virtual Async<Result<void>> remove(std::string machine, std::string snapshot, Extent extent) = 0;
};

/// Capability of a Platform: machines come, change their size and go.
class Making {
 public:
  virtual ~Making() = default;
  /// A full copy beside the original, off; answers its id. Code::conflict when the name is taken.
  virtual Async<Result<std::string>> clone(std::string machine, std::string new_name) = 0;
  /// What is not given stays. Code::precondition when that does not go while the machine runs.
  virtual Async<Result<void>> resize(std::string machine, std::optional<int> cpus,
                                     std::optional<Bytes> memory) = 0;
  /// With its disks. Code::precondition when it is not off.
  virtual Async<Result<void>> remove(std::string machine) = 0;
};

class Transfers;

/// One connection to a platform, on one loop. It signs in by itself, at first and when its session
/// has ended. Code::unavailable: it cannot be reached; Code::forbidden: its certificate is not the
/// trusted one (the message names both fingerprints), or the account may not do that;
/// Code::unauthenticated: the password is not right.
///
/// Verbs name machines by their `id`, and have taken effect when they have answered. They are
/// idempotent: asked for what is so already, they succeed. Code::not_found: there is no such
/// machine; Code::precondition: not in its present state. After Code::unavailable and
/// Code::cancelled it is not known whether a verb takes effect: the feed tells. Checked by the
/// conformance suite.
class Platform {
 public:
  virtual ~Platform() = default;
  /// What it can do; known after connect().
  [[nodiscard]] virtual const Capabilities& capabilities() const = 0;
  /// Reaches the platform and signs in, where that is not so already.
  virtual Async<Result<void>> connect() = 0;

  /// The next part of its inventory, at once when there is one, else after `patience` an empty one,
  /// which says that all is still so. The first is `whole`, as is the next one after an error, or
  /// when the platform has lost its place: it cannot be known what was missed. One call at a time.
  virtual Async<Result<Update>> next(Duration patience) = 0;

  /// Runs when this has answered; a suspended machine goes on where it was.
  virtual Async<Result<void>> start(std::string machine) = 0;
  /// Asks the guest to power off; it has when the feed says so. Code::precondition where its tools
  /// do not run.
  virtual Async<Result<void>> request_stop(std::string machine) = 0;
  /// Takes its power away. A suspended machine loses its memory.
  virtual Async<Result<void>> kill(std::string machine) = 0;
  virtual Async<Result<void>> reset(std::string machine) = 0;
  virtual Async<Result<void>> suspend(std::string machine) = 0;

  virtual Snapshots* snapshots() = 0;  ///< null: cannot
  virtual Making* making() = 0;        ///< null: cannot
  /// platform/transfers.h; null: cannot.
  virtual Transfers* transfers() { return nullptr; }

  /// Signs out, where it can be told; the last call before the object is destroyed.
  virtual Async<void> close() = 0;
};

}  // namespace truce::platform
