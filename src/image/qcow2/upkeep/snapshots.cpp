// Internal snapshots: made, deleted, returned to ([qcow2] Snapshots).
#include <algorithm>
#include <charconv>
#include <functional>

#include "byte_order.h"
#include "image/qcow2.h"
#include "qcow2/host_clusters.h"
#include "qcow2/mapping.h"
#include "qcow2/upkeep/copied_flags.h"
#include "qcow2/upkeep/directory.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::size_t longest_name = 65535;

/// An L1 table in the file.
struct Tree {
  std::uint64_t offset = 0;
  std::uint32_t entries = 0;
  [[nodiscard]] std::uint64_t bytes() const { return std::uint64_t{entries} * 8; }
};

/// One change of the list of snapshots.
class SnapshotChange {
 public:
  static Result<std::unique_ptr<SnapshotChange>> open(File& file);
  SnapshotChange(File& file, Header header) : file_(file), header_(std::move(header)) {}

  Result<void> create(std::string_view name, std::int64_t now);
  Result<void> remove(std::string_view id_or_name);
  Result<void> revert(std::string_view id_or_name);

 private:
  Result<std::uint64_t> copy_l1(const Tree& from, std::uint32_t entries);
  Result<void> count_tree(const Tree& tree, int change);
  Result<void> count_table(std::uint64_t offset, int change);
  Result<void> write_list(const std::vector<std::vector<std::byte>>& rows, std::uint64_t& offset);
  Result<std::vector<std::vector<std::byte>>> rows_without(const SnapshotRow* removed) const;
  Result<void> point_at_list(std::uint64_t offset, std::size_t rows);
  Result<void> mend_flags();
  Result<void> make_durable();
  [[nodiscard]] Tree active() const { return {header_.l1_offset, header_.l1_entries}; }
  [[nodiscard]] std::string next_id() const;

  File& file_;
  Header header_;
  SnapshotTable list_;
  std::unique_ptr<HostClusters> hosts_;
};

Result<std::unique_ptr<SnapshotChange>> SnapshotChange::open(File& file) {
  TRY(auto header, read_header(file));
  if (header.external_data())
    return fail(Code::unsupported, "an image with a data file cannot have snapshots inside");
  if ((header.incompatible & (feature::dirty | feature::corrupt)) != 0)
    return fail(Code::precondition,
                "the image was not closed cleanly or is corrupt: check it first");
  auto made = std::make_unique<SnapshotChange>(file, std::move(header));
  TRY(made->list_, read_snapshots(file, made->header_));
  TRY(made->hosts_, HostClusters::open(file, made->header_));
  return made;
}

std::string SnapshotChange::next_id() const {
  std::uint64_t highest = 0;
  for (const auto& row : list_.rows) {
    std::uint64_t id = 0;
    const auto& text = row.about.id;
    auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error == std::errc{} && id < ~std::uint64_t{0}) highest = std::max(highest, id);
  }
  return fmt::format("{}", highest + 1);
}

/// What was allocated and counted so far is in the file, whatever happens.
Result<void> SnapshotChange::make_durable() {
  TRY_VOID(hosts_->write_counts());
  TRY_VOID(file_.flush());
  if (!hosts_->new_blocks()) return {};
  TRY_VOID(hosts_->link_blocks());
  return file_.flush();
}

/// A copy of an L1 table with room for `entries`, its copied flags cleared.
Result<std::uint64_t> SnapshotChange::copy_l1(const Tree& from, std::uint32_t entries) {
  auto bytes = round_up(std::max<std::uint64_t>(std::uint64_t{entries} * 8, 8),
                        header_.geometry.cluster_size());
  TRY(auto offset, hosts_->allocate(bytes >> header_.geometry.cluster_bits));
  std::vector<std::byte> table(bytes);
  TRY_VOID(file_.read(from.offset, Span(table).first(std::min(from.bytes(), bytes))));
  for (std::size_t i = 0; i < table.size(); i += 8)
    put_be<std::uint64_t>(table, i, be<std::uint64_t>(table, i) & ~entry::copied);
  TRY_VOID(file_.write(offset, table));
  return offset;
}

/// One reference more, or fewer, to all that a tree of tables refers to.
Result<void> SnapshotChange::count_tree(const Tree& tree, int change) {
  Mapping mapping(file_, &file_, header_, tree.offset, tree.entries);
  for (std::uint64_t index = 0; index < tree.entries; ++index) {
    TRY(auto table, mapping.table(index));
    if (table.offset == 0) continue;
    TRY_VOID(count_table(table.offset, change));
    TRY_VOID(hosts_->add(table.offset, header_.geometry.cluster_size(), change));
  }
  return {};
}

Result<void> SnapshotChange::count_table(std::uint64_t offset, int change) {
  const auto& geometry = header_.geometry;
  std::vector<std::byte> table(geometry.cluster_size());
  TRY_VOID(file_.read(offset, table));
  Bounds bounds{geometry, header_.version, false, file_.size()};
  for (std::size_t i = 0; i < table.size(); i += geometry.entry_bytes()) {
    RawEntry raw{be<std::uint64_t>(table, i),
                 geometry.extended ? be<std::uint64_t>(table, i + 8) : 0};
    TRY(auto cluster, decode(raw, 0, bounds));
    if (cluster.host == 0) continue;
    auto bytes = cluster.state == State::compressed ? cluster.stored : geometry.cluster_size();
    TRY_VOID(hosts_->add(cluster.host, bytes, change));
  }
  return {};
}

Result<std::vector<std::vector<std::byte>>> SnapshotChange::rows_without(
    const SnapshotRow* removed) const {
  std::vector<std::vector<std::byte>> rows;
  for (const auto& row : list_.rows) {
    if (&row == removed) continue;
    std::vector<std::byte> bytes(row.bytes);
    auto stored =
        std::min(row.bytes, file_.size() - row.position);  // the last row's padding may be missing
    TRY_VOID(file_.read(row.position, Span(bytes).first(stored)));
    rows.push_back(std::move(bytes));
  }
  return rows;
}

/// A new list beside the old one; `offset` is 0 for an empty one.
Result<void> SnapshotChange::write_list(const std::vector<std::vector<std::byte>>& rows,
                                        std::uint64_t& offset) {
  std::vector<std::byte> list;
  for (const auto& row : rows) list.insert(list.end(), row.begin(), row.end());
  offset = 0;
  if (list.empty()) return {};
  list.resize(round_up(list.size(), header_.geometry.cluster_size()));
  TRY(offset, hosts_->allocate(list.size() >> header_.geometry.cluster_bits));
  return file_.write(offset, list);
}

/// The header speaks of the new list: from here on the change has happened.
Result<void> SnapshotChange::point_at_list(std::uint64_t offset, std::size_t rows) {
  std::vector<std::byte> fields(12);
  put_be<std::uint32_t>(fields, 0, static_cast<std::uint32_t>(rows));
  put_be<std::uint64_t>(fields, 4, offset);
  TRY_VOID(file_.write(field::snapshot_count, fields));
  TRY_VOID(file_.flush());
  if (list_.bytes != 0) hosts_->release(header_.snapshots_offset, list_.bytes);
  return {};
}

/// Of the disk's tables.
Result<void> SnapshotChange::mend_flags() {
  TRY_VOID(mend_copied_flags(file_, header_,
                             [&](std::uint64_t offset) { return hosts_->refcount(offset); }));
  return {};
}

Result<void> SnapshotChange::create(std::string_view name, std::int64_t now) {
  if (name.empty() || name.size() > longest_name)
    return fail(Code::invalid, "a snapshot's name has 1 to {} bytes", longest_name);
  if (find_snapshot(list_, name)) return fail(Code::conflict, "there is a snapshot '{}'", name);
  if (list_.rows.size() >= largest_snapshot_count)
    return fail(Code::limit, "there are {} snapshots, more are not read", largest_snapshot_count);
  SnapshotRow row;
  row.about = {.id = next_id(), .name = std::string(name), .created = now, .size = header_.size};
  row.l1_entries = header_.l1_entries;
  TRY_VOID(count_tree(active(), 1));
  TRY(row.l1_offset, copy_l1(active(), header_.l1_entries));
  TRY(auto rows, rows_without(nullptr));
  rows.push_back(row_bytes(row));
  std::uint64_t list = 0;
  TRY_VOID(write_list(rows, list));
  TRY_VOID(make_durable());
  TRY_VOID(mend_flags());
  TRY_VOID(file_.flush());
  TRY_VOID(point_at_list(list, rows.size()));
  TRY_VOID(hosts_->settle());
  return file_.flush();
}

Result<void> SnapshotChange::remove(std::string_view id_or_name) {
  TRY(const auto* row, find_snapshot(list_, id_or_name));
  TRY_VOID(usable(*row, header_, file_.size()));
  TRY(auto rows, rows_without(row));
  std::uint64_t list = 0;
  TRY_VOID(write_list(rows, list));
  TRY_VOID(make_durable());
  TRY_VOID(point_at_list(list, rows.size()));
  Tree tree{row->l1_offset, row->l1_entries};
  TRY_VOID(count_tree(tree, -1));
  if (tree.entries != 0) hosts_->release(tree.offset, tree.bytes());
  TRY_VOID(hosts_->settle());
  TRY_VOID(file_.flush());
  TRY_VOID(mend_flags());
  return file_.flush();
}

Result<void> SnapshotChange::revert(std::string_view id_or_name) {
  TRY(const auto* row, find_snapshot(list_, id_or_name));
  TRY_VOID(usable(*row, header_, file_.size()));
  if (header_.bitmaps_consistent() && header_.bitmaps->count != 0)
    return fail(Code::precondition,
                "it has bitmaps, and they could not tell what going back to a snapshot changes: "
                "remove them first");
  Tree before = active(), target{row->l1_offset, row->l1_entries};
  TRY_VOID(count_tree(target, 1));
  TRY(auto offset, copy_l1(target, target.entries));
  TRY_VOID(make_durable());
  // Bitmaps do not speak of this disk; then size, entries and place of the L1 table in one write.
  std::vector<std::byte> autoclear(8);
  put_be<std::uint64_t>(autoclear, 0, header_.autoclear & feature::raw_data_file);
  if (header_.version == 3) TRY_VOID(file_.write(field::autoclear, autoclear));
  TRY_VOID(file_.flush());
  std::vector<std::byte> fields(24);
  put_be<std::uint64_t>(fields, 0, row->about.size);
  put_be<std::uint32_t>(fields, field::l1_entries - field::size, target.entries);
  put_be<std::uint64_t>(fields, field::l1_offset - field::size, offset);
  TRY_VOID(file_.write(field::size, fields));
  TRY_VOID(file_.flush());
  header_.l1_offset = offset;
  header_.l1_entries = target.entries;
  TRY_VOID(count_tree(before, -1));
  if (before.entries != 0) hosts_->release(before.offset, before.bytes());
  TRY_VOID(hosts_->settle());
  TRY_VOID(file_.flush());
  TRY_VOID(mend_flags());
  return file_.flush();
}

Result<void> changed(File& file, const std::function<Result<void>(SnapshotChange&)>& change) {
  auto opened = SnapshotChange::open(file);
  auto done = opened ? change(**opened) : std::unexpected(std::move(opened).error());
  if (!done) return std::unexpected(std::move(done).error().within(file.name()));
  return done;
}

}  // namespace

Result<void> create_snapshot(File& file, std::string_view name, std::int64_t now) {
  return changed(file, [&](SnapshotChange& change) { return change.create(name, now); });
}
Result<void> delete_snapshot(File& file, std::string_view id_or_name) {
  return changed(file, [&](SnapshotChange& change) { return change.remove(id_or_name); });
}
Result<void> revert_to_snapshot(File& file, std::string_view id_or_name) {
  return changed(file, [&](SnapshotChange& change) { return change.revert(id_or_name); });
}

}  // namespace truce::image::qcow2
