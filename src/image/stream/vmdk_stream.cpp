#include "stream/vmdk_stream.h"

#include <libdeflate.h>

#include <algorithm>

#include "byte_order.h"

namespace truce::image {

using vmdk::grain_marker_bytes, vmdk::Marker, vmdk::sector_bytes;

Result<std::unique_ptr<Stream>> VmdkStream::begin(PipeReader from) {
  std::unique_ptr<VmdkStream> made(new VmdkStream(std::move(from)));
  vmdk::Sector sector;
  TRY_VOID(made->from_.all(sector));
  TRY(made->header_, vmdk::parse_hosted(sector));
  if (!made->header_.compressed()) {
    return fail(Code::unsupported,
                "{}: this kind of VMDK cannot be read from a pipe, streamOptimized can: save it to "
                "a file first",
                made->from_.name());
  }
  auto& described = made->description_;
  described.format = "vmdk";
  described.variant = "streamOptimized";
  described.compressed = true;
  described.size = made->header_.capacity * sector_bytes;
  described.block_size = made->header_.grain * sector_bytes;
  TRY_VOID(made->read_front());
  return made;
}

// Descriptor and, as QEMU writes it, all tables: their largest entry tells where the last grain is.
Result<void> VmdkStream::read_front() {
  bool tables_in_front = header_.directory != vmdk::directory_at_end;
  auto directory_end = header_.directory + divide_up(header_.tables() * 4, sector_bytes);
  vmdk::Sector sector;
  while (from_.position() < header_.overhead * sector_bytes) {
    auto at = from_.position() / sector_bytes;
    TRY_VOID(from_.all(sector));
    if (!tables_in_front || at < directory_end) continue;
    for (std::size_t i = 0; i < sector.size(); i += 4)
      last_listed_ = std::max<std::uint64_t>(last_listed_, le<std::uint32_t>(sector, i));
  }
  return {};
}

Result<std::optional<Stream::Piece>> VmdkStream::next() {
  while (!ended_) {
    vmdk::Sector sector;
    auto place = from_.position() / sector_bytes;
    TRY(auto got, from_.some(sector));
    // QEMU writes no end: what tables in front list must have come.
    if (got == 0 && last_listed_ != 0 && last_place_ == last_listed_) {
      ended_ = true;
      break;
    }
    if (got != sector.size())
      return fail(Code::corrupt, "{}: the stream is cut off at byte {}", from_.name(),
                  from_.position());
    auto first = le<std::uint64_t>(sector, 0);
    auto length = le<std::uint32_t>(sector, 8);
    if (length == 0) {
      TRY_VOID(metadata(sector, first));
      continue;
    }
    TRY(auto piece, grain(sector, first, length));
    last_place_ = place;
    // Nobody asks for what follows the disk's end: the stream's own end is looked at here.
    if (next_sector_ >= header_.capacity) {
      TRY(auto more, next());
      if (more) return fail(Code::internal, "a grain beyond the disk's end");
    }
    return piece;
  }
  return std::nullopt;
}

Result<void> VmdkStream::metadata(View sector, std::uint64_t sectors) {
  auto kind = static_cast<Marker>(le<std::uint32_t>(sector, 12));
  if (kind == Marker::end_of_stream) {
    ended_ = true;
    return {};
  }
  // A table is 4 sectors; a directory is as long as the disk makes it.
  auto most = divide_up(header_.tables() * 4, sector_bytes) + 8;
  bool known = kind == Marker::table || kind == Marker::directory || kind == Marker::footer;
  if (!known || sectors > most) {
    return fail(Code::corrupt, "{}: a marker at byte {} makes no sense", from_.name(),
                from_.position() - sector_bytes);
  }
  return from_.skip(sectors * sector_bytes);
}

Result<Stream::Piece> VmdkStream::grain(View sector, std::uint64_t first, std::uint32_t length) {
  auto bad = [&](std::string_view what) {
    return fail(Code::corrupt, "{}: the grain at byte {}: {}", from_.name(),
                from_.position() - sector_bytes, what);
  };
  if (first >= header_.capacity || first % header_.grain != 0) return bad("its place is no place");
  if (first < next_sector_) {
    return fail(Code::unsupported, "{}: its grains are not in order: save it to a file first",
                from_.name());
  }
  // As in vmdk/sparse.cpp: twice is beyond any writer.
  if (length > 2 * header_.grain * sector_bytes) return bad("it is longer than it can be");
  Piece piece{.start = first * sector_bytes};
  piece.length = std::min(header_.grain, header_.capacity - first) * sector_bytes;
  piece.bytes.resize(round_up(grain_marker_bytes + length, sector_bytes) - grain_marker_bytes);
  auto here = sector.subspan(grain_marker_bytes);
  std::ranges::copy(here, piece.bytes.begin());
  TRY_VOID(from_.all(Span(piece.bytes).subspan(here.size())));
  piece.bytes.resize(length);
  next_sector_ = first + header_.grain;
  return piece;
}

Result<void> VmdkStream::decode(const Piece& piece, Span into) const {
  std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) return fail(Code::limit, "no memory to decompress");
  std::vector<std::byte> content(header_.grain * sector_bytes);
  std::size_t used = 0, got = 0;
  auto ended =
      libdeflate_zlib_decompress_ex(decompressor.get(), piece.bytes.data(), piece.bytes.size(),
                                    content.data(), content.size(), &used, &got);
  if (ended != LIBDEFLATE_SUCCESS || got < into.size()) {
    return fail(Code::corrupt, "{}: the grain of byte {} of the disk cannot be decompressed",
                from_.name(), piece.start);
  }
  std::copy_n(content.begin(), into.size(), into.begin());
  return {};
}

}  // namespace truce::image
