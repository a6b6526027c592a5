#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "image/in_place.h"
#include "image/place.h"

namespace truce::image {

Result<std::unique_ptr<DiskFolder>> DiskFolder::open(const std::filesystem::path& path) {
  TRY(auto fd, open_file(path, O_RDONLY | O_DIRECTORY));
  return std::unique_ptr<DiskFolder>(new DiskFolder(std::move(fd), path));
}

Result<std::optional<Folder::Entry>> DiskFolder::look(const std::string& name) {
  struct stat status{};
  if (::fstatat(fd_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return fail_errno(errno, (path_ / name).string());
  }
  if (S_ISLNK(status.st_mode)) {
    return fail(Code::invalid, "{}: is a symbolic link: name the file that it leads to",
                (path_ / name).string());
  }
  if (!S_ISREG(status.st_mode))
    return fail(Code::invalid, "{}: is not a regular file", (path_ / name).string());
  return Entry{status.st_ino, static_cast<std::uint64_t>(status.st_size), status.st_nlink};
}

Result<std::shared_ptr<File>> DiskFolder::open(const std::string& name) {
  auto whole = (path_ / name).string();
  Fd fd(::openat(fd_.get(), name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ELOOP)
    return fail(Code::invalid, "{}: is a symbolic link: name the file that it leads to", whole);
  if (!fd) return fail_errno(errno, whole);
  TRY(auto file, DiskFile::adopt(std::move(fd), whole));
  TRY_VOID(lock_image(*file, Use::write));
  return std::shared_ptr<File>(std::move(file));
}

Result<std::vector<std::byte>> DiskFolder::read(const std::string& name, std::size_t limit) {
  auto whole = (path_ / name).string();
  Fd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return fail_errno(errno, whole);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, whole);
  // In a folder that others may write to theirs must not decide what becomes of our files.
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return fail(Code::forbidden, "{}: belongs to somebody else", whole);
  TRY(auto file, DiskFile::adopt(std::move(fd), whole));
  if (file->size() > limit) return fail(Code::limit, "{}: larger than {} bytes", whole, limit);
  std::vector<std::byte> content(file->size());
  TRY_VOID(file->read(0, content));
  return content;
}

Result<std::shared_ptr<File>> DiskFolder::create(const std::string& name,
                                                 const std::string& called) {
  auto whole = (path_ / name).string();
  int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  Fd fd(::openat(fd_.get(), name.c_str(), flags, 0644));
  if (!fd && errno == EEXIST)
    return fail(Code::conflict, "{}: there is a file of that name already", whole);
  if (!fd) return fail_errno(errno, whole);
  TRY(auto file, DiskFile::adopt(std::move(fd), (path_ / called).string()));
  TRY_VOID(lock_image(*file, Use::write));
  return std::shared_ptr<File>(std::move(file));
}

Result<void> DiskFolder::rename(const std::string& from, const std::string& to, Existing existing) {
  unsigned flags = existing == Existing::refuse ? RENAME_NOREPLACE : 0;
  if (::renameat2(fd_.get(), from.c_str(), fd_.get(), to.c_str(), flags) == 0) return {};
  if (errno == EEXIST)
    return fail(Code::conflict, "{}: there is a file of that name already", (path_ / to).string());
  return fail_errno(errno, fmt::format("{}: rename to {}", (path_ / from).string(), to));
}

Result<void> DiskFolder::remove(const std::string& name) {
  if (::unlinkat(fd_.get(), name.c_str(), 0) != 0 && errno != ENOENT)
    return fail_errno(errno, (path_ / name).string());
  return {};
}

Result<void> DiskFolder::sync() {
  if (::fsync(fd_.get()) != 0) return fail_errno(errno, path_.string());
  return {};
}

Result<std::vector<std::string>> DiskFolder::ending(const std::string& suffix) {
  constexpr std::size_t most = 64;
  TRY(auto fd, open_file(path_, O_RDONLY | O_DIRECTORY));
  std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(fd.get()), ::closedir);
  if (!listing) return fail_errno(errno, path_.string());
  (void)fd.release();  // closed with the listing
  std::vector<std::string> names;
  while (const auto* entry = ::readdir(listing.get())) {
    std::string name = entry->d_name;
    if (name.ends_with(suffix) && names.size() < most) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace truce::image
