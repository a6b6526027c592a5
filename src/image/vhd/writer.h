// Writing into dynamic and differencing disks.
#pragma once

#include <vector>

#include "image/image.h"
#include "vhd/block_map.h"
#include "vhd/layout.h"

namespace truce::image::vhd {

/// What a writer changes; it belongs to the image.
struct Parts {
  File& file;
  Image& image;  ///< for what stands there before
  BlockMap& map;
  Footer& footer;
  Header& header;
  Description& description;
};

/// Blocks are appended. What makes a crash harmless: data and bitmaps of new blocks are flushed
/// before the table points at them; and the file ends with a valid footer at all times, because
/// space is taken in steps of several blocks whose footer is flushed before a guest's bytes are
/// written in front of it (else a guest's sector could stand where a footer is looked for).
class Writer final : public Writable {
 public:
  explicit Writer(const Parts& parts) : parts_(parts) {}
  /// Before anything else. `footer_twice`: at the end and at the head, the same.
  Result<void> start(bool footer_twice);

  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override;
  Result<void> close() override;
  /// No block has a place any more.
  Result<void> forget();

 private:
  static constexpr std::uint64_t reserved_blocks = 16;  ///< taken from the file in one step
  static constexpr std::size_t most_pending = 256, most_forgotten = 4096;

  [[nodiscard]] bool differencing() const { return parts_.footer.type == Type::differencing; }
  [[nodiscard]] Result<void> check_range(std::uint64_t offset, std::uint64_t length) const;
  [[nodiscard]] std::uint64_t next_data() const;
  Result<void> reserve(std::uint64_t end);
  Result<std::uint64_t> allocate(std::uint64_t block);
  Result<void> write_partly(std::uint64_t offset, View from);
  Result<void> write_sectors(std::uint64_t offset, View from);
  Result<void> zero_sectors(std::uint64_t offset, std::uint64_t length);
  Result<void> mark(std::uint64_t block, std::uint64_t place, std::uint64_t within,
                    std::uint64_t length);
  Result<void> free_forgotten();
  Result<void> write_footers();
  Result<void> move_table(std::uint64_t entries);
  Result<void> clear_beyond(std::uint64_t size);

  Parts parts_;
  std::vector<std::uint64_t> forgotten_;  ///< places of blocks that are to become holes
  std::uint64_t used_ = 0;  ///< end of the last block or table in the file; the map's end is that
                            ///< of what is reserved
};

}  // namespace truce::image::vhd
