// Something that holds old bytes, used as if it were an empty file.
#pragma once

#include <map>
#include <mutex>

#include "image/file.h"

namespace truce::image {

/// Builders leave out what is zero; on a device or a server's disk that was used before, noise
/// would stay there. This file begins empty, as large as `below` at most, and whatever nobody
/// writes is made zero there: at the latest by flush(), before a format's header is written, and by
/// settle(). Memory is bounded: with more than `most_runs` runs the gaps between them are zeroed
/// early.
class ClearedFile final : public File {
 public:
  static constexpr std::size_t most_runs = 65536;
  explicit ClearedFile(std::shared_ptr<File> below) : below_(std::move(below)) {}
  [[nodiscard]] std::string name() const override { return below_->name(); }
  /// How far it was written or resized.
  [[nodiscard]] std::uint64_t size() const override;
  Result<void> read(std::uint64_t offset, Span into) const override;
  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  /// Code::limit, before anything is written, when there is not room enough.
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override;
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override;
  /// Zeroes what was not written so far, up to size().
  Result<void> settle();

 private:
  Result<void> note(std::uint64_t start, std::uint64_t end);
  Result<void> zero_gaps(std::uint64_t end) const;
  [[nodiscard]] Result<void> check_room(std::uint64_t end) const;

  std::shared_ptr<File> below_;
  mutable std::mutex mutex_;  // also held while a gap is zeroed, so that nobody writes into it then
  mutable std::map<std::uint64_t, std::uint64_t> settled_;  // start and end of runs, none touching
  std::uint64_t size_ = 0;
};

}  // namespace truce::image
