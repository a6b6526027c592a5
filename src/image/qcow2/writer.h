// Writing into an image that exists.
#pragma once

#include <map>
#include <memory>

#include "image/image.h"
#include "qcow2/disk.h"
#include "qcow2/host_clusters.h"
#include "qcow2/upkeep/bitmaps.h"

namespace truce::image::qcow2 {

/// New clusters are written where nothing points yet; L2 tables are changed in memory (they are
/// what Mapping looks at first) and written by flush(), in this order: new clusters, new tables and
/// the refcounts of both; a flush; then the entries that point at them; a flush; then the refcounts
/// of what is no longer used. So a crash leaks at worst.
class Writer final : public Writable {
 public:
  /// Code::corrupt when the image's tables are damaged.
  static Result<std::unique_ptr<Writer>> open(Contents& contents, Description& description);
  Writer(Contents& contents, Description& description, std::unique_ptr<HostClusters> hosts,
         std::unique_ptr<KeptBitmaps> bitmaps)
      : contents_(contents),
        description_(description),
        hosts_(std::move(hosts)),
        bitmaps_(std::move(bitmaps)) {}

  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override;
  Result<void> close() override;
  /// Every cluster of the disk loses its place and shows what is under it.
  Result<void> forget();

 private:
  /// Where a changed L2 table lies in the file: offset 0 for a new one.
  struct Origin {
    std::uint64_t offset = 0;
    bool in_place = false;
  };
  struct Found {
    Cluster cluster;
    RawEntry raw;
  };

  Result<void> begin();
  template <class Operation>
  Result<void> guarded(Operation operation);
  Result<void> write_range(std::uint64_t offset, View from);
  Result<void> write_in_cluster(std::uint64_t offset, View from);
  Result<bool> write_in_place(const Cluster& cluster, std::uint64_t offset, View from);
  Result<void> write_new_units(const Found& found, std::uint64_t offset, View from);
  Result<std::uint64_t> place_for(const Found& found, std::uint64_t guest, bool keep);
  Result<void> zero_range(std::uint64_t offset, std::uint64_t length);
  Result<void> zero_run(const Mapped& run, std::uint64_t offset);
  Result<void> zero_cluster(std::uint64_t guest);
  Result<void> grow(std::uint64_t size);
  Result<void> grow_l1(std::uint64_t entries);
  Result<void> shrink(std::uint64_t size);
  Result<void> put_size(std::uint64_t size);

  Result<Found> look_at(std::uint64_t guest);
  Result<void> set_entry(std::uint64_t guest, const RawEntry& raw);
  void release(const Found& found);
  [[nodiscard]] bool parent_covers(std::uint64_t offset) const;

  Result<void> note(std::uint64_t offset, std::uint64_t length);
  Result<void> store_bitmaps();
  Result<void> commit();
  Result<void> place_new_tables();
  Result<void> flush_files();
  Result<void> write_tables();

  [[nodiscard]] const Geometry& geometry() const { return contents_.header.geometry; }
  [[nodiscard]] File& file() const { return *contents_.file; }

  Contents& contents_;
  Description& description_;
  std::unique_ptr<HostClusters> hosts_;
  std::unique_ptr<KeptBitmaps> bitmaps_;               // null: there are none that count
  std::map<std::uint64_t, Origin> origins_;            // of Mapping::changed
  std::map<std::uint64_t, std::uint64_t> new_tables_;  // placed by this commit(): index, offset
  bool begun_ = false;
  bool broken_ = false;  ///< something failed half-way: nothing more is written
};

}  // namespace truce::image::qcow2
