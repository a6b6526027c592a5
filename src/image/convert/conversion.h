// One conversion at work.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "convert/movers.h"
#include "convert/turns.h"
#include "convert/windows.h"
#include "image/convert.h"

namespace truce::image {

/// One thread, and several as soon as bytes must go through us, take windows of the source; each
/// reads (and decodes, encodes) by itself, has the builder give places in the order of the disk,
/// and moves the bytes there by itself.
class Conversion {
 public:
  Conversion(Image& from, Builder& to, const ConvertOptions& options, std::uint64_t total);
  Result<Moved> run();

 private:
  /// What was read of one extent. Left as it comes until then: zeroing it first would cost as much
  /// as reading.
  struct Piece {
    std::uint64_t start = 0;
    std::unique_ptr<std::byte[]> bytes;
    std::size_t length = 0;
    [[nodiscard]] Span content() const { return {bytes.get(), length}; }
  };
  /// One window on its way.
  struct Work {
    Window window;
    std::vector<Extent> direct;  ///< to be moved from file to file
    std::vector<Piece> read;
    std::vector<Place> places;  ///< of each block of the window; no file: nothing is stored there
  };
  struct Encoded {
    std::uint64_t block = 0;
    std::vector<std::byte> content;
  };

  [[nodiscard]] bool direct(const Extent& extent) const;
  void work_on_windows();
  void start_others();
  Result<std::optional<std::uint64_t>> share_whole();
  Result<void> convert_window(Window window);
  Result<void> place_window(Window window);
  Result<void> pack_window(const Window& window);
  Result<void> encode_blocks(std::uint64_t start, View content, std::vector<Encoded>& encoded);
  Result<void> read_extents(Work& work);
  Result<void> place_blocks(Work& work);
  Result<void> place_one(Work& work, std::uint64_t index);
  Result<void> move_direct(const Work& work);
  Result<void> move_run(const Work& work, std::span<const Extent> run);
  Result<void> write_pieces(const Work& work);
  template <class Each>
  Result<void> in_places(const Work& work, std::uint64_t start, std::uint64_t length, Each&& each);
  void note_progress(const Window& window);
  Result<void> note_placed(const Work& work);
  Result<void> read(std::uint64_t start, Span into);
  [[nodiscard]] Error place_of(Error why, std::uint64_t start, std::uint64_t length);

  Image& from_;
  Builder& to_;
  const ConvertOptions& options_;
  std::uint64_t block_size_;
  std::optional<Extent> plain_;  // the source, where it lies in a file as it is
  Windows windows_;
  Turns turns_;
  Mover mover_;
  std::mutex progress_mutex_;
  Progress progress_;
  std::mutex reached_mutex_;
  std::map<std::uint64_t, Checkpoints::Reached> reached_;  // by ticket: not all before is done
  std::uint64_t next_reached_ = 0;
  std::atomic<std::uint64_t> through_ = 0, zeroes_ = 0;
  std::once_flag others_started_;
  std::vector<std::jthread> others_;  // the first to go: they use all of the above
};

}  // namespace truce::image
