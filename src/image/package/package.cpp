// Which package it is, by what lies in it.
#include "image/package.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "byte_order.h"
#include "image/place.h"
#include "package/ovf_package.h"

namespace truce::image {
namespace {

/// The first bytes tell compressed packages from tar archives. [RFC 1952], [RFC 8878]
Result<void> refuse_compressed(View head, const std::string& name) {
  if (head.size() < 4) return {};
  if (head[0] == std::byte{0x1f} && head[1] == std::byte{0x8b})
    return fail(Code::unsupported, "{}: is compressed: run `gzip -d` first", name);
  if (le<std::uint32_t>(head, 0) == 0xFD2FB528)
    return fail(Code::unsupported, "{}: is compressed: run `zstd -d` first", name);
  return {};
}

Result<std::unique_ptr<Package>> read_folder(const std::filesystem::path& descriptor,
                                             const PackageOptions& options) {
  auto folder = std::filesystem::absolute(descriptor).parent_path();
  TRY(auto files, FolderNeighbours::open(std::filesystem::absolute(descriptor), folder));
  auto package = package::read_ovf(std::move(files), descriptor.filename().string(), options);
  if (!package) return std::unexpected(std::move(package).error().within(descriptor.string()));
  return package;
}

Result<std::filesystem::path> descriptor_in(const std::filesystem::path& folder) {
  std::filesystem::path found;
  std::error_code error;
  for (auto each = std::filesystem::directory_iterator(folder, error);
       !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    auto name = each->path().filename().string();
    if (each->path().extension() != ".ovf" || name.starts_with('.')) continue;
    if (!found.empty())
      return fail(Code::invalid, "{}: has several .ovf files: name the one", folder.string());
    found = each->path();
  }
  if (error) return fail(Code::io, "{}: {}", folder.string(), error.message());
  if (found.empty()) return fail(Code::not_found, "{}: holds no .ovf", folder.string());
  return found;
}

}  // namespace

Result<std::unique_ptr<Package>> read_package(std::shared_ptr<File> file,
                                              const PackageOptions& options) {
  std::vector<std::byte> head(std::min<std::uint64_t>(file->size(), 512));
  TRY_VOID(file->read(0, head));
  TRY_VOID(refuse_compressed(head, file->name()));
  if (!package::looks_like_tar(head))
    return fail(Code::corrupt, "{}: is no package: it is no tar archive", file->name());
  package::TarReader reader(*file, options.limits.members);
  TRY(auto first, reader.next());
  bool xva = first && first->name == "ova.xml";
  return xva ? package::read_xva(std::move(file), options)
             : package::read_ova(std::move(file), options);
}

Result<std::unique_ptr<Package>> read_package(const std::filesystem::path& path,
                                              const PackageOptions& options) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    TRY(auto descriptor, descriptor_in(path));
    return read_folder(descriptor, options);
  }
  TRY(auto file, DiskFile::open(path, DiskFile::Access::read_only));
  std::byte first{};
  if (file->size() > 0) TRY_VOID(file->read(0, Span(&first, 1)));
  // XML, with a byte order mark or without: no tar header begins so, for a name would.
  bool xml = first == std::byte{'<'} || first == std::byte{0xEF};
  if (xml || path.extension() == ".ovf") return read_folder(path, options);
  return read_package(std::shared_ptr<File>(std::move(file)), options);
}

Result<void> FileSink::write(View bytes) {
  TRY_VOID(file_.write(at_, bytes));
  at_ += bytes.size();
  return {};
}

Result<void> DescriptorSink::write(View bytes) {
  while (!bytes.empty()) {
    auto count = ::write(fd_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, name_);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace truce::image
