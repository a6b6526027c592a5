// A file system of a test's own, in a file, where this machine can have that.
#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "run.h"

namespace truce::storage {

/// Mounted for this process alone, so that nothing is left however it ends.
class LoopFileSystem {
 public:
  /// `kind` as mkfs and mount know it.
  LoopFileSystem(std::string kind, Bytes size) {
    if (::geteuid() != 0) {
      why_not_ = "skipped, because only root can mount " + kind;
      return;
    }
    auto image = folder_.path() / "image";
    root_ = folder_.path() / "mounted";
    std::filesystem::create_directories(root_);
    folder_.write("image", "");
    std::filesystem::resize_file(image, size.count);
    bool alone = ::unshare(CLONE_NEWNS) == 0 &&
                 ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    auto made = alone && run("mkfs." + kind + " -q " + image.string()) == 0 &&
                run("mount -t " + kind + " -o loop " + image.string() + " " + root_.string()) == 0;
    if (!made) why_not_ = "skipped, because this machine cannot mount " + kind + " from a file";
  }
  ~LoopFileSystem() {
    if (why_not_.empty()) ::umount2(root_.c_str(), MNT_DETACH);
  }
  LoopFileSystem(const LoopFileSystem&) = delete;
  LoopFileSystem& operator=(const LoopFileSystem&) = delete;

  /// Empty when it is there.
  [[nodiscard]] const std::string& why_not() const { return why_not_; }
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

 private:
  static int run(const std::string& words) { return std::system((words + " >&2").c_str()); }

  TestFolder folder_;
  std::filesystem::path root_;
  std::string why_not_;
};

}  // namespace truce::storage
