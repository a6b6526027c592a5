// The runtime folder of one machine: what a daemon needs to take over its process, and sockets.
//
//   <runtime>/            the daemon's; the VM's user may only pass through
//     machine.json        Record: written after the process has started
//     qmp.sock serial.sock agent.sock    bound by the daemon, handed to QEMU as descriptors
//     serial2.sock ... parallel.sock      likewise, where the machine has these ports
//     vnc.sock spice.sock made by QEMU in vm/, then moved here, out of its reach
//     qemu.log            what QEMU says on standard error
//     vm/                 the VM's user's own
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "model/model.h"

namespace truce::qemu {

using User = std::optional<std::pair<uid_t, gid_t>>;

/// What a machine is to a migration between hosts. Only who is told to decides whose it is, so that
/// a daemon that finds it like this lets nothing run.
enum class Passage {
  none,
  arriving,  ///< waits for what another host sends, and to be let run
  sending,   ///< goes, or has gone, to another host
  away,      ///< runs on the other side, and fetches memory from here
};

/// What outlives the daemon.
struct Record {
  std::string uuid;
  std::string name;
  std::filesystem::path folder;  ///< Machine::folder
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::vector<std::filesystem::path> control_groups;
  bool screen = false;
  model::MachineType type = model::MachineType::q35;
  model::DiskBus disk_bus = model::DiskBus::virtio;
  model::NicModel nic_model = model::NicModel::virtio;
  std::int64_t queues = 1;   ///< of each disk
  bool own_network = false;  ///< it does not see the host's
  Passage passage = Passage::none;
  Bytes more_memory = {};  ///< what it has beyond what it was asked for (see migration/outline.h)
};

/// A JSON object; Code::corrupt when it is not one of ours.
Result<Record> parse_record(std::string_view text);
std::string to_text(const Record& record);

class Runtime {
 public:
  explicit Runtime(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path socket(const std::string& which) const {
    return folder_ / (which + ".sock");
  }
  [[nodiscard]] std::filesystem::path own() const { return folder_ / "vm"; }
  [[nodiscard]] std::filesystem::path log() const { return folder_ / "qemu.log"; }

  /// An empty folder, with `vm/` owned by `user`. What was left in it is removed.
  [[nodiscard]] Result<void> prepare(const User& user) const;
  /// A socket of that name that takes connections from now on.
  [[nodiscard]] Result<Fd> listen(const std::string& which) const;
  /// Takes the socket that QEMU made for the screen (`vnc` or `spice`) out of the VM's reach.
  [[nodiscard]] Result<void> take(const std::string& which) const;
  [[nodiscard]] Result<void> write(const Record& record) const;
  /// Notes in the log, before QEMU says anything, by which words and for which request it starts.
  void begin_log(const std::vector<std::string>& words, const std::string& request) const;
  [[nodiscard]] Result<Record> read() const;
  /// The last line that QEMU wrote on standard error, without its program name; empty when it wrote
  /// none.
  [[nodiscard]] std::string last_words() const;
  /// Empties the log when it has grown over 1 MiB.
  void bound_log() const;
  /// Copies the end of the log to `folder`, where it can be read after clear().
  void keep_log(const std::filesystem::path& folder) const;
  /// Removes all that we put there, and the folder.
  void clear() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace truce::qemu
