#include <algorithm>
#include <cstring>

#include "byte_order.h"
#include "image/file.h"

namespace truce::image {
namespace {

constexpr std::uint64_t memory_limit = std::uint64_t{1} << 30;

}  // namespace

MemoryFile::MemoryFile(std::string name, std::string_view content) : name_(std::move(name)) {
  auto bytes = std::as_bytes(std::span(content));
  content_.assign(bytes.begin(), bytes.end());
}

std::uint64_t MemoryFile::size() const {
  std::lock_guard lock(mutex_);
  return content_.size();
}

Result<void> MemoryFile::read(std::uint64_t offset, Span into) const {
  std::lock_guard lock(mutex_);
  if (!inside(offset, into.size(), content_.size())) {
    return fail(Code::corrupt, "{}: the file ends at byte {}, {} were to be read at {}", name_,
                content_.size(), into.size(), offset);
  }
  if (!into.empty()) std::memcpy(into.data(), content_.data() + offset, into.size());
  return {};
}

Result<void> MemoryFile::write(std::uint64_t offset, View from) {
  std::lock_guard lock(mutex_);
  if (!inside(offset, from.size(), memory_limit))
    return fail(Code::limit, "{}: no more than {} bytes", name_, memory_limit);
  if (from.empty()) return {};
  if (offset + from.size() > content_.size()) content_.resize(offset + from.size());
  if (!from.empty()) std::memcpy(content_.data() + offset, from.data(), from.size());
  return {};
}

Result<void> MemoryFile::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  std::lock_guard lock(mutex_);
  if (offset >= content_.size()) return {};
  length = std::min<std::uint64_t>(length, content_.size() - offset);
  std::memset(content_.data() + offset, 0, length);
  return {};
}

Result<void> MemoryFile::resize(std::uint64_t size) {
  std::lock_guard lock(mutex_);
  if (size > memory_limit)
    return fail(Code::limit, "{}: no more than {} bytes", name_, memory_limit);
  content_.resize(size);
  return {};
}

// Holes are what is zero, in steps of 4,096 bytes: as a sparse file would have them.
Result<Run> MemoryFile::run(std::uint64_t offset, std::uint64_t length) const {
  std::lock_guard lock(mutex_);
  if (!inside(offset, length, content_.size()))
    return fail(Code::corrupt, "{}: the file ends before byte {}", name_, offset);
  auto stored = [&](std::uint64_t at) {
    auto begin = at & ~std::uint64_t{4095};
    auto part = std::min<std::uint64_t>(4096, content_.size() - begin);
    return !all_zero(View(content_).subspan(begin, part));
  };
  bool first = stored(offset);
  auto end = std::min((offset & ~std::uint64_t{4095}) + 4096, offset + length);
  while (end < offset + length && stored(end) == first) end = std::min(end + 4096, offset + length);
  return Run{end - offset, first};
}

}  // namespace truce::image
