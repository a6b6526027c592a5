// From a file to a disk: what its headers and its descriptor say is put together here.
#include <algorithm>
#include <array>
#include <set>

#include "byte_order.h"
#include "vmdk/image.h"
#include "vmdk/layout.h"
#include "vmdk/sparse.h"

namespace truce::image::vmdk {

/// Fills a VmdkImage.
class Opening {
 public:
  Opening(std::shared_ptr<File> file, const OpenOptions& options)
      : options_(options), image_(std::make_unique<VmdkImage>()) {
    image_->file_ = std::move(file);
    image_->description_.format = "vmdk";
    image_->identity_ = options.identity;
  }

  Result<std::unique_ptr<Image>> run() {
    std::uint32_t magic = 0;
    if (file().size() >= sector_bytes) {
      Sector head;
      TRY_VOID(file().read(0, head));
      magic = le<std::uint32_t>(head, 0);
    }
    if (magic == hosted_magic || magic == cowd_magic || magic == sesparse_magic) {
      TRY_VOID(open_extent());
    } else {
      TRY_VOID(open_text());
    }
    return std::move(image_);
  }

 private:
  const File& file() const { return *image_->file_; }
  Description& description() { return image_->description_; }

  Result<std::string> read_text(std::uint64_t offset, std::uint64_t length) const {
    std::vector<std::byte> bytes(std::min(length, descriptor_limit));
    TRY_VOID(file().read(offset, bytes));
    auto end = std::ranges::find(bytes, std::byte{});
    if (end == bytes.end() && length > descriptor_limit)
      return fail(Code::limit, "the descriptor has more than {} bytes", descriptor_limit);
    std::string text(bytes.size(), 0);
    std::ranges::transform(bytes, text.begin(), [](std::byte b) { return static_cast<char>(b); });
    text.resize(static_cast<std::size_t>(end - bytes.begin()));
    return text;
  }

  Result<void> open_text() {
    TRY(auto text, read_text(0, file().size()));
    TRY(auto descriptor, parse_descriptor(text, options_.limits));
    if (descriptor.extents.empty())
      return fail(Code::corrupt, "the descriptor names no extent: the disk lies nowhere");
    image_->text_ = std::move(text);
    describe(descriptor);
    std::uint64_t start = 0;
    for (auto& line : descriptor.extents) {
      if (line.type != ExtentLine::Type::zero)
        description().references.push_back({"extent", line.name, {}});
      auto length = line.sectors * sector_bytes;
      if (length == 0) continue;
      auto store = open_line(line);
      if (!store) {
        if (store.error().code == Code::forbidden) return std::unexpected(std::move(store).error());
        return std::unexpected(
            std::move(store).error().within(fmt::format("extent '{}'", line.name)));
      }
      image_->parts_.push_back({start, length, *std::move(store), line.name});
      start += length;
    }
    description().size = start;
    TRY_VOID(open_below(descriptor));
    allow_writing(descriptor, 0);
    return {};
  }

  /// Where all parts can be written, in files that are not the same, and the content id can be
  /// changed.
  void allow_writing(const Descriptor& descriptor, std::uint64_t text_at) {
    bool allowed = options_.read_write && descriptor.content_id_digits != 0 &&
                   image_->disagreements_.empty() && (!image_->below_ || image_->parent_);
    for (const auto& extent : descriptor.extents) allowed = allowed && extent.writable;
    std::set<const File*> files;
    std::set<std::pair<dev_t, ino_t>> identities;
    auto is_new = [&](const File* written) {
      const auto* disk = dynamic_cast<const DiskFile*>(written);
      return files.insert(written).second &&
             (disk == nullptr || identities.insert(disk->identity()).second);
    };
    bool inside_extent = text_at != 0;
    if (!inside_extent) is_new(&file());
    for (auto& part : image_->parts_) {
      const auto* written = part.store ? part.store->writable() : nullptr;
      allowed = allowed && written != nullptr && is_new(written);
    }
    image_->text_at_ = text_at;
    image_->each_listed_ = descriptor.extents.size() == image_->parts_.size();
    if (!allowed) return;
    image_->content_id_at_ = text_at + descriptor.content_id_at;
    image_->content_id_digits_ = descriptor.content_id_digits;
  }

  /// The store of a line of the descriptor; null when it is not to be opened.
  Result<std::unique_ptr<Store>> open_line(const ExtentLine& line) {
    if (line.type == ExtentLine::Type::zero) return std::make_unique<ZeroStore>();
    if (options_.external == External::ignore) return nullptr;
    if (options_.external == External::refuse) return refused(description().references.back());
    TRUCE_ASSERT(options_.neighbours != nullptr, "nobody gives the files that are to be followed");
    TRY(auto opened, options_.read_write ? options_.neighbours->open_part(line.name)
                                         : options_.neighbours->open(line.name));
    auto length = line.sectors * sector_bytes;
    if (line.type == ExtentLine::Type::flat) {
      if (line.offset > opened->size() / sector_bytes ||
          !inside(line.offset * sector_bytes, length, opened->size())) {
        return fail(Code::corrupt, "{} bytes from sector {} are not inside the file of {} bytes",
                    length, line.offset, opened->size());
      }
      return std::make_unique<FlatStore>(std::move(opened), line.offset * sector_bytes);
    }
    TRY(auto layout, read_sparse_layout(*opened));
    using Dialect = Tables::Dialect;
    auto wanted = line.type == ExtentLine::Type::sparse ? Dialect::hosted
                  : line.type == ExtentLine::Type::cowd ? Dialect::cowd
                                                        : Dialect::sesparse;
    if (layout.tables.dialect != wanted)
      return fail(Code::corrupt, "it is not of the kind that the descriptor says");
    if (layout.tables.size < length) {
      return fail(Code::corrupt, "it has {} bytes, the descriptor says {}", layout.tables.size,
                  length);
    }
    return add_sparse(std::move(opened), layout);
  }

  Result<std::unique_ptr<Store>> add_sparse(std::shared_ptr<File> opened,
                                            const SparseLayout& layout) {
    if (opened->size() > Shelf::place_bytes)
      return fail(Code::limit, "a file of {} bytes", opened->size());
    for (const auto& warning : layout.warnings)
      description().warnings.push_back(opened->name() + ": " + warning);
    if (description().block_size == 0) description().block_size = layout.tables.grain;
    description().compressed = description().compressed || layout.tables.compressed;
    auto base = image_->shelf_.add(opened);
    return std::make_unique<SparseStore>(std::move(opened), layout.tables, image_->cache_,
                                         image_->shelf_, base);
  }

  /// A sparse extent: with a descriptor inside it is a whole disk.
  Result<void> open_extent() {
    TRY(auto layout, read_sparse_layout(file()));
    description().size = layout.tables.size;
    Descriptor descriptor;
    bool whole = layout.header.descriptor != 0;
    if (whole) {
      TRY(auto text, read_text(layout.header.descriptor * sector_bytes,
                               layout.header.descriptor_size * sector_bytes));
      TRY(descriptor, parse_descriptor(text, options_.limits));
      image_->text_ = std::move(text);
      image_->text_at_ = layout.header.descriptor * sector_bytes;
      image_->text_room_ = layout.header.descriptor_size * sector_bytes;
      TRY_VOID(check_embedded(descriptor, layout));
      describe(descriptor);
    } else {
      TRY_VOID(open_part_of_a_disk());
    }
    TRY(auto store, add_sparse(image_->file_, layout));
    if (layout.tables.size != 0)
      image_->parts_.push_back({0, layout.tables.size, std::move(store), file().name()});
    if (!whole) return {};
    TRY_VOID(open_below(descriptor));
    allow_writing(descriptor, layout.header.descriptor * sector_bytes);
    return {};
  }

  /// Without its descriptor nobody knows whether an extent lies over a parent: what it does not
  /// hold must not be taken for zeros.
  Result<void> open_part_of_a_disk() {
    if (options_.external != External::ignore) {
      return fail(
          Code::precondition,
          "it is an extent of a disk: open the descriptor that names it (a small .vmdk file "
          "beside it)");
    }
    description().variant = "extent";
    description().warnings.push_back(
        "it is an extent of a disk, not a disk: its descriptor is another file");
    image_->below_ = Reference{"descriptor", "unknown", "vmdk"};
    return {};
  }

  Result<void> check_embedded(const Descriptor& descriptor, const SparseLayout& layout) {
    // The header decides what is opened: a descriptor inside that speaks of other files is the way
    // of CVE-2022-47951.
    const auto& type = descriptor.create_type;
    if (type != "monolithicSparse" && type != "streamOptimized")
      return fail(Code::unsupported, "a sparse extent that holds a descriptor of type '{}'", type);
    if (descriptor.extents.size() != 1 ||
        descriptor.extents.front().type != ExtentLine::Type::sparse) {
      return fail(Code::unsupported,
                  "a sparse extent that holds a descriptor which lists other extents than itself");
    }
    if (descriptor.sectors != layout.header.capacity) {
      auto what = fmt::format("{}: the header says {} sectors, the descriptor {}", file().name(),
                              layout.header.capacity, descriptor.sectors);
      description().warnings.push_back(what);
      image_->disagreements_.push_back(std::move(what));
      image_->other_size_ = true;
    }
    return {};
  }

  void describe(const Descriptor& descriptor) {
    auto& made = description();
    made.variant = descriptor.create_type;
    made.details.emplace_back(content_id_row, fmt::format("{:08x}", descriptor.content_id));
    if (descriptor.has_parent()) {
      made.details.emplace_back("parentCID", fmt::format("{:08x}", descriptor.parent_id));
      image_->below_ = Reference{"parent", descriptor.parent_name, "vmdk"};
      made.references.push_back(*image_->below_);
    }
    if (!descriptor.adapter_type.empty())
      made.details.emplace_back("adapter type", descriptor.adapter_type);
    if (!descriptor.hw_version.empty())
      made.details.emplace_back("hardware version", descriptor.hw_version);
    if (descriptor.heads.empty() || descriptor.track.empty()) return;
    // [VDF] "The Disk Database": what a BIOS makes of any disk.
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> usual{
        {{"16", "63"}, {"64", "32"}, {"128", "32"}, {"255", "63"}}};
    auto geometry =
        fmt::format("{}/{}/{}", descriptor.cylinders, descriptor.heads, descriptor.track);
    made.details.emplace_back("geometry", geometry);
    if (std::ranges::find(usual, std::pair(std::string_view(descriptor.heads),
                                           std::string_view(descriptor.track))) == usual.end())
      made.geometry = geometry;
  }

  Result<void> open_below(const Descriptor& descriptor) {
    if (!image_->below_ || options_.external == External::ignore) return {};
    TRY(image_->parent_, open_parent(*image_->below_, options_));
    const auto& details = image_->parent_->description().details;
    auto found = std::ranges::find(details, "CID", &std::pair<std::string, std::string>::first);
    auto expected = fmt::format("{:08x}", descriptor.parent_id);
    if (found == details.end() || found->second != expected) {
      return fail(
          Code::corrupt,
          "the parent '{}' has the content id {}, this disk was made over {}: the parent was "
          "changed, or it is another one",
          descriptor.parent_name, found == details.end() ? "none" : found->second, expected);
    }
    return {};
  }

  const OpenOptions& options_;
  std::unique_ptr<VmdkImage> image_;
};

Result<std::unique_ptr<Image>> open_vmdk(std::shared_ptr<File> file, const OpenOptions& options) {
  return Opening(std::move(file), options).run();
}

}  // namespace truce::image::vmdk
