#include "vmdk/stream_builder.h"

#include <algorithm>
#include <limits>
#include <span>

#include "byte_order.h"
#include "sealed.h"
#include "vmdk/sparse_writer.h"

namespace truce::image::vmdk {
namespace {

constexpr Mark state_mark = "truce streamOptimized 1";

}  // namespace

StreamBuilder::StreamBuilder(std::shared_ptr<File> file, std::uint64_t sectors, int level)
    : file_(std::move(file)),
      deflater_(Deflater::Wrapping::zlib, level),
      entries_(hosted_entries * 4) {
  // As VMware's own tools write it: version 3, no redundant tables, the directory in the footer.
  header_.version = 3;
  header_.flags = flag_newlines | flag_compressed | flag_markers;
  header_.capacity = sectors;
  header_.grain = grain_sectors;
  header_.directory = directory_at_end;
  header_.compression = compression_deflate;
}

Result<std::unique_ptr<Builder>> StreamBuilder::begin(std::shared_ptr<File> file,
                                                      std::uint64_t sectors,
                                                      const std::string& descriptor, int level) {
  std::unique_ptr<StreamBuilder> made(new StreamBuilder(std::move(file), sectors, level));
  auto& header = made->header_;
  header.descriptor = 1;
  header.descriptor_size = descriptor_sectors(descriptor);
  header.overhead = round_up(1 + header.descriptor_size, grain_sectors);
  std::vector<std::byte> front(header.overhead * sector_bytes);
  std::ranges::copy(write_hosted(header), front.begin());
  std::ranges::copy(std::as_bytes(std::span(descriptor)), front.begin() + sector_bytes);
  TRY_VOID(made->write(front));
  return made;
}

std::uint64_t StreamBuilder::block_size() const {
  return grain_bytes;
}

Result<std::vector<std::byte>> StreamBuilder::encode(std::uint64_t block, View content) const {
  std::vector<std::byte> packed(
      round_up(grain_marker_bytes + Deflater::bound(content.size()), sector_bytes));
  TRY(auto length, deflater_.pack(content, Span(packed).subspan(grain_marker_bytes)));
  if (length == 0) return fail(Code::internal, "a grain does not fit the bound of its compressor");
  put_le<std::uint64_t>(packed, 0, block * grain_sectors);
  put_le<std::uint32_t>(packed, 8, static_cast<std::uint32_t>(length));
  auto end = grain_marker_bytes + length;
  packed.resize(round_up(end, sector_bytes));
  std::fill(packed.begin() + static_cast<std::ptrdiff_t>(end), packed.end(), std::byte{});
  return packed;
}

Result<void> StreamBuilder::write(View bytes) {
  TRY_VOID(file_->write(position_, bytes));
  position_ += bytes.size();
  if (position_ / sector_bytes > std::numeric_limits<std::uint32_t>::max())
    return fail(Code::limit, "{}: a stream cannot be longer than 2 TiB", file_->name());
  return {};
}

Result<void> StreamBuilder::append(std::uint64_t block, View encoded) {
  auto table = block / hosted_entries;
  if (filled_ && table != table_) TRY_VOID(write_table());
  table_ = table;
  filled_ = true;
  put_le<std::uint32_t>(entries_, block % hosted_entries * 4,
                        static_cast<std::uint32_t>(position_ / sector_bytes));
  return write(encoded);
}

std::vector<std::byte> StreamBuilder::state() const {
  SealedWriter writer(state_mark);
  for (auto number : {position_, table_, std::uint64_t{filled_ ? 1U : 0U}}) writer.number(number);
  writer.bytes(entries_);
  writer.bytes(std::as_bytes(std::span(directory_)));
  return std::move(writer).seal();
}

Result<void> StreamBuilder::restore(View state) {
  TRY(auto reader, SealedReader::open(state, state_mark));
  TRY(auto position, reader.number());
  TRY(auto table, reader.number());
  TRY(auto filled, reader.number());
  TRY(auto entries, reader.bytes(entries_.size()));
  TRY(auto directory, reader.bytes(header_.tables() * 4));
  TRY_VOID(reader.end());
  if (position != file_->size() || table > header_.tables() || entries.size() != entries_.size() ||
      directory.size() % 4 != 0) {
    return fail(Code::corrupt, "it is of another image");
  }
  position_ = position;
  table_ = table;
  filled_ = filled != 0;
  std::ranges::copy(entries, entries_.begin());
  directory_.resize(directory.size() / 4);
  std::ranges::copy(directory, std::as_writable_bytes(std::span(directory_)).begin());
  return {};
}

Result<void> StreamBuilder::write_table() {
  TRY_VOID(write(write_marker(Marker::table, entries_.size() / sector_bytes)));
  directory_.resize(table_ + 1);
  directory_[table_] = static_cast<std::uint32_t>(position_ / sector_bytes);
  TRY_VOID(write(entries_));
  std::ranges::fill(entries_, std::byte{});
  filled_ = false;
  return {};
}

Result<void> StreamBuilder::write_directory() {
  directory_.resize(header_.tables());
  std::vector<std::byte> bytes(round_up(directory_.size() * 4, sector_bytes));
  for (std::size_t i = 0; i < directory_.size(); ++i)
    put_le<std::uint32_t>(bytes, i * 4, directory_[i]);
  TRY_VOID(write(write_marker(Marker::directory, bytes.size() / sector_bytes)));
  header_.directory = position_ / sector_bytes;
  return write(bytes);
}

Result<void> StreamBuilder::finish(Durability durability) {
  if (filled_) TRY_VOID(write_table());
  TRY_VOID(write_directory());
  if (durability == Durability::durable) TRY_VOID(file_->flush());
  std::vector<std::byte> end(3 * sector_bytes);  // the last sector is the end-of-stream marker
  std::ranges::copy(write_marker(Marker::footer, 1), end.begin());
  std::ranges::copy(write_hosted(header_), end.begin() + sector_bytes);
  return write(end);
}

}  // namespace truce::image::vmdk
