// An open VHDX, fixed, dynamic or differencing.
#pragma once

#include <memory>

#include "image/image.h"
#include "image/repair.h"
#include "vhdx/log.h"
#include "vhdx/tables.h"

namespace truce::image::vhdx {

class Journal;
class Writer;

class Disk final : public Image, public Layer {
 public:
  static Result<std::unique_ptr<Image>> open(std::shared_ptr<File> file,
                                             const OpenOptions& options);
  ~Disk() override;

  [[nodiscard]] const Description& description() const override { return description_; }
  Result<void> read(std::uint64_t offset, Span into) override;
  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override;
  Result<CheckReport> check() override;
  /// Without what of headers and region tables is there once instead of twice.
  Result<CheckReport> check_blocks();
  Writable* writable() override;
  Layer* layer() override { return metadata_.has_parent ? this : nullptr; }
  Result<Held> held(std::uint64_t offset, std::uint64_t length) override;
  Result<void> stand_on(const Parent* parent) override;
  Result<void> announce_change(Image& parent) override;
  Result<void> forget() override;

  /// Makes true what the log promises, and writes the header or region table that is damaged anew
  /// from the other.
  static Result<Repaired> repair(std::shared_ptr<File> file, const RepairOptions& options);

 private:
  friend class Writer;
  Disk() = default;
  Result<void> load(const Headers& headers);
  Result<void> replay_into_file(Headers& headers);
  Result<void> put_parent(const Metadata& metadata, Journal& journal);
  Result<void> find_parent(const OpenOptions& options);
  Result<void> compare_linkage(const Image& parent, const std::string& name) const;
  void describe(const Headers& headers, const Replayed& replayed);
  [[nodiscard]] bool from_parent(const Entry& entry) const {
    return metadata_.has_parent && entry.state == State::not_present;
  }
  Result<void> read_block(std::uint64_t block, std::uint64_t within, Span into);
  Result<void> read_partial(const Entry& entry, std::uint64_t block, std::uint64_t within,
                            Span into);
  Result<void> read_parent(std::uint64_t offset, Span into);
  Result<Extent> extent_of_parent(std::uint64_t offset, std::uint64_t length);
  Result<Extent> partial_extent(const Entry& entry, std::uint64_t offset, std::uint64_t length);
  [[nodiscard]] Extent data(std::uint64_t start, std::uint64_t length, std::uint64_t at) const;

  std::shared_ptr<File> file_;
  std::shared_ptr<Overlay> view_;  ///< the file with its log replayed; in a writer its open changes
  Metadata metadata_;
  std::unique_ptr<Tables> tables_;
  std::shared_ptr<Image> parent_;
  Description description_;
  std::vector<std::string> singles_;  ///< what should be there twice
  std::unique_ptr<Writer> writer_;
};

}  // namespace truce::image::vhdx
