// The files of an unfinished target: the image itself, and those that its builder makes beside it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "image/in_place.h"
#include "resume/part_file.h"

namespace truce::image::resume {

/// Each has a name of its own beside the final one until it is whole. Those of an earlier run are
/// taken up again by their inodes, and by nothing else: a file that is somebody else's is never
/// written over.
class Parts final : public Neighbours {
 public:
  /// A new image; what an earlier one has left under the names of its own is removed.
  static Result<std::shared_ptr<Parts>> create(Folder& folder, const std::string& target);
  /// The image that has the first of the inodes. The others are those of the files beside it, in
  /// the order in which its builder makes them. Code::corrupt when one is not there any more.
  static Result<std::shared_ptr<Parts>> open(Folder& folder, const std::string& target,
                                             std::vector<std::uint64_t> inodes);
  /// Of an unfinished file.
  static std::string name_of(const std::string& name) { return "." + name + ".part"; }

  Result<std::shared_ptr<File>> open(const std::string& name) override;
  /// The same file when it is asked for again.
  Result<std::shared_ptr<File>> create(const std::string& name) override;

  [[nodiscard]] const std::shared_ptr<PartFile>& image() const { return parts_.front().file; }
  [[nodiscard]] std::size_t count() const { return parts_.size(); }
  [[nodiscard]] PartFile& file(std::size_t index) { return *parts_[index].file; }
  [[nodiscard]] std::uint64_t inode(std::size_t index) const { return parts_[index].inode; }
  /// Of a file that was given; not from several threads.
  [[nodiscard]] std::size_t index_of(const File* file);

  void replay(PartFile::Phase phase);
  Result<void> flush();
  /// Gives the files beside the image their final names; Code::conflict when one is taken.
  Result<void> name_those_beside();

 private:
  struct Part {
    std::string name;
    std::uint64_t inode = 0;
    std::shared_ptr<PartFile> file;
  };
  Parts(Folder& folder, std::vector<std::uint64_t> inodes)
      : folder_(folder), inodes_(std::move(inodes)) {}
  Result<void> make(const std::string& name);
  Result<void> take_up(const std::string& name, std::uint64_t inode);
  void add(const std::string& name, std::uint64_t inode, std::shared_ptr<File> file);

  Folder& folder_;
  std::vector<std::uint64_t> inodes_;
  std::vector<Part> parts_;
  std::size_t last_ = 0;  // what index_of() has found
  PartFile::Phase phase_ = PartFile::Phase::live;
};

}  // namespace truce::image::resume
