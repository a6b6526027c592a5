// From one format into another without moving the data: the source becomes the target. That goes
// where both keep the disk's bytes as they are, from the beginning of a file on: raw, fixed VHD,
// flat VMDK, QCOW2 with a data file. A journal makes an interrupted one recoverable.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "image/builder.h"
#include "image/formats.h"

namespace truce::image {

/// The folder that the images lie in. Names are those of files in it: no '/', not `.` or `..`.
class Folder {
 public:
  virtual ~Folder() = default;
  struct Entry {
    std::uint64_t inode = 0, size = 0, names = 1;  ///< names: hard links
  };
  /// None when there is nothing of that name; Code::invalid when it is no regular file.
  virtual Result<std::optional<Entry>> look(const std::string& name) = 0;
  /// To read and write, nobody else using it: Code::conflict while somebody does. A file is opened
  /// once at a time. Symbolic links are not followed.
  virtual Result<std::shared_ptr<File>> open(const std::string& name) = 0;
  /// The content of a small file; Code::limit when it is larger than `limit`.
  virtual Result<std::vector<std::byte>> read(const std::string& name, std::size_t limit) = 0;
  /// A new file, which says that it is called `called`; Code::conflict when there is one.
  virtual Result<std::shared_ptr<File>> create(const std::string& name,
                                               const std::string& called) = 0;
  enum class Existing { refuse, replace };
  /// One step; Code::conflict when there is a file of the new name and it is not to be replaced.
  virtual Result<void> rename(const std::string& from, const std::string& to, Existing) = 0;
  /// Absent is success.
  virtual Result<void> remove(const std::string& name) = 0;
  /// All changes of names so far survive a loss of power.
  virtual Result<void> sync() = 0;
  /// The names that end so; at most 64 are told.
  virtual Result<std::vector<std::string>> ending(const std::string& suffix) = 0;
};

/// A folder of the file system. Files in use by QEMU are not opened, and locked against it.
class DiskFolder final : public Folder {
 public:
  static Result<std::unique_ptr<DiskFolder>> open(const std::filesystem::path& path);
  Result<std::optional<Entry>> look(const std::string& name) override;
  Result<std::shared_ptr<File>> open(const std::string& name) override;
  Result<std::vector<std::byte>> read(const std::string& name, std::size_t limit) override;
  Result<std::shared_ptr<File>> create(const std::string& name, const std::string& called) override;
  Result<void> rename(const std::string& from, const std::string& to, Existing existing) override;
  Result<void> remove(const std::string& name) override;
  Result<void> sync() override;
  Result<std::vector<std::string>> ending(const std::string& suffix) override;

 private:
  DiskFolder(Fd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Fd fd_;
  std::filesystem::path path_;
};

struct InPlaceOptions {
  std::string source, target;  ///< names in the folder; the same where the data's file is the image
  std::string source_format;   ///< empty: by content
  External external = External::refuse;  ///< follow: files of the same folder may be followed
  enum class Names { one, many } names = Names::one;  ///< many: also a file that has hard links
  /// Asked when the source is known and before anything is changed.
  std::function<Result<void>(const Description&)> approve;
};

/// What became of the source.
struct InPlace {
  std::uint64_t size = 0;  ///< of the guest's disk
  bool finished = false;   ///< an interrupted one was finished; nothing else was to do
};

/// Makes the target out of the source, which is gone then. `options` are the format's; where it has
/// variants the one that keeps the data where they are is the default. After a failure or a crash
/// at any step there is the old image, or the new one, or a journal by which recover() makes one of
/// them. Code::unsupported tells why a source or target cannot be done in place.
Result<InPlace> convert_in_place(Folder& folder, const Format& format, BuildOptions options,
                                 const InPlaceOptions& how);

/// An interrupted conversion.
struct Interrupted {
  std::string source, target;
  std::string journal;  ///< the name of its file
};
/// The one that `name` is a part of, as source or target; none: there is none.
Result<std::optional<Interrupted>> interrupted(Folder& folder, const std::string& name);

struct Recovered {
  std::string source, target;
  enum class End {
    undone,
    finished
  } end = End::undone;  ///< the source is as it was; the target is
};
/// Finishes or undoes the interrupted conversion that `name` is a part of. It may be called again
/// after any failure.
Result<std::optional<Recovered>> recover(Folder& folder, const std::string& name);

}  // namespace truce::image
