#include "tar/slice.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image::package {

Result<void> SliceFile::read(std::uint64_t offset, Span into) const {
  if (inside(offset, into.size(), size_)) return file_->read(offset_ + offset, into);
  return fail(Code::corrupt, "{}: the file ends at byte {}, {} were to be read at {}", name_, size_,
              into.size(), offset);
}

Result<Run> SliceFile::run(std::uint64_t offset, std::uint64_t length) const {
  if (inside(offset, length, size_)) return file_->run(offset_ + offset, length);
  return fail(Code::corrupt, "{}: the file ends before byte {}", name_, offset);
}

std::unexpected<Error> SliceFile::read_only() const {
  return fail(Code::unsupported, "{}: a member of a package is not written in place", name_);
}

JoinedFile::JoinedFile(std::vector<std::shared_ptr<File>> parts, std::string name)
    : name_(std::move(name)) {
  std::uint64_t end = 0;
  for (auto& part : parts) {  // empty parts would break the order of starts
    if (part->size() == 0) continue;
    starts_.push_back(end);
    end += part->size();
    parts_.push_back(std::move(part));
  }
  starts_.push_back(end);
}

std::size_t JoinedFile::part_at(std::uint64_t offset) const {
  auto after = std::ranges::upper_bound(starts_, offset);
  return static_cast<std::size_t>(after - starts_.begin()) - 1;
}

Result<void> JoinedFile::read(std::uint64_t offset, Span into) const {
  if (!inside(offset, into.size(), size())) {
    return fail(Code::corrupt, "{}: the file ends at byte {}, {} were to be read at {}", name_,
                size(), into.size(), offset);
  }
  while (!into.empty()) {
    auto index = part_at(offset);
    auto length = std::min<std::uint64_t>(into.size(), starts_[index + 1] - offset);
    TRY_VOID(parts_[index]->read(offset - starts_[index], into.first(length)));
    into = into.subspan(length);
    offset += length;
  }
  return {};
}

Result<Run> JoinedFile::run(std::uint64_t offset, std::uint64_t length) const {
  if (length == 0 || !inside(offset, length, size()))
    return fail(Code::corrupt, "{}: the file ends before byte {}", name_, offset);
  auto index = part_at(offset);
  return parts_[index]->run(offset - starts_[index], std::min(length, starts_[index + 1] - offset));
}

std::unexpected<Error> JoinedFile::read_only() const {
  return fail(Code::unsupported, "{}: a file in pieces is not written in place", name_);
}

}  // namespace truce::image::package
