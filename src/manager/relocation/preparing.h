// The guest of a machine that has come is changed so that it boots here: by a program of its own,
// to which its disks are lent.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/process.h"
#include "image/nbd_file.h"
#include "image/nbd_server.h"

namespace truce::manager {

/// Disks of ours as somebody else's program sees them: exports at sockets in a folder of its own,
/// which is all that it can write to besides. Both go with the object.
class LentDisks {
 public:
  /// `disks` are behind streams that speak NBD. `user`: who may use them; none: who we are. `owner`
  /// is a word that tells this manager from others. Blocks shortly.
  static Result<std::shared_ptr<LentDisks>> lend(std::vector<Fd> disks,
                                                 std::optional<std::pair<uid_t, gid_t>> user,
                                                 const std::string& owner);
  /// Removes what a crash of that manager has left: its programs have ended with it. Blocks.
  static void sweep(const std::string& owner);
  LentDisks(const LentDisks&) = delete;
  LentDisks& operator=(const LentDisks&) = delete;
  ~LentDisks();

  /// `program` changes the guest (`truce image prepare`), and answers JSON.
  [[nodiscard]] Command command(const std::filesystem::path& program,
                                const std::vector<std::string>& macs) const;
  /// Nobody uses them any more: what was written is on them. Blocks.
  Result<void> take_back();

 private:
  LentDisks(std::filesystem::path folder, std::optional<std::pair<uid_t, gid_t>> user)
      : folder_(std::move(folder)), user_(user) {}
  Result<void> add(Fd disk);
  [[nodiscard]] std::filesystem::path socket(std::size_t disk) const;

  std::filesystem::path folder_;
  std::optional<std::pair<uid_t, gid_t>> user_;
  std::vector<std::unique_ptr<image::nbd::Server>> servers_;
};

/// What it told.
struct GuestChanges {
  std::string guest;
  std::vector<std::string> changed, left;
};
Result<GuestChanges> read_changes(const std::string& json);

/// The word for a manager whose state is in that folder.
std::string owner_of_lent(const std::filesystem::path& folder);

}  // namespace truce::manager
