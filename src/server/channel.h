// A script that runs on a server while a thread here talks with it. Blocks.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "base/file.h"
#include "base/process.h"
#include "way.h"

namespace truce::server {

class Channel {
 public:
  /// `cancelled` outlives it: what waits then ends with Code::cancelled.
  static Result<std::unique_ptr<Channel>> open(const Way& way, const std::string& script,
                                               const std::atomic<bool>& cancelled);
  ~Channel();  ///< the script ends, wherever it is
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  Result<void> write(std::string_view text);
  /// Fills all of `into`. Code::unavailable when nothing has come for a minute; when the script
  /// has ended before, what it said: see Way::run().
  Result<void> read(std::span<std::byte> into);
  /// Up to the next end of a line, which is left out; at most 4,096 bytes (Code::corrupt).
  Result<std::string> read_line();

 private:
  Channel(Process process, Fd in, Fd out, Fd said, const std::atomic<bool>& cancelled)
      : process_(std::move(process)),
        in_(std::move(in)),
        out_(std::move(out)),
        said_(std::move(said)),
        cancelled_(cancelled) {}
  /// What comes next, at least one byte.
  Result<std::size_t> some(std::span<std::byte> into);
  Result<void> wait(int fd, short events) const;
  Error why_ended();

  Process process_;
  Fd in_, out_, said_;
  const std::atomic<bool>& cancelled_;
  bool reaped_ = false;
  std::string ahead_;  ///< read with a line before
};

}  // namespace truce::server
