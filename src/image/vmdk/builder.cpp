#include "vmdk/builder.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <vector>

#include "base/random.h"
#include "byte_order.h"
#include "chain/backing.h"
#include "vmdk/descriptor.h"
#include "vmdk/sparse_writer.h"
#include "vmdk/stream_builder.h"

namespace truce::image::vmdk {
namespace {

constexpr std::array<Option, 4> options_of_vmdk{
    {{"subformat", "monolithicSparse",
      "monolithicSparse|streamOptimized|monolithicFlat|twoGbMaxExtentSparse|twoGbMaxExtentFlat|"
      "vmfs",
      "how the disk is stored: streamOptimized is for OVA and import, the flat ones are raw disks "
      "with a small descriptor, vmfs is what ESXi has on its own file system"},
     {"adapter_type", "lsilogic", "lsilogic|buslogic|ide|pvscsi", "the controller it hangs on"},
     {"hw_version", "7", "", "virtual hardware version that the descriptor names"},
     {"level", "2", "fast|1|2|3|4|5|6|7|8|9|10|11|12", "how hard streamOptimized compresses"}}};

/// What VMware's tools put into one file of a split disk: 2,047 MiB.
constexpr std::uint64_t split_sectors = 4192256;

std::uint32_t new_content_id() {
  // ffffffff says "no parent", fffffffe "not yet written".
  auto value = static_cast<std::uint32_t>(std::stoul(random_hex(4), nullptr, 16));
  return std::min<std::uint32_t>(value, 0xfffffffd);
}

/// `web` for `/disks/web.vmdk`, and for a temporary `/disks/web.vmdk.part`.
std::string stem_of(const File& file) {
  auto base = std::filesystem::path(file.name()).filename().string();
  auto end = base.rfind(".vmdk");
  return end == base.npos || end == 0 ? base : base.substr(0, end);
}

Result<Descriptor> describe(const BuildOptions& options) {
  if (options.sector_size != 512)
    return fail(Code::unsupported, "disks with sectors of {} bytes", options.sector_size);
  if (options.size == 0 || options.size % sector_bytes != 0)
    return fail(Code::invalid, "a disk of {} bytes: not whole sectors of 512", options.size);
  Descriptor made;
  made.content_id = new_content_id();
  made.create_type = options.get("subformat", options_of_vmdk[0].fallback);
  made.adapter_type = options.get("adapter_type", options_of_vmdk[1].fallback);
  made.hw_version = options.get("hw_version", options_of_vmdk[2].fallback);
  unsigned version = 0;
  const auto& text = made.hw_version;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc{} || end != text.data() + text.size() || version < 3 || version > 99)
    return fail(Code::invalid, "hw_version is a number from 3 to 99, not '{}'", text);
  made.sectors = options.size / sector_bytes;
  if (options.parent) {
    if (made.create_type != "monolithicSparse")
      return fail(Code::invalid, "{} stands on no other disk: leave out the subformat",
                  made.create_type);
    TRY_VOID(expect_size_of_parent(*options.parent, options.size));
    TRY(made.parent_id, content_id_of(*options.parent));
    made.parent_name = options.parent->name;
    TRY_VOID(check_extent_name(made.parent_name));
  }
  return made;
}

/// One file with the descriptor inside.
class SparseBuilder final : public Builder, public Placing {
 public:
  SparseBuilder(std::shared_ptr<File> file, std::uint64_t sectors, std::string descriptor)
      : writer_(std::move(file), sectors, std::move(descriptor)) {}
  [[nodiscard]] std::uint64_t block_size() const override { return grain_bytes; }
  Placing* placing() override { return this; }
  Result<Place> place(std::uint64_t block) override { return writer_.place(block); }
  Result<void> finish(Durability durability) override {
    TRY_VOID(writer_.write_tables());
    if (durability == Durability::durable) TRY_VOID(writer_.file().flush());
    return writer_.write_header();
  }

 private:
  SparseWriter writer_;
};

/// A text descriptor, and extents in files beside it.
class SplitBuilder : public Builder, public Placing {
 public:
  SplitBuilder(std::shared_ptr<File> file, std::string text, std::uint64_t extent_sectors)
      : file_(std::move(file)),
        text_(std::move(text)),
        extent_bytes_(extent_sectors * sector_bytes) {}
  [[nodiscard]] std::uint64_t block_size() const override { return grain_bytes; }
  Placing* placing() override { return this; }
  Result<void> finish(Durability durability) override {
    TRY_VOID(finish_extents(durability));
    return file_->write(0, std::as_bytes(std::span(text_)));
  }

 protected:
  virtual Result<void> finish_extents(Durability durability) = 0;
  /// Blocks of one extent.
  [[nodiscard]] std::uint64_t extent_blocks() const { return extent_bytes_ / grain_bytes; }

 private:
  std::shared_ptr<File> file_;
  std::string text_;
  std::uint64_t extent_bytes_;
};

class FlatBuilder final : public SplitBuilder {
 public:
  using SplitBuilder::SplitBuilder;
  Result<void> add(std::shared_ptr<File> extent, std::uint64_t sectors) {
    TRY_VOID(extent->resize(sectors * sector_bytes));
    extents_.push_back(std::move(extent));
    return {};
  }
  Result<Place> place(std::uint64_t block) override {
    return Place{extents_[block / extent_blocks()].get(), block % extent_blocks() * grain_bytes};
  }
  std::optional<Place> whole() override {
    return extents_.size() == 1 ? std::optional(Place{extents_.front().get(), 0}) : std::nullopt;
  }

 private:
  Result<void> finish_extents(Durability durability) override {
    for (auto& extent : extents_)
      if (durability == Durability::durable) TRY_VOID(extent->flush());
    return {};
  }
  std::vector<std::shared_ptr<File>> extents_;
};

class SplitSparseBuilder final : public SplitBuilder {
 public:
  using SplitBuilder::SplitBuilder;
  Result<void> add(std::shared_ptr<File> extent, std::uint64_t sectors) {
    extents_.push_back(std::make_unique<SparseWriter>(std::move(extent), sectors, std::string{}));
    return {};
  }
  Result<Place> place(std::uint64_t block) override {
    return extents_[block / extent_blocks()]->place(block % extent_blocks());
  }

 private:
  Result<void> finish_extents(Durability durability) override {
    bool durable = durability == Durability::durable;
    for (auto& extent : extents_) {
      TRY_VOID(extent->write_tables());
      if (durable) TRY_VOID(extent->file().flush());
      TRY_VOID(extent->write_header());
      if (durable) TRY_VOID(extent->file().flush());
    }
    return {};
  }
  std::vector<std::unique_ptr<SparseWriter>> extents_;
};

/// Writes the list of extents: `name(i)` for each part of `extent_sectors`.
template <class Name>
Result<std::string> list_extents(Descriptor& descriptor, std::uint64_t extent_sectors,
                                 ExtentLine::Type type, Name name) {
  for (std::uint64_t at = 0; at < descriptor.sectors; at += extent_sectors) {
    auto sectors = std::min(extent_sectors, descriptor.sectors - at);
    // Far more than fit a descriptor; what does not is refused when the text is made.
    if (descriptor.extents.size() > descriptor_limit / 16)
      return fail(Code::limit, "a disk of {} sectors has too many extents", descriptor.sectors);
    descriptor.extents.push_back({type, true, sectors, name(descriptor.extents.size()), 0});
  }
  for (const auto& extent : descriptor.extents) TRY_VOID(check_extent_name(extent.name));
  return write_descriptor(descriptor);
}

template <class T>
Result<std::unique_ptr<Builder>> build_split(std::shared_ptr<File> file,
                                             const BuildOptions& options, Descriptor& descriptor,
                                             std::uint64_t extent_sectors,
                                             std::string_view suffix) {
  auto type = std::is_same_v<T, FlatBuilder> ? ExtentLine::Type::flat : ExtentLine::Type::sparse;
  if (options.neighbours == nullptr)
    return fail(Code::invalid, "{} needs files beside the image: a place where they can be made",
                descriptor.create_type);
  auto stem = stem_of(*file);
  TRY(auto text, list_extents(descriptor, extent_sectors, type, [&](std::size_t i) {
        return suffix == "flat" ? fmt::format("{}-flat.vmdk", stem)
                                : fmt::format("{}-{}{:03}.vmdk", stem, suffix, i + 1);
      }));
  auto made = std::make_unique<T>(std::move(file), std::move(text), extent_sectors);
  for (const auto& line : descriptor.extents) {
    TRY(auto extent, options.neighbours->create(line.name));
    TRY_VOID(made->add(std::move(extent), line.sectors));
  }
  return made;
}

}  // namespace

std::span<const Option> build_options() {
  return options_of_vmdk;
}

Result<std::unique_ptr<Builder>> build_vmdk(std::shared_ptr<File> file,
                                            const BuildOptions& options) {
  TRY(auto descriptor, describe(options));
  const auto& type = descriptor.create_type;
  if (type == "twoGbMaxExtentSparse")
    return build_split<SplitSparseBuilder>(std::move(file), options, descriptor, split_sectors,
                                           "s");
  if (type == "twoGbMaxExtentFlat")
    return build_split<FlatBuilder>(std::move(file), options, descriptor, split_sectors, "f");
  if (type == "monolithicFlat" || type == "vmfs") {
    auto whole = round_up(descriptor.sectors, grain_sectors);
    return build_split<FlatBuilder>(std::move(file), options, descriptor, whole, "flat");
  }
  auto base = std::filesystem::path(file->name()).filename().string();
  TRY(auto text, list_extents(descriptor, descriptor.sectors, ExtentLine::Type::sparse,
                              [&](std::size_t) { return base; }));
  auto sectors = descriptor.sectors;
  if (type == "monolithicSparse")
    return std::make_unique<SparseBuilder>(std::move(file), sectors, std::move(text));
  auto level = options.get("level", "2");
  return StreamBuilder::begin(std::move(file), sectors, text,
                              level == "fast" ? Deflater::fast : std::stoi(level));
}

}  // namespace truce::image::vmdk
