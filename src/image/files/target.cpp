#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/random.h"
#include "files/cleared_file.h"
#include "image/place.h"

namespace truce::image {

/// The further files of a target. They are made under their final names, which must be free: the
/// image's own file, which refers to them, appears last.
class Target::Beside final : public Neighbours {
 public:
  Beside(std::filesystem::path folder, std::vector<std::string>& unfinished)
      : folder_(std::move(folder)), unfinished_(unfinished) {}
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    return fail(Code::forbidden, "{}: a new image reads no other file", name);
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    if (folder_.empty())
      return fail(Code::unsupported, "an image of several files cannot lie in a device");
    if (name.empty() || name.find('/') != name.npos || name == "." || name == "..")
      return fail(Code::invalid, "'{}' is not a file's name", name);
    TRY(auto file, DiskFile::create(folder_ / name));
    unfinished_.push_back((folder_ / name).string());
    files_.push_back(file);
    return std::shared_ptr<File>(std::move(file));
  }
  Result<void> flush() {
    for (const auto& file : files_) TRY_VOID(file->flush());
    return {};
  }

 private:
  std::filesystem::path folder_;
  std::vector<std::string>& unfinished_;
  std::vector<std::shared_ptr<DiskFile>> files_;
};

Result<std::unique_ptr<Target>> Target::create(const std::filesystem::path& path,
                                               Existing existing) {
  std::unique_ptr<Target> target(new Target);
  target->path_ = path;
  target->existing_ = existing;
  auto folder = std::filesystem::absolute(path).parent_path();
  target->beside_ = std::make_unique<Beside>(folder, target->unfinished_);
  struct stat status{};
  bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISBLK(status.st_mode)) {
    // O_EXCL: not one that is mounted, or part of another device.
    auto fd = open_file(path, O_RDWR | O_EXCL | O_NONBLOCK);
    if (!fd && errno == EBUSY)
      return fail(Code::conflict, "{}: is in use (mounted?)", path.string());
    if (!fd) return std::unexpected(std::move(fd).error());
    TRY(auto device, DiskFile::adopt(*std::move(fd), path.string()));
    return in_place(std::move(device));
  }
  if (exists && !S_ISREG(status.st_mode))
    return fail(Code::invalid, "{}: is neither a file nor a block device", path.string());
  if (exists && existing == Existing::refuse) {
    return fail(Code::conflict, "{}: there is a file of that name; --replace writes over it",
                path.string());
  }
  auto temporary = folder / ("." + path.filename().string() + "." + random_hex(4) + ".part");
  // Under its final name: other files of the image are named after it.
  TRY(auto file, DiskFile::create(temporary, path.string()));
  target->file_ = std::move(file);
  target->unfinished_.push_back(temporary.string());
  return target;
}

std::unique_ptr<Target> Target::in_place(std::shared_ptr<File> file) {
  std::unique_ptr<Target> target(new Target);
  target->cleared_ = std::make_shared<ClearedFile>(std::move(file));
  target->file_ = target->cleared_;
  target->beside_ = std::make_unique<Beside>(std::filesystem::path(), target->unfinished_);
  return target;
}

Target::~Target() {
  for (const auto& name : unfinished_) ::unlink(name.c_str());
}

Neighbours& Target::neighbours() {
  return *beside_;
}

Result<void> Target::commit(Durability durability) {
  bool durable = durability == Durability::durable;
  if (cleared_) return durable ? cleared_->flush() : cleared_->settle();
  if (durable) {
    TRY_VOID(beside_->flush());
    TRY_VOID(file_->flush());
  }
  // A link refuses to replace, a rename replaces: each is one step.
  const auto& temporary = unfinished_.front();
  int flags = existing_ == Existing::refuse ? RENAME_NOREPLACE : 0;
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path_.c_str(),
                  static_cast<unsigned>(flags)) != 0) {
    return fail_errno(errno, path_.string());
  }
  unfinished_.clear();
  if (!durable) return {};
  auto folder = std::filesystem::absolute(path_).parent_path();
  TRY(auto fd, open_file(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return fail_errno(errno, folder.string());
  return {};
}

}  // namespace truce::image
