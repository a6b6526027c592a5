#include "host/firmware.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"

namespace truce::qemu {

namespace {

// A kernel with an EFI stub is a program of UEFI, which begins as those of DOS did (PE, "MZ").
Result<void> check_kernel(const hypervisor::Machine& machine) {
  if (machine.kernel.empty() || machine.outfit.boot_chosen || machine.boot_once) return {};
  TRY(auto file, open_file(machine.kernel, O_RDONLY));
  char begin[2] = {};
  if (::read(file.get(), begin, sizeof begin) == 2 && begin[0] == 'M' && begin[1] == 'Z') return {};
  return fail(
      Code::unsupported,
      "the template's kernel {} has no EFI stub: use the firmware bios, or boot from a disk",
      machine.kernel.filename().string());
}

}  // namespace

FirmwareFiles firmware_files(const std::filesystem::path& folder, model::SecureBoot keys) {
  if (keys == model::SecureBoot::off)
    return {folder / "OVMF_CODE_4M.fd", folder / "OVMF_VARS_4M.fd"};
  auto variables =
      keys == model::SecureBoot::microsoft ? "OVMF_VARS_4M.ms.fd" : "OVMF_VARS_4M.snakeoil.fd";
  return {folder / "OVMF_CODE_4M.secboot.fd", folder / variables};
}

Result<FirmwareFiles> prepare_firmware(const hypervisor::Machine& machine,
                                       const std::filesystem::path& folder) {
  TRY_VOID(check_kernel(machine));
  auto keys = machine.outfit.secure_boot;
  auto files = firmware_files(folder, keys);
  auto own = machine.folder / (keys == model::SecureBoot::off
                                   ? std::string("uefi-variables.fd")
                                   : fmt::format("uefi-variables-{}.fd", model::to_string(keys)));
  std::error_code ec;
  if (!std::filesystem::exists(files.code, ec)) {
    return fail(Code::unsupported, "{} is not there: install the package ovmf",
                files.code.string());
  }
  if (!std::filesystem::exists(own, ec)) {
    TRY(auto fresh, read_file(files.variables, mib(16)));
    TRY_VOID(write_file_durably(own, fresh));
  }
  return FirmwareFiles{files.code, own};
}

}  // namespace truce::qemu
