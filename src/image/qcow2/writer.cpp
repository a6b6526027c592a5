#include "qcow2/writer.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::uint64_t stored_mask = 0xffffffff;

/// Bits [first, last] of a bitmap of subclusters.
std::uint64_t bits_of(std::uint64_t first, std::uint64_t last) {
  return (stored_mask >> (31 - last)) & (stored_mask << first);
}

}  // namespace

Result<std::unique_ptr<Writer>> Writer::open(Contents& contents, Description& description) {
  TRY(auto hosts, HostClusters::open(*contents.file, contents.header));
  TRY(auto bitmaps, KeptBitmaps::open(*contents.file, contents.header));
  return std::make_unique<Writer>(contents, description, std::move(hosts), std::move(bitmaps));
}

/// Before the first change: what is kept beside the disk and not kept up by us is said to be out of
/// date.
Result<void> Writer::begin() {
  auto& header = contents_.header;
  auto kept = header.autoclear & (feature::raw_data_file | (bitmaps_ ? feature::bitmaps : 0));
  if (!begun_ && header.version == 3 && kept != header.autoclear) {
    std::vector<std::byte> bits(8);
    put_be<std::uint64_t>(bits, 0, kept);
    TRY_VOID(file().write(field::autoclear, bits));
    TRY_VOID(file().flush());
    header.autoclear = kept;
  }
  begun_ = true;
  return bitmaps_ ? bitmaps_->begin() : Result<void>{};
}

/// Before a range is changed.
Result<void> Writer::note(std::uint64_t offset, std::uint64_t length) {
  if (!bitmaps_) return {};
  if (bitmaps_->full()) TRY_VOID(store_bitmaps());
  bitmaps_->note(offset, length);
  return {};
}

Result<void> Writer::store_bitmaps() {
  TRY_VOID(bitmaps_->store(*hosts_));
  TRY_VOID(commit());
  TRY_VOID(bitmaps_->link());
  return file().flush();
}

/// After a failure it is not known what is stored: nothing that follows may build on it.
template <class Operation>
Result<void> Writer::guarded(Operation operation) {
  if (broken_) return fail(Code::io, "{}: an earlier write failed", file().name());
  auto done = begin();
  if (done) done = operation();
  if (!done) broken_ = true;
  return done;
}

Result<void> Writer::write(std::uint64_t offset, View from) {
  if (!inside(offset, from.size(), contents_.size))
    return fail(Code::invalid, "{}: a write beyond the disk's end", file().name());
  return guarded([&]() -> Result<void> {
    TRY_VOID(note(offset, from.size()));
    return write_range(offset, from);
  });
}

Result<void> Writer::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  if (!inside(offset, length, contents_.size))
    return fail(Code::invalid, "{}: a write beyond the disk's end", file().name());
  return guarded([&]() -> Result<void> {
    TRY_VOID(note(offset, length));
    return zero_range(offset, length);
  });
}

// Where nothing was changed nothing is begun.
Result<void> Writer::flush() {
  if (!begun_ && !broken_) return {};
  return guarded([&] { return commit(); });
}

Result<void> Writer::close() {
  if (!begun_ && !broken_) return {};
  return guarded([&]() -> Result<void> {
    TRY_VOID(bitmaps_ ? store_bitmaps() : commit());
    if (file().size() < hosts_->end()) TRY_VOID(file().resize(hosts_->end()));
    TRY_VOID(flush_files());
    if (!bitmaps_) return {};
    TRY_VOID(bitmaps_->end());
    begun_ = false;  // whoever goes on writing marks them again
    return {};
  });
}

Result<void> Writer::forget() {
  if (contents_.header.external_data())
    return fail(Code::unsupported, "{}: its data lie in a file of their own", file().name());
  return guarded([&]() -> Result<void> {
    for (std::uint64_t at = 0; at < contents_.size;) {
      TRY(auto run, contents_.mapping.at(at, contents_.size - at));
      auto end = at + run.length;
      for (auto guest = geometry().round_down(at); guest < end;
           guest += geometry().cluster_size()) {
        if (run.state == State::unallocated) break;
        TRY(auto found, look_at(guest));
        if (found.raw.entry == 0 && found.raw.bitmap == 0) continue;
        TRY_VOID(set_entry(guest, {}));
        release(found);
      }
      at = end;
    }
    return commit();
  });
}

Result<Writer::Found> Writer::look_at(std::uint64_t guest) {
  auto& mapping = contents_.mapping;
  auto index = guest / geometry().table_span();
  auto at = guest % geometry().table_span() / geometry().cluster_size() * geometry().entry_bytes();
  Found found;
  auto take = [&](View entry) -> Result<Found> {
    found.raw.entry = be<std::uint64_t>(entry, 0);
    if (geometry().extended) found.raw.bitmap = be<std::uint64_t>(entry, 8);
    TRY(found.cluster, decode(found.raw, geometry().round_down(guest), mapping.bounds()));
    return found;
  };
  if (auto changed = mapping.changed.find(index); changed != mapping.changed.end())
    return take(View(*changed->second).subspan(at));
  TRY(auto table, mapping.table(index));
  if (table.offset == 0) return found;
  TRY(auto page, mapping.cache().page(table.offset + at));
  return take(page.from(table.offset + at));
}

Result<void> Writer::set_entry(std::uint64_t guest, const RawEntry& raw) {
  auto& mapping = contents_.mapping;
  auto index = guest / geometry().table_span();
  auto held = mapping.changed.find(index);
  if (held == mapping.changed.end()) {
    auto most = std::max<std::uint64_t>((std::uint64_t{4} << 20) >> geometry().cluster_bits, 2);
    if (mapping.changed.size() >= most || hosts_->waiting() > 65536) TRY_VOID(commit());
    TRY(auto table, mapping.table(index));
    auto content = std::make_shared<std::vector<std::byte>>(geometry().cluster_size());
    if (table.offset != 0) TRY_VOID(file().read(table.offset, *content));
    origins_[index] = {table.offset, table.offset != 0 && table.copied};
    held = mapping.changed.emplace(index, std::move(content)).first;
  }
  auto at = guest % geometry().table_span() / geometry().cluster_size() * geometry().entry_bytes();
  put_be<std::uint64_t>(*held->second, at, raw.entry);
  if (geometry().extended) put_be<std::uint64_t>(*held->second, at + 8, raw.bitmap);
  return {};
}

/// Gives back the place that an entry spoke of.
void Writer::release(const Found& found) {
  if (contents_.header.external_data()) return;
  const auto& cluster = found.cluster;
  if (cluster.state == State::compressed) {
    hosts_->release(cluster.host, cluster.stored);
    contents_.forget_decoded();
  } else if (cluster.host != 0) {
    hosts_->release(cluster.host, geometry().cluster_size());
  }
}

bool Writer::parent_covers(std::uint64_t offset) const {
  return contents_.parent != nullptr && offset < contents_.parent->size();
}

Result<void> Writer::write_range(std::uint64_t offset, View from) {
  while (!from.empty()) {
    auto left = geometry().round_down(offset) + geometry().cluster_size() - offset;
    auto part = from.first(std::min<std::uint64_t>(left, from.size()));
    TRY_VOID(write_in_cluster(offset, part));
    offset += part.size();
    from = from.subspan(part.size());
  }
  return {};
}

Result<void> Writer::write_in_cluster(std::uint64_t offset, View from) {
  TRY(auto found, look_at(offset));
  TRY(auto done, write_in_place(found.cluster, offset, from));
  return done ? Result<void>{} : write_new_units(found, offset, from);
}

/// Where the bytes have a place that is nobody else's.
Result<bool> Writer::write_in_place(const Cluster& cluster, std::uint64_t offset, View from) {
  if (cluster.state != State::data || !cluster.copied) return false;
  auto within = offset - geometry().round_down(offset);
  if (geometry().extended) {
    auto unit = geometry().subcluster_size();
    auto touched = bits_of(within / unit, (within + from.size() - 1) / unit);
    if ((cluster.bitmap & touched) != touched) return false;
  }
  if (!contents_.header.external_data()) TRY_VOID(hosts_->expect_no_metadata(cluster.host, 1));
  TRY_VOID(contents_.data_file()->write(cluster.host + within, from));
  return true;
}

/// The host cluster for what is about to be written; `keep`: the one it has is its own.
Result<std::uint64_t> Writer::place_for(const Found& found, std::uint64_t guest, bool keep) {
  if (contents_.header.external_data()) return guest;
  if (!keep) return hosts_->allocate();
  TRY_VOID(hosts_->expect_no_metadata(found.cluster.host, 1));
  return found.cluster.host;
}

// Units are subclusters, or the cluster: those that are touched are written whole, at a place where
// they cannot be seen until the entry says so.
Result<void> Writer::write_new_units(const Found& found, std::uint64_t offset, View from) {
  const auto& cluster = found.cluster;
  auto guest = geometry().round_down(offset);
  auto size = geometry().cluster_size();
  auto unit = geometry().subcluster_size();
  bool shared = !contents_.header.external_data() && !cluster.copied &&
                (cluster.state == State::compressed || cluster.host != 0);
  // What lies in a place that is not ours moves as a whole.
  auto first = shared ? 0 : (offset - guest) / unit * unit;
  auto last = shared ? size : round_up(offset - guest + from.size(), unit);
  std::vector<std::byte> content(last - first);
  if (from.size() != content.size()) TRY_VOID(contents_.read(guest + first, content));
  std::ranges::copy(from, content.begin() + static_cast<std::ptrdiff_t>(offset - guest - first));
  bool keep = !shared && cluster.host != 0;
  TRY(auto host, place_for(found, guest, keep));
  auto bytes = View(content);
  if (contents_.header.external_data())  // the data file is as long as the disk
    bytes = bytes.first(std::min<std::uint64_t>(bytes.size(), contents_.size - guest - first));
  TRY_VOID(contents_.data_file()->write(host + first, bytes));
  RawEntry raw{host | entry::copied, 0};
  if (geometry().extended) {
    auto touched = bits_of(first / unit, (last - 1) / unit);
    auto before = cluster.state == State::compressed ? 0 : found.raw.bitmap;
    raw.bitmap = (before | touched) & ~(touched << 32);
  }
  TRY_VOID(set_entry(guest, raw));
  if (shared) release(found);
  return {};
}

Result<void> Writer::zero_range(std::uint64_t offset, std::uint64_t length) {
  while (length != 0) {
    TRY(auto run, contents_.mapping.at(offset, length));
    bool zero =
        run.state == State::zero || (run.state == State::unallocated && !parent_covers(offset));
    if (zero && contents_.header.external_data())
      TRY_VOID(contents_.data->write_zeroes(offset, run.length));
    if (!zero) TRY_VOID(zero_run(run, offset));
    offset += run.length;
    length -= run.length;
  }
  return {};
}

/// A run that may hold something: whole clusters lose their place, parts are written over.
Result<void> Writer::zero_run(const Mapped& run, std::uint64_t offset) {
  auto end = offset + run.length;
  while (offset < end) {
    auto guest = geometry().round_down(offset);
    auto next = std::min(guest + geometry().cluster_size(), end);
    // Beyond the disk's end nothing is kept of the last cluster.
    bool whole =
        offset == guest && (next == guest + geometry().cluster_size() || next == contents_.size);
    if (whole) {
      TRY_VOID(zero_cluster(guest));
    } else {
      TRY_VOID(write_in_cluster(offset, std::vector<std::byte>(next - offset)));
    }
    offset = next;
  }
  return {};
}

Result<void> Writer::zero_cluster(std::uint64_t guest) {
  const auto& header = contents_.header;
  auto size = geometry().cluster_size();
  if (header.external_data()) TRY_VOID(contents_.data->write_zeroes(guest, size));
  TRY(auto found, look_at(guest));
  // In the data file it is zero now, and the entry may stay; not that of a part that is cut off.
  if (header.external_data() && !geometry().extended && found.cluster.state == State::data &&
      guest < header.size)
    return {};
  bool hide = parent_covers(guest);
  if (hide && header.version == 2) return write_in_cluster(guest, std::vector<std::byte>(size));
  RawEntry raw;
  if (hide && geometry().extended) raw.bitmap = stored_mask << 32;
  if (hide && !geometry().extended) raw.entry = entry::zero;
  TRY_VOID(set_entry(guest, raw));
  release(found);
  return {};
}

// A disk that grows must not show what lies behind its old end: leftovers of the last cluster, or a
// backing file that is longer.
Result<void> Writer::grow(std::uint64_t size) {
  auto old_size = contents_.size;
  if (bitmaps_) TRY_VOID(bitmaps_->resize(size, *hosts_));
  TRY_VOID(grow_l1(divide_up(size, geometry().table_span())));
  if (contents_.header.external_data()) TRY_VOID(contents_.data->resize(size));
  contents_.size = size;
  TRY_VOID(zero_range(old_size, size - old_size));
  TRY_VOID(commit());
  return put_size(size);
}

Result<void> Writer::grow_l1(std::uint64_t entries) {
  auto& header = contents_.header;
  auto old_entries = std::uint64_t{header.l1_entries};
  if (entries <= old_entries) return {};
  if (entries * 8 > largest_l1_bytes)
    return fail(Code::limit, "{}: clusters of {} bytes are too small for a disk of that size",
                file().name(), geometry().cluster_size());
  TRY_VOID(commit());
  auto bytes = round_up(entries * 8, geometry().cluster_size());
  TRY(auto offset, hosts_->allocate(bytes >> geometry().cluster_bits));
  std::vector<std::byte> table(bytes);
  TRY_VOID(file().read(header.l1_offset, Span(table).first(old_entries * 8)));
  TRY_VOID(file().write(offset, table));
  TRY_VOID(commit());
  std::vector<std::byte> fields(12);
  put_be<std::uint32_t>(fields, 0, static_cast<std::uint32_t>(entries));
  put_be<std::uint64_t>(fields, 4, offset);
  TRY_VOID(file().write(field::l1_entries, fields));
  TRY_VOID(file().flush());
  if (old_entries != 0) {
    hosts_->release(header.l1_offset, old_entries * 8);
    hosts_->unprotect(header.l1_offset, old_entries * 8);
  }
  hosts_->protect(offset, bytes);
  header.l1_entries = static_cast<std::uint32_t>(entries);
  header.l1_offset = offset;
  contents_.mapping.cache().forget(offset, bytes);  // clusters of the disk may have lain there
  contents_.mapping.place(offset, header.l1_entries);
  return {};
}

Result<void> Writer::shrink(std::uint64_t size) {
  auto old_size = contents_.size;
  if (bitmaps_) {
    TRY_VOID(store_bitmaps());
    TRY_VOID(bitmaps_->resize(size, *hosts_));
  }
  TRY_VOID(commit());
  TRY_VOID(put_size(size));
  auto from = round_up(size, geometry().cluster_size());
  if (from < old_size) TRY_VOID(zero_range(from, old_size - from));
  contents_.size = size;
  TRY_VOID(commit());
  return contents_.header.external_data() ? contents_.data->resize(size) : Result<void>{};
}

Result<void> Writer::put_size(std::uint64_t size) {
  std::vector<std::byte> bytes(8);
  put_be<std::uint64_t>(bytes, 0, size);
  TRY_VOID(file().write(field::size, bytes));
  TRY_VOID(file().flush());
  contents_.header.size = size;
  return {};
}

Result<void> Writer::resize(std::uint64_t size) {
  if (size % 512 != 0)
    return fail(Code::invalid, "{}: a size of {} is no multiple of 512", file().name(), size);
  if (divide_up(size, geometry().table_span()) * 8 > largest_l1_bytes)
    return fail(Code::limit, "{}: clusters of {} bytes are too small for a disk of {}",
                file().name(), geometry().cluster_size(), size);
  if (size == contents_.size) return {};
  TRY_VOID(guarded([&] { return size > contents_.size ? grow(size) : shrink(size); }));
  description_.size = size;
  return {};
}

Result<void> Writer::flush_files() {
  if (contents_.header.external_data()) TRY_VOID(contents_.data->flush());
  return file().flush();
}

Result<void> Writer::commit() {
  TRY_VOID(place_new_tables());
  TRY_VOID(hosts_->write_counts());
  TRY_VOID(flush_files());
  if (hosts_->new_blocks()) {
    TRY_VOID(hosts_->link_blocks());
    TRY_VOID(file().flush());
  }
  if (!contents_.mapping.changed.empty()) {
    TRY_VOID(write_tables());
    TRY_VOID(file().flush());
  }
  return hosts_->settle();
}

/// Tables that are new, or shared with a snapshot, are written to a new place.
Result<void> Writer::place_new_tables() {
  for (const auto& [index, content] : contents_.mapping.changed) {
    if (origins_[index].in_place) continue;
    TRY(auto offset, hosts_->allocate());
    TRY_VOID(file().write(offset, *content));
    new_tables_[index] = offset;
  }
  return {};
}

Result<void> Writer::write_tables() {
  auto& mapping = contents_.mapping;
  auto size = geometry().cluster_size();
  std::vector<std::byte> value(8);
  for (const auto& [index, content] : mapping.changed) {
    auto origin = origins_[index];
    if (origin.in_place) {
      TRY_VOID(mapping.cache().put(file(), origin.offset, *content));
      continue;
    }
    auto offset = new_tables_[index];
    mapping.cache().forget(offset, size);
    put_be<std::uint64_t>(value, 0, offset | entry::copied);
    TRY_VOID(mapping.cache().put(file(), mapping.l1_offset() + index * 8, value));
    hosts_->protect(offset, size);
    if (origin.offset != 0) hosts_->release(origin.offset, size);
  }
  mapping.changed.clear();
  origins_.clear();
  new_tables_.clear();
  return {};
}

}  // namespace truce::image::qcow2
