// Entries of tables that cannot be right.
#pragma once

#include <unordered_set>

#include "image/repair.h"
#include "qcow2/mapping.h"
#include "qcow2/upkeep/references.h"

namespace truce::image::qcow2 {

/// Looks at every entry of every tree of tables, and may give up those that point outside the file,
/// at metadata, or have bits that mean nothing: they read as zeros then (of the backing file, where
/// version 2 has no zeros). A place that is reserved for zeros and cannot be is taken away, too,
/// which loses nothing.
class Damage {
 public:
  /// The refcounts do not count as metadata: they are made anew.
  static Result<std::unique_ptr<Damage>> collect(File& file, const Header& header);
  Damage(File& file, const Header& header) : file_(file), header_(header) {}

  enum class Doing { finding, mending };
  /// Finding: `report.left` gets a line for each part that would be lost. Mending: `report.done`.
  Result<void> walk(Doing doing, Repaired& report);
  [[nodiscard]] std::uint64_t parts() const { return parts_; }        ///< of the disk, damaged
  [[nodiscard]] std::uint64_t harmless() const { return harmless_; }  ///< reserved places
  /// What of the lists of snapshots and bitmaps cannot be followed.
  [[nodiscard]] const std::vector<std::string>& lists() const { return lists_; }

 private:
  class Known;
  struct Work {
    Doing doing;
    Repaired& report;
    std::unordered_set<std::uint64_t> seen;  // L2 tables
  };
  Result<void> walk_tree(Work& work, std::uint64_t l1_offset, std::uint32_t entries,
                         const std::string& what);
  Result<void> walk_table(Work& work, std::uint64_t offset, std::uint64_t guest,
                          const Bounds& bounds);
  [[nodiscard]] std::string wrong(const RawEntry& raw, std::uint64_t guest,
                                  const Bounds& bounds) const;
  [[nodiscard]] bool on_metadata(std::uint64_t offset, std::uint64_t length) const;
  [[nodiscard]] RawEntry zeros() const;
  void tell(const Work& work, std::string what);

  File& file_;
  const Header& header_;
  std::unordered_set<std::uint64_t> fixed_, tables_;  // clusters of metadata
  std::vector<std::string> lists_;
  std::uint64_t parts_ = 0, harmless_ = 0;
};

}  // namespace truce::image::qcow2
