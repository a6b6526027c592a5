#include "host/kvm.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"

namespace truce::qemu {

Result<void> check_kvm(const std::filesystem::path& device) {
  TRY_VOID(open_file(device, O_RDWR));
  struct stat status{};
  if (::geteuid() != 0 || ::stat(device.c_str(), &status) != 0) return {};
  bool all = (status.st_mode & 06) == 06;
  bool group = (status.st_mode & 060) == 060 && status.st_gid != 0;
  if (all || group) return {};
  return fail(Code::forbidden, "{} is open to root alone, which no machine runs as",
              device.string());
}

Async<Result<std::string>> try_kvm(std::string program) {
  constexpr std::string_view calls = "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"quit\"}\n";
  Result<std::string> failed;
  for (const char* less : {"", ",-arch-capabilities"}) {
    Command ask;
    ask.argv = {
        program, "-machine", "q35",         "-accel",   "kvm",  "-cpu", std::string("host") + less,
        "-m",    "16",       "-nodefaults", "-display", "none", "-S",   "-qmp",
        "stdio"};
    auto tried = co_await run_checked(ask, 20s, std::string(calls));
    if (tried) co_return std::string(less);
    failed = std::unexpected(tried.error());
  }
  co_return failed;
}

}  // namespace truce::qemu
