// What the tests of NBD share: a peer made of bytes, a server on a socket.
#pragma once

#include <csignal>
#include <map>

#include "image/nbd_server.h"
#include "nbd/handshake.h"
#include "nbd/session.h"
#include "support.h"

namespace truce::image::nbd {

/// Gives the bytes it was made with, then ends; keeps what is sent.
class Scripted final : public Transport {
 public:
  explicit Scripted(std::vector<std::byte> input, Security security = Security::plain)
      : security_(security), input_(std::move(input)) {}
  Result<std::size_t> receive(Span into, Patience) override {
    auto part = std::min({into.size(), input_.size() - at_, piece_});
    std::copy_n(input_.begin() + static_cast<std::ptrdiff_t>(at_), part, into.begin());
    at_ += part;
    return part;
  }
  Result<void> send(std::span<const View> parts) override {
    for (auto part : parts) output.insert(output.end(), part.begin(), part.end());
    return {};
  }
  void abort() override { at_ = input_.size(); }
  [[nodiscard]] Security security() const override { return security_; }
  Result<void> start_tls() override {
    security_ = Security::secure;
    return {};
  }
  void in_pieces(std::size_t piece) { piece_ = piece; }
  std::vector<std::byte> output;

 private:
  Security security_;
  std::vector<std::byte> input_;
  std::size_t at_ = 0, piece_ = 1U << 30U;
};

/// What a client says.
class Says {
 public:
  template <class T>
  Says& number(std::type_identity_t<T> value) {
    bytes.resize(bytes.size() + sizeof(T));
    put_be<T>(bytes, bytes.size() - sizeof(T), value);
    return *this;
  }
  Says& text(std::string_view text) {
    auto view = std::as_bytes(std::span(text));
    bytes.insert(bytes.end(), view.begin(), view.end());
    return *this;
  }
  Says& string(std::string_view value) {
    return number<std::uint32_t>(static_cast<std::uint32_t>(value.size())).text(value);
  }
  Says& hello(std::uint32_t flags = 3) { return number<std::uint32_t>(flags); }
  Says& option(Option option, const Says& data = {}) {
    number<std::uint64_t>(option_magic).number<std::uint32_t>(static_cast<std::uint32_t>(option));
    number<std::uint32_t>(static_cast<std::uint32_t>(data.bytes.size()));
    bytes.insert(bytes.end(), data.bytes.begin(), data.bytes.end());
    return *this;
  }
  Says& go(std::string_view name = "") {
    return option(Option::go, Says().string(name).number<std::uint16_t>(0));
  }
  /// All that a good client begins with.
  Says& begin() {
    Says context;
    context.string("").number<std::uint32_t>(1).string(base_allocation);
    return hello().option(Option::structured_reply).option(Option::set_meta_context, context).go();
  }
  Says& request(Command command, std::uint64_t offset, std::uint32_t length,
                std::uint16_t flags = 0, std::uint64_t cookie = 77) {
    number<std::uint32_t>(request_magic).number<std::uint16_t>(flags);
    number<std::uint16_t>(static_cast<std::uint16_t>(command)).number<std::uint64_t>(cookie);
    return number<std::uint64_t>(offset).number<std::uint32_t>(length);
  }
  Says& payload(std::size_t count, int value) {
    bytes.resize(bytes.size() + count, static_cast<std::byte>(value));
    return *this;
  }
  std::vector<std::byte> bytes;
};

/// What a server says, read from front to back. Numbers beyond the end are ~0.
class Hears {
 public:
  explicit Hears(View bytes) : rest(bytes) {}
  template <class T>
  T number() {
    if (rest.size() < sizeof(T)) return static_cast<T>(~T{});
    auto value = be<T>(rest, 0);
    rest = rest.subspan(sizeof(T));
    return value;
  }
  void skip(std::size_t count) { rest = rest.subspan(std::min(count, rest.size())); }
  void greeting() { skip(18); }
  /// The next option's reply type; its data is skipped.
  OptionReply reply() {
    if (number<std::uint64_t>() != option_reply_magic) return OptionReply{};
    skip(4);
    auto type = static_cast<OptionReply>(number<std::uint32_t>());
    skip(number<std::uint32_t>());
    return type;
  }
  /// Skips to the end of what begin() is answered with.
  void to_transmission() {
    greeting();
    for (unsigned acks = 0; acks < 3 && !rest.empty();) acks += reply() == OptionReply::ack;
  }
  struct Piece {
    Chunk type{};
    bool done = false;
    std::uint64_t cookie = 0;
    View payload;
    [[nodiscard]] Failure failure() const {
      if (type != Chunk::error && type != Chunk::error_offset) return Failure::none;
      return static_cast<Failure>(be<std::uint32_t>(payload, 0));
    }
  };
  Piece chunk() {
    Piece piece;
    if (number<std::uint32_t>() != structured_reply_magic)
      return {static_cast<Chunk>(0xffff), true, 0, {}};
    piece.done = (number<std::uint16_t>() & chunk_done) != 0;
    piece.type = static_cast<Chunk>(number<std::uint16_t>());
    piece.cookie = number<std::uint64_t>();
    auto length = number<std::uint32_t>();
    piece.payload = rest.first(std::min<std::size_t>(length, rest.size()));
    skip(length);
    return piece;
  }
  View rest;
};

inline std::shared_ptr<Image> raw_image(std::shared_ptr<File> file, bool read_write) {
  OpenOptions options;
  options.read_write = read_write;
  auto image = open(std::move(file), options, "raw");
  EXPECT_TRUE(image) << image.error().message;
  return std::move(*image);
}

using Access = ExportOptions::Access;

inline std::vector<std::unique_ptr<Disk>> one_disk(std::shared_ptr<Image> image, Access access) {
  std::vector<std::unique_ptr<Disk>> disks;
  auto disk = Disk::open(
      {.name = "disk", .description = "a disk", .image = std::move(image), .access = access});
  EXPECT_TRUE(disk) << disk.error().message;
  disks.push_back(std::move(*disk));
  return disks;
}

struct Talk {
  Result<void> ended;
  std::vector<std::byte> output;
};

/// A whole connection without a socket.
inline Talk talk(const Says& says, std::span<const std::unique_ptr<Disk>> disks,
                 Transport::Security security = Transport::Security::plain,
                 std::size_t piece = 1U << 30U) {
  Scripted transport(says.bytes, security);
  transport.in_pieces(piece);
  Inbox inbox(transport);
  auto agreed = Handshake(transport, inbox, disks).run();
  Talk done;
  if (!agreed) {
    done.ended = std::unexpected(agreed.error());
  } else if (*agreed) {
    ServerLimits limits;
    limits.workers = 0;
    Session session(transport, inbox, **agreed, limits, {});
    done.ended = session.run();
  }
  done.output = std::move(transport.output);
  return done;
}

/// A server in this process, on a socket in its folder.
struct Running {
  TestFolder folder;
  std::mutex mutex;
  std::vector<std::string> reports;
  std::unique_ptr<Server> server;  // ends first: it reports until then

  void start(ServeOptions options) {
    if (options.host.empty()) options.socket = folder / "socket";
    options.report = [this](std::string_view line) {
      std::lock_guard lock(mutex);
      reports.emplace_back(line);
    };
    auto started = Server::start(std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    server = std::move(*started);
  }
  void start(const std::shared_ptr<File>& file, Access access) {
    ServeOptions options;
    options.exports.push_back({.name = "",
                               .description = {},
                               .image = raw_image(file, access == Access::read_write),
                               .access = access});
    start(std::move(options));
  }
  [[nodiscard]] std::string uri(const std::string& name = "") const {
    return "nbd+unix:///" + name + "?socket=" + (folder / "socket").string();
  }
  bool reported(std::string_view part) {
    std::lock_guard lock(mutex);
    return std::ranges::any_of(reports, [&](const auto& line) { return line.contains(part); });
  }
};

inline std::shared_ptr<DiskFile> disk_file(const std::filesystem::path& path, View content) {
  auto file = DiskFile::create(path);
  EXPECT_TRUE(file) << file.error().message;
  EXPECT_TRUE((*file)->resize(content.size()));
  for (std::size_t at = 0; at < content.size(); at += 4096) {
    auto part = content.subspan(at, std::min<std::size_t>(4096, content.size() - at));
    if (!all_zero(part)) EXPECT_TRUE((*file)->write(at, part));
  }
  return *file;
}

template <class Condition>
bool eventually(Condition&& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace truce::image::nbd
