// Differencing VHDs, byte by byte: no tool here makes them.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>

#include "support.h"
#include "vhd/layout.h"

namespace truce::image::vhd {

struct ChildOptions {
  std::uint64_t size = 8 << 20;
  Id parent_id{};
  std::uint32_t parent_time_stamp = 0;
  std::string relative_name = ".\\parent.vhd";  ///< W2ru
  std::string absolute_name;                    ///< MacX
  std::string unicode_name = "parent.vhd";
};

constexpr std::uint32_t child_block = 64 << 10;  // small, so that there are many

inline void put_utf16(Span bytes, std::size_t at, const std::string& text, bool big) {
  for (char c : text) {
    if (big) put_be<std::uint16_t>(bytes, at, static_cast<unsigned char>(c));
    if (!big) put_le<std::uint16_t>(bytes, at, static_cast<unsigned char>(c));
    at += 2;
  }
}

/// A differencing disk that holds these sectors, each full of the byte given.
inline Content make_child(const ChildOptions& options,
                          const std::map<std::uint64_t, int>& sectors) {
  auto entries = static_cast<std::uint32_t>(divide_up(options.size, child_block));
  auto footer = make_footer(Type::differencing, options.size, "test");
  auto header = make_header(1536, entries, child_block);
  std::ranges::copy(options.parent_id, header.bytes.begin() + 40);
  put_be<std::uint32_t>(header.bytes, 56, options.parent_time_stamp);
  put_utf16(header.bytes, 64, options.unicode_name, true);
  Content file(4096);
  auto locate = [&](std::size_t at, const char* code, std::size_t offset, std::size_t length) {
    std::memcpy(header.bytes.data() + at, code, 4);
    put_be<std::uint32_t>(header.bytes, at + 4, 512);
    put_be<std::uint32_t>(header.bytes, at + 8, static_cast<std::uint32_t>(length));
    put_be<std::uint64_t>(header.bytes, at + 16, offset);
  };
  if (!options.relative_name.empty()) {
    put_utf16(file, 2048, options.relative_name, false);
    locate(576, "W2ru", 2048, options.relative_name.size() * 2);
  }
  if (!options.absolute_name.empty()) {
    std::memcpy(file.data() + 3072, options.absolute_name.data(), options.absolute_name.size());
    locate(600, "MacX", 3072, options.absolute_name.size());
  }
  set_entries(header, entries);
  std::fill_n(file.begin() + 1536, 512, std::byte{0xFF});
  std::map<std::uint64_t, std::size_t> placed;
  for (const auto& [sector, value] : sectors) {
    auto block = sector * 512 / child_block, within = sector % (child_block / 512);
    if (!placed.contains(block)) {
      placed[block] = file.size();
      put_be<std::uint32_t>(file, 1536 + block * 4, static_cast<std::uint32_t>(file.size() / 512));
      file.resize(file.size() + 512 + child_block);
    }
    auto start = placed[block];
    file[start + within / 8] |= std::byte{static_cast<unsigned char>(0x80 >> within % 8)};
    std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(start + 512 + within * 512), 512,
                static_cast<std::byte>(value));
  }
  std::ranges::copy(footer.bytes, file.begin());
  std::ranges::copy(header.bytes, file.begin() + 512);
  file.insert(file.end(), footer.bytes.begin(), footer.bytes.end());
  return file;
}

/// An empty dynamic disk of many small blocks.
inline Content make_empty(std::uint64_t size) {
  auto entries = static_cast<std::uint32_t>(divide_up(size, child_block));
  auto footer = make_footer(Type::dynamic, size, "test");
  auto header = make_header(1536, entries, child_block);
  Content file(footer.bytes.begin(), footer.bytes.end());
  file.insert(file.end(), header.bytes.begin(), header.bytes.end());
  file.resize(1536 + round_up(entries * 4, 512), std::byte{0xFF});
  file.insert(file.end(), footer.bytes.begin(), footer.bytes.end());
  return file;
}

/// Files by name, in memory.
class MemoryNeighbours final : public Neighbours {
 public:
  std::map<std::string, std::shared_ptr<File>> files;
  std::vector<std::string> asked;
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    asked.push_back(name);
    auto found = files.find(name);
    if (found == files.end()) return fail(Code::not_found, "{}: no such file", name);
    return found->second;
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    return fail(Code::internal, "nothing is created: {}", name);
  }
};

inline std::shared_ptr<MemoryFile> in_memory(Content content, std::string name = "disk.vhd") {
  return std::make_shared<MemoryFile>(std::move(name), std::move(content));
}

}  // namespace truce::image::vhd
