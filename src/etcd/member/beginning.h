// How a member began, and what etcd is told when it starts.
#pragma once

#include "etcd/member.h"

namespace truce::etcd {

/// `member.json`: written once, durably. etcd reads it all from its own log once it has one; until
/// then each start says the same.
struct Beginning {
  std::string token;    ///< of the cluster
  std::string initial;  ///< NAME=URL of all members there are then, with commas between
  bool existing = false;
};
std::string to_text(const Beginning& beginning);
/// Code::corrupt: it is not one.
Result<Beginning> parse_beginning(std::string_view text);

std::filesystem::path data_folder(const MemberSettings& settings);
std::filesystem::path beginning_file(const MemberSettings& settings);
std::filesystem::path own_identity(const MemberSettings& settings);
std::filesystem::path own_authority(const MemberSettings& settings);
inline bool is_encrypted(const MemberSettings& settings) {
  return !settings.identity.empty();
}

/// etcd's words. `--data-dir=FOLDER` is one of them, by which its process is found.
std::vector<std::string> command_line(const MemberSettings& settings, const Beginning& beginning,
                                      Member::Others others);
std::string data_word(const MemberSettings& settings);

/// Makes the folders, the member's own where it runs as another user.
Result<void> make_folders(const MemberSettings& settings);
/// Copies the identity's files to where the member's user reads them. Whether the authority is
/// another one than before.
Result<bool> copy_identity(const MemberSettings& settings);
Result<void> give_to(const std::filesystem::path& path, const MemberSettings& settings);

}  // namespace truce::etcd
