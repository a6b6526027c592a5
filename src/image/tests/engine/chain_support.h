// What the tests of chains share: files that know one another by name, in memory.
#pragma once

#include "image/chain.h"
#include "image/create.h"
#include "support.h"

namespace truce::image {

class NamedMemory final : public Neighbours {
 public:
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    auto found = files.find(name);
    if (found == files.end()) return fail(Code::not_found, "there is no '{}'", name);
    return found->second;
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    return files[name] = std::make_shared<MemoryFile>(name);
  }
  std::map<std::string, std::shared_ptr<File>> files;
};

inline OpenOptions following(Neighbours& neighbours, bool read_write = false) {
  return {.external = External::follow, .neighbours = &neighbours, .read_write = read_write};
}

/// The image of that name, which must open.
inline std::unique_ptr<Image> open_named(NamedMemory& files, const std::string& name,
                                         const Format& format, bool read_write = false) {
  auto image = open(files.files.at(name), following(files, read_write), format.name);
  EXPECT_TRUE(image) << name << ": " << image.error().message;
  if (!image) return nullptr;
  if (read_write) EXPECT_NE((*image)->writable(), nullptr);
  return std::move(*image);
}

inline Parent parent_named(NamedMemory& files, const std::string& name, const Format& format) {
  auto image = open(files.files.at(name), {.external = External::ignore}, format.name);
  EXPECT_TRUE(image) << image.error().message;
  return {name, "/images/" + name, (*image)->description()};
}

/// Small blocks, so that small files do: a VHDX has 36 MiB otherwise.
inline BuildOptions small_blocks(const Format& format) {
  BuildOptions options;
  if (format.name == "vhdx") options.options["block_size"] = "1MiB";
  if (format.name == "vhd") options.options["block_size"] = "512K";
  return options;
}

/// A new image of `content`.
inline void make_base(NamedMemory& files, const std::string& name, const Format& format,
                      View content) {
  auto stored = store(format, *files.create(name), content, small_blocks(format));
  ASSERT_TRUE(stored) << stored.error().message;
}

/// A new image on `parent`; a size of 0 is the parent's.
inline void make_child(NamedMemory& files, const std::string& name, const std::string& parent,
                       const Format& format, std::uint64_t size = 0) {
  auto options = small_blocks(format);
  options.parent = parent_named(files, parent, format);
  options.size = size == 0 ? options.parent->description.size : size;
  auto builder = build(format, *files.create(name), options);
  ASSERT_TRUE(builder) << builder.error().message;
  auto done = (*builder)->finish(Builder::Durability::durable);
  ASSERT_TRUE(done) << done.error().message;
}

}  // namespace truce::image
