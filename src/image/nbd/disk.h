// An exported image as the connections use it.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>

#include "image/nbd_server.h"

namespace truce::image::nbd {

/// Reading goes on in many threads; where the image cannot stand a write beside other work the two
/// take turns. Nothing is waited for but the image.
class Disk {
 public:
  /// Code::invalid when the options do not fit the image.
  static Result<std::unique_ptr<Disk>> open(ExportOptions options);

  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] const std::string& description() const { return options_.description; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// The transmission flags of the protocol.
  [[nodiscard]] std::uint16_t flags() const { return flags_; }
  [[nodiscard]] bool read_only() const { return writable_ == nullptr; }

  Result<void> read(std::uint64_t offset, Span into);
  Result<Extent> extent(std::uint64_t offset, std::uint64_t length);
  Result<void> write(std::uint64_t offset, View from);
  enum class Zeroing { may_free, keep_allocated };
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length, Zeroing zeroing);
  Result<void> flush();
  /// Nothing may follow but the end.
  Result<void> close();

  /// An extent that may be asked again until the disk has changed.
  struct Remembered {
    Extent extent;
    std::uint64_t generation = 0;
    std::uint64_t ahead = std::uint64_t{1} << 18U;  ///< how far an extent is asked for, in bytes
    [[nodiscard]] bool holds(std::uint64_t offset) const {
      return offset >= extent.start && offset - extent.start < extent.length;
    }
  };
  /// The extent around `offset`, out of `remembered` when that still holds.
  Result<Extent> extent(std::uint64_t offset, std::uint64_t length, Remembered& remembered);
  /// Fills `into`, which lies in one extent, if that needs no waiting for a disk.
  bool read_at_once(std::uint64_t offset, Span into, const Remembered& remembered);

 private:
  explicit Disk(ExportOptions options) : options_(std::move(options)) {}

  // std::shared_mutex lets a stream of readers keep a writer out; the gate does not.
  class Turns {
   public:
    [[nodiscard]] std::shared_lock<std::shared_mutex> shared() {
      std::lock_guard waiting(gate_);
      return std::shared_lock(mutex_);
    }
    [[nodiscard]] std::unique_lock<std::shared_mutex> alone() {
      std::lock_guard waiting(gate_);
      return std::unique_lock(mutex_);
    }

   private:
    std::mutex gate_;
    std::shared_mutex mutex_;
  };
  enum class Sharing { free, turns };
  [[nodiscard]] std::shared_lock<std::shared_mutex> reading();
  [[nodiscard]] std::unique_lock<std::shared_mutex> writing();
  [[nodiscard]] bool current(const Remembered& remembered) const;

  ExportOptions options_;
  Writable* writable_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint16_t flags_ = 0;
  Sharing sharing_ = Sharing::free;
  Turns turns_;
  std::atomic<std::uint64_t> generation_ = 0;
  bool tables_ = false;  ///< asking far ahead costs reading as much of them
};

}  // namespace truce::image::nbd
