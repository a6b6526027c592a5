#include "image/stream.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "byte_order.h"
#include "package/names.h"
#include "rows.h"
#include "stream/raw_stream.h"
#include "stream/vmdk_stream.h"

namespace truce::image {
namespace {

/// What was asked about and is not read yet is kept: as much as its readers have in hand.
class StreamImage final : public Image, public ReadOnce {
 public:
  explicit StreamImage(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
  [[nodiscard]] const Description& description() const override { return stream_->description(); }

  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override {
    std::lock_guard lock(mutex_);
    if (length == 0 || !inside(offset, length, size()))
      return fail(Code::invalid, "a range beyond the disk's end");
    if (offset < asked_) return fail(Code::internal, "a stream is asked twice about a range");
    // What lies before the first range that is asked about is not wanted.
    bool first = asked_ == 0 && held_.empty();
    while (!ended_ && (!ahead_ || (first && ahead_->start + ahead_->length <= offset))) {
      TRY(ahead_, stream_->next());
      ended_ = !ahead_;
    }
    if (ahead_ && ahead_->start + ahead_->length > size())
      return fail(Code::corrupt, "a piece of the stream lies beyond the disk's end");
    if (!ahead_ || ahead_->start > offset) {
      auto end = ahead_ ? std::min(offset + length, ahead_->start) : offset + length;
      asked_ = end;
      return Extent{offset, end - offset, Kind::hole};
    }
    auto piece = std::make_shared<Held>();
    piece->left = ahead_->length;
    piece->piece = *std::exchange(ahead_, std::nullopt);
    auto start = piece->piece.start, end = start + piece->left;
    if ((start != offset && !first) || end > offset + length)
      return fail(Code::internal, "a stream is asked about a part of a piece");
    piece->left = end - offset;
    held_[start] = piece;
    asked_ = end;
    return Extent{offset, end - offset, Kind::compressed};
  }

  Result<void> read(std::uint64_t offset, Span into) override {
    while (!into.empty()) {
      auto held = holding(offset);
      if (held == nullptr) return fail(Code::internal, "a stream is read twice");
      auto start = held->piece.start;
      auto part =
          into.first(std::min<std::uint64_t>(into.size(), start + held->piece.length - offset));
      TRY_VOID(read_piece(*held, offset - start, part));
      into = into.subspan(part.size());
      offset += part.size();
    }
    return {};
  }

  Result<CheckReport> check() override {
    return fail(Code::unsupported, "a stream is not checked: save it to a file first");
  }

 private:
  struct Held {
    Stream::Piece piece;
    std::uint64_t left = 0;
    std::mutex mutex;
    std::vector<std::byte> content;  // decoded, when it is read in parts
  };

  std::shared_ptr<Held> holding(std::uint64_t offset) {
    std::lock_guard lock(mutex_);
    auto next = held_.upper_bound(offset);
    if (next == held_.begin()) return nullptr;
    auto& held = std::prev(next)->second;
    return offset < held->piece.start + held->piece.length ? held : nullptr;
  }

  Result<void> read_piece(Held& held, std::uint64_t at, Span into) {
    std::lock_guard lock(held.mutex);
    if (at == 0 && into.size() == held.piece.length) {
      TRY_VOID(stream_->decode(held.piece, into));
    } else {
      if (held.content.empty()) {
        held.content.resize(held.piece.length);
        TRY_VOID(stream_->decode(held.piece, held.content));
      }
      std::ranges::copy(Span(held.content).subspan(at, into.size()), into.begin());
    }
    held.left -= std::min<std::uint64_t>(held.left, into.size());
    if (held.left > 0) return {};
    std::lock_guard all(mutex_);
    held_.erase(held.piece.start);
    return {};
  }

  std::unique_ptr<Stream> stream_;
  std::mutex mutex_;
  std::optional<Stream::Piece> ahead_;
  bool ended_ = false;
  std::uint64_t asked_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Held>> held_;
};

}  // namespace

Result<std::unique_ptr<Stream>> open_stream(int fd, const std::string& name,
                                            const StreamOptions& options) {
  PipeReader from(fd, name, options.cancelled);
  std::vector<std::byte> head(65536);
  TRY(auto length, from.some(head));
  head.resize(length);
  from.unread(head);
  Probe probe{.head = head, .tail = {}, .size = length};
  const Format* format = &raw_format;
  for (const auto* row : formats()) {
    if (options.format.empty() ? row->matches(probe) : row->name == options.format) format = row;
  }
  if (format->name == "vmdk") {
    if (options.size) return fail(Code::invalid, "only a raw stream's size can be given");
    return VmdkStream::begin(std::move(from));
  }
  if (format->name != "raw") {
    return fail(Code::unsupported,
                "{}: {} cannot be read from a pipe, since its tables may lie anywhere; raw and "
                "streamOptimized VMDK can: save it to a file first",
                name, format->name);
  }
  auto sure = options.format.empty() ? RawStream::Sure::no : RawStream::Sure::yes;
  return std::make_unique<RawStream>(std::move(from), options.size, sure);
}

Result<std::unique_ptr<Image>> image_of(std::unique_ptr<Stream> stream) {
  if (!stream->size_known()) {
    return fail(Code::precondition,
                "how long a raw stream is shows only at its end: give --source-size, or write raw");
  }
  return std::make_unique<StreamImage>(std::move(stream));
}

Result<std::uint64_t> store_raw(Stream& from, File& to,
                                const std::function<Result<void>(std::uint64_t)>& written) {
  std::vector<std::byte> content;
  while (true) {
    TRY(auto piece, from.next());
    if (!piece) break;
    content.resize(piece->length);
    TRY_VOID(from.decode(*piece, content));
    TRY_VOID(to.resize(std::max(to.size(), piece->start)));  // what is left out is zero
    TRY_VOID(to.write(piece->start, content));
    TRY_VOID(written(piece->start + piece->length));
  }
  auto size = from.description().size;
  TRY_VOID(to.resize(size));
  return size;
}

Result<std::shared_ptr<File>> store_nameless(
    Stream& from, const std::filesystem::path& folder,
    const std::function<Result<void>(std::uint64_t)>& written) {
  TRY(auto file, package::nameless_file(folder));
  TRY_VOID(store_raw(from, *file, written));
  return std::shared_ptr<File>(std::move(file));
}

}  // namespace truce::image
