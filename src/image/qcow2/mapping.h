// From offsets on the guest's disk to places in files: L1 and L2 tables.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "image/file.h"
#include "qcow2/header.h"
#include "table_cache.h"

namespace truce::image::qcow2 {

enum class State : std::uint8_t { unallocated, zero, data, compressed };

/// An L2 entry taken apart ([qcow2] L2 table entry); offsets are checked.
struct Cluster {
  State state = State::unallocated;  ///< `data` for any standard cluster with extended entries
  std::uint64_t host = 0;    ///< where it lies; of zero and unallocated ones: reserved for them
  std::uint64_t stored = 0;  ///< bytes of a compressed one, at most
  bool copied = false;
  std::uint64_t bitmap = 0;  ///< of subclusters
  /// The state of subcluster `index`.
  [[nodiscard]] State subcluster(unsigned index) const;
};

/// The raw numbers of an L2 entry; `bitmap` is 0 without extended entries.
struct RawEntry {
  std::uint64_t entry = 0, bitmap = 0;
};

/// A run of the disk in one state: `host` goes on with it for data; a compressed one is one
/// cluster.
struct Mapped {
  State state = State::unallocated;
  std::uint64_t length = 0;
  std::uint64_t host = 0;    ///< of the run's first byte; of a compressed cluster's first byte
  std::uint64_t stored = 0;  ///< bytes of a compressed cluster
};

/// Bytes of the image's file that no entry may lead into; empty by default.
struct Forbidden {
  std::uint64_t start = 0, end = 0;
  [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t length) const {
    return offset < end && start < offset + length;
  }
};

/// Where data lies, for checking entries.
struct Bounds {
  Geometry geometry;
  std::uint32_t version = 3;
  bool external = false;        ///< in an external data file
  std::uint64_t data_size = 0;  ///< of the file that holds the data
  std::array<Forbidden, 3> forbidden = {};
  [[nodiscard]] bool forbids(std::uint64_t offset, std::uint64_t length) const;
};

/// Takes apart the entry of the cluster at `guest`; Code::corrupt says what is wrong with it.
Result<Cluster> decode(const RawEntry& raw, std::uint64_t guest, const Bounds& bounds);

/// One tree of tables: of the disk or of a snapshot.
class Mapping {
 public:
  /// `data` is null where the external data file was not opened: its size is then not checked.
  Mapping(const File& file, const File* data, const Header& header, std::uint64_t l1_offset,
          std::uint32_t l1_entries);

  /// The run at `offset`, at most `length` long; joined within a page of a table, or over missing
  /// tables.
  Result<Mapped> at(std::uint64_t offset, std::uint64_t length);

  /// The L2 table that entry `index` of the L1 table names: 0 for none.
  struct Table {
    std::uint64_t offset = 0;
    bool copied = false;
  };
  Result<Table> table(std::uint64_t index);

  using ChangedTable = std::shared_ptr<std::vector<std::byte>>;
  /// L2 tables that differ from the file, by index in the L1 table: they are looked at first.
  std::map<std::uint64_t, ChangedTable> changed;

  void place(std::uint64_t l1_offset, std::uint32_t l1_entries) {
    l1_offset_ = l1_offset;
    l1_entries_ = l1_entries;
  }
  /// From now on an entry that leads into the L1 tables or the refcount table, where they stand
  /// now, is Code::corrupt. For images that are only read: a writer moves tables, and looks for
  /// itself before it writes.
  void forbid_tables(const Header& header);
  [[nodiscard]] std::uint32_t l1_entries() const { return l1_entries_; }
  [[nodiscard]] std::uint64_t l1_offset() const { return l1_offset_; }
  [[nodiscard]] TableCache& cache() { return cache_; }
  [[nodiscard]] Bounds bounds() const;

 private:
  Result<Mapped> missing_tables(std::uint64_t offset, std::uint64_t length);
  Result<Mapped> in_table(View entries, std::uint64_t offset, std::uint64_t length) const;
  Result<Mapped> in_subclusters(View entries, std::uint64_t offset, std::uint64_t length) const;

  const File& file_;
  const File* data_;
  Bounds bounds_;
  std::uint64_t l1_offset_;
  std::uint32_t l1_entries_;
  TableCache cache_;
};

}  // namespace truce::image::qcow2
