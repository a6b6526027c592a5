#include "vhdx/log.h"

#include <algorithm>
#include <optional>

#include "byte_order.h"
#include "crc32c.h"

namespace truce::image::vhdx {
namespace {

// Signatures, as the little-endian number that their four letters make. [MS-VHDX] 2.3.1
constexpr std::uint32_t entry_signature = 0x65676f6c;   // `loge`
constexpr std::uint32_t zero_signature = 0x6f72657a;    // `zero`
constexpr std::uint32_t data_signature = 0x63736564;    // `desc`
constexpr std::uint32_t sector_signature = 0x61746164;  // `data`
constexpr std::size_t entry_header_bytes = 64, descriptor_bytes = 32;
constexpr std::size_t leading = 8, trailing = 4;  // of a sector, kept in its descriptor
/// Programs write logs of 1 MiB.
constexpr std::uint64_t most_log_bytes = 256 * mebibyte;

/// [MS-VHDX] 2.3.1.1
struct LogEntry {
  std::uint64_t at = 0;  ///< in the log
  std::uint64_t length = 0, tail = 0, sequence = 0, descriptors = 0;
  std::uint64_t flushed_size = 0, last_size = 0;  ///< of the file
  /// Header and descriptors, whole sectors; the sectors of data follow.
  [[nodiscard]] std::uint64_t front() const {
    return round_up(entry_header_bytes + descriptors * descriptor_bytes, sector);
  }
};

/// [MS-VHDX] 2.3.1.2, 2.3.1.3
struct Descriptor {
  std::uint64_t data_at = 0;  ///< of the data sector, from the entry's begin; 0: zeros
  Range target;
  std::array<std::byte, leading> first{};
  std::array<std::byte, trailing> last{};
};

class Log {
 public:
  Log(const File& file, const Header& header)
      : file_(file),
        range_(header.log),
        id_(header.log_id),
        budget_(8 * range_.length + 64 * mebibyte) {}

  /// The entries to be replayed, oldest first.
  Result<std::vector<LogEntry>> active();
  Result<void> replay(const LogEntry& entry, Overlay& overlay);

 private:
  Result<void> read(std::uint64_t at, Span into) const;
  Result<std::optional<LogEntry>> entry(std::uint64_t at);
  Result<bool> checksum_agrees(const LogEntry& entry, View header);
  Result<std::vector<LogEntry>> sequence_from(const LogEntry& first);
  Result<Descriptor> descriptor(const LogEntry& entry, std::uint64_t index, std::uint64_t data_at);

  const File& file_;
  Range range_;
  Guid id_;
  std::uint64_t budget_;  ///< bytes that may still be summed: false entries must not cost hours
};

/// The log is a ring.
Result<void> Log::read(std::uint64_t at, Span into) const {
  while (!into.empty()) {
    at %= range_.length;
    auto part = std::min<std::uint64_t>(into.size(), range_.length - at);
    TRY_VOID(file_.read(range_.offset + at, into.first(part)));
    into = into.subspan(part);
    at += part;
  }
  return {};
}

/// Null when there is no valid entry: [MS-VHDX] 2.3.2.
Result<std::optional<LogEntry>> Log::entry(std::uint64_t at) {
  std::array<std::byte, entry_header_bytes> header{};
  TRY_VOID(read(at, header));
  if (le<std::uint32_t>(header, 0) != entry_signature || Guid::load(header, 32) != id_)
    return std::nullopt;
  LogEntry entry{.at = at,
                 .length = le<std::uint32_t>(header, 8),
                 .tail = le<std::uint32_t>(header, 12),
                 .sequence = le<std::uint64_t>(header, 16),
                 .descriptors = le<std::uint32_t>(header, 24),
                 .flushed_size = le<std::uint64_t>(header, 48),
                 .last_size = le<std::uint64_t>(header, 56)};
  if (entry.length == 0 || entry.length % sector != 0 || entry.length > range_.length ||
      entry.tail % sector != 0 || entry.tail >= range_.length || entry.sequence == 0 ||
      entry.front() > entry.length)
    return std::nullopt;
  TRY(bool agrees, checksum_agrees(entry, header));
  return agrees ? std::optional(entry) : std::nullopt;
}

Result<bool> Log::checksum_agrees(const LogEntry& entry, View header) {
  if (entry.length > budget_)
    return fail(Code::corrupt, "log: it is full of entries whose checksums are wrong");
  budget_ -= entry.length;
  auto sum = crc32c_without(header, 4);
  std::vector<std::byte> piece(std::min<std::uint64_t>(entry.length, 65536));
  for (std::uint64_t done = header.size(); done < entry.length;) {
    auto bytes = Span(piece).first(std::min<std::uint64_t>(piece.size(), entry.length - done));
    TRY_VOID(read(entry.at + done, bytes));
    sum = crc32c(bytes, sum);
    done += bytes.size();
  }
  return sum == le<std::uint32_t>(header, 4);
}

/// The entries from `first` on that follow one another, by place and by number.
Result<std::vector<LogEntry>> Log::sequence_from(const LogEntry& first) {
  std::vector<LogEntry> sequence{first};
  for (auto total = first.length; total < range_.length;) {
    const auto& last = sequence.back();
    TRY(auto next, entry((last.at + last.length) % range_.length));
    if (!next || next->sequence != last.sequence + 1 || next->length > range_.length - total) break;
    total += next->length;
    sequence.push_back(*next);
  }
  return sequence;
}

/// [MS-VHDX] 2.3.3: of all sequences that hold the tail of their last entry the newest.
Result<std::vector<LogEntry>> Log::active() {
  if (range_.length > most_log_bytes)
    return fail(Code::limit, "log: it has {} bytes, no more than {} are read", range_.length,
                most_log_bytes);
  std::vector<LogEntry> best;
  for (std::uint64_t at = 0; at < range_.length;) {
    TRY(auto first, entry(at));
    if (!first) {
      at += sector;
      continue;
    }
    TRY(auto sequence, sequence_from(*first));
    const auto& head = sequence.back();
    auto end = head.at + head.length;
    at = head.at < at ? range_.length : end;
    auto tail = std::ranges::find(sequence, head.tail, &LogEntry::at);
    if (tail == sequence.end()) continue;
    if (!best.empty() && best.back().sequence >= head.sequence) continue;
    best.assign(tail, sequence.end());
  }
  if (best.empty())
    return fail(Code::corrupt,
                "log: the header says that {} is active, no valid entry of it is there",
                to_string(id_));
  if (best.back().flushed_size > file_.size()) {
    return fail(Code::corrupt, "log: the file had {} bytes when the log was written, now it has {}",
                best.back().flushed_size, file_.size());
  }
  if (best.back().last_size > file_limit)
    return fail(Code::corrupt, "log: it wants a file of {} bytes", best.back().last_size);
  return best;
}

Result<Descriptor> Log::descriptor(const LogEntry& entry, std::uint64_t index,
                                   std::uint64_t data_at) {
  std::array<std::byte, descriptor_bytes> bytes{};
  TRY_VOID(read(entry.at + entry_header_bytes + index * descriptor_bytes, bytes));
  auto broken = [&](std::string_view what) {
    return fail(Code::corrupt, "log: entry {}, descriptor {}: {}", entry.sequence, index + 1, what);
  };
  if (le<std::uint64_t>(bytes, 24) != entry.sequence) return broken("its sequence number differs");
  auto signature = le<std::uint32_t>(bytes, 0);
  Descriptor descriptor;
  descriptor.target = {le<std::uint64_t>(bytes, 16), sector};
  if (signature == zero_signature) {
    descriptor.target.length = le<std::uint64_t>(bytes, 8);
  } else if (signature == data_signature) {
    if (!inside(data_at, sector, entry.length)) return broken("its data lies beyond the entry");
    descriptor.data_at = data_at;
    std::ranges::copy(View(bytes).subspan(8, leading), descriptor.first.begin());
    std::ranges::copy(View(bytes).subspan(4, trailing), descriptor.last.begin());
  } else {
    return broken(fmt::format("signature {:08x} is not known", signature));
  }
  const auto& target = descriptor.target;
  if (target.offset % sector != 0 || target.length % sector != 0 ||
      target.offset < region_table_offsets[0] ||
      !inside(target.offset, target.length, std::max(entry.last_size, file_.size())) ||
      target.overlaps(range_)) {
    return broken(fmt::format("it may not change {} bytes at {}", target.length, target.offset));
  }
  return descriptor;
}

Result<void> Log::replay(const LogEntry& entry, Overlay& overlay) {
  auto data_at = entry.front();
  Overlay::Sector bytes;
  for (std::uint64_t i = 0; i < entry.descriptors; ++i) {
    TRY(auto found, descriptor(entry, i, data_at));
    if (found.data_at == 0) {
      TRY_VOID(overlay.write_zeroes(found.target.offset, found.target.length));
      continue;
    }
    data_at += sector;
    TRY_VOID(read(entry.at + found.data_at, bytes));
    // [MS-VHDX] 2.3.1.4: signature and both halves of the number stand in a data sector.
    if (le<std::uint32_t>(bytes, 0) != sector_signature ||
        le<std::uint32_t>(bytes, 4) != entry.sequence >> 32 ||
        le<std::uint32_t>(bytes, sector - trailing) != (entry.sequence & 0xFFFFFFFF)) {
      return fail(Code::corrupt, "log: entry {}: the data of descriptor {} is another entry's",
                  entry.sequence, i + 1);
    }
    std::ranges::copy(found.first, bytes.begin());
    std::ranges::copy(found.last, bytes.end() - trailing);
    TRY_VOID(overlay.write(found.target.offset, bytes));
  }
  return {};
}

}  // namespace

Result<Replayed> replay_log(const File& file, const Header& header, Overlay& overlay) {
  Log log(file, header);
  TRY(auto entries, log.active());
  for (const auto& entry : entries) TRY_VOID(log.replay(entry, overlay));
  TRY_VOID(overlay.resize(entries.back().last_size));
  return Replayed{entries.size(), entries.back().sequence};
}

std::vector<std::byte> make_log_entry(const Overlay& changes, const Guid& log_id,
                                      std::uint64_t sequence, std::uint32_t tail,
                                      std::uint64_t file_size) {
  auto count = changes.sectors().size();
  LogEntry entry{.descriptors = count};
  std::vector<std::byte> bytes(entry.front() + count * sector);
  put_le<std::uint32_t>(bytes, 0, entry_signature);
  put_le<std::uint32_t>(bytes, 8, static_cast<std::uint32_t>(bytes.size()));
  put_le<std::uint32_t>(bytes, 12, tail);
  put_le<std::uint64_t>(bytes, 16, sequence);
  put_le<std::uint32_t>(bytes, 24, static_cast<std::uint32_t>(count));
  log_id.store(bytes, 32);
  put_le<std::uint64_t>(bytes, 48, file_size);
  put_le<std::uint64_t>(bytes, 56, file_size);
  auto descriptor = Span(bytes).subspan(entry_header_bytes);
  auto data = Span(bytes).subspan(entry.front());
  for (const auto& [offset, content] : changes.sectors()) {
    put_le<std::uint32_t>(descriptor, 0, data_signature);
    std::ranges::copy(View(*content).last(trailing), descriptor.begin() + 4);
    std::ranges::copy(View(*content).first(leading), descriptor.begin() + 8);
    put_le<std::uint64_t>(descriptor, 16, offset);
    put_le<std::uint64_t>(descriptor, 24, sequence);
    std::ranges::copy(*content, data.begin());
    put_le<std::uint32_t>(data, 0, sector_signature);
    put_le<std::uint32_t>(data, 4, static_cast<std::uint32_t>(sequence >> 32));
    put_le<std::uint32_t>(data, sector - trailing, static_cast<std::uint32_t>(sequence));
    descriptor = descriptor.subspan(descriptor_bytes);
    data = data.subspan(sector);
  }
  put_le<std::uint32_t>(bytes, 4, crc32c(bytes));
  return bytes;
}

}  // namespace truce::image::vhdx
