// A disk whose clusters are found through a table of tables: what QCOW and QED share.
#pragma once

#include <bit>
#include <memory>
#include <utility>
#include <vector>

#include "chain/backing.h"
#include "image/image.h"
#include "table_cache.h"

namespace truce::image {

/// Reads and checks such a disk; a format says how its numbers stand in the file, where its tables
/// may lie and what an entry means. Both levels hold eight bytes an entry; 0 is not allocated.
class TwoLevelImage : public Image {
 public:
  [[nodiscard]] const Description& description() const final { return description_; }
  Result<void> read(std::uint64_t offset, Span into) final;
  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) final;
  Result<CheckReport> check() final;

  /// What the image stands on, by the policy of `options`.
  Result<void> stand_on(Reference backing_file, const OpenOptions& options);

 protected:
  struct Geometry {
    std::endian order = std::endian::little;
    std::uint64_t size = 0;  ///< of the guest's disk
    std::uint64_t cluster_bytes = 0;
    std::uint64_t l1_offset = 0, l1_entries = 0;  ///< those that the disk's size asks for
    std::uint64_t l2_entries = 0;                 ///< of each table of the second level

    [[nodiscard]] std::uint64_t l2_bytes() const { return l2_entries * 8; }
    /// Of the guest's disk, by one table of the second level.
    [[nodiscard]] std::uint64_t l2_reach() const { return l2_entries * cluster_bytes; }
  };
  /// A range of the guest's disk that is of one kind; a hole is the backing file's, where there is
  /// one.
  struct Piece {
    std::uint64_t length = 0;
    Kind kind = Kind::hole;
    std::uint64_t entry = 0;  ///< of a compressed cluster; of data: the offset in the file
  };

  /// `described` lacks what the geometry says.
  TwoLevelImage(std::shared_ptr<File> file, const Geometry& geometry, Description described);

  /// Code::corrupt unless a table of the second level may lie there.
  [[nodiscard]] virtual Result<void> check_table_place(std::uint64_t offset) const = 0;
  /// What an entry of the second level means, without its length; `seen` bytes of the cluster are
  /// inside the disk. Code::corrupt when it points where no cluster may lie.
  [[nodiscard]] virtual Result<Piece> cluster(std::uint64_t entry, std::uint64_t seen) const = 0;
  /// Bytes of a compressed cluster, from its byte `within` on.
  virtual Result<void> decode(std::uint64_t entry, std::uint64_t within, Span into);

  [[nodiscard]] File& file() const { return *file_; }

 private:
  using Range = std::pair<std::uint64_t, std::uint64_t>;  ///< of the file: offset, end

  [[nodiscard]] std::uint64_t number(View entries, std::uint64_t index) const;
  [[nodiscard]] Result<void> check_range(std::uint64_t offset, std::uint64_t length) const;
  Result<std::uint64_t> l2_table(std::uint64_t index);
  Result<Piece> piece(std::uint64_t offset, std::uint64_t length);
  Result<Piece> missing_tables(std::uint64_t offset, std::uint64_t length);
  [[nodiscard]] Result<Piece> one_cluster(std::uint64_t index, std::uint64_t entry) const;
  Result<void> check_table(std::uint64_t index, std::uint64_t table, CheckReport& report,
                           std::vector<Range>& taken);

  std::shared_ptr<File> file_;
  Geometry geometry_;
  TableCache tables_;
  Description description_;
  Backing backing_;
};

}  // namespace truce::image
