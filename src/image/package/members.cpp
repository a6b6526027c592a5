#include <algorithm>

#include "package/ovf_package.h"
#include "tar/slice.h"

namespace truce::image::package {

Result<std::unique_ptr<Members>> Members::read(std::shared_ptr<File> archive, std::uint32_t limit) {
  std::unique_ptr<Members> members(new Members(std::move(archive)));
  TarReader reader(*members->archive_, limit);
  for (;;) {
    TRY(auto member, reader.next());
    if (!member) break;
    if (!members->by_name_.emplace(member->name, members->list_.size()).second) {
      return fail(Code::corrupt, "{}: there are two members '{}'", members->archive_->name(),
                  member->name);
    }
    members->list_.push_back(*std::move(member));
  }
  members->notes_ = reader.notes();
  return members;
}

Result<std::shared_ptr<File>> Members::open(const std::string& name) {
  auto found = by_name_.find(name.starts_with("./") ? name.substr(2) : name);
  if (found == by_name_.end())
    return fail(Code::not_found, "{}: has no member '{}'", archive_->name(), name);
  const auto& member = list_[found->second];
  return std::make_shared<SliceFile>(archive_, member.offset, member.size, member.name);
}

Result<std::shared_ptr<File>> Members::create(const std::string& name) {
  return fail(Code::forbidden, "{}: cannot be made inside a package", name);
}

Result<void> tell(const PackageWork& work, std::uint64_t done, std::uint64_t total) {
  if (work.cancelled != nullptr && work.cancelled->load())
    return fail(Code::cancelled, "the work was called off");
  if (work.progress) work.progress({std::min(done, total), total});
  return {};
}

Result<void> each_piece(const File& file, const std::function<Result<void>(View)>& piece) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(file.size(), 1 << 20));
  auto size = file.size();
  for (std::uint64_t at = 0; at < size; at += buffer.size()) {
    auto part = Span(buffer).first(std::min<std::uint64_t>(buffer.size(), size - at));
    TRY_VOID(file.read(at, part));
    TRY_VOID(piece(part));
  }
  return {};
}

}  // namespace truce::image::package
