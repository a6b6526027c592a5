#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "wal.h"

// Whatever a log holds: an answer or an error, and never more frames than there is room for.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  truce::Fd file(::memfd_create("log", MFD_CLOEXEC));
  if (::write(file.get(), bytes, size) != static_cast<ssize_t>(size)) return 0;
  auto frames = truce::store::count_wal_frames(fmt::format("/proc/self/fd/{}", file.get()));
  if (frames) TRUCE_ASSERT(*frames <= size / 512, "more frames than bytes");
  return 0;
}
