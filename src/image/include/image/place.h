// Images among the files of a folder: what they refer to, and how a new one appears.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "image/image.h"

namespace truce::image {

/// The files that an image may refer to: regular ones in `allowed` or below it, reached without
/// symbolic links. Names are relative to the image's own folder, or absolute; a name that looks
/// like a URL or a protocol (`nbd:`, `json:`) is refused.
class FolderNeighbours final : public Neighbours {
 public:
  /// `image` is the image's path, `allowed` a folder that exists. `parts`: how files that hold part
  /// of the image are opened; those that are to be written are locked like the image.
  static Result<std::unique_ptr<FolderNeighbours>> open(
      const std::filesystem::path& image, const std::filesystem::path& allowed,
      DiskFile::Access parts = DiskFile::Access::read_only);
  Result<std::shared_ptr<File>> open(const std::string& name) override;
  Result<std::shared_ptr<File>> open_part(const std::string& name) override;
  Result<std::shared_ptr<File>> create(const std::string& name) override;
  /// By names relative to that file's folder, below the same allowed one.
  Result<std::unique_ptr<Neighbours>> of(const File& file) override;
  /// The file for writing, locked; Code::conflict when somebody uses it.
  Result<std::shared_ptr<DiskFile>> open_to_write(const std::string& name);

 private:
  FolderNeighbours(Fd folder, std::filesystem::path allowed, std::filesystem::path image_folder,
                   DiskFile::Access parts)
      : folder_(std::move(folder)),
        allowed_(std::move(allowed)),
        image_folder_(std::move(image_folder)),
        parts_(parts) {}
  [[nodiscard]] Result<std::string> below_allowed(const std::string& name) const;
  [[nodiscard]] Result<std::shared_ptr<DiskFile>> open_with(const std::string& name,
                                                            DiskFile::Access access) const;

  Fd folder_;
  std::filesystem::path allowed_, image_folder_;
  DiskFile::Access parts_;
};

class ClearedFile;

/// A file in the making: it has a name of its own beside the final one, which it gets by commit().
/// What is not committed is removed. A block device is written in place, where nobody else uses it:
/// it looks like an empty file, and what of it is not written becomes zero.
class Target {
 public:
  enum class Existing { refuse, replace };
  static Result<std::unique_ptr<Target>> create(const std::filesystem::path& path,
                                                Existing existing);
  /// The same for anything of fixed size that exists and is written in place: an NBD export.
  static std::unique_ptr<Target> in_place(std::shared_ptr<File> file);
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target();

  [[nodiscard]] const std::shared_ptr<File>& file() const { return file_; }
  [[nodiscard]] bool is_in_place() const { return cleared_ != nullptr; }
  /// Further files of the image (extents, a data file), made beside it and committed with it.
  [[nodiscard]] Neighbours& neighbours();
  /// Gives the file its name. Durable: file and folder are synced before and after.
  enum class Durability { none, durable };
  Result<void> commit(Durability durability);
  /// The names in use until commit(), for a signal handler that must remove them.
  [[nodiscard]] const std::vector<std::string>& unfinished() const { return unfinished_; }

 private:
  class Beside;
  Target() = default;

  std::filesystem::path path_;
  std::shared_ptr<File> file_;
  std::shared_ptr<ClearedFile> cleared_;  // the same, where it is written in place
  std::unique_ptr<Beside> beside_;
  std::vector<std::string> unfinished_;
  Existing existing_ = Existing::refuse;
};

/// Holds the locks that QEMU holds on an image it uses, so that the two exclude each other.
/// Code::conflict when somebody writes to it (reading) or uses it at all (writing). The locks are
/// the file's and end with it. Not for block devices and file systems without locks, where it does
/// nothing.
enum class Use { read, write };
Result<void> lock_image(const DiskFile& file, Use use);

}  // namespace truce::image
