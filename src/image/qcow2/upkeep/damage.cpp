#include "qcow2/upkeep/damage.h"

#include "byte_order.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::uint64_t all_zero_subclusters = std::uint64_t{0xffffffff} << 32;

}  // namespace

/// Notes where metadata lies, and what the lists say that cannot be.
class Damage::Known final : public ReferenceSink {
 public:
  explicit Known(Damage& damage) : damage_(damage) {}
  void use(Use use, std::uint64_t offset, std::uint64_t length, std::uint32_t,
           std::string_view) override {
    if (use == Use::data) return;
    auto bits = damage_.header_.geometry.cluster_bits;
    auto& clusters = use == Use::metadata ? damage_.fixed_ : damage_.tables_;
    for (auto cluster = offset >> bits; cluster <= (offset + length - 1) >> bits; ++cluster) {
      if (use == Use::metadata || !damage_.fixed_.contains(cluster)) clusters.insert(cluster);
    }
  }
  void problem(std::string what) override {
    if (what.starts_with("snapshot '") || what.starts_with("bitmap '") ||
        what.starts_with("the list of bitmaps"))
      damage_.lists_.push_back(std::move(what));
  }

 private:
  Damage& damage_;
};

Result<std::unique_ptr<Damage>> Damage::collect(File& file, const Header& header) {
  auto made = std::make_unique<Damage>(file, header);
  Known known(*made);
  TRY(auto references, References::collect(file, nullptr, header, known));
  TRY_VOID(references->walk(known, References::Refcounts::left_out));
  return made;
}

void Damage::tell(const Work& work, std::string what) {
  ++parts_;
  if (work.doing == Doing::finding) {
    work.report.remains(std::move(what));
  } else {
    work.report.mended(what + ": it reads as zeros now");
  }
}

Result<void> Damage::walk(Doing doing, Repaired& report) {
  parts_ = harmless_ = 0;
  Work work{doing, report, {}};
  TRY_VOID(walk_tree(work, header_.l1_offset, header_.l1_entries, "the disk"));
  TRY(auto snapshots, read_snapshots(file_, header_));
  for (const auto& row : snapshots.rows) {
    if (!usable(row, header_, file_.size())) continue;
    TRY_VOID(walk_tree(work, row.l1_offset, row.l1_entries,
                       fmt::format("snapshot '{}'", row.about.name)));
  }
  return {};
}

Result<void> Damage::walk_tree(Work& work, std::uint64_t l1_offset, std::uint32_t entries,
                               const std::string& what) {
  Mapping mapping(file_, header_.external_data() ? nullptr : &file_, header_, l1_offset, entries);
  const std::vector<std::byte> nothing(8);
  auto span = header_.geometry.table_span();
  for (std::uint64_t index = 0; index < entries; ++index) {
    auto table = mapping.table(index);
    if (!table && table.error().code != Code::corrupt) return std::unexpected(table.error());
    if (table && table->offset == 0) continue;
    bool good = table && !fixed_.contains(table->offset >> header_.geometry.cluster_bits);
    if (good) {
      if (work.seen.insert(table->offset).second)
        TRY_VOID(walk_table(work, table->offset, index * span, mapping.bounds()));
      continue;
    }
    tell(work, fmt::format(
                   "{}: the {} bytes from {} on: {}", what, span, index * span,
                   table ? "their table is said to lie on other metadata" : table.error().message));
    if (work.doing == Doing::mending)
      TRY_VOID(mapping.cache().put(file_, l1_offset + index * 8, nothing));
  }
  return {};
}

bool Damage::on_metadata(std::uint64_t offset, std::uint64_t length) const {
  auto bits = header_.geometry.cluster_bits;
  for (auto cluster = offset >> bits; cluster <= (offset + length - 1) >> bits; ++cluster) {
    if (fixed_.contains(cluster) || tables_.contains(cluster)) return true;
  }
  return false;
}

/// What is wrong with an entry that stands for content; empty when nothing is.
std::string Damage::wrong(const RawEntry& raw, std::uint64_t guest, const Bounds& bounds) const {
  auto cluster = decode(raw, guest, bounds);
  if (!cluster) return cluster.error().message;
  if (bounds.external) return {};
  bool compressed = cluster->state == State::compressed;
  bool content = compressed || (cluster->state == State::data &&
                                (!bounds.geometry.extended || (raw.bitmap & 0xffffffff) != 0));
  auto length = compressed ? cluster->stored : bounds.geometry.cluster_size();
  if (content && on_metadata(cluster->host, length))
    return fmt::format("the cluster at {} is said to lie at {}, where metadata is", guest,
                       cluster->host);
  return {};
}

RawEntry Damage::zeros() const {
  if (header_.geometry.extended) return {0, all_zero_subclusters};
  return {header_.version == 2 ? 0 : entry::zero, 0};
}

Result<void> Damage::walk_table(Work& work, std::uint64_t offset, std::uint64_t guest,
                                const Bounds& bounds) {
  const auto& geometry = header_.geometry;
  std::vector<std::byte> table(geometry.cluster_size());
  TRY_VOID(file_.read(offset, table));
  bool changed = false;
  auto put = [&](std::size_t at, const RawEntry& raw) {
    put_be<std::uint64_t>(table, at, raw.entry);
    if (geometry.extended) put_be<std::uint64_t>(table, at + 8, raw.bitmap);
    changed = true;
  };
  for (std::size_t i = 0; i < table.size(); i += geometry.entry_bytes()) {
    RawEntry raw{be<std::uint64_t>(table, i),
                 geometry.extended ? be<std::uint64_t>(table, i + 8) : 0};
    auto at = guest + (i / geometry.entry_bytes() << geometry.cluster_bits);
    if (auto why = wrong(raw, at, bounds); !why.empty()) {
      tell(work, std::move(why));
      put(i, zeros());
      continue;
    }
    auto host = raw.entry & entry::offset_mask;
    if (bounds.external || host == 0 || (raw.entry & entry::compressed) != 0) continue;
    bool possible = geometry.aligned(host) && host >= geometry.cluster_size() &&
                    host < bounds.data_size && !on_metadata(host, 1);
    if (possible) continue;
    ++harmless_;  // nothing is stored there: else it would be wrong
    put(i, {raw.entry & entry::zero, raw.bitmap});
  }
  if (changed && work.doing == Doing::mending) TRY_VOID(file_.write(offset, table));
  return {};
}

}  // namespace truce::image::qcow2
