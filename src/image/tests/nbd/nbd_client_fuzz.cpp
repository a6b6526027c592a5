// The bytes are a server, to which our client connects.
#include <sys/socket.h>
#include <unistd.h>

#include "image/formats.h"
#include "image/nbd_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace truce;
  using namespace truce::image;
  constexpr std::size_t fits_a_socket = 65536;
  int ends[2];
  if (size > fits_a_socket || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return 0;
  Fd ours(ends[0]), theirs(ends[1]);
  if (::write(theirs.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  ::shutdown(theirs.get(), SHUT_WR);
  NbdFileOptions options;
  options.access = NbdFileOptions::Access::read_write;
  auto file = NbdFile::adopt(std::move(ours), "disk", options);
  if (!file) return 0;
  auto disk = (*file)->size();
  for (std::uint64_t at = 0, steps = 0; at < disk && steps < 64; ++steps) {
    auto run = (*file)->run(at, disk - at);
    if (!run) break;
    if (run->length == 0 || run->length > disk - at) __builtin_trap();
    at += run->length;
  }
  std::vector<std::byte> bytes(std::min<std::uint64_t>(disk, 5000));
  static_cast<void>((*file)->read(0, bytes));
  static_cast<void>((*file)->write(0, View(bytes).first(bytes.size() / 2)));
  static_cast<void>((*file)->write_zeroes(disk / 2, 700));
  static_cast<void>((*file)->flush());
  return 0;
}
