// The place that a fake machine arrives at. It plays the machine's own process, which goes on while
// no daemon is there: so it is a thread, and not a coroutine of somebody's loop.
//
// What is sent are frames, as write_frame() makes them. Disks: pairs of an id and the file's
// content, then an empty frame. Memory: the guest's state as JSON, blocks of memory, then an empty
// frame; with post-copy a frame `go` says in between that it can run. When all of a stream has come
// and is kept, one frame `done` goes back.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <thread>

#include "base/file.h"
#include "hypervisor/migration.h"

namespace truce::hypervisor {

class FakeLanding {
 public:
  enum class State { waiting, running, landed, broken };

  /// Listens in `folder`. `disks`: files of the disks that are copied, by id. `breaks`: it gives up
  /// when all has come.
  static Result<std::shared_ptr<FakeLanding>> make(
      const std::filesystem::path& folder, std::map<std::string, std::filesystem::path> disks,
      bool breaks);
  ~FakeLanding();
  FakeLanding(const FakeLanding&) = delete;
  FakeLanding& operator=(const FakeLanding&) = delete;

  [[nodiscard]] const Landing& sockets() const { return sockets_; }
  /// `running`: not all has come, but what it needs to run (post-copy).
  [[nodiscard]] State state() const { return state_.load(); }
  /// Of what came: how often the guest had reset itself. Once it is not `waiting`.
  [[nodiscard]] int resets() const { return resets_.load(); }

 private:
  FakeLanding() = default;
  void run();
  bool take_disks(int stream);
  bool take_memory(int stream);
  bool read_all(int stream, void* bytes, std::size_t size);
  bool read_frame(int stream, std::string& frame);
  bool wait_for(int fd);
  Fd accept(int listener);

  Landing sockets_;
  std::map<std::string, std::filesystem::path> disks_;
  bool breaks_ = false;
  Fd memory_, disks_listener_, stop_, stop_reader_;
  std::atomic<State> state_ = State::waiting;
  std::atomic<int> resets_ = 0;
  std::thread thread_;
};

}  // namespace truce::hypervisor
