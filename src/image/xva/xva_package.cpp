#include <algorithm>
#include <map>

#include "package/digest.h"
#include "package/ovf_package.h"
#include "xva/xva.h"

namespace truce::image::package {
namespace {

constexpr std::uint64_t largest_chunk = 16 << 20;  // xapi writes 1 MiB

/// Collects the chunks of one disk. [xen-api, stream_vdi.ml, recv_all_vdi]: a number that is left
/// out stands for a chunk of zeros as long as the first one; a chunk moves on by its own length, so
/// that an empty one, written to keep a connection alive, does not move at all.
class ChunkList {
 public:
  explicit ChunkList(std::uint64_t size) : size_(size) {}

  Result<void> add(const Member& member, std::uint64_t number) {
    if (number < next_number_)
      return fail(Code::corrupt, "{}: the chunks are not in order", member.name);
    if (member.size > largest_chunk)
      return fail(Code::limit, "{}: a chunk of {} bytes", member.name, member.size);
    if (number == 0 && member.size > 0 && member.size < size_) unit_ = member.size;
    std::uint64_t skipped = 0;
    if (__builtin_mul_overflow(number - next_number_, unit_, &skipped) ||
        __builtin_add_overflow(at_, skipped, &at_) || (at_ >= size_ && member.size > 0)) {
      return fail(Code::corrupt, "{}: lies beyond the end of its disk of {} bytes", member.name,
                  size_);
    }
    next_number_ = number + 1;
    if (member.size == 0) return {};
    // The last one may be filled up to a whole chunk.
    auto length = std::min(member.size, size_ - at_);
    chunks_->push_back({at_, member.offset, static_cast<std::uint32_t>(length)});
    at_ += length;
    return {};
  }
  [[nodiscard]] std::shared_ptr<const std::vector<XvaChunk>> chunks() const { return chunks_; }

 private:
  std::uint64_t size_, unit_ = xva_chunk_size;
  std::uint64_t at_ = 0, next_number_ = 0;
  std::shared_ptr<std::vector<XvaChunk>> chunks_ = std::make_shared<std::vector<XvaChunk>>();
};

class XvaPackage final : public Package {
 public:
  XvaPackage(std::shared_ptr<File> file, const PackageOptions& options)
      : file_(std::move(file)), limits_(options.limits) {}

  Result<void> read(const PackageOptions& options) {
    TarReader reader(*file_, limits_.chunks);
    TRY(auto first, reader.next());
    if (!first || first->name != "ova.xml")
      return fail(Code::corrupt, "{}: is no XVA: its first member is not ova.xml", file_->name());
    if (first->size > limits_.xml)
      return fail(Code::limit, "{}: ova.xml has {} bytes", file_->name(), first->size);
    std::string text(first->size, '\0');
    TRY_VOID(file_->read(first->offset, std::as_writable_bytes(std::span(text))));
    TRY(ova_, parse_ova_xml(text, options, file_->name() + ": ova.xml"));
    for (const auto& disk : ova_.appliance.disks)
      chunks_.emplace(disk.id, ChunkList(disk.capacity));
    TRY_VOID(collect(reader));
    for (const auto& disk : ova_.appliance.disks) {
      if (disk.capacity > 0 && chunks_.at(disk.id).chunks()->empty())
        warn(fmt::format("disk '{}': the package has nothing of it", disk.id));
    }
    std::ranges::copy(reader.notes(), std::back_inserter(ova_.warnings));
    return {};
  }

  [[nodiscard]] PackageKind kind() const override { return PackageKind::xva; }
  [[nodiscard]] const Appliance& appliance() const override { return ova_.appliance; }
  [[nodiscard]] const std::vector<std::string>& warnings() const override { return ova_.warnings; }

  Result<std::unique_ptr<Image>> open_disk(std::size_t disk) override {
    const auto& wanted = ova_.appliance.disks.at(disk);
    if (wanted.capacity > Limits{}.size)
      return fail(Code::limit, "{}: a disk of {} bytes", wanted.id, wanted.capacity);
    return open_xva_disk(file_, file_->name() + ": " + wanted.id, wanted.capacity,
                         chunks_.at(wanted.id).chunks());
  }
  Result<std::shared_ptr<File>> disk_file(std::size_t) override {
    return fail(Code::unsupported, "{}: the disks of an XVA lie in chunks", file_->name());
  }
  Result<std::vector<std::shared_ptr<File>>> further_files() override {
    return std::vector<std::shared_ptr<File>>{};
  }

  Result<void> verify(const PackageWork& work) override {
    TarReader reader(*file_, limits_.chunks);
    std::vector<std::byte> buffer;
    std::string pending;  // the chunk whose checksum is to follow
    std::uint64_t compared = 0;
    for (;;) {
      TRY(auto member, reader.next());
      if (!member) break;
      auto name = parse_xva_name(member->name);
      if (!name) continue;
      TRY_VOID(tell(work, member->offset, file_->size()));
      if (member->size > largest_chunk)
        return fail(Code::limit, "{}: has {} bytes", member->name, member->size);
      if (name->checksum.empty()) {
        buffer.resize(member->size);
        TRY_VOID(file_->read(member->offset, buffer));
        pending = member->name;
        continue;
      }
      if (pending + "." + name->checksum != member->name)
        return fail(Code::corrupt, "{}: does not follow its chunk", member->name);
      TRY_VOID(compare(*member, name->checksum, buffer));
      pending.clear();
      ++compared;
    }
    if (compared == 0) return fail(Code::unsupported, "{}: has no checksums", file_->name());
    return {};
  }

 private:
  void warn(std::string text) { ova_.warnings.push_back(std::move(text)); }

  Result<void> collect(TarReader& reader) {
    bool others = false;
    for (;;) {
      TRY(auto member, reader.next());
      if (!member) break;
      auto name = parse_xva_name(member->name);
      if (!name || !name->checksum.empty()) continue;
      auto list = chunks_.find(name->disk);
      if (list == chunks_.end()) {
        others = true;
        continue;
      }
      TRY_VOID(list->second.add(*member, name->number));
    }
    if (others) warn("the package has disks that are not the machine's (of snapshots?)");
    return {};
  }

  /// `.checksum` is SHA-1; `.xxhash` is XXH64, sixteen digits.
  Result<void> compare(const Member& member, const std::string& kind, View chunk) {
    constexpr std::size_t longest = 128;
    if (member.size > longest) return fail(Code::corrupt, "{}: is no checksum", member.name);
    std::string stated(member.size, '\0');
    TRY_VOID(file_->read(member.offset, std::as_writable_bytes(std::span(stated))));
    for (auto& c : stated) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    auto computed = kind == "xxhash" ? Result<std::string>(fmt::format("{:016x}", xxh64(chunk)))
                                     : digest_of(ManifestDigest::sha1, chunk);
    if (!computed) return std::unexpected(std::move(computed).error());
    if (stated == *computed) return {};
    return fail(Code::corrupt, "{}: says {}, computed is {}", member.name, stated, *computed);
  }

  std::shared_ptr<File> file_;
  PackageLimits limits_;
  OvaXml ova_;
  std::map<std::string, ChunkList> chunks_;
};

}  // namespace

Result<std::unique_ptr<Package>> read_xva(std::shared_ptr<File> file,
                                          const PackageOptions& options) {
  auto package = std::make_unique<XvaPackage>(std::move(file), options);
  TRY_VOID(package->read(options));
  return package;
}

}  // namespace truce::image::package
