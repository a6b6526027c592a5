// Images that stand on other images: what moves between them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "image/convert.h"
#include "image/image.h"
#include "image/place.h"

namespace truce::image {

struct LayerOptions {
  std::function<void(const Progress&)> progress;  ///< bytes of the disk
  const std::atomic<bool>* cancelled = nullptr;   ///< looked at between pieces
};

/// Writes into `to` what of `from` is not the same in `parent` (null: zeros), on which `to` stands
/// or will stand. Compared and written are units of at most 64 KiB. How many bytes were written;
/// nothing is flushed.
Result<std::uint64_t> write_differences(Image& from, Image* parent, Image& to,
                                        const LayerOptions& options);

/// Makes the disk of `image`, which is open for writing, stand on `new_parent` as it will be named
/// by `name`, or on none when both are null, and keeps what the disk holds: what differs between
/// the parents is written into it first and flushed. The image is to be opened anew. Code::invalid
/// when the format or variant stands on no other image.
Result<std::uint64_t> rebase(Image& image, Image* new_parent, const Parent* name,
                             const LayerOptions& options);

/// Writes what `image` itself holds into the image under it, opened for writing as `parent`, which
/// grows to its size, and closes that: it is on the disk. What is seen through `image` is the same
/// at any time, also after a crash. Other images that stand on the parent see it change. The bytes
/// written.
Result<std::uint64_t> commit_into(Image& image, Image& parent, const LayerOptions& options);

/// Gives one file by whatever name it is asked for: for an image whose parent is known. What that
/// file refers to is found by `further`; null: refused.
class GivenParent final : public Neighbours {
 public:
  GivenParent(std::shared_ptr<File> file, Neighbours* further)
      : file_(std::move(file)), further_(further) {}
  Result<std::shared_ptr<File>> open(const std::string& name) override;
  Result<std::shared_ptr<File>> create(const std::string& name) override;
  Result<std::unique_ptr<Neighbours>> of(const File& file) override;

 private:
  std::shared_ptr<File> file_;
  Neighbours* further_;
};

/// Gives the parent for writing, and locks it; what it refers to only for reading.
class WrittenParent final : public Neighbours {
 public:
  explicit WrittenParent(FolderNeighbours& folder) : folder_(folder) {}
  Result<std::shared_ptr<File>> open(const std::string& name) override;
  Result<std::shared_ptr<File>> create(const std::string& name) override;
  Result<std::unique_ptr<Neighbours>> of(const File& file) override { return folder_.of(file); }
  /// The one that was given last; null when none was.
  [[nodiscard]] const std::shared_ptr<DiskFile>& file() const { return file_; }

 private:
  FolderNeighbours& folder_;
  std::shared_ptr<DiskFile> file_;
};

}  // namespace truce::image
