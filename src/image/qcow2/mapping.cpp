#include "qcow2/mapping.h"

#include <algorithm>
#include <limits>

#include "byte_order.h"

namespace truce::image::qcow2 {
namespace {

/// [qcow2] Compressed Clusters Descriptor.
Result<Cluster> decode_compressed(std::uint64_t entry, std::uint64_t guest, const Bounds& bounds) {
  auto sector_bits = bounds.geometry.cluster_bits - 8;
  auto offset_bits = 62 - sector_bits;
  Cluster cluster{.state = State::compressed};
  cluster.host = entry & ((std::uint64_t{1} << offset_bits) - 1);
  auto more_sectors = (entry >> offset_bits) & ((std::uint64_t{1} << sector_bits) - 1);
  cluster.stored = (more_sectors + 1) * 512 - cluster.host % 512;
  if (bounds.external)
    return fail(Code::corrupt, "the cluster at {} is compressed, in an image with a data file",
                guest);
  if (cluster.host >= std::uint64_t{1} << 56 || cluster.host < bounds.geometry.cluster_size() ||
      cluster.host >= bounds.data_size) {
    return fail(Code::corrupt,
                "the compressed cluster at {} is said to lie at {}, the file has {} bytes", guest,
                cluster.host, bounds.data_size);
  }
  if (bounds.forbids(cluster.host, 1))
    return fail(Code::corrupt,
                "the compressed cluster at {} is said to lie at {}, where tables are", guest,
                cluster.host);
  return cluster;
}

Result<void> check_place(std::uint64_t host, std::uint64_t guest, const Bounds& bounds) {
  const auto& geometry = bounds.geometry;
  if (!geometry.aligned(host))
    return fail(Code::corrupt, "the cluster at {} is said to lie at {}, which is no multiple of {}",
                guest, host, geometry.cluster_size());
  if (bounds.external && host != geometry.round_down(guest))
    return fail(Code::corrupt, "the cluster at {} is said to lie at {} of the data file", guest,
                host);
  if (!bounds.external && host < geometry.cluster_size())
    return fail(Code::corrupt, "the cluster at {} is said to lie over the header", guest);
  if (host >= bounds.data_size) {
    return fail(Code::corrupt, "the cluster at {} is said to lie at {}, the file has {} bytes",
                guest, host, bounds.data_size);
  }
  if (bounds.forbids(host, geometry.cluster_size()))
    return fail(Code::corrupt, "the cluster at {} is said to lie at {}, where tables are", guest,
                host);
  return {};
}

RawEntry raw_entry(View entries, std::size_t index, bool extended) {
  if (!extended) return {be<std::uint64_t>(entries, index * 8), 0};
  return {be<std::uint64_t>(entries, index * 16), be<std::uint64_t>(entries, index * 16 + 8)};
}

}  // namespace

bool Bounds::forbids(std::uint64_t offset, std::uint64_t length) const {
  return !external && std::ranges::any_of(forbidden, [&](const Forbidden& range) {
    return range.holds(offset, length);
  });
}

State Cluster::subcluster(unsigned index) const {
  if ((bitmap >> index & 1) != 0) return State::data;
  return (bitmap >> (32 + index) & 1) != 0 ? State::zero : State::unallocated;
}

Result<Cluster> decode(const RawEntry& raw, std::uint64_t guest, const Bounds& bounds) {
  auto value = raw.entry;
  bool copied = (value & entry::copied) != 0;
  if ((value & entry::compressed) != 0) return decode_compressed(value, guest, bounds);
  if ((value & entry::l2_reserved) != 0)
    return fail(Code::corrupt, "the cluster at {}: reserved bits are set in its entry {:#x}", guest,
                value);
  Cluster cluster{.host = value & entry::offset_mask, .copied = copied, .bitmap = raw.bitmap};
  bool zero = (value & entry::zero) != 0;
  if (zero && (bounds.version == 2 || bounds.geometry.extended))
    return fail(Code::corrupt, "the cluster at {}: bit 0 of its entry {:#x} has no meaning here",
                guest, value);
  bool placed = cluster.host != 0 || (bounds.external && copied);
  if (!placed && copied)
    return fail(Code::corrupt, "the cluster at {} is said to lie over the header", guest);
  if (bounds.geometry.extended) {
    if ((raw.bitmap & raw.bitmap >> 32 & 0xffffffff) != 0)
      return fail(Code::corrupt, "the cluster at {}: subclusters both stored and zero: {:#x}",
                  guest, raw.bitmap);
    bool stored = (raw.bitmap & 0xffffffff) != 0;
    if (stored && !placed)
      return fail(Code::corrupt, "the cluster at {} has subclusters, but no place", guest);
    if (stored) TRY_VOID(check_place(cluster.host, guest, bounds));
    cluster.state = State::data;
    return cluster;
  }
  cluster.state = zero ? State::zero : placed ? State::data : State::unallocated;
  if (cluster.state == State::data) TRY_VOID(check_place(cluster.host, guest, bounds));
  return cluster;
}

Mapping::Mapping(const File& file, const File* data, const Header& header, std::uint64_t l1_offset,
                 std::uint32_t l1_entries)
    : file_(file),
      data_(data),
      bounds_{header.geometry, header.version, header.external_data(), 0},
      l1_offset_(l1_offset),
      l1_entries_(l1_entries),
      cache_(file, 64) {}

Bounds Mapping::bounds() const {
  auto bounds = bounds_;
  bounds.data_size = data_ != nullptr ? data_->size() : std::numeric_limits<std::uint64_t>::max();
  return bounds;
}

void Mapping::forbid_tables(const Header& header) {
  auto l1_bytes = std::uint64_t{l1_entries_} * 8,
       active_bytes = std::uint64_t{header.l1_entries} * 8;
  bounds_.forbidden = {{{l1_offset_, l1_offset_ + l1_bytes},
                        {header.l1_offset, header.l1_offset + active_bytes},
                        {header.refcount_table_offset,
                         header.refcount_table_offset + header.refcount_table_bytes()}}};
}

Result<Mapping::Table> Mapping::table(std::uint64_t index) {
  if (index >= l1_entries_)
    return fail(Code::corrupt, "{}: the L1 table has {} entries, {} is wanted", file_.name(),
                l1_entries_, index);
  TRY(auto value, cache_.be<std::uint64_t>(l1_offset_ + index * 8));
  Table found{value & entry::offset_mask, (value & entry::copied) != 0};
  if ((value & entry::l1_reserved) != 0)
    return fail(Code::corrupt, "{}: L1 entry {}: reserved bits are set: {:#x}", file_.name(), index,
                value);
  if (found.offset == 0) return Table{};
  auto size = bounds_.geometry.cluster_size();
  if (!bounds_.geometry.aligned(found.offset) || !inside(found.offset, size, file_.size())) {
    return fail(Code::corrupt,
                "{}: L1 entry {}: an L2 table at {} is not aligned or not in the file of {} bytes",
                file_.name(), index, found.offset, file_.size());
  }
  for (const auto& range : bounds_.forbidden) {
    if (range.holds(found.offset, size))
      return fail(Code::corrupt, "{}: L1 entry {}: an L2 table at {}, where other tables are",
                  file_.name(), index, found.offset);
  }
  return found;
}

Result<Mapped> Mapping::at(std::uint64_t offset, std::uint64_t length) {
  const auto& geometry = bounds_.geometry;
  auto index = offset / geometry.table_span();
  auto within = offset % geometry.table_span();
  auto first = (within >> geometry.cluster_bits) * geometry.entry_bytes();
  auto here = std::min(length, geometry.table_span() - within);
  if (auto found = changed.find(index); found != changed.end())
    return in_table(View(*found->second).subspan(first), offset, here);
  TRY(auto table, this->table(index));
  if (table.offset == 0) return missing_tables(offset, length);
  TRY(auto page, cache_.page(table.offset + first));
  auto entries = page.from(table.offset + first);
  return in_table(entries.first(std::min(entries.size(), geometry.cluster_size() - first)), offset,
                  here);
}

Result<Mapped> Mapping::missing_tables(std::uint64_t offset, std::uint64_t length) {
  auto span = bounds_.geometry.table_span();
  Mapped run{.length = span - offset % span};
  auto index = offset / span + 1;
  TRY(auto page, cache_.page(l1_offset_ + (index - 1) * 8));
  auto next = l1_offset_ + index * 8;
  while (index < l1_entries_ && page.holds(next, 8) && be<std::uint64_t>(page.from(next), 0) == 0 &&
         !changed.contains(index)) {
    run.length += span;
    ++index;
    next += 8;
  }
  run.length = std::min(run.length, length);
  return run;
}

Result<Mapped> Mapping::in_table(View entries, std::uint64_t offset, std::uint64_t length) const {
  const auto& geometry = bounds_.geometry;
  if (geometry.extended) return in_subclusters(entries, offset, length);
  auto bounds = this->bounds();
  auto cluster_size = geometry.cluster_size();
  auto start = geometry.round_down(offset);
  Mapped run;
  std::uint64_t covered = 0;  // from `start`
  for (std::size_t i = 0; i < entries.size() / 8 && covered < offset - start + length; ++i) {
    auto decoded = decode(raw_entry(entries, i, false), start + covered, bounds);
    // A damaged entry further on ends the run; it is told of when it is asked for itself.
    if (!decoded && i != 0) break;
    TRY(auto cluster, std::move(decoded));
    if (i == 0) {
      run = {cluster.state, 0, cluster.host, cluster.stored};
    } else if (cluster.state != run.state ||
               (run.state == State::data && cluster.host != run.host + covered)) {
      break;
    }
    covered += cluster_size;
    if (run.state == State::compressed) break;
  }
  run.length = std::min(length, covered - (offset - start));
  if (run.state == State::data) run.host += offset - start;
  return run;
}

Result<Mapped> Mapping::in_subclusters(View entries, std::uint64_t offset,
                                       std::uint64_t length) const {
  const auto& geometry = bounds_.geometry;
  auto bounds = this->bounds();
  auto unit = geometry.subcluster_size();
  auto start = geometry.round_down(offset);
  auto first = static_cast<unsigned>((offset - start) / unit);
  Mapped run;
  std::uint64_t covered = first * unit;  // from `start`
  bool begun = false;
  for (std::size_t i = 0; i < entries.size() / 16 && covered < offset - start + length; ++i) {
    auto decoded = decode(raw_entry(entries, i, true), start + i * geometry.cluster_size(), bounds);
    if (!decoded && i != 0) break;
    TRY(auto cluster, std::move(decoded));
    if (cluster.state == State::compressed) {
      if (begun) break;
      return Mapped{State::compressed, std::min(length, geometry.cluster_size() - (offset - start)),
                    cluster.host, cluster.stored};
    }
    for (unsigned sub = i == 0 ? first : 0; sub < 32; ++sub, covered += unit) {
      auto state = cluster.subcluster(sub);
      auto host = cluster.host + sub * unit;
      if (!begun) run = {state, 0, host - covered, 0};
      if (state != run.state || (state == State::data && host != run.host + covered)) {
        i = entries.size();  // the run has ended
        break;
      }
      begun = true;
    }
  }
  run.length = std::min(length, covered - (offset - start));
  run.host += offset - start;  // wraps back where host - covered wrapped
  return run;
}

}  // namespace truce::image::qcow2
