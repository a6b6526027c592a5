#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "image/place.h"

namespace truce::image {
namespace {

/// Opens below `folder` only, following no symbolic link on the way.
int open_below(int folder, const std::string& name, int flags, unsigned mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how));
}

/// `json:…`, `nbd:…`, `https://…`: what QEMU would not take for a file's name.
bool looks_like_protocol(const std::string& name) {
  auto colon = name.find(':');
  auto slash = name.find('/');
  return colon != name.npos && (slash == name.npos || colon < slash);
}

}  // namespace

Result<std::unique_ptr<FolderNeighbours>> FolderNeighbours::open(
    const std::filesystem::path& image, const std::filesystem::path& allowed,
    DiskFile::Access parts) {
  std::error_code ec;
  auto folder = std::filesystem::canonical(allowed, ec);
  if (ec) return fail(Code::not_found, "{}: {}", allowed.string(), ec.message());
  auto own = std::filesystem::canonical(std::filesystem::absolute(image).parent_path(), ec);
  if (ec) return fail(Code::not_found, "{}: {}", image.string(), ec.message());
  TRY(auto fd, open_file(folder, O_PATH | O_DIRECTORY));
  return std::unique_ptr<FolderNeighbours>(
      new FolderNeighbours(std::move(fd), std::move(folder), std::move(own), parts));
}

Result<std::string> FolderNeighbours::below_allowed(const std::string& name) const {
  if (name.empty() || name.find('\0') != name.npos)
    return fail(Code::forbidden, "the image refers to a file without a name");
  if (looks_like_protocol(name)) {
    return fail(Code::forbidden,
                "the image refers to '{}': that is no file's name, and nothing else is followed",
                name);
  }
  auto whole = (image_folder_ / name).lexically_normal();
  auto relative = whole.lexically_relative(allowed_);
  if (relative.empty() || relative.native().starts_with("..")) {
    return fail(Code::forbidden, "the image refers to '{}', which is outside of the allowed {}",
                name, allowed_.string());
  }
  return relative.string();
}

Result<std::shared_ptr<DiskFile>> FolderNeighbours::open_with(const std::string& name,
                                                              DiskFile::Access access) const {
  TRY(auto relative, below_allowed(name));
  bool writes = access == DiskFile::Access::read_write;
  Fd fd(open_below(folder_.get(), relative, writes ? O_RDWR : O_RDONLY, 0));
  if (!fd && (errno == ELOOP || errno == EXDEV)) {
    return fail(Code::forbidden, "the image refers to '{}', which leads through a symbolic link",
                name);
  }
  if (!fd) return fail_errno(errno, fmt::format("the image refers to '{}'", name));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, name);
  if (!S_ISREG(status.st_mode))
    return fail(Code::forbidden, "the image refers to '{}', which is not a regular file", name);
  TRY(auto file, DiskFile::adopt(std::move(fd), (allowed_ / relative).string()));
  if (writes) TRY_VOID(lock_image(*file, Use::write));
  return file;
}

Result<std::shared_ptr<File>> FolderNeighbours::open(const std::string& name) {
  TRY(auto file, open_with(name, DiskFile::Access::read_only));
  return std::shared_ptr<File>(std::move(file));
}

Result<std::shared_ptr<File>> FolderNeighbours::open_part(const std::string& name) {
  TRY(auto file, open_with(name, parts_));
  return std::shared_ptr<File>(std::move(file));
}

Result<std::shared_ptr<DiskFile>> FolderNeighbours::open_to_write(const std::string& name) {
  return open_with(name, DiskFile::Access::read_write);
}

Result<std::unique_ptr<Neighbours>> FolderNeighbours::of(const File& file) {
  TRY(auto made, open(file.name(), allowed_));
  return std::unique_ptr<Neighbours>(std::move(made));
}

Result<std::shared_ptr<File>> FolderNeighbours::create(const std::string& name) {
  TRY(auto relative, below_allowed(name));
  Fd fd(open_below(folder_.get(), relative, O_RDWR | O_CREAT | O_EXCL, 0644));
  if (!fd && errno == EEXIST)
    return fail(Code::conflict, "{}: there is a file of that name already", name);
  if (!fd) return fail_errno(errno, name);
  TRY(auto file, DiskFile::adopt(std::move(fd), (allowed_ / relative).string()));
  return std::shared_ptr<File>(std::move(file));
}

}  // namespace truce::image
