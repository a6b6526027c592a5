// An open qcow2 image: the disk, or one of its internal snapshots.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "image/image.h"
#include "qcow2/codec.h"
#include "qcow2/header.h"
#include "qcow2/mapping.h"
#include "qcow2/upkeep/directory.h"

namespace truce::image::qcow2 {

/// The files of one image and the disk in them, as it is read. What is written goes through a
/// Writer.
struct Contents {
  Contents(std::shared_ptr<File> file_of, std::shared_ptr<File> data_of, Header header_of,
           std::uint64_t disk_size, std::uint64_t l1_offset, std::uint32_t l1_entries)
      : file(std::move(file_of)),
        data(std::move(data_of)),
        header(std::move(header_of)),
        size(disk_size),
        mapping(*file, header.external_data() ? data.get() : file.get(), header, l1_offset,
                l1_entries),
        decoder(header.compression) {}

  /// Reads from the disk, through the parents; the range is inside the disk or, for the table's
  /// last clusters, beyond it.
  Result<void> read(std::uint64_t offset, Span into);
  /// One whole cluster, which is compressed.
  Result<void> decode(const Mapped& run, Span into);
  /// What unallocated parts hold.
  Result<void> read_parent(std::uint64_t offset, Span into) const;
  /// The file that clusters lie in, in plain text; null when it was not opened.
  [[nodiscard]] File* data_file() const {
    bool as_it_is = !header.external_data() && !header.encryption;
    return as_it_is ? file.get() : data.get();
  }
  /// Why data_file() is null.
  [[nodiscard]] std::unexpected<Error> not_opened() const;

  std::shared_ptr<File> file;
  std::shared_ptr<File> data;  ///< the data file, or the file behind its encryption
  std::shared_ptr<Image> parent;
  Header header;
  std::uint64_t size;  ///< of the disk
  Mapping mapping;
  Decoder decoder;
  bool parent_ignored = false;  ///< there is one, and it was not opened

 private:
  Result<void> read_run(const Mapped& run, std::uint64_t offset, Span into);
  Result<void> read_data(std::uint64_t host, Span into) const;
  Result<void> read_compressed(const Mapped& run, std::uint64_t offset, Span into);

  /// The compressed cluster that was decoded last: small reads ask for it again.
  std::mutex decoded_mutex_;
  std::uint64_t decoded_at_ = 0;
  std::shared_ptr<std::vector<std::byte>> decoded_;

 public:
  /// Forgets what was decoded, when a place may hold something else.
  void forget_decoded();
};

class Writer;

class Disk final : public Image, public Layer {
 public:
  /// `snapshot` is null for the disk itself.
  static Result<std::unique_ptr<Disk>> open(std::shared_ptr<File> file, const OpenOptions& options,
                                            const std::string_view* snapshot);
  Disk(std::unique_ptr<Contents> contents, Description description);
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  ~Disk() override;

  [[nodiscard]] const Description& description() const override { return description_; }
  Result<void> read(std::uint64_t offset, Span into) override;
  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override;
  Result<CheckReport> check() override;
  Writable* writable() override;
  Layer* layer() override { return this; }
  Result<Held> held(std::uint64_t offset, std::uint64_t length) override;
  Result<void> stand_on(const Parent* parent) override;
  Result<void> forget() override;

 private:
  Result<void> prepare_writing();
  Result<Extent> parent_extent(std::uint64_t offset, std::uint64_t length) const;

  std::unique_ptr<Contents> contents_;
  Description description_;
  std::unique_ptr<Writer> writer_;  ///< null: is only read
};

}  // namespace truce::image::qcow2
