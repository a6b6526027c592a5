#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/random.h"

namespace truce::store {

/// A new folder that goes with the object.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& parent = testing::TempDir())
      : path_(parent / ("truce-store-" + random_hex(6))) {
    auto made = make_folder(path_);
    if (!made) ADD_FAILURE() << made.error().message;
  }
  ~TemporaryFolder() {
    auto removed = truce::remove_tree(path_);
    if (!removed) ADD_FAILURE() << removed.error().message;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Where files are quick to sync, for tests that open a store very often.
inline std::filesystem::path quick_parent() {
  return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : testing::TempDir();
}

}  // namespace truce::store
