// Writing into a VDI.
#pragma once

#include <vector>

#include "image/image.h"
#include "vdi/block_map.h"

namespace truce::image::vdi {

/// Blocks are appended. What makes a crash harmless: new blocks and the header's count of them are
/// flushed before the map points at them.
class Writer final : public Writable {
 public:
  Writer(File& file, BlockMap& map, Description& description)
      : file_(file), map_(map), description_(description) {}
  /// Before anything else: refuses an image whose map is damaged.
  Result<void> start();

  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override;
  Result<void> close() override { return flush(); }

 private:
  static constexpr std::size_t most_pending = 1024;

  [[nodiscard]] Result<void> check_range(std::uint64_t offset, std::uint64_t length) const;
  Result<std::uint64_t> allocate(std::uint64_t block);
  Result<void> put(std::uint64_t block, std::uint32_t entry);
  Result<void> put_size(std::uint64_t size);
  Result<void> find_lost();
  Result<void> clear_beyond(std::uint64_t size);
  Result<void> make_room(std::uint64_t blocks);

  static constexpr std::size_t most_lost = 65536;

  File& file_;
  BlockMap& map_;
  std::vector<std::uint32_t> lost_;  // blocks of the file that no entry names: used first
  Description& description_;
};

}  // namespace truce::image::vdi
