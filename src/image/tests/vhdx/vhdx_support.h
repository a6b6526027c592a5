// What the tests of VHDX share: small disks, patches that keep the checksums right, a child of a
// disk.
#pragma once

#include "crc32c.h"
#include "support.h"
#include "vhdx/metadata.h"
#include "vhdx/tables.h"

namespace truce::image::vhdx {

inline const Format& format() {
  return *find_format("vhdx");
}

/// Where the builder puts things.
constexpr std::uint64_t log_at = mebibyte, metadata_at = 2 * mebibyte, bat_at = 3 * mebibyte;
constexpr std::uint64_t items_at = metadata_at + 65536;  // in the order of the specification

inline std::shared_ptr<MemoryFile> disk_of(
    View content,
    std::map<std::string, std::string, std::less<>> options = {{"block_size", "1MiB"}}) {
  auto file = std::make_shared<MemoryFile>("disk");
  BuildOptions build_options;
  build_options.options = std::move(options);
  auto stored = store(format(), file, content, build_options);
  EXPECT_TRUE(stored) << stored.error().message;
  return file;
}

/// Changes a number of the file.
template <class T>
void patch(File& file, std::uint64_t at, std::type_identity_t<T> value) {
  Content bytes(sizeof(T));
  put_le<T>(bytes, 0, value);
  ASSERT_TRUE(file.write(at, bytes));
}

/// Makes the checksum of a header, a region table or a log entry right again.
inline void sum(File& file, std::uint64_t at, std::size_t length) {
  Content bytes(length);
  ASSERT_TRUE(file.read(at, bytes));
  patch<std::uint32_t>(file, at + 4, crc32c_without(bytes, 4));
}
inline void sum_headers(File& file) {
  for (auto at : header_offsets) sum(file, at, header_bytes);
}
inline void sum_regions(File& file) {
  for (auto at : region_table_offsets) sum(file, at, region_table_bytes);
}

inline std::string opening_error(std::shared_ptr<File> file, Code code,
                                 const OpenOptions& options = {}) {
  auto opened = open(std::move(file), options, "vhdx");
  if (opened) {
    ADD_FAILURE() << "it opened";
    return {};
  }
  EXPECT_EQ(to_string(opened.error().code), to_string(code)) << opened.error().message;
  return opened.error().message;
}

inline std::string detail(const Image& image, std::string_view name) {
  for (const auto& [key, value] : image.description().details) {
    if (key == name) return value;
  }
  return {};
}

/// Makes an empty disk a child: a parent locator of these pairs, and no block here.
inline void make_child(File& file, const std::vector<std::pair<std::string, std::string>>& pairs,
                       std::uint64_t blocks) {
  Content item(4096);
  Guid::parse("b04aefb7-d19e-4a81-b789-25b8e9445913")->store(item, 0);
  put_le<std::uint16_t>(item, 18, static_cast<std::uint16_t>(pairs.size()));
  std::size_t next = 1024, entry = 20;
  auto text = [&](const std::string& ascii) {
    auto at = next;
    for (char c : ascii)
      put_le<std::uint16_t>(item, std::exchange(next, next + 2), static_cast<unsigned char>(c));
    return at;
  };
  for (const auto& [key, value] : pairs) {
    put_le<std::uint32_t>(item, entry, static_cast<std::uint32_t>(text(key)));
    put_le<std::uint32_t>(item, entry + 4, static_cast<std::uint32_t>(text(value)));
    put_le<std::uint16_t>(item, entry + 8, static_cast<std::uint16_t>(2 * key.size()));
    put_le<std::uint16_t>(item, entry + 10, static_cast<std::uint16_t>(2 * value.size()));
    entry += 12;
  }
  ASSERT_TRUE(file.write(metadata_at + 131072, item));
  Content row(32);
  Guid::parse("a8d35f2d-b30b-454d-abf7-d3d84834ab0c")->store(row, 0);
  put_le<std::uint32_t>(row, 16, 131072);
  put_le<std::uint32_t>(row, 20, 4096);
  put_le<std::uint32_t>(row, 24, 4);
  ASSERT_TRUE(file.write(metadata_at + 32 + 5 * 32, row));
  patch<std::uint16_t>(file, metadata_at + 10, 6);
  patch<std::uint32_t>(file, items_at + 4, 2);  // HasParent
  for (std::uint64_t i = 0; i < blocks; ++i) patch<std::uint64_t>(file, bat_at + 8 * i, 0);
}

/// Files by name.
class NamedFiles final : public Neighbours {
 public:
  std::map<std::string, std::shared_ptr<File>> files;
  std::vector<std::string> asked;
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    asked.push_back(name);
    auto found = files.find(name);
    if (found == files.end()) return fail(Code::not_found, "there is no {}", name);
    return found->second;
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    return fail(Code::forbidden, "{} is not to be made", name);
  }
};

}  // namespace truce::image::vhdx
