#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "model/model.h"
#include "news.h"
#include "storage/homes.h"
#include "storage/pool.h"
#include "storage/pool_opener.h"

namespace truce::node {

/// The pools of this host by their names. `default` is always there; others are opened as the
/// manager says which there shall be, looked at again and again, and reported. One that is not
/// there is tried for until it is.
class Pools {
 public:
  /// `first`, in `path`, is `default`.
  Pools(asio::any_io_executor loop, storage::Pool& first, std::filesystem::path path,
        storage::PoolOpener& opener, std::string host, News& news, Scope& scope);

  /// All pools that there shall be.
  void assign(std::vector<model::Pool> pools);
  /// Looks at all pools from time to time, until cancelled.
  Async<void> watch();
  /// Tells the manager how all of them stand: after a new connection.
  void report_again();

  /// A pool that is there; Code::unavailable says what is wrong with it. Waits for one that is
  /// being opened for the first time.
  Async<Result<std::shared_ptr<storage::Pool>>> find(std::string name);
  /// The pool that a disk is to be made in; from now on that is where it lies, with the key that it
  /// names. `home`: the machine's.
  Async<Result<std::shared_ptr<storage::Pool>>> place(std::filesystem::path home,
                                                      model::VmDisk disk);
  /// The pool that a disk lies in.
  Async<Result<std::shared_ptr<storage::Pool>>> of_disk(std::filesystem::path home,
                                                        std::string disk);
  /// Removes a disk that nobody uses from wherever there is something of it.
  Async<Result<void>> delete_disk(std::filesystem::path home, std::string uuid, std::string disk);
  /// A disk where it lies.
  Async<Result<storage::DiskPath>> disk(std::filesystem::path home, std::string uuid,
                                        std::string disk);
  /// Moves a disk of a machine that does not run to the pool that `disk` names. The disk is whole
  /// in one of both pools at any moment; however this ends, end_move() removes the other file.
  Async<Result<void>> move_disk(std::filesystem::path home, std::string uuid, model::VmDisk disk,
                                storage::Progress progress);
  /// Notes that a disk of a machine that runs is on its way to the pool that `disk` names, and
  /// makes the file there that it goes over to. However that goes on, end_move() ends it.
  Async<Result<std::filesystem::path>> begin_move(std::filesystem::path home, std::string uuid,
                                                  model::VmDisk disk);
  /// Notes where such a disk is when all is over, and removes its other file: it is `in_use`, the
  /// file that the machine writes to, or, where it does not run (empty), what is noted.
  Async<Result<void>> end_move(std::filesystem::path home, std::string uuid, model::VmDisk disk,
                               std::filesystem::path in_use);
  /// Removes all that this host alone has of a machine, its home last: what lies in pools that
  /// other hosts have as well stays.
  Async<Result<void>> forget_vm(std::string uuid);
  /// Removes all that there is of a machine, from all pools, its home last.
  Async<Result<void>> delete_vm(model::Vm vm);
  /// The pools of a machine's disks that have too little room for it to go on.
  Async<std::vector<std::string>> without_room(std::filesystem::path home, model::Vm vm);
  /// Whether all pools of a machine's disks are there and answer, as far as is known. Nothing is
  /// read for that.
  [[nodiscard]] bool usable(const model::Vm& vm) const;
  /// One of them that has not answered for long, and answers nobody; empty: there is none.
  [[nodiscard]] std::string silent(const model::Vm& vm) const;
  /// Once every pool that was assigned has been tried to be opened.
  Async<void> tried();

  /// Whether hosts share a pool.
  [[nodiscard]] bool shared(const std::string& name) const;
  /// Whether a machine's home is its folder in the first pool, beyond doubt.
  [[nodiscard]] bool home_is_plain(const model::Vm& vm) const;
  /// Whether a machine's home is in a pool that hosts share: then it goes along by itself.
  [[nodiscard]] bool home_elsewhere(const std::string& uuid) const;
  /// The home of a machine: in the first pool, or, where its first disk is in a pool that hosts
  /// share, in that. Code::unavailable while that is not there.
  Async<Result<std::filesystem::path>> settle_home(model::Vm vm);
  /// Brings the home of a machine that is off to its first disk, where that is in a pool that hosts
  /// share by now: where it is from then on.
  Async<Result<std::filesystem::path>> bring_home(std::filesystem::path home, model::Vm vm);
  /// A machine is no longer this host's: its home, where others see it too, stays as it is.
  void leave(const std::string& uuid);
  /// leave() of all but those that stay.
  void leave_others(const std::function<bool(const std::string& uuid)>& stays);
  /// Lets the disks of a machine that is off stand on what their own pools have.
  Async<Result<void>> settle_copies(std::filesystem::path home, model::Vm vm);
  /// Removes what work that was cut off has left of a machine in pools that hosts share.
  Async<Result<void>> tidy(std::filesystem::path home, model::Vm vm);

  Async<Result<void>> make(model::Pool pool) { return opener_.make(std::move(pool)); }
  Async<Result<void>> remove(model::Pool pool);

 private:
  struct Entry {
    model::Pool wish;
    std::shared_ptr<storage::Pool> pool;
    std::string problem;
    bool tried = false, busy = false;
    std::chrono::steady_clock::time_point asked;  ///< when it was looked at last
    model::Pool told;
  };
  using EntryPtr = std::shared_ptr<Entry>;
  [[nodiscard]] bool any_shared() const;
  Result<void> note_home(const std::filesystem::path& home, const std::string& uuid,
                         const std::string& name, storage::Pool& pool);
  Async<Result<void>> remove_copies(std::filesystem::path home, std::string uuid, std::string disk);
  Async<void> look(EntryPtr entry);
  void note_silence(Entry& entry);
  [[nodiscard]] static Duration waited(const Entry& entry);
  Async<void> open(EntryPtr entry);
  Async<void> measure(EntryPtr entry);
  [[nodiscard]] model::Pool describe(const Entry& entry) const;
  void tell(Entry& entry, model::Pool seen);

  asio::any_io_executor loop_;
  storage::PoolOpener& opener_;
  std::string host_;
  std::filesystem::path first_path_;
  const storage::Homes* homes_;
  News& news_;
  Scope& scope_;
  asio::thread_pool copies_{1};  ///< for disks that move
  asio::thread_pool looks_{2};   ///< at homes: a server of files may let one wait for long
  std::map<std::string, EntryPtr> entries_;
  std::map<std::string, std::weak_ptr<Entry>> closing_;  ///< until nobody looks at them any more
  Wakeup changed_;
};

}  // namespace truce::node
