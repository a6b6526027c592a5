// New images in order, with their holes.
#include "image/in_order.h"
#include "qcow2/in_order.h"
#include "vhdx/builder.h"

namespace truce::image {
namespace {

class SparseRaw final : public Builder, public Packing {
 public:
  SparseRaw(InOrder& to, std::uint64_t size) : to_(to), size_(size) {}
  [[nodiscard]] std::uint64_t block_size() const override { return 1 << 20; }
  Packing* packing() override { return this; }
  [[nodiscard]] Result<std::vector<std::byte>> encode(std::uint64_t, View content) const override {
    return std::vector<std::byte>(content.begin(), content.end());
  }
  Result<void> append(std::uint64_t block, View content) override {
    TRY_VOID(go_to(block * block_size()));
    at_ += content.size();
    return to_.write(content);
  }
  Result<void> finish(Durability) override { return go_to(size_); }

 private:
  Result<void> go_to(std::uint64_t end) {
    auto length = end - std::exchange(at_, end);
    return length == 0 ? Result<void>() : to_.hole(length);
  }
  InOrder& to_;
  std::uint64_t size_, at_ = 0;
};

}  // namespace

Result<std::unique_ptr<Builder>> build_in_order(const Format& format, InOrder& to, Image& from) {
  if (format.name == "qcow2") return qcow2::build_in_order(to, from);
  if (format.name == "vhdx") return vhdx::build_in_order(to, from);
  if (format.name == "raw") return std::make_unique<SparseRaw>(to, from.size());
  return fail(Code::unsupported,
              "{} is not written in order with its holes: raw, qcow2 and VHDX are", format.name);
}

}  // namespace truce::image
