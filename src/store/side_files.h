// The two small files beside a store's database.
#pragma once

#include <filesystem>

#include "base/file.h"
#include "store/store.h"

namespace truce::store {

/// The right to use a store's file, held by one opener on this machine at a time and given back by
/// the kernel however the process ends (flock(2) on FILE.lock, which also names the process).
class Hold {
 public:
  /// Code::conflict when another opener, of this process or another, has it and keeps it for some
  /// seconds; the message names both.
  static Result<Hold> take(const std::filesystem::path& file);

 private:
  explicit Hold(Fd lock) : lock_(std::move(lock)) {}
  Fd lock_;
};

/// Remembers, outside the database, the newest revision that was answered (FILE.answered). It is
/// written after the commit was synced and never synced itself: it costs nothing, can be older than
/// the truth after a power loss but never newer, and finds what the database cannot find in itself:
/// that its own newest commits are gone.
class AnsweredMark {
 public:
  static Result<AnsweredMark> open(const std::filesystem::path& file);
  [[nodiscard]] Revision revision() const { return revision_; }
  Result<void> set(Revision revision);

 private:
  AnsweredMark(Fd fd, Revision revision) : fd_(std::move(fd)), revision_(revision) {}
  Fd fd_;
  Revision revision_;
};

}  // namespace truce::store
