#include "vmdk/sparse_writer.h"

#include <algorithm>
#include <limits>

#include "byte_order.h"

namespace truce::image::vmdk {
namespace {

constexpr std::uint64_t table_sectors = hosted_entries * 4 / sector_bytes;

std::uint64_t directory_sectors(const HostedHeader& header) {
  return divide_up(header.tables() * 4, sector_bytes);
}

HostedHeader lay_out(std::uint64_t sectors, const std::string& descriptor) {
  HostedHeader header{.version = 1, .flags = flag_newlines | flag_redundant};
  header.capacity = sectors;
  header.grain = grain_sectors;
  header.descriptor_size = descriptor_sectors(descriptor);
  header.descriptor = descriptor.empty() ? 0 : 1;
  auto level = directory_sectors(header) + header.tables() * table_sectors;
  header.redundant_directory = 1 + header.descriptor_size;
  header.directory = header.redundant_directory + level;
  header.overhead = round_up(header.directory + level, grain_sectors);
  return header;
}

}  // namespace

std::uint64_t descriptor_sectors(const std::string& text) {
  constexpr std::uint64_t usual = 20;
  return text.empty() ? 0 : std::max(usual, divide_up(text.size(), sector_bytes));
}

SparseWriter::SparseWriter(std::shared_ptr<File> file, std::uint64_t sectors,
                           std::string descriptor)
    : file_(std::move(file)),
      descriptor_(std::move(descriptor)),
      header_(lay_out(sectors, descriptor_)),
      redundant_entries_(*file_, table_at(header_.redundant_directory) * sector_bytes,
                         header_.tables() * hosted_entries, 4),
      entries_(*file_, table_at(header_.directory) * sector_bytes,
               header_.tables() * hosted_entries, 4) {}

std::uint64_t SparseWriter::table_at(std::uint64_t directory) const {
  return directory + directory_sectors(header_);
}

Result<Place> SparseWriter::place(std::uint64_t grain) {
  auto sector = header_.overhead + grains_ * grain_sectors;
  if (sector + grain_sectors > std::numeric_limits<std::uint32_t>::max()) {
    return fail(Code::limit, "{}: a sparse extent cannot hold more than 2 TiB of data",
                file_->name());
  }
  std::array<std::byte, 4> entry;
  put_le<std::uint32_t>(entry, 0, static_cast<std::uint32_t>(sector));
  TRY_VOID(redundant_entries_.set(grain, entry));
  TRY_VOID(entries_.set(grain, entry));
  ++grains_;
  return Place{file_.get(), sector * sector_bytes};
}

Result<void> SparseWriter::write_directory(std::uint64_t directory) {
  TableWriter writer(*file_, directory * sector_bytes, header_.tables(), 4);
  for (std::uint64_t i = 0; i < header_.tables(); ++i) {
    std::array<std::byte, 4> entry;
    put_le<std::uint32_t>(entry, 0,
                          static_cast<std::uint32_t>(table_at(directory) + i * table_sectors));
    TRY_VOID(writer.set(i, entry));
  }
  return writer.finish();
}

Result<void> SparseWriter::write_tables() {
  TRY_VOID(redundant_entries_.finish());
  TRY_VOID(entries_.finish());
  TRY_VOID(write_directory(header_.redundant_directory));
  TRY_VOID(write_directory(header_.directory));
  if (!descriptor_.empty()) {
    TRY_VOID(
        file_->write(header_.descriptor * sector_bytes, std::as_bytes(std::span(descriptor_))));
  }
  auto end = (header_.overhead + grains_ * grain_sectors) * sector_bytes;
  return file_->size() == end ? Result<void>{} : file_->resize(end);
}

Result<void> SparseWriter::write_header() {
  return file_->write(0, write_hosted(header_));
}

}  // namespace truce::image::vmdk
