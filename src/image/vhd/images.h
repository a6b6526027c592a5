// The images that a VHD file can be.
#pragma once

#include <memory>
#include <vector>

#include "image/image.h"
#include "image/repair.h"
#include "vhd/block_map.h"
#include "vhd/layout.h"

namespace truce::image::vhd {

/// A VHD of any type: what a child needs to know of its parent.
class VhdImage : public Image {
 public:
  VhdImage(std::shared_ptr<File> file, FoundFooter found);
  [[nodiscard]] const Description& description() const override { return description_; }
  [[nodiscard]] const Footer& footer() const { return footer_; }

 protected:
  [[nodiscard]] Result<void> check_range(std::uint64_t offset, std::uint64_t length) const;

  std::shared_ptr<File> file_;
  Footer footer_;
  std::uint64_t end_;  // of what can be data
  Description description_;
  std::vector<std::string> footer_faults_;  ///< of the two footers
};

/// The disk's bytes, then the footer.
Result<std::unique_ptr<Image>> open_fixed(std::shared_ptr<File> file, FoundFooter found,
                                          const OpenOptions& options);
/// Blocks that lie anywhere, for differencing disks over a parent.
Result<std::unique_ptr<Image>> open_sparse(std::shared_ptr<File> file, FoundFooter found,
                                           const OpenOptions& options);

/// Follows the table of a sparse disk: entries that cannot be, and blocks that lie on one another.
Result<CheckReport> check_blocks(BlockMap& map);

/// The footer that is lost, or differs, is written anew from the other.
Result<Repaired> repair(std::shared_ptr<File> file, const RepairOptions& options);

}  // namespace truce::image::vhd
