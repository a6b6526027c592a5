// What this host is in a cluster, as the folder `cluster` of its state keeps it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "access/seals.h"
#include "base/result.h"
#include "manager/invitation.h"
#include "model/model.h"

namespace truce {

/// Where the state is in an etcd that is not truced's own. How to get in is in files: ForeignEtcd.
struct EtcdPlace {
  std::vector<std::string> urls;
  std::string prefix;
  std::string user;  ///< empty: nobody signs in
  bool operator==(const EtcdPlace&) const = default;
};

/// The folder holds `member.json` (this), `host.pem` (certificate and key of this host),
/// `authority.pem` (whom it believes) and, on managers, `authority.key`, which is the whole
/// cluster, `seals.key`, and what OwnEtcd or ForeignEtcd have. While the authority is replaced
/// managers have `authority-next.key`, too.
struct Member {
  std::string cluster;  ///< its name
  std::string host;     ///< name of this host in it
  model::HostRole role = model::HostRole::node;
  std::string address;  ///< where the others reach it, ADDRESS:PORT
  std::vector<manager::Seat> managers;
  /// Of a manager: where the state is. This file is what decides it.
  model::StoreKind store = model::StoreKind::sqlite;
  std::optional<EtcdPlace> foreign;  ///< of a manager whose etcd is not truced's own
  std::string etcd_token;            ///< of the etcd cluster that is
  std::uint16_t etcd_client_port = 2379, etcd_peer_port = 2380;  ///< of its members
  /// Whether the state is in etcd, and this host has a part in it.
  [[nodiscard]] bool keeps_etcd() const {
    return role == model::HostRole::manager && store == model::StoreKind::etcd;
  }
  bool operator==(const Member&) const = default;
};

std::filesystem::path member_file(const std::filesystem::path& folder);
std::filesystem::path identity_file(const std::filesystem::path& folder);
std::filesystem::path bundle_file(const std::filesystem::path& folder);
std::filesystem::path authority_file(const std::filesystem::path& folder);
/// The authority that is to take its place.
std::filesystem::path next_authority_file(const std::filesystem::path& folder);

/// Nothing when this is a single host. Code::corrupt: the file is damaged.
Result<std::optional<Member>> read_member(const std::filesystem::path& folder);
Result<void> write_member(const std::filesystem::path& folder, const Member& member);

/// Where the keys are that secrets of a state are sealed with: beside a store of this host's own,
/// or in the folder `cluster` (then all managers have the same).
std::filesystem::path seals_file(const std::filesystem::path& folder);
/// Nothing where there is no such file. Code::corrupt: it is damaged.
Result<std::optional<access::Seals>> read_seals(const std::filesystem::path& file);
Result<void> write_seals(const std::filesystem::path& file, const access::Seals& seals);
/// Makes a key, and the file, where there is none.
Result<access::Seals> open_seals(const std::filesystem::path& file);
/// Adds to a host's keys those that text() of another manager's says; returns whether it lacked
/// any.
Result<bool> take_seals(const std::filesystem::path& file, std::string_view text);

/// Puts a folder or file aside as `PATH-before-WORD`, or with a number behind it; absent is
/// success.
Result<void> put_aside(const std::filesystem::path& path, const std::string& word);

}  // namespace truce
