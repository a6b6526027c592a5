// streamOptimized: compressed grains, one after another, in a file that is never sought back in.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "deflate.h"
#include "image/builder.h"
#include "vmdk/layout.h"

namespace truce::image::vmdk {

/// Every write begins where the last one ended, so that the file may be a pipe. The header comes
/// first and points to a footer; what makes the file an image is that footer, written last.
class StreamBuilder final : public Builder, public Packing {
 public:
  static Result<std::unique_ptr<Builder>> begin(std::shared_ptr<File> file, std::uint64_t sectors,
                                                const std::string& descriptor, int level);
  [[nodiscard]] std::uint64_t block_size() const override;
  Packing* packing() override { return this; }
  [[nodiscard]] Result<std::vector<std::byte>> encode(std::uint64_t block,
                                                      View content) const override;
  Result<void> append(std::uint64_t block, View encoded) override;
  [[nodiscard]] std::vector<std::byte> state() const override;
  Result<void> restore(View state) override;
  Result<void> finish(Durability durability) override;

 private:
  StreamBuilder(std::shared_ptr<File> file, std::uint64_t sectors, int level);
  Result<void> write(View bytes);
  Result<void> write_table();
  Result<void> write_directory();

  std::shared_ptr<File> file_;
  HostedHeader header_;
  mutable Deflater deflater_;
  std::uint64_t position_ = 0;
  std::uint64_t table_ = 0;               // the one that is being filled
  bool filled_ = false;                   // it has an entry
  std::vector<std::byte> entries_;        // its bytes
  std::vector<std::uint32_t> directory_;  // up to the last table that was written
};

}  // namespace truce::image::vmdk
