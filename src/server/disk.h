// A server's disk, read block after block while whoever uses it may write to it.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "channel.h"
#include "image/file.h"
#include "platform/transfers.h"
#include "report.h"

namespace truce::server {

inline constexpr std::uint64_t block_size = 1 << 20;
using Digest = std::array<std::byte, 32>;  ///< SHA-256 of a block
Digest digest_of(std::span<const std::byte> bytes);

/// What the blocks of a disk were when they were brought, pass after pass. What was brought counts
/// when the pass after it begins: only then has whoever reads stored it. Of a block without a
/// digest it is not known. Threads may share it.
class Trail {
 public:
  explicit Trail(std::uint64_t blocks) : brought_(blocks) {}
  /// A pass begins, or begins again, that follows `since` whole ones. False: nothing is known of
  /// those.
  bool begin(int since);
  /// Block `number` was read in this pass. What is read twice may have changed between: no digest.
  void read(std::uint64_t number, const Digest& digest);
  [[nodiscard]] std::optional<Digest> brought(std::uint64_t number) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::optional<Digest>> brought_;
  std::map<std::uint64_t, std::optional<Digest>> pass_;
  int since_ = -1;  ///< of the pass
};

/// Reads go one after another through one script there, past the caches there, of which those of
/// file systems know nothing.
class ServerDisk final : public image::File {
 public:
  /// `trail` may be null.
  static Result<std::shared_ptr<ServerDisk>> open(const Way& way, const Block& block,
                                                  std::shared_ptr<Trail> trail,
                                                  const std::atomic<bool>& cancelled);

  [[nodiscard]] std::string name() const override { return path_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, image::Span into) const override;
  /// These three: Code::unsupported.
  Result<void> write(std::uint64_t offset, image::View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<image::Run> run(std::uint64_t offset, std::uint64_t length) const override;

 private:
  using Bytes = std::vector<std::byte>;
  ServerDisk(std::unique_ptr<Channel> channel, std::string path, std::uint64_t size,
             std::shared_ptr<Trail> trail)
      : channel_(std::move(channel)),
        path_(std::move(path)),
        size_(size),
        trail_(std::move(trail)) {}
  Result<std::shared_ptr<const Bytes>> block(std::uint64_t number) const;

  mutable std::mutex mutex_;
  std::unique_ptr<Channel> channel_;
  std::string path_;
  std::uint64_t size_;
  std::shared_ptr<Trail> trail_;
  /// The last ones read: parts of a block are asked for one after another.
  mutable std::deque<std::pair<std::uint64_t, std::shared_ptr<const Bytes>>> kept_;
};

/// What is another now than what was brought, by the digests that the server computes; it reads the
/// whole disk for that. Blocks.
Result<std::vector<platform::Range>> changes_of(const Way& way, const Block& block,
                                                const Trail& trail,
                                                const std::atomic<bool>& cancelled);

}  // namespace truce::server
