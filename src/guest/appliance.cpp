#include "guest/appliance.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "device_names.h"
#include "guest_device.h"
#include "library.h"
#include "registry.h"

namespace truce::guest {

namespace {

std::string folder_of(const std::string& path) {
  return path.substr(0, std::max<std::size_t>(1, path.rfind('/')));
}

/// libguestfs answers maps as keys and values in turn.
std::vector<std::pair<std::string, std::string>> pairs_of(std::vector<std::string> texts) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t at = 0; at + 1 < texts.size(); at += 2)
    pairs.emplace_back(std::move(texts[at]), std::move(texts[at + 1]));
  return pairs;
}

class QemuAppliance final : public Appliance, private Files {
 public:
  QemuAppliance(const Library& lib, guestfs_h* handle, std::size_t disks)
      : lib_(lib), handle_(handle), disks_(disks) {}
  QemuAppliance(const QemuAppliance&) = delete;
  QemuAppliance& operator=(const QemuAppliance&) = delete;
  ~QemuAppliance() override { lib_.guestfs_close(handle_); }

  Result<void> begin(const std::vector<DiskFile>& disks);
  [[nodiscard]] const Guest& guest() const override { return guest_; }
  [[nodiscard]] Files& files() override { return *this; }
  Result<void> end() override {
    TRY_VOID(expect(lib_.guestfs_umount_all(handle_), "the guest's disks"));
    return expect(lib_.guestfs_shutdown(handle_), "the guest's disks");
  }

 private:
  Result<std::optional<std::string>> read(const std::string& path) override;
  Result<void> write(const std::string& path, std::string_view content) override;
  Result<std::vector<std::string>> names(const std::string& folder) override;
  Result<std::string> run(const std::vector<std::string>& argv) override;
  Result<std::string> uuid_of(const std::string& device) override;
  Result<std::unique_ptr<Hive>> hive(const std::string& name) override;
  Result<void> find_system();
  Result<void> mount();
  [[nodiscard]] Result<void> expect(int status, std::string_view what) const {
    if (status != -1) return {};
    return failed(lib_, handle_, what);
  }

  const Library& lib_;
  guestfs_h* handle_;
  std::size_t disks_;
  std::string root_;
  Guest guest_;
  std::set<std::string, std::less<>> devices_;  ///< with something on them
};

Result<void> QemuAppliance::begin(const std::vector<DiskFile>& disks) {
  lib_.guestfs_set_error_handler(handle_, nullptr, nullptr);
  TRY_VOID(expect(lib_.guestfs_set_backend(handle_, "direct"), "libguestfs"));
  for (const auto& disk : disks)
    TRY_VOID(
        expect(lib_.guestfs_add_drive_opts(handle_, disk.path.c_str(),
                                           GUESTFS_ADD_DRIVE_OPTS_FORMAT, disk.format.c_str(), -1),
               disk.path));
  if (lib_.guestfs_launch(handle_) != 0) {
    auto error = failed(lib_, handle_, "libguestfs does not start").error();
    error.message.resize(std::min(error.message.find('\n'), error.message.size()));
    return fail(Code::unsupported,
                "{} (it needs a kernel in /boot; libguestfs-test-tool says more)", error.message);
  }
  for (auto& [device, kind] : pairs_of(take_texts(lib_.guestfs_list_filesystems(handle_))))
    devices_.insert(std::move(device));
  TRY_VOID(find_system());
  return mount();
}

Result<void> QemuAppliance::find_system() {
  auto** found = lib_.guestfs_inspect_os(handle_);
  if (found == nullptr) return failed(lib_, handle_, "the guest's disks");
  auto roots = take_texts(found);
  if (roots.empty())
    return fail(Code::unsupported,
                "no system that libguestfs knows is on these disks (or they are encrypted)");
  if (roots.size() > 1)
    return fail(Code::unsupported, "there are {} systems on these disks: one is expected",
                roots.size());
  root_ = roots.front();
  auto kind = take_text(lib_.guestfs_inspect_get_type(handle_, root_.c_str()));
  guest_.name = take_text(lib_.guestfs_inspect_get_product_name(handle_, root_.c_str()));
  bool number = guest_.name.find_first_not_of("0123456789.") == guest_.name.npos;  // of Debian
  if (number)
    guest_.name =
        take_text(lib_.guestfs_inspect_get_distro(handle_, root_.c_str())) + " " + guest_.name;
  if (kind != "linux" && kind != "windows")
    return fail(Code::unsupported, "it is {} ({}): Linux and Windows can be changed", guest_.name,
                kind);
  guest_.family = kind == "windows" ? Family::windows : Family::linux_;
  return {};
}

Result<void> QemuAppliance::mount() {
  auto places = pairs_of(take_texts(lib_.guestfs_inspect_get_mountpoints(handle_, root_.c_str())));
  if (places.empty()) places.emplace_back("/", root_);
  std::ranges::sort(places);  // what is above comes first
  for (const auto& [place, device] : places) {
    auto mounted =
        expect(lib_.guestfs_mount(handle_, device.c_str(), place.c_str()), device + " on " + place);
    // What fstab names and is not here, as a disk that was left out, stops nothing.
    if (!mounted && place == "/") return mounted;
  }
  return {};
}

Result<std::optional<std::string>> QemuAppliance::read(const std::string& path) {
  auto is =
      lib_.guestfs_is_file_opts(handle_, path.c_str(), GUESTFS_IS_FILE_OPTS_FOLLOWSYMLINKS, 1, -1);
  TRY_VOID(expect(is, path));
  if (is == 0) return std::nullopt;
  auto size = lib_.guestfs_filesize(handle_, path.c_str());
  if (size < 0) return failed(lib_, handle_, path);
  if (static_cast<std::uint64_t>(size) > most_text)
    return fail(Code::limit, "{} has {} bytes", path, size);
  std::size_t length = 0;
  std::unique_ptr<char, decltype(&std::free)> text(
      lib_.guestfs_read_file(handle_, path.c_str(), &length), &std::free);
  if (!text) return failed(lib_, handle_, path);
  return std::string(text.get(), length);
}

Result<void> QemuAppliance::write(const std::string& path, std::string_view content) {
  TRY_VOID(expect(lib_.guestfs_mkdir_p(handle_, folder_of(path).c_str()), path));
  return expect(lib_.guestfs_write(handle_, path.c_str(), content.data(), content.size()), path);
}

Result<std::vector<std::string>> QemuAppliance::names(const std::string& folder) {
  auto is =
      lib_.guestfs_is_dir_opts(handle_, folder.c_str(), GUESTFS_IS_DIR_OPTS_FOLLOWSYMLINKS, 1, -1);
  TRY_VOID(expect(is, folder));
  if (is == 0) return std::vector<std::string>();
  auto** found = lib_.guestfs_ls(handle_, folder.c_str());
  if (found == nullptr) return failed(lib_, handle_, folder);
  return take_texts(found);
}

Result<std::string> QemuAppliance::run(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  auto* said = lib_.guestfs_command(handle_, words.data());
  if (said == nullptr) return failed(lib_, handle_, argv.front());
  return take_text(said);
}

Result<std::string> QemuAppliance::uuid_of(const std::string& device) {
  auto here = device_here(device, disks_);
  if (here.empty() || !devices_.contains(here)) return std::string();
  auto* uuid = lib_.guestfs_vfs_uuid(handle_, here.c_str());
  if (uuid == nullptr) return failed(lib_, handle_, device);
  return take_text(uuid);
}

Result<std::unique_ptr<Hive>> QemuAppliance::hive(const std::string& name) {
  if (name != "SYSTEM") return fail(Code::not_found, "there is no hive {}", name);
  auto path = take_text(lib_.guestfs_inspect_get_windows_system_hive(handle_, root_.c_str()));
  if (path.empty()) return fail(Code::not_found, "its registry is not where Windows has it");
  return open_registry(lib_, handle_, path);
}

}  // namespace

Result<std::unique_ptr<Appliance>> Appliance::start(const std::vector<DiskFile>& disks) {
  TRY(const auto* lib, library());
  auto* handle = lib->guestfs_create();
  if (handle == nullptr) return fail(Code::io, "libguestfs does not begin");
  auto appliance = std::make_unique<QemuAppliance>(*lib, handle, disks.size());
  TRY_VOID(appliance->begin(disks));
  return appliance;
}

}  // namespace truce::guest
