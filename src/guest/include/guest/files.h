// A guest that is off, as its own programs would see it: a tree of files, and what they can run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace truce::guest {

/// A part of Windows' registry, open for changes. Keys are paths without the hive's own name:
/// `ControlSet001\Services\storahci`; case does not matter.
class Hive {
 public:
  virtual ~Hive() = default;
  virtual Result<bool> has(const std::string& key) = 0;
  /// A DWORD; none: there is no such value, or it is of another kind.
  virtual Result<std::optional<std::uint32_t>> number(const std::string& key,
                                                      const std::string& value) = 0;
  virtual Result<void> set_number(const std::string& key, const std::string& value,
                                  std::uint32_t number) = 0;
  /// With all that is below. That it is not there is no error.
  virtual Result<void> remove(const std::string& key) = 0;
  /// Nothing is changed before.
  virtual Result<void> commit() = 0;
};

/// Its file systems as one tree, by the paths that it knows them by. Errors name paths.
class Files {
 public:
  /// Larger files are not read: Code::limit.
  static constexpr std::uint64_t most_text = std::uint64_t{2} << 20;

  virtual ~Files() = default;
  /// None: there is no such file, or it is no regular one.
  virtual Result<std::optional<std::string>> read(const std::string& path) = 0;
  /// Keeps whose a file is and who may read it; a new one is root's, and all may read it. Folders
  /// are made.
  virtual Result<void> write(const std::string& path, std::string_view content) = 0;
  /// What is in a folder, in ascending order; nothing where there is none.
  virtual Result<std::vector<std::string>> names(const std::string& folder) = 0;
  /// What a program of the guest's says on its standard output. It runs inside of the guest's tree,
  /// apart from all that is outside. Code::io: it is not there, or failed; with what it said.
  virtual Result<std::string> run(const std::vector<std::string>& argv) = 0;
  /// Of the file system or swap space on a device, by the name that the guest gives it; empty: it
  /// has none, or there is no such device.
  virtual Result<std::string> uuid_of(const std::string& device) = 0;
  /// A file of Windows' registry: `SYSTEM`. Code::not_found: there is none.
  virtual Result<std::unique_ptr<Hive>> hive(const std::string& name) = 0;
};

}  // namespace truce::guest
