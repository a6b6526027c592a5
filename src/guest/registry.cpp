#include "registry.h"

#include <cstdlib>
#include <cstring>

namespace truce::guest {

namespace {

constexpr std::int64_t dword = 4;  // REG_DWORD

class OpenHive final : public Hive {
 public:
  OpenHive(const Library& lib, guestfs_h* handle, std::string path)
      : lib_(lib), handle_(handle), path_(std::move(path)) {}
  OpenHive(const OpenHive&) = delete;
  OpenHive& operator=(const OpenHive&) = delete;
  ~OpenHive() override { (void)lib_.guestfs_hivex_close(handle_); }

  Result<bool> has(const std::string& key) override {
    TRY(auto node, find(key));
    return node != 0;
  }
  Result<std::optional<std::uint32_t>> number(const std::string& key,
                                              const std::string& value) override;
  Result<void> set_number(const std::string& key, const std::string& value,
                          std::uint32_t number) override;
  Result<void> remove(const std::string& key) override {
    TRY(auto node, find(key));
    if (node == 0 || lib_.guestfs_hivex_node_delete_child(handle_, node) == 0) return {};
    return failed(lib_, handle_, key);
  }
  Result<void> commit() override {
    if (lib_.guestfs_hivex_commit(handle_, nullptr) == 0) return {};
    return failed(lib_, handle_, path_);
  }

 private:
  /// 0: there is none.
  Result<std::int64_t> find(std::string_view key) {
    auto node = lib_.guestfs_hivex_root(handle_);
    while (!key.empty() && node > 0) {
      std::string name(key.substr(0, key.find('\\')));
      key.remove_prefix(std::min(key.size(), name.size() + 1));
      node = lib_.guestfs_hivex_node_get_child(handle_, node, name.c_str());
    }
    if (node >= 0) return node;
    return failed(lib_, handle_, path_);
  }

  const Library& lib_;
  guestfs_h* handle_;
  std::string path_;
};

Result<std::optional<std::uint32_t>> OpenHive::number(const std::string& key,
                                                      const std::string& value) {
  TRY(auto node, find(key));
  if (node == 0) return std::nullopt;
  auto found = lib_.guestfs_hivex_node_get_value(handle_, node, value.c_str());
  if (found < 0) return failed(lib_, handle_, key);
  if (found == 0 || lib_.guestfs_hivex_value_type(handle_, found) != dword) return std::nullopt;
  std::size_t size = 0;
  std::unique_ptr<char, decltype(&std::free)> bytes(
      lib_.guestfs_hivex_value_value(handle_, found, &size), &std::free);
  if (!bytes) return failed(lib_, handle_, key);
  std::uint32_t number = 0;
  if (size != sizeof number) return std::nullopt;
  std::memcpy(&number, bytes.get(), sizeof number);  // little-endian, as we are
  return number;
}

Result<void> OpenHive::set_number(const std::string& key, const std::string& value,
                                  std::uint32_t number) {
  TRY(auto node, find(key));
  if (node == 0) return fail(Code::not_found, "the registry has no {}", key);
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  if (lib_.guestfs_hivex_node_set_value(handle_, node, value.c_str(), dword, bytes, sizeof bytes) ==
      0)
    return {};
  return failed(lib_, handle_, key);
}

}  // namespace

Result<std::unique_ptr<Hive>> open_registry(const Library& lib, guestfs_h* handle,
                                            const std::string& path) {
  if (lib.guestfs_hivex_open(handle, path.c_str(), GUESTFS_HIVEX_OPEN_WRITE, 1, -1) != 0)
    return failed(lib, handle, path);
  return std::make_unique<OpenHive>(lib, handle, path);
}

}  // namespace truce::guest
