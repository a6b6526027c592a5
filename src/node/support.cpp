#include "support.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/process.h"

namespace truce::node {
namespace {

using Files = std::map<std::string, std::string>;

constexpr std::size_t file_limit = 256 << 10;
constexpr std::size_t machines_limit = 500;

/// The last part of a file that may be large; empty when there is none.
std::string end_of(const std::filesystem::path& path) {
  std::error_code ec;
  auto size = std::filesystem::file_size(path, ec);
  auto fd = open_file(path, O_RDONLY);
  if (ec || !fd) return {};
  std::string text(std::min<std::uintmax_t>(size, file_limit), '\0');
  auto from = static_cast<off_t>(size - text.size());
  auto got = ::pread(fd->get(), text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

/// What the kernel tells in a file without a size.
std::string told(const std::filesystem::path& path) {
  auto text = read_file(path, mib(1));
  return text ? text->substr(0, file_limit) : std::string();
}

void add_machines(const std::filesystem::path& folder, std::string_view kind, Files& files) {
  std::error_code ec;
  std::size_t seen = 0;
  for (std::filesystem::directory_iterator at(folder, ec), end;
       !ec && at != end && seen < machines_limit; at.increment(ec), ++seen) {
    auto name = fmt::format("machines/{}/{}", at->path().filename().string(), kind);
    auto log = end_of(at->path() / "qemu.log");
    if (!log.empty()) files[name + "qemu.log"] = std::move(log);
    auto record = told(at->path() / "machine.json");
    if (!record.empty()) files[name + "process.json"] = std::move(record);
  }
}

}  // namespace

Async<Files> support_files(const Settings& settings) {
  Files files;
  if (settings.support_files) files = settings.support_files();
  add_machines(settings.run_dir / "vms", "", files);
  add_machines(settings.pool_path / "vms", "last-", files);
  for (const char* name : {"meminfo", "version", "cmdline", "mounts", "modules"})
    files[std::string("host/") + name] = told(std::filesystem::path("/proc") / name);
  files["host/os-release"] = told("/etc/os-release");
  if (!settings.log_file.empty()) {
    files["truced.log"] = end_of(settings.log_file);
  } else if (::access("/run/systemd/system", F_OK) == 0) {
    Command ask;
    ask.argv = {"journalctl", "--unit=truced", "--lines=2000", "--no-pager", "--output=short-iso"};
    auto journal = co_await truce::run(std::move(ask), 10s);
    files["truced.log"] = journal ? journal->out : journal.error().message;
  } else {
    files["truced.log"] = "truced writes its log on standard error (--log-file is not set)\n";
  }
  co_return files;
}

}  // namespace truce::node
