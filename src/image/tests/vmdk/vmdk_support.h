// What the tests of VMDK share: neighbours, and small images made by hand.
#pragma once

#include <map>
#include <set>

#include "support.h"
#include "vmdk/layout.h"

namespace truce::image {
namespace {

/// Files of one folder.
class VmdkFolder final : public Neighbours {
 public:
  explicit VmdkFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    opened.push_back(name);
    auto base = std::filesystem::path(name).filename().string();
    if (name != base && name != (folder_ / base).string())
      return fail(Code::forbidden, "'{}' is not in the folder", name);
    return DiskFile::open(folder_ / base, DiskFile::Access::read_write);
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    return DiskFile::create(folder_ / name);
  }
  std::vector<std::string> opened;

 private:
  std::filesystem::path folder_;
};

/// Files in memory.
class MemoryNeighbours final : public Neighbours {
 public:
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    opened.push_back(name);
    auto found = files.find(name);
    if (found == files.end()) return fail(Code::not_found, "there is no '{}'", name);
    return found->second;
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    if (files.contains(name)) return fail(Code::conflict, "'{}' is there", name);
    auto file = std::make_shared<MemoryFile>(name);
    files[name] = file;
    return file;
  }
  std::map<std::string, std::shared_ptr<MemoryFile>> files;
  std::vector<std::string> opened;
};

inline OpenOptions follow(Neighbours& neighbours) {
  return {.external = External::follow, .neighbours = &neighbours};
}

inline std::string descriptor_text(const std::string& type, const std::string& extents,
                                   const std::string& more = "parentCID=ffffffff\n") {
  return "# Disk DescriptorFile\nversion=1\nCID=12345678\n" + more + "createType=\"" + type +
         "\"\n\n# Extent description\n" + extents + "\n#DDB\nddb.adapterType = \"ide\"\n";
}

inline BuildOptions subformat(const std::string& name, Neighbours* neighbours = nullptr) {
  BuildOptions options;
  options.options["subformat"] = name;
  options.neighbours = neighbours;
  return options;
}

/// A monolithicSparse image of `content` in memory.
inline std::shared_ptr<MemoryFile> sparse_image(View content,
                                                const std::string& name = "disk.vmdk") {
  auto file = std::make_shared<MemoryFile>(name);
  auto stored = store(*find_format("vmdk"), file, content);
  EXPECT_TRUE(stored) << stored.error().message;
  return file;
}

inline std::shared_ptr<MemoryFile> stream_image(View content) {
  auto file = std::make_shared<MemoryFile>("disk.vmdk");
  auto stored = store(*find_format("vmdk"), file, content, subformat("streamOptimized"));
  EXPECT_TRUE(stored) << stored.error().message;
  return file;
}

inline void poke(File& file, std::uint64_t at, std::uint64_t value, std::size_t bytes) {
  std::array<std::byte, 8> number;
  put_le<std::uint64_t>(number, 0, value);
  ASSERT_TRUE(file.write(at, View(number).first(bytes)));
}

/// Opens by content; the test fails when that fails.
inline std::unique_ptr<Image> opened(std::shared_ptr<File> file, const OpenOptions& options = {}) {
  auto image = open(std::move(file), options);
  EXPECT_TRUE(image) << image.error().message;
  return image ? *std::move(image) : nullptr;
}

inline std::string message_of(const Result<std::unique_ptr<Image>>& opened) {
  return opened ? "it opened" : opened.error().message;
}

inline Content noise(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  Content content(size);
  for (auto& byte : content) byte = static_cast<std::byte>(random());
  return content;
}

/// Content at both ends, zeros between: quick to make however large.
inline Content content_at_ends(std::size_t size, std::size_t end, unsigned seed) {
  Content content(size);
  auto part = sparse_content(std::min(end, size / 2), seed);
  std::ranges::copy(part, content.begin());
  std::ranges::copy(part, content.end() - static_cast<std::ptrdiff_t>(part.size()));
  return content;
}

}  // namespace
}  // namespace truce::image
