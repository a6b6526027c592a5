// A streamOptimized VMDK that comes in order.
#pragma once

#include "image/stream.h"
#include "stream/pipe.h"
#include "vmdk/layout.h"

namespace truce::image {

/// [VDF] "Stream-Optimized Compressed Sparse Extents": grains with their places follow one another;
/// tables, of which a reader in order has no need, are passed over.
class VmdkStream final : public Stream {
 public:
  static Result<std::unique_ptr<Stream>> begin(PipeReader from);
  [[nodiscard]] const Description& description() const override { return description_; }
  [[nodiscard]] bool size_known() const override { return true; }
  Result<std::optional<Piece>> next() override;
  [[nodiscard]] Result<void> decode(const Piece& piece, Span into) const override;

 private:
  explicit VmdkStream(PipeReader from) : from_(std::move(from)) {}
  Result<void> read_front();
  Result<Piece> grain(View sector, std::uint64_t place, std::uint32_t length);
  Result<void> metadata(View sector, std::uint64_t sectors);

  PipeReader from_;
  vmdk::HostedHeader header_;
  Description description_;
  std::uint64_t next_sector_ = 0;  // grains may not stand before it
  std::uint64_t last_place_ = 0;   // where the last grain began, sectors of the stream
  std::uint64_t last_listed_ = 0;  // by tables in front, where there are such
  bool ended_ = false;
};

}  // namespace truce::image
