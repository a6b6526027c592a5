// A disk of one or more extents, maybe over a parent.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "image/image.h"
#include "table_cache.h"
#include "vmdk/descriptor.h"
#include "vmdk/shelf.h"
#include "vmdk/store.h"

namespace truce::image::vmdk {

/// An extent in its place in the disk. Bytes.
struct Part {
  std::uint64_t start = 0, length = 0;
  std::unique_ptr<Store> store;  ///< null: was not to be opened
  std::string name;              ///< as the descriptor has it
};

class VmdkImage final : public Image, public Writable, public Layer {
 public:
  VmdkImage() : cache_(shelf_) {}
  [[nodiscard]] const Description& description() const override { return description_; }
  Result<void> read(std::uint64_t offset, Span into) override;
  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override;
  Result<CheckReport> check() override { return check_to(Store::Depth::content); }
  Result<CheckReport> check_tables() override { return check_to(Store::Depth::tables); }
  Writable* writable() override { return content_id_at_ != 0 ? this : nullptr; }

  Layer* layer() override { return below_ && !text_.empty() ? this : nullptr; }
  Result<Held> held(std::uint64_t offset, std::uint64_t length) override;
  Result<void> stand_on(const Parent* parent) override;
  Result<void> forget() override;

  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override;
  Result<void> close() override;

  /// Mends the extents that are open.
  Result<Repaired> mend();

 private:
  friend class Opening;
  Result<CheckReport> check_to(Store::Depth depth);
  Result<void> begin_writing();
  /// The descriptor says that extent `index` has so many bytes.
  Result<void> put_size(std::size_t index, std::uint64_t bytes);
  [[nodiscard]] std::string another_content_id() const;
  Result<void> flush_files();
  [[nodiscard]] Below below_of(const Part& part);
  [[nodiscard]] Result<void> check_range(std::uint64_t offset, std::uint64_t length) const;
  /// The part that has `offset`, which is inside the disk.
  [[nodiscard]] Result<Part*> part_of(std::uint64_t offset);
  Result<Piece> find(std::uint64_t offset, std::uint64_t length);
  Result<void> read_piece(const Piece& piece, std::uint64_t offset, Span into);
  Result<void> read_below(std::uint64_t offset, Span into);
  Result<Extent> extent_below(std::uint64_t offset, std::uint64_t length);
  [[nodiscard]] Result<void> check_parent_is_open() const;

  std::shared_ptr<File> file_;
  Shelf shelf_;
  TableCache cache_;
  Description description_;
  std::vector<Part> parts_;
  /// What this disk lies over, as it says; `parent_` is null when that was not to be opened.
  std::optional<Reference> below_;
  std::shared_ptr<Image> parent_;
  std::vector<std::string> disagreements_;  // between descriptor and headers
  bool other_size_ = false;                 // the only disagreement is about the size
  std::uint64_t content_id_at_ = 0;         // in `file_`; 0: the disk is not written
  bool each_listed_ = false;                // every line of the descriptor is one of `parts_`
  std::size_t content_id_digits_ = 0;
  bool writing_ = false;
  Identity identity_ = Identity::renewed;
  std::string text_;  // the descriptor, which stands in `file_`
  std::uint64_t text_at_ = 0, text_room_ = 0;
};

/// Opens what `file` holds: a text descriptor, or an extent that has one inside.
Result<std::unique_ptr<Image>> open_vmdk(std::shared_ptr<File> file, const OpenOptions& options);

/// The redundant directory of grains is made the same as the first, or the first is mended from it.
Result<Repaired> repair_vmdk(std::shared_ptr<File> file, const RepairOptions& options);

}  // namespace truce::image::vmdk
