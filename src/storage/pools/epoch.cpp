// Which copy of a machine its disks are open for. It is the answer to the one case that clocks
// leave open: a whole host that was frozen, and goes on after another one has started its machines.
#include <fcntl.h>

#include <charconv>

#include "base/file.h"
#include "storage/places.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

constexpr const char* epoch_file = "epoch";
constexpr const char* epoch_lock = ".epoch-lock";

struct Presented {
  std::int64_t epoch = 0;
  std::string host;
};

// `3 node1`; nobody has presented any where there is no such file.
Result<Presented> read_presented(const fs::path& path) {
  auto text = read_file(path, kib(1));
  if (!text && text.error().code == Code::not_found) return Presented{};
  if (!text) return std::unexpected(text.error());
  while (text->ends_with('\n')) text->pop_back();
  Presented presented;
  auto space = std::min(text->find(' '), text->size());
  auto [end, ec] = std::from_chars(text->data(), text->data() + space, presented.epoch);
  if (ec != std::errc() || end != text->data() + space || presented.epoch < 0)
    return fail(Code::corrupt, "{} holds no epoch", path.string());
  presented.host = text->substr(std::min(space + 1, text->size()));
  return presented;
}

}  // namespace

Result<void> present_epoch(const fs::path& home, std::int64_t epoch, const std::string& host) {
  auto path = home / epoch_file;
  // A lock of the file system, which holds between hosts as well (NFS).
  TRY(auto lock, open_file(home / epoch_lock, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  struct flock whole{};
  whole.l_type = F_WRLCK;
  if (::fcntl(lock.get(), F_OFD_SETLK, &whole) != 0)
    return fail(Code::unavailable, "another host opens its disks: try again");
  TRY(auto before, read_presented(path));
  bool same = epoch == before.epoch && host == before.host;
  if (same) return {};
  if (epoch < before.epoch) {
    return fail(Code::conflict,
                "its disks are open for its copy {} on host '{}', and copy {} is an older one",
                before.epoch, before.host, epoch);
  }
  if (epoch == before.epoch && !before.host.empty()) {
    return fail(Code::conflict, "its copy {} is on host '{}', and not on '{}'", epoch, before.host,
                host);
  }
  return write_file_durably(path, fmt::format("{} {}\n", epoch, host), 0600);
}

}  // namespace truce::storage
