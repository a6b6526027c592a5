// Descriptors that are read or written in order.
#pragma once

#include <atomic>

#include "image/file.h"

namespace truce::image {

/// Reads from where the descriptor stands. Waits for more as long as it must.
class PipeReader {
 public:
  /// `cancelled` is looked at while nothing comes: Code::cancelled.
  PipeReader(int fd, std::string name, const std::atomic<bool>* cancelled = nullptr)
      : fd_(fd), name_(std::move(name)), cancelled_(cancelled) {}
  [[nodiscard]] const std::string& name() const { return name_; }
  /// As many bytes as there are, at most all of `into`; fewer only at the end.
  Result<std::size_t> some(Span into);
  /// All of `into`; Code::corrupt when the stream ends before.
  Result<void> all(Span into);
  Result<void> skip(std::uint64_t length);
  /// Bytes taken so far.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  /// Gives bytes back, to be read again: those that told the format.
  void unread(View bytes);

 private:
  Result<std::size_t> next(Span into);

  int fd_;
  std::string name_;
  const std::atomic<bool>* cancelled_;
  std::uint64_t position_ = 0;
  std::vector<std::byte> again_;  // read before the descriptor
  std::size_t again_at_ = 0;
};

/// Takes each write where the last one ended, and nothing else. SIGPIPE is the caller's to ignore.
class PipeFile final : public File {
 public:
  PipeFile(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return position_; }
  Result<void> read(std::uint64_t offset, Span into) const override;
  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t, std::uint64_t length) const override {
    return Run{length, true};
  }

 private:
  [[nodiscard]] std::unexpected<Error> going_back() const;
  int fd_;
  std::string name_;
  std::uint64_t position_ = 0;
};

}  // namespace truce::image
