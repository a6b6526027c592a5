// Runs one coroutine to its end, and makes folders that go away.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "base/async.h"
#include "base/file.h"
#include "base/random.h"

namespace truce::storage {

template <class T>
T run_to_end(Async<T> work) {
  asio::io_context loop;
  std::optional<T> result;
  asio::co_spawn(
      loop,
      [](Async<T> inner, std::optional<T>& into) -> Async<void> {
        into.emplace(co_await std::move(inner));
      }(std::move(work), result),
      [](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
      });
  loop.run();
  return std::move(*result);
}

/// A folder of this test alone.
class TestFolder {
 public:
  TestFolder()
      : path_(std::filesystem::temp_directory_path() / ("truce-storage-" + random_hex(8))) {
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ec;
    for (auto entry = std::filesystem::recursive_directory_iterator(path_, ec);
         !ec && entry != std::filesystem::recursive_directory_iterator(); entry.increment(ec)) {
      if (entry->is_directory(ec)) {
        std::filesystem::permissions(entry->path(), std::filesystem::perms::owner_all, ec);
      }
    }
    std::filesystem::remove_all(path_, ec);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// A file with this content, executable when it is a script.
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    auto mode = content.starts_with("#!") ? 0755U : 0644U;
    EXPECT_TRUE(write_file_durably(path_ / name, content, mode));
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace truce::storage
