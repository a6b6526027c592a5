// Machines that go to another host while they run.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/bytes.h"
#include "base/result.h"
#include "hypervisor/hypervisor.h"

namespace truce::hypervisor {

/// What a host has made ready for a machine that comes: unix sockets, which whoever carries the
/// bytes between the hosts connects to, once for each connection of the other side. Bytes go both
/// ways.
struct Landing {
  std::filesystem::path memory;  ///< takes the memory and the state of the devices
  std::filesystem::path disks;   ///< takes the disks that are copied; empty: none are
};

/// A disk that is copied, as the other host does not have it.
struct CopiedDisk {
  std::string id;
  bool whole = true;  ///< false: the file there stands on a file that is the same as here
};

/// How a machine goes, the same on both sides, but for the paths.
struct Departure {
  /// Unix sockets that listen here, and end at the Landing: whoever carries the bytes accepts the
  /// next connection when the one before has reached the other side, as the first one counts. When
  /// a later one for memory is lost, he breaks the first, and takes what comes on the later ones
  /// and throws it away until they are closed. On the file system of Machine::runtime; the sender
  /// gives them to the machine's user. Of no meaning to the receiver.
  std::filesystem::path memory, disks;
  std::vector<CopiedDisk> copied;
  Duration downtime = std::chrono::milliseconds(300);  ///< that the guest may stand still
  Bytes bandwidth;                                     ///< a second; 0: no limit
  int channels = 1;                                    ///< connections for memory
  bool compress = false;
  bool auto_converge = true;  ///< a guest that changes more than is sent is slowed down
  bool post_copy = false;     ///< when it does not converge: runs there before all is there
};

/// How a departure stands.
struct Flight {
  std::string step;     ///< for people
  double fraction = 0;  ///< of the work, guessed
  Bytes sent, left;     ///< memory
  Bytes disks_sent;
  std::int64_t rounds = 0;
  Bytes dirty_rate;  ///< memory changed a second
  /// How long the guest had stood still when send() ended; until land() has answered more comes to
  /// that. With post-copy: how long it stood here.
  Duration downtime{};
  bool post_copy = false;
};

/// Capability of a Hypervisor. A machine is on both sides for a while, and runs on one at most:
///
///     sending host                      receiving host
///     outline()                    ---> receive(): waits, paused
///     send(): copies, then pauses  ---> has everything, stays paused
///          whoever decides says whose it is from now on
///     kill()                            land(): runs         (it is given over)
///     take_back(): runs                 discard()            (it is not)
///
/// Neither side decides that by itself, nor does a daemon that takes machines over: what was sent
/// stays paused. Code::precondition for a machine that is not there, or not in that state. All
/// verbs but send() are idempotent. A machine that is received is one like others: its end is a
/// Notice; what it does of its own accord until land() is none. Until land(), or after send() until
/// take_back(), start(), resume(), suspend() and reset() are Code::precondition.
class Migration {
 public:
  virtual ~Migration() = default;

  /// What the other side has to know of a machine that runs beyond its Machine, in words of this
  /// kind of hypervisor. Code::unsupported, with the reason, where it cannot be sent while it runs.
  virtual Async<Result<std::string>> outline(std::string uuid) = 0;

  /// Starts the machine as start() does, but waiting for what another host sends; `machine` has
  /// the devices that it has there now. The files of the disks that are copied are empty and as
  /// large. It is Observed::paused afterwards, also for adopt(). Code::unsupported where this host
  /// cannot run what `outline` says.
  virtual Async<Result<Landing>> receive(Machine machine, std::string outline,
                                         Departure departure) = 0;
  /// Whether it can be let run: all has come, or with post-copy all that is needed at first. Before
  /// that, land() is Code::precondition.
  virtual Async<Result<bool>> has_landed(std::string uuid) = 0;
  /// Lets a machine run that has come. Its network cards make themselves known (RARP).
  virtual Async<Result<void>> land(std::string uuid) = 0;
  /// Ends what receive() began; what it has written to disks is worth nothing. Code::precondition
  /// after land().
  virtual Async<Result<void>> discard(std::string uuid) = 0;

  /// Sends a running machine; it has ended when the machine stands still and all of it is at the
  /// other side. On any failure, and with Code::cancelled after stop_sending(), the machine has
  /// gone on. `moment` is called once at most, and only with post-copy, while the machine stands
  /// still: when it has answered, the machine is the other side's, which is to land() as soon as
  /// has_landed(), and a failure after it is one that the machine does not survive.
  virtual Async<Result<Flight>> send(std::string uuid, Departure departure,
                                     std::function<Async<Result<void>>()> moment,
                                     std::function<void(const Flight&)> progress) = 0;
  /// Lets a send() that is under way end soon; it may have succeeded all the same.
  virtual void stop_sending(const std::string& uuid) = 0;
  /// Lets a machine run on that has been sent, or whose send() another daemon began; whatever is
  /// under way is called off. Never after the other side was let run. Nothing for one that runs.
  virtual Async<Result<void>> take_back(std::string uuid) = 0;
  /// Measures for a second how much memory the guest changes, in bytes a second. Code::unsupported
  /// where it cannot.
  virtual Async<Result<Bytes>> dirty_rate(std::string uuid) = 0;
};

}  // namespace truce::hypervisor
