// Changes of headers and of metadata, each whole or not at all. [MS-VHDX] 2.2.2, 2.3
#pragma once

#include <memory>
#include <optional>

#include "vhdx/headers.h"
#include "vhdx/overlay.h"

namespace truce::image::vhdx {

/// Commits changes of metadata through the log. The log is a ring of two places here: an entry
/// never lies over the one before, which may still be needed.
class Journal {
 public:
  /// Sectors that one commit may hold at most: they fit half of the smallest log.
  static constexpr std::size_t most_sectors = 100;

  Journal(std::shared_ptr<File> file, Headers headers)
      : file_(std::move(file)), headers_(std::move(headers)) {}
  [[nodiscard]] const Headers& headers() const { return headers_; }

  enum class Change { file, data };
  /// Before the first change: the file's identity is new, and with `data` that of the guest's data,
  /// so that children and copies see that it is not what they know.
  Result<void> begin(Change change);
  /// Gives the guest's data this identity, before any of them are changed.
  Result<void> identify(const Guid& data_write);
  /// What was written to the file before is on stable storage, then `changes` are, all of them or
  /// none; they are made in the file and forgotten.
  Result<void> commit(Overlay& changes);
  /// Everything is on stable storage and the log is empty: closed cleanly.
  Result<void> empty_log();

 private:
  Result<void> put_header(const Header& header);

  std::shared_ptr<File> file_;
  Headers headers_;
  bool file_begun_ = false, data_begun_ = false;
  std::uint64_t sequence_ = 0;
  std::optional<Guid> log_id_;
};

}  // namespace truce::image::vhdx
