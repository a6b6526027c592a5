// A raw disk that comes in order.
#pragma once

#include "image/stream.h"
#include "stream/pipe.h"

namespace truce::image {

class RawStream final : public Stream {
 public:
  /// Whether the user said that it is raw, or nothing else was recognised.
  enum class Sure { yes, no };
  RawStream(PipeReader from, std::optional<std::uint64_t> size, Sure sure);
  [[nodiscard]] const Description& description() const override { return description_; }
  [[nodiscard]] bool size_known() const override { return size_.has_value() || ended_; }
  Result<std::optional<Piece>> next() override;
  [[nodiscard]] Result<void> decode(const Piece& piece, Span into) const override;

 private:
  Result<void> check_end();
  Result<void> expect_end();

  PipeReader from_;
  std::optional<std::uint64_t> size_;
  Sure sure_;
  bool ended_ = false;
  std::vector<std::byte> tail_;  // the last bytes so far, where a footer could stand
  Description description_;
};

}  // namespace truce::image
