#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>

#include <algorithm>

#include "base/result.h"

namespace truce {

Secret::Secret(std::size_t size) : size_(size), mapped_(std::max<std::size_t>(size, 1)) {
  auto* memory =
      ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  TRUCE_ASSERT(memory != MAP_FAILED, "there is memory for a key");
  start_ = static_cast<std::byte*>(memory);
  // Both are more than can be had everywhere: what a limit refuses is a key that may be swapped.
  ::madvise(memory, mapped_, MADV_DONTDUMP);
  ::mlock(memory, mapped_);
}

Secret::Secret(std::string_view text) : Secret(text.size()) {
  std::ranges::copy(std::as_bytes(std::span(text)), start_);
}

Secret::~Secret() {
  ::explicit_bzero(start_, mapped_);
  ::munmap(start_, mapped_);
}

void Secret::shorten(std::size_t size) {
  TRUCE_ASSERT(size <= size_, "it only gets shorter");
  ::explicit_bzero(start_ + size, size_ - size);
  size_ = size;
}

}  // namespace truce
