// A disk that is being copied: on a thread of its own, while the loop looks how far it is.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "base/file.h"
#include "image/convert.h"
#include "image/nbd_file.h"
#include "platform/transfers.h"

namespace truce::manager {

/// What the thread and the loop share.
class DiskCopy final : public image::Checkpoints {
 public:
  /// What is known of an earlier try: all before `done` is there, if the disk is still `version`.
  DiskCopy(std::string version, std::uint64_t done) : safe_{std::move(version), done} {}

  std::atomic<bool> cancelled = false;
  /// How far it is, 0 to 1.
  [[nodiscard]] double fraction() const { return fraction_; }
  struct Safe {
    std::string version;
    std::uint64_t end = 0;  ///< all before is on the target's disk
    bool operator==(const Safe&) const = default;
  };
  [[nodiscard]] Safe safe() const;

  /// From a platform into a disk of ours, which is behind `ours` by NBD. Blocks.
  Result<void> bring(platform::Departure& from, const std::string& theirs, Fd ours);
  /// The same of a machine that is read while it runs: all of a disk, or what is another since.
  Result<void> follow(platform::WarmDeparture& from, const std::string& theirs, int since, Fd ours);
  /// From a platform to another one, a disk of `size` bytes. Blocks.
  Result<void> pass(platform::Departure& from, const std::string& theirs, Bytes size,
                    platform::Arrival& to, std::size_t number);
  /// From a disk of ours to a platform. Blocks.
  Result<void> send(Fd ours, platform::Arrival& to, std::size_t number);

 private:
  [[nodiscard]] Start start() const override;
  void reached(const Reached& reached) override;
  Result<void> settle() override;
  image::ConvertOptions options();
  using Ours = std::shared_ptr<image::NbdFile>;
  Result<void> take_all(platform::OpenDisk& source, const Ours& ours);
  Result<void> take_changes(platform::OpenDisk& source, image::NbdFile& ours);
  /// Code::unavailable when it is not that version any more.
  Result<void> check_unwritten(platform::Departure& from, const std::string& theirs,
                               const std::string& version);

  mutable std::mutex mutex_;
  Safe safe_;
  Start reached_;
  image::File* target_ = nullptr;
  std::chrono::steady_clock::time_point flushed_ = std::chrono::steady_clock::now();
  std::atomic<double> fraction_ = 0;
};

}  // namespace truce::manager
