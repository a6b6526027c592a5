// All that an image's tables refer to, for counting it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/file.h"
#include "qcow2/header.h"
#include "qcow2/mapping.h"
#include "qcow2/refcounts.h"
#include "qcow2/upkeep/directory.h"

namespace truce::image::qcow2 {

/// What a host cluster is used for; bits, so that several are seen.
enum class Use : std::uint8_t { metadata = 1, table = 2, data = 4 };

/// Is told what is referred to, and what is wrong in the tables.
class ReferenceSink {
 public:
  virtual ~ReferenceSink() = default;
  /// `length` bytes at `offset` of the file are used `times` over.
  virtual void use(Use use, std::uint64_t offset, std::uint64_t length, std::uint32_t times,
                   std::string_view what) = 0;
  virtual void problem(std::string what) = 0;
};

/// Walks over the tables of an image. Each L2 table is read once a walk, however many snapshots
/// share it; a list of the L2 tables is held, at most 4 Mi of them (else Code::limit).
class References {
 public:
  /// `data` is null where the data file was not opened.
  static Result<std::unique_ptr<References>> collect(const File& file, const File* data,
                                                     const Header& header, ReferenceSink& sink);
  /// Whether the refcounts themselves are among what is told of.
  enum class Refcounts { told, left_out };
  Result<void> walk(ReferenceSink& sink, Refcounts refcounts = Refcounts::told);
  /// Tables alone: no clusters of the disk, no bitmaps' content.
  Result<void> walk_metadata(ReferenceSink& sink, Refcounts refcounts = Refcounts::told);
  References(const File& file, const File* data, const Header& header)
      : file_(file),
        header_(header),
        mapping_(file, data, header, header.l1_offset, header.l1_entries) {}

 private:
  /// An L2 table and how many L1 entries name it; `index` is that of the active one.
  struct Table {
    std::uint64_t offset = 0;
    std::uint32_t times = 0;
    bool active = false;
    std::uint64_t index = 0;
  };
  struct Region {
    std::uint64_t offset, length;
    std::string what;
  };

  Result<void> collect_tables(ReferenceSink& sink);
  Result<void> collect_bitmaps(ReferenceSink& sink);
  Result<void> walk_refcounts(ReferenceSink& sink);
  Result<void> walk_table(const Table& table, RefcountReader& refcounts, ReferenceSink& sink);
  Result<void> walk_entry(const Table& table, const RawEntry& raw, std::uint64_t guest,
                          RefcountReader& refcounts, ReferenceSink& sink);
  Result<void> walk_bitmaps(ReferenceSink& sink);

  const File& file_;
  const Header& header_;
  Mapping mapping_;
  std::vector<Region> regions_;
  std::vector<Table> tables_;  // by offset
  std::vector<BitmapRow> bitmaps_;
};

}  // namespace truce::image::qcow2
