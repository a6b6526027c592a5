// OVF packages: a folder, or an OVA, which is a tar of such a folder.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "image/package.h"
#include "tar/tar_reader.h"

namespace truce::image::package {

/// The members of an archive as files beside one another.
class Members final : public Neighbours {
 public:
  /// Reads all headers; a name that is there twice is Code::corrupt.
  static Result<std::unique_ptr<Members>> read(std::shared_ptr<File> archive, std::uint32_t limit);
  Result<std::shared_ptr<File>> open(const std::string& name) override;
  Result<std::shared_ptr<File>> create(const std::string& name) override;
  /// In the order of the archive.
  [[nodiscard]] const std::vector<Member>& list() const { return list_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  explicit Members(std::shared_ptr<File> archive) : archive_(std::move(archive)) {}

  std::shared_ptr<File> archive_;
  std::vector<Member> list_;
  std::map<std::string, std::size_t> by_name_;
  std::vector<std::string> notes_;
};

Result<std::unique_ptr<Package>> read_ova(std::shared_ptr<File> file,
                                          const PackageOptions& options);
/// `descriptor` is the name of the `.ovf` among the files.
Result<std::unique_ptr<Package>> read_ovf(std::unique_ptr<Neighbours> files,
                                          const std::string& descriptor,
                                          const PackageOptions& options);
Result<std::unique_ptr<Package>> read_xva(std::shared_ptr<File> file,
                                          const PackageOptions& options);

/// Code::cancelled when the work was called off; else tells how far it is.
Result<void> tell(const PackageWork& work, std::uint64_t done, std::uint64_t total);

/// Goes through a file in pieces.
Result<void> each_piece(const File& file, const std::function<Result<void>(View)>& piece);

}  // namespace truce::image::package
