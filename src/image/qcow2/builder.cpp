#include "qcow2/builder.h"

#include <array>
#include <optional>

#include "byte_order.h"
#include "image/qcow2.h"
#include "luks/luks.h"
#include "qcow2/choices.h"
#include "qcow2/codec.h"
#include "qcow2/mapping.h"
#include "qcow2/new_clusters.h"
#include "sealed.h"
#include "table_writer.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::array<Option, 11> options_of_build{{
    {"cluster_size", "65536", "", "bytes of a cluster: a power of two from 512 to 2M"},
    {"compat", "1.1", "0.10|1.1", "version of the format: 0.10 is for QEMU before 1.1"},
    {"compression", "none", "none|zlib|zstd", "of all clusters that get smaller by it"},
    {"level", "", "", "effort of compression: zlib fast, 1 to 12 (2), zstd 1 to 19 (3)"},
    {"extended_l2", "off", "on|off", "clusters are allocated in 32 parts"},
    {"data_file", "", "", "keep the data in another new file of this name"},
    {"data_file_raw", "off", "on|off", "the data file is the raw disk, whoever reads it"},
    {"backing_file", "", "", "what is not in the image is read from this file"},
    {"backing_format", "", "", "format of the backing file"},
    {"lazy_refcounts", "off", "on|off", "QEMU may put off writing refcounts"},
    {"preallocation", "off", "off|metadata", "give every cluster of the disk its place"},
}};

constexpr Mark state_mark = "truce qcow2 1";
constexpr std::uint64_t all_subclusters = 0xffffffff;

/// The L1 and L2 tables of a new image: one L2 table is held, and written when the next is begun.
class NewTables {
 public:
  NewTables(File& file, const Header& header, NewClusters& clusters)
      : file_(file),
        geometry_(header.geometry),
        clusters_(clusters),
        l1_(file, header.l1_offset, header.l1_entries, 8),
        table_(geometry_.cluster_size()) {}
  /// Sees to it that the table of guest cluster `cluster` is the one that is held.
  Result<void> open(std::uint64_t cluster) {
    auto index = cluster / geometry_.table_entries();
    if (held_ && index == index_) return {};
    TRY_VOID(close());
    TRY(offset_, clusters_.single());
    held_ = true;
    index_ = index;
    std::ranges::fill(table_, std::byte{});
    std::array<std::byte, 8> value{};
    put_be<std::uint64_t>(value, 0, offset_ | entry::copied);
    return l1_.set(index, value);
  }
  void set(std::uint64_t cluster, const RawEntry& raw) {
    auto at = cluster % geometry_.table_entries() * geometry_.entry_bytes();
    put_be<std::uint64_t>(table_, at, raw.entry);
    if (geometry_.extended) put_be<std::uint64_t>(table_, at + 8, raw.bitmap);
  }
  Result<void> finish() {
    TRY_VOID(close());
    return l1_.finish();
  }
  void save(SealedWriter& writer) const {
    for (auto number : {std::uint64_t{held_ ? 1U : 0U}, index_, offset_}) writer.number(number);
    writer.bytes(table_);
    l1_.save(writer);
  }
  Result<void> restore(SealedReader& reader) {
    TRY(auto held, reader.number());
    TRY(index_, reader.number());
    TRY(offset_, reader.number());
    TRY(auto table, reader.bytes(table_.size()));
    if (table.size() != table_.size()) return fail(Code::corrupt, "a table of another size");
    held_ = held != 0;
    std::ranges::copy(table, table_.begin());
    return l1_.restore(reader);
  }

 private:
  Result<void> close() { return held_ ? file_.write(offset_, table_) : Result<void>{}; }

  File& file_;
  Geometry geometry_;
  NewClusters& clusters_;
  TableWriter l1_;
  std::vector<std::byte> table_;
  bool held_ = false;
  std::uint64_t index_ = 0, offset_ = 0;
};

class Qcow2Builder final : public Builder, public Placing, public Packing {
 public:
  Qcow2Builder(std::shared_ptr<File> file, std::shared_ptr<File> data, Choices choices,
               NewClusters clusters)
      : file_(std::move(file)),
        data_(std::move(data)),
        choices_(std::move(choices)),
        geometry_(choices_.header.geometry),
        clusters_(std::move(clusters)),
        tables_(*file_, choices_.header, clusters_),
        encoder_(choices_.header.compression, choices_.level) {}

  [[nodiscard]] std::uint64_t block_size() const override {
    return std::max(geometry_.cluster_size(), NewClusters::smallest_chunk);
  }
  Placing* placing() override { return choices_.compressed ? nullptr : this; }
  Packing* packing() override { return choices_.compressed ? this : nullptr; }

  Result<Place> place(std::uint64_t block) override {
    if (choices_.preallocated) TRY_VOID(reserve_up_to(block));
    next_block_ = block + 1;
    return allocate(block);
  }
  [[nodiscard]] Result<std::vector<std::byte>> encode(std::uint64_t block,
                                                      View content) const override;
  Result<void> append(std::uint64_t block, View encoded) override;
  [[nodiscard]] std::vector<std::byte> state() const override;
  Result<void> restore(View state) override;
  Result<void> finish(Durability durability) override;

 private:
  [[nodiscard]] std::uint64_t clusters_in_block() const {
    return block_size() >> geometry_.cluster_bits;
  }
  Result<Place> allocate(std::uint64_t block);
  Result<void> reserve_up_to(std::uint64_t block) {
    for (; next_block_ < block; ++next_block_) TRY_VOID(allocate(next_block_));
    return {};
  }
  Result<void> append_cluster(std::uint64_t cluster, View stored);
  void set_plain(std::uint64_t cluster, std::uint64_t host) {
    tables_.set(cluster, {host | entry::copied, geometry_.extended ? all_subclusters : 0});
  }

  std::shared_ptr<File> file_, data_;
  Choices choices_;
  Geometry geometry_;
  NewClusters clusters_;
  NewTables tables_;
  mutable Encoder encoder_;
  std::uint64_t next_block_ = 0;  ///< the first that has no place yet
};

Result<Place> Qcow2Builder::allocate(std::uint64_t block) {
  auto first = block * clusters_in_block();
  TRY_VOID(tables_.open(first));
  Place place{data_ ? data_.get() : file_.get(), block * block_size()};
  auto in_disk = divide_up(choices_.header.size, geometry_.cluster_size());
  auto used = std::min(clusters_in_block(), in_disk - first);  // the disk may end within the block
  if (!data_) {
    TRY(place.offset, clusters_.chunk(used));
  }
  for (std::uint64_t i = 0; i < used; ++i)
    set_plain(first + i, place.offset + (i << geometry_.cluster_bits));
  return place;
}

// A block is a cluster, or several small ones: for each four bytes with its length, then what is
// stored. A length of 0 is a cluster of zeros, a whole cluster is one that does not get smaller.
Result<std::vector<std::byte>> Qcow2Builder::encode(std::uint64_t, View content) const {
  std::vector<std::byte> encoded;
  std::vector<std::byte> padded;
  auto size = geometry_.cluster_size();
  bool zeros_are_stored = !choices_.header.backing_file.empty();
  while (!content.empty()) {
    auto cluster = content.first(std::min<std::uint64_t>(size, content.size()));
    content = content.subspan(cluster.size());
    if (cluster.size() < size) {
      padded.assign(cluster.begin(), cluster.end());
      padded.resize(size);
      cluster = padded;
    }
    std::vector<std::byte> stored;
    if (zeros_are_stored || !all_zero(cluster)) {
      TRY(stored, encoder_.encode(cluster));
      if (stored.empty()) stored.assign(cluster.begin(), cluster.end());
    }
    auto at = encoded.size();
    encoded.resize(at + 4);
    put_le<std::uint32_t>(encoded, at, static_cast<std::uint32_t>(stored.size()));
    encoded.insert(encoded.end(), stored.begin(), stored.end());
  }
  return encoded;
}

Result<void> Qcow2Builder::append(std::uint64_t block, View encoded) {
  for (auto cluster = block * clusters_in_block(); !encoded.empty(); ++cluster) {
    auto length = le<std::uint32_t>(encoded, 0);
    if (length != 0) TRY_VOID(append_cluster(cluster, encoded.subspan(4, length)));
    encoded = encoded.subspan(4 + length);
  }
  return {};
}

std::vector<std::byte> Qcow2Builder::state() const {
  SealedWriter writer(state_mark);
  clusters_.save(writer);
  tables_.save(writer);
  return std::move(writer).seal();
}

Result<void> Qcow2Builder::restore(View state) {
  TRY(auto reader, SealedReader::open(state, state_mark));
  TRY_VOID(clusters_.restore(reader));
  TRY_VOID(tables_.restore(reader));
  return reader.end();
}

Result<void> Qcow2Builder::append_cluster(std::uint64_t cluster, View stored) {
  TRY_VOID(tables_.open(cluster));
  if (stored.size() == geometry_.cluster_size()) {
    TRY(auto at, clusters_.single());
    set_plain(cluster, at);
    return file_->write(at, stored);
  }
  TRY(auto at, clusters_.packed(stored.size()));
  // [qcow2] Compressed Clusters Descriptor: the offset, and how many more sectors of 512 bytes.
  auto sector_bits = geometry_.cluster_bits - 8;
  auto offset_bits = 62 - sector_bits;
  auto more_sectors = (at + stored.size() - 1) / 512 - at / 512;
  if (at >> std::min(offset_bits, 56U) != 0)
    return fail(Code::limit, "compressed clusters cannot lie at {} and beyond", at);
  tables_.set(cluster, {entry::compressed | more_sectors << offset_bits | at, 0});
  return file_->write(at, stored);
}

Result<void> Qcow2Builder::finish(Durability durability) {
  auto& header = choices_.header;
  if (choices_.preallocated) TRY_VOID(reserve_up_to(divide_up(header.size, block_size())));
  TRY_VOID(tables_.finish());
  TRY(auto refcounts, clusters_.finish());
  header.refcount_table_offset = refcounts.table_offset;
  header.refcount_table_clusters = refcounts.table_clusters;
  if (durability == Durability::durable) {
    if (data_) TRY_VOID(data_->flush());
    TRY_VOID(file_->flush());
  }
  TRY(auto bytes, header_bytes(header));
  return file_->write(0, bytes);
}

}  // namespace

std::span<const Option> build_options() {
  return options_of_build;
}

namespace {

/// The header and the L1 table: what is encrypted has its own header behind them.
std::uint64_t clusters_before(const Header& header) {
  return 1 + divide_up(std::uint64_t{header.l1_entries} * 8, header.geometry.cluster_size());
}

Result<std::unique_ptr<Builder>> begin(std::shared_ptr<File> file, Choices choices,
                                       Neighbours* neighbours) {
  auto& header = choices.header;
  std::shared_ptr<File> data;
  if (header.external_data()) {
    if (neighbours == nullptr) return fail(Code::invalid, "a data file cannot be made here");
    TRY(data, neighbours->create(header.data_file));
    TRY_VOID(data->resize(header.size));
  }
  auto size = header.geometry.cluster_size();
  auto front = clusters_before(header);
  if (header.encryption) front += divide_up(header.encryption->length, size);
  TRY(auto clusters, NewClusters::begin(*file, header, front));
  return std::make_unique<Qcow2Builder>(std::move(file), std::move(data), std::move(choices),
                                        std::move(clusters));
}

}  // namespace

Result<std::unique_ptr<Builder>> build(std::shared_ptr<File> file, const BuildOptions& options) {
  TRY(auto choices, choose(options));
  return begin(std::move(file), std::move(choices), options.neighbours);
}

Result<void> make_encrypted(std::shared_ptr<File> file, const BuildOptions& options,
                            const Secret& key) {
  TRY(auto choices, choose(options));
  if (choices.header.external_data() || choices.preallocated || choices.compressed)
    return fail(Code::invalid, "an encrypted disk is one file, and begins empty");
  TRY(auto luks, luks::make(key));
  auto offset = clusters_before(choices.header) << choices.header.geometry.cluster_bits;
  choices.header.encryption = EncryptionExtension{offset, luks.area};
  TRY(auto builder, begin(file, std::move(choices), nullptr));
  TRY_VOID(file->write(offset, luks.front));
  return builder->finish(Builder::Durability::none);
}

}  // namespace truce::image::qcow2
