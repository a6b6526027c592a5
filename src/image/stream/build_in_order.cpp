// New images into pipes.
#include "byte_order.h"
#include "image/stream.h"
#include "stream/pipe.h"

namespace truce::image {
namespace {

/// A raw disk with all its zeros.
class RawInOrder final : public Builder, public Packing {
 public:
  RawInOrder(std::shared_ptr<PipeFile> file, std::uint64_t size)
      : file_(std::move(file)), size_(size) {}
  [[nodiscard]] std::uint64_t block_size() const override { return 262'144; }
  Packing* packing() override { return this; }
  [[nodiscard]] Result<std::vector<std::byte>> encode(std::uint64_t, View content) const override {
    return std::vector<std::byte>(content.begin(), content.end());
  }
  Result<void> append(std::uint64_t block, View encoded) override {
    TRY_VOID(file_->resize(block * block_size()));
    return file_->write(block * block_size(), encoded);
  }
  Result<void> finish(Durability) override { return file_->resize(size_); }

 private:
  std::shared_ptr<PipeFile> file_;
  std::uint64_t size_;
};

}  // namespace

Result<std::unique_ptr<Builder>> build_in_order(const Format& format, int fd,
                                                const std::string& name,
                                                const BuildOptions& options) {
  auto file = std::make_shared<PipeFile>(fd, name);
  if (format.name == "vmdk" && options.get("subformat", "") == "streamOptimized")
    return build(format, std::move(file), options);
  if (format.name != "raw") {
    return fail(Code::unsupported,
                "{}: {} is not written in order, as a pipe must be: -O raw and -O vmdk --compress "
                "are, others need a file",
                name, format.name);
  }
  return std::make_unique<RawInOrder>(std::move(file), options.size);
}

}  // namespace truce::image
