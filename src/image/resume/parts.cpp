#include "resume/parts.h"

namespace truce::image::resume {

Result<std::shared_ptr<Parts>> Parts::create(Folder& folder, const std::string& target) {
  std::shared_ptr<Parts> made(new Parts(folder, {}));
  TRY_VOID(made->make(target));
  return made;
}

Result<std::shared_ptr<Parts>> Parts::open(Folder& folder, const std::string& target,
                                           std::vector<std::uint64_t> inodes) {
  TRUCE_ASSERT(!inodes.empty(), "the image is the first of its files");
  std::shared_ptr<Parts> made(new Parts(folder, std::move(inodes)));
  TRY_VOID(made->take_up(target, made->inodes_.front()));
  return made;
}

Result<std::shared_ptr<File>> Parts::open(const std::string& name) {
  return fail(Code::forbidden, "{}: a new image reads no other file", name);
}

Result<std::shared_ptr<File>> Parts::create(const std::string& name) {
  for (std::size_t i = 1; i < parts_.size(); ++i) {
    if (parts_[i].name == name) return std::shared_ptr<File>(parts_[i].file);
  }
  if (name.empty() || name.find('/') != name.npos || name == "." || name == "..")
    return fail(Code::invalid, "'{}' is not a file's name", name);
  if (parts_.size() < inodes_.size()) {
    TRY_VOID(take_up(name, inodes_[parts_.size()]));
  } else {
    TRY(auto taken, folder_.look(name));
    if (taken) return fail(Code::conflict, "{}: there is a file of that name already", name);
    TRY_VOID(make(name));
  }
  return std::shared_ptr<File>(parts_.back().file);
}

Result<void> Parts::make(const std::string& name) {
  auto unfinished = name_of(name);
  TRY_VOID(folder_.remove(unfinished));
  TRY(auto file, folder_.create(unfinished, name));
  TRY(auto there, folder_.look(unfinished));
  add(name, there ? there->inode : 0, std::move(file));
  return {};
}

Result<void> Parts::take_up(const std::string& name, std::uint64_t inode) {
  auto unfinished = name_of(name);
  TRY(auto there, folder_.look(unfinished));
  if (!there || there->inode != inode) {
    // It may have got its name already, and the image has not.
    TRY(auto named, folder_.look(name));
    if (!named || named->inode != inode)
      return fail(Code::corrupt, "{} is not what it was", unfinished);
    TRY_VOID(folder_.rename(name, unfinished, Folder::Existing::replace));
  }
  TRY(auto file, folder_.open(unfinished));
  add(name, inode, std::move(file));
  return {};
}

void Parts::add(const std::string& name, std::uint64_t inode, std::shared_ptr<File> file) {
  parts_.push_back({name, inode, std::make_shared<PartFile>(std::move(file), name)});
  parts_.back().file->replay(phase_);
}

std::size_t Parts::index_of(const File* file) {
  for (std::size_t i = 0; i < parts_.size(); ++i, ++last_) {
    if (last_ >= parts_.size()) last_ = 0;
    if (parts_[last_].file.get() == file) return last_;
  }
  TRUCE_ASSERT(false, "blocks lie in the files that the builder was given");
  return 0;
}

void Parts::replay(PartFile::Phase phase) {
  phase_ = phase;
  for (auto& part : parts_) part.file->replay(phase);
}

Result<void> Parts::flush() {
  for (auto& part : parts_) TRY_VOID(part.file->flush());
  return {};
}

Result<void> Parts::name_those_beside() {
  for (std::size_t i = 1; i < parts_.size(); ++i) {
    const auto& name = parts_[i].name;
    TRY_VOID(folder_.rename(name_of(name), name, Folder::Existing::refuse));
  }
  return {};
}

}  // namespace truce::image::resume
