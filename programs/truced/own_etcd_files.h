// The files of OwnEtcd.
#pragma once

#include <filesystem>

namespace truce {

inline std::filesystem::path etcd_identity_in(const std::filesystem::path& folder) {
  return folder / "etcd.pem";
}
inline std::filesystem::path etcd_bundle_in(const std::filesystem::path& folder) {
  return folder / "etcd-authority.pem";
}
inline std::filesystem::path etcd_authority_in(const std::filesystem::path& folder) {
  return folder / "etcd-authority.key";
}
/// Is to take its place.
inline std::filesystem::path etcd_next_authority_in(const std::filesystem::path& folder) {
  return folder / "etcd-authority-next.key";
}

}  // namespace truce
