// What the tests of all formats share: contents, a mover that is too simple to be wrong, qemu-img.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "byte_order.h"
#include "image/formats.h"

namespace truce::image {

using Content = std::vector<std::byte>;

/// Whether hours may be spent instead of seconds.
inline bool at_length() {
  return std::getenv("TRUCE_LONG_TESTS") != nullptr;
}

/// How many seeds or rounds of so many are tried: the first ones only, where seconds count.
inline unsigned some_of(unsigned all) {
  return at_length() ? all : (all + 2) / 3;
}

/// A folder that is gone with the object.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "truce-image-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// `size` bytes: runs of noise, of text that compresses, and of zeros, by the seed.
inline Content sparse_content(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  Content content(size);
  for (std::size_t at = 0; at < size;) {
    auto length =
        std::min<std::size_t>(size - at, 512 * (1 + random() % (random() % 4 ? 64 : 4096)));
    auto kind = random() % 3;
    for (std::size_t i = 0; kind != 0 && i < length; ++i)
      content[at + i] = static_cast<std::byte>(kind == 1 ? random() : 'a' + i / 7 % 23);
    at += length;
  }
  return content;
}

/// Stores `content` through a builder: every block that is not zero, blocks in order.
inline Result<void> store(Builder& builder, View content) {
  auto block_size = builder.block_size();
  for (std::uint64_t block = 0; block * block_size < content.size(); ++block) {
    auto at = block * block_size;
    auto bytes = content.subspan(at, std::min<std::uint64_t>(block_size, content.size() - at));
    if (all_zero(bytes)) continue;
    if (auto* placing = builder.placing()) {
      TRY(auto place, placing->place(block));
      TRY_VOID(place.file->write(place.offset, bytes));
    } else {
      TRY(auto encoded, builder.packing()->encode(block, bytes));
      TRY_VOID(builder.packing()->append(block, encoded));
    }
  }
  return builder.finish(Builder::Durability::none);
}

/// A whole new image of `content` in `file`.
inline Result<void> store(const Format& format, std::shared_ptr<File> file, View content,
                          BuildOptions options = {}) {
  options.size = content.size();
  TRY(auto builder, build(format, std::move(file), options));
  return store(*builder, content);
}

/// The file of such an image.
inline Content built(const Format& format, View content,
                     std::map<std::string, std::string, std::less<>> options = {}) {
  auto file = std::make_shared<MemoryFile>("disk");
  BuildOptions chosen;
  chosen.options = std::move(options);
  auto stored = store(format, file, content, chosen);
  EXPECT_TRUE(stored) << stored.error().message;
  return file->content();
}

/// Fails the test unless the image holds exactly `expected`: by read() in odd pieces, and by what
/// its extents say.
inline void expect_content(Image& image, View expected) {
  ASSERT_EQ(image.size(), expected.size());
  Content got(expected.size());
  for (std::size_t at = 0, step = 1; at < got.size(); step = step * 3 % 70001 + 1) {
    auto part = std::min(step, got.size() - at);
    auto read = image.read(at, Span(got).subspan(at, part));
    ASSERT_TRUE(read) << read.error().message;
    at += part;
  }
  auto differs = std::ranges::mismatch(got, expected);
  ASSERT_EQ(differs.in1 - got.begin(), static_cast<std::ptrdiff_t>(expected.size()))
      << "first difference, by read()";
  for (std::uint64_t at = 0; at < expected.size();) {
    auto extent = image.extent(at, expected.size() - at);
    ASSERT_TRUE(extent) << extent.error().message;
    ASSERT_EQ(extent->start, at);
    ASSERT_GT(extent->length, 0U);
    ASSERT_LE(extent->length, expected.size() - at);
    auto part = expected.subspan(at, extent->length);
    if (extent->kind == Kind::zero || extent->kind == Kind::hole) {
      ASSERT_TRUE(all_zero(part)) << "extent at " << at << " is said to be zero";
    } else if (extent->kind == Kind::data && extent->file != nullptr) {
      Content stored(extent->length);
      auto read = extent->file->read(extent->offset, stored);
      ASSERT_TRUE(read) << read.error().message;
      ASSERT_TRUE(std::ranges::equal(stored, part)) << "extent at " << at;
    }
    at += extent->length;
  }
}

struct Ran {
  int status = -1;
  std::string output;  ///< both streams
};

/// Runs a shell command.
inline Ran run_command(const std::string& command) {
  Ran ran;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    ran.output.append(buffer, n);
  int status = ::pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return ran;
}

inline void write_whole(const std::filesystem::path& path, View content) {
  FILE* file = std::fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(std::fwrite(content.data(), 1, content.size(), file), content.size());
  ASSERT_EQ(std::fclose(file), 0);
}

inline Content read_whole(const std::filesystem::path& path) {
  Content content(std::filesystem::file_size(path));
  FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return {};
  content.resize(std::fread(content.data(), 1, content.size(), file));
  std::fclose(file);
  return content;
}

/// The disk in `path` as qemu-img reads it, as raw bytes; the test fails when it complains.
inline Content content_by_qemu(const std::filesystem::path& path, const std::string& format) {
  auto raw = path.string() + ".by-qemu";
  auto ran = run_command("qemu-img convert -f " + format + " -O raw '" + path.string() + "' '" +
                         raw + "'");
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_EQ(ran.output, "");
  auto content = read_whole(raw);
  std::filesystem::remove(raw);
  return content;
}

}  // namespace truce::image
