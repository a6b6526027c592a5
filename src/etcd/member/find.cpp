#include "find.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/file.h"

namespace truce::etcd {

namespace {

bool has_word(std::string_view words, const std::string& word) {
  while (!words.empty()) {
    auto end = std::min(words.find('\0'), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

/// Whose process it is; nothing when it has gone.
std::optional<uid_t> owner_of(const std::filesystem::path& process) {
  struct stat status{};
  if (::stat(process.c_str(), &status) != 0) return std::nullopt;
  return status.st_uid;
}

}  // namespace

// Words can be had by any process: that it is of the right user is what counts.
Result<std::optional<Process>> find_process(const std::string& word, std::optional<uid_t> user) {
  std::error_code ec;
  std::filesystem::directory_iterator all("/proc", ec);
  if (ec) return fail_errno(ec.value(), "/proc");
  auto wanted = user.value_or(::geteuid());
  for (const auto& entry : all) {
    auto name = entry.path().filename().string();
    pid_t pid = 0;
    auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    if (owner_of(entry.path()) != wanted) continue;
    auto words = read_file(entry.path() / "cmdline", mib(1));
    if (!words || !has_word(*words, word)) continue;
    auto ticks = start_ticks_of(pid);
    if (!ticks) continue;  // it has ended meanwhile
    auto process = Process::adopt(pid, *ticks);
    if (process) return std::optional(*std::move(process));
  }
  return std::nullopt;
}

}  // namespace truce::etcd
