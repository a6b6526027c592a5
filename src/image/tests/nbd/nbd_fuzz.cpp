// The bytes are a client: all that the server's protocol code sees. The first byte says how it is
// set up, the second in what pieces the others come.
#include <cstdlib>

#include "image/formats.h"
#include "nbd/handshake.h"
#include "nbd/session.h"

namespace truce::image::nbd {
namespace {

/// Gives the input, counts what is sent.
class Client final : public Transport {
 public:
  Client(View input, std::size_t piece, Security security)
      : input_(input), piece_(piece), security_(security) {}
  Result<std::size_t> receive(Span into, Patience) override {
    auto part = std::min({into.size(), input_.size(), piece_});
    std::copy_n(input_.begin(), part, into.begin());
    input_ = input_.subspan(part);
    return part;
  }
  Result<void> send(std::span<const View> parts) override {
    for (auto part : parts) {
      if (part.empty()) continue;
      sum_ += static_cast<unsigned char>(part.front()) + static_cast<unsigned char>(part.back());
    }
    return {};
  }
  void abort() override { input_ = {}; }
  [[nodiscard]] Security security() const override { return security_; }
  Result<void> start_tls() override {
    security_ = Security::secure;
    return {};
  }

 private:
  View input_;
  std::size_t piece_;
  Security security_;
  volatile unsigned sum_ = 0;
};

}  // namespace
}  // namespace truce::image::nbd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace truce::image;
  using namespace truce::image::nbd;
  auto input = std::as_bytes(std::span(data, size));
  if (input.size() < 2) return 0;
  auto file = std::make_shared<MemoryFile>("disk", std::string_view("content"));
  if (!file->resize(200000) || !file->write(100000, std::as_bytes(std::span("more", 4))))
    std::abort();
  bool writes = (data[0] & 1U) != 0;
  OpenOptions options;
  options.read_write = writes;
  std::vector<std::unique_ptr<Disk>> disks;
  auto disk = Disk::open(
      {.name = "d",
       .description = "x",
       .image = open(file, options, "raw").value(),
       .access = writes ? ExportOptions::Access::read_write : ExportOptions::Access::read_only});
  disks.push_back(std::move(disk).value());
  Client client(input.subspan(2), std::size_t{1} + data[1] * data[1],
                static_cast<Transport::Security>((data[0] >> 1U) % 4));
  Inbox inbox(client);
  auto agreed = Handshake(client, inbox, disks).run();
  if (!agreed || !*agreed) return 0;
  ServerLimits limits;
  limits.workers = 0;
  Session session(client, inbox, **agreed, limits, {});
  static_cast<void>(session.run());
  if (file->size() != 200000) std::abort();
  return 0;
}
