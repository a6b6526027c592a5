// A conversion that goes on where an interrupted one was. The target is unfinished under a name of
// its own beside the final one, with a checkpoint that tells what of it can be trusted.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "image/convert.h"
#include "image/formats.h"
#include "image/in_place.h"
#include "image/place.h"

namespace truce::image {
namespace resume {
class Parts;
}

/// What a conversion is of.
struct Origin {
  std::uint64_t digest = 0;  ///< another one when the source was changed
  std::uint64_t stored = 0;  ///< bytes that it holds
};
/// Passes on what others give, and keeps it: all files that an image stands on.
class Witness final : public Neighbours {
 public:
  using Files = std::vector<std::shared_ptr<File>>;
  explicit Witness(Neighbours& others) : others_(&others) {}
  Result<std::shared_ptr<File>> open(const std::string& name) override;
  Result<std::shared_ptr<File>> open_part(const std::string& name) override;
  Result<std::shared_ptr<File>> create(const std::string& name) override;
  Result<std::unique_ptr<Neighbours>> of(const File& file) override;
  [[nodiscard]] const Files& given() const { return *given_; }

 private:
  Result<std::shared_ptr<File>> kept(Result<std::shared_ptr<File>> file);

  Neighbours* others_;
  std::unique_ptr<Neighbours> owned_;
  std::shared_ptr<Files> given_ = std::make_shared<Files>();
};

/// By the tables of the image, and size, time and identity of its files: `file` and, of an image
/// that stands on others, `below`, as a Witness saw them. Code::unsupported where nobody can tell
/// whether a source is still the same: on servers, and over others that are not given.
Result<Origin> origin_of(Image& image, const File& file, const Witness::Files& below = {});

/// The target of a conversion (all of its files), and how far that is. The conversion is given it
/// as ConvertOptions::checkpoints.
class Resumable final : public Checkpoints {
 public:
  struct Wanted {
    std::string target;  ///< a name in the folder
    Folder::Existing existing = Folder::Existing::refuse;
    Origin origin;
    const Format* format = nullptr;
    BuildOptions options;
    /// Of checkpoints; longer when writing one takes long.
    std::chrono::steady_clock::duration interval = std::chrono::seconds(1);
  };
  /// Goes on with what is there, or begins. Code::precondition when that was of another source or
  /// had other options; Code::conflict when it is still at work. What cannot be trusted is begun
  /// anew: begun_anew() says why.
  static Result<std::unique_ptr<Resumable>> begin(Folder& folder, Wanted wanted);

  [[nodiscard]] Builder& builder() { return *builder_; }
  [[nodiscard]] const std::string& begun_anew() const { return begun_anew_; }

  [[nodiscard]] Start start() const override { return start_; }
  /// Bytes of the source that have come over, all in all.
  [[nodiscard]] std::uint64_t done() const { return now_.done; }
  void reached(const Reached& reached) override;
  Result<void> settle() override;

  /// After a failure: writes down all that was reached. What cannot be trusted is cut off first
  /// when there is no room.
  Result<void> keep();
  /// Gives the finished target its name, and removes the checkpoint.
  Result<void> commit(Target::Durability durability);

 private:
  struct Snapshot {
    std::uint64_t end = 0, done = 0;
    std::uint64_t places = 0;         ///< a digest of all that were given
    std::vector<std::uint64_t> ends;  ///< of what can be trusted, for each file of the target
    std::vector<std::byte> blocks;    ///< runs of blocks that have a place
    std::vector<std::byte> packing;   ///< state of the builder
  };
  Resumable(Folder& folder, Wanted wanted) : folder_(folder), wanted_(std::move(wanted)) {}
  [[nodiscard]] std::string part_name() const;
  [[nodiscard]] std::string checkpoint_name() const;
  [[nodiscard]] std::uint64_t choices() const;
  Result<void> begin_anew(std::string why);
  struct Earlier {
    Snapshot snapshot;
    std::vector<std::uint64_t> inodes;  ///< of its files, that of the image first
  };
  Result<Earlier> read_checkpoint(std::uint64_t inode) const;
  Result<void> go_on_from(std::uint64_t inode);
  Result<void> go_on(Earlier earlier);
  Result<void> keep_placed(const Snapshot& snapshot);
  Result<void> build_over();
  [[nodiscard]] Snapshot taken() const;
  Result<void> save(const Snapshot& snapshot);
  /// Holds room for the next checkpoint, which save() gives back.
  void take_room();

  Folder& folder_;
  Wanted wanted_;
  std::string begun_anew_;
  std::shared_ptr<resume::Parts> parts_;
  std::unique_ptr<Builder> builder_;
  Start start_;

  std::mutex mutex_;  // of all below
  Snapshot now_;
  std::uint64_t next_block_ = 0;  // behind the last run
  bool saving_ = false;
  std::optional<Snapshot> due_;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

}  // namespace truce::image
