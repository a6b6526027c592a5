#include "disk.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

namespace truce::server {
namespace {

constexpr std::size_t most_kept = 32;  // each a megabyte; more than threads that read

std::uint64_t bytes_of(const Block& block) {
  constexpr std::uint64_t sector = 512;
  return block.sectors * sector;
}

std::optional<Digest> read_digest(std::string_view line) {
  Digest digest;
  if (line.size() < 2 * digest.size()) return {};
  auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (std::size_t at = 0; at < digest.size(); ++at) {
    int high = value(line[2 * at]), low = value(line[2 * at + 1]);
    if (high < 0 || low < 0) return {};
    digest[at] = static_cast<std::byte>(high * 16 + low);
  }
  return digest;
}

}  // namespace

Digest digest_of(std::span<const std::byte> bytes) {
  Digest digest;
  unsigned size = digest.size();
  bool done =
      EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                 EVP_sha256(), nullptr) == 1;
  TRUCE_ASSERT(done, "OpenSSL has SHA-256");
  return digest;
}

// --- Trail --------------------------------------------------------------------------------------

bool Trail::begin(int since) {
  std::lock_guard lock(mutex_);
  bool follows = since_ >= 0 && since == since_ + 1, again = since_ >= 0 && since == since_;
  if (follows) {
    for (const auto& [number, digest] : pass_) brought_[number] = digest;
  } else if (!again) {
    std::ranges::fill(brought_, std::nullopt);
  }
  // Of a pass that did not end some may have been stored, and some not.
  if (again) {
    for (const auto& [number, digest] : pass_) brought_[number].reset();
  }
  pass_.clear();
  bool known = (follows || again) && since > 0;
  since_ = since;
  return known;
}

void Trail::read(std::uint64_t number, const Digest& digest) {
  std::lock_guard lock(mutex_);
  if (number >= brought_.size()) return;
  auto [at, first] = pass_.try_emplace(number, digest);
  if (!first) at->second.reset();
}

std::optional<Digest> Trail::brought(std::uint64_t number) const {
  std::lock_guard lock(mutex_);
  return number < brought_.size() ? brought_[number] : std::nullopt;
}

// --- ServerDisk ---------------------------------------------------------------------------------

Result<std::shared_ptr<ServerDisk>> ServerDisk::open(const Way& way, const Block& block,
                                                     std::shared_ptr<Trail> trail,
                                                     const std::atomic<bool>& cancelled) {
  const auto& path = block.path;
  auto script = fmt::format(
      "while read -r n; do dd if={} bs={} skip=$n count=1 iflag=direct 2>/dev/null || {{ "
      "dd if={} bs={} skip=$n count=1 iflag=direct >/dev/null; exit 3; }}; done",
      path, block_size, path, block_size);
  TRY(auto channel, Channel::open(way, script, cancelled));
  return std::shared_ptr<ServerDisk>(
      new ServerDisk(std::move(channel), path, bytes_of(block), std::move(trail)));
}

Result<std::shared_ptr<const ServerDisk::Bytes>> ServerDisk::block(std::uint64_t number) const {
  std::lock_guard lock(mutex_);
  auto found = std::ranges::find(kept_, number, &decltype(kept_)::value_type::first);
  if (found != kept_.end()) return found->second;
  TRY_VOID(channel_->write(fmt::format("{}\n", number)));
  auto bytes = std::make_shared<Bytes>(std::min(block_size, size_ - number * block_size));
  TRY_VOID(channel_->read(*bytes));
  if (trail_) trail_->read(number, digest_of(*bytes));
  if (kept_.size() == most_kept) kept_.pop_front();
  kept_.emplace_back(number, bytes);
  return bytes;
}

Result<void> ServerDisk::read(std::uint64_t offset, image::Span into) const {
  if (offset > size_ || into.size() > size_ - offset)
    return fail(Code::corrupt, "{} ends before", path_);
  while (!into.empty()) {
    auto number = offset / block_size, inside = offset % block_size;
    auto bytes = block(number);
    if (!bytes) return std::unexpected(std::move(bytes).error().within(path_));
    auto part = std::min<std::uint64_t>(into.size(), (*bytes)->size() - inside);
    std::memcpy(into.data(), (*bytes)->data() + inside, part);
    into = into.subspan(part);
    offset += part;
  }
  return {};
}

Result<void> ServerDisk::write(std::uint64_t, image::View) {
  return fail(Code::unsupported, "{} is only read", path_);
}
Result<void> ServerDisk::write_zeroes(std::uint64_t, std::uint64_t) {
  return write(0, {});
}
Result<void> ServerDisk::resize(std::uint64_t) {
  return write(0, {});
}

Result<image::Run> ServerDisk::run(std::uint64_t, std::uint64_t length) const {
  return image::Run{length, true};
}

// A block that cannot be read has another digest, and who reads it then is told why.
Result<std::vector<platform::Range>> changes_of(const Way& way, const Block& block,
                                                const Trail& trail,
                                                const std::atomic<bool>& cancelled) {
  auto size = bytes_of(block);
  auto blocks = (size + block_size - 1) / block_size;
  auto script = fmt::format(
      "n=0; while [ $n -lt {} ]; do dd if={} bs={} skip=$n count=1 iflag=direct 2>/dev/null | "
      "sha256sum || exit 3; n=$((n+1)); done",
      blocks, block.path, block_size);
  TRY(auto channel, Channel::open(way, script, cancelled));
  std::vector<platform::Range> changed;
  for (std::uint64_t number = 0; number < blocks; ++number) {
    TRY(auto line, channel->read_line());
    auto now = read_digest(line);
    if (!now) return fail(Code::corrupt, "{}: '{}' is no digest", block.path, line.substr(0, 80));
    if (trail.brought(number) == now) continue;
    auto start = number * block_size, length = std::min(block_size, size - start);
    if (!changed.empty() && changed.back().start + changed.back().length == start) {
      changed.back().length += length;
    } else {
      changed.push_back({start, length});
    }
  }
  return changed;
}

}  // namespace truce::server
