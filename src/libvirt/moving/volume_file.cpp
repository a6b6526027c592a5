#include "moving/volume_file.h"

#include <boost/asio/system_executor.hpp>
#include <cstring>

#include "volumes.h"

namespace truce::libvirt {

namespace {

constexpr auto longest_piece = 5min;
constexpr auto longest_farewell = 5s;
constexpr std::uint64_t cache = std::uint64_t{16} << 20;
// No message of libvirt's of any age is longer.
constexpr std::size_t largest_message = std::size_t{192} << 10;
constexpr std::size_t most_waiting = std::size_t{1} << 20;
// Where bytes are stored it is not told how far: then they are asked for again.
constexpr std::uint64_t longest_stored = std::uint64_t{32} << 20;
constexpr int at_hole = -3;  // virStreamRecvFlags()

using Bytes = std::vector<std::byte>;

/// A stream that is ended on all ways.
class Download {
 public:
  static Result<Download> open(Connection& on, virStorageVol* volume, std::uint64_t offset,
                               std::uint64_t length) {
    const auto& lib = on.lib();
    Stream stream(lib.virStreamNew(on.raw(), 0), lib.virStreamFree);
    if (!stream) return failed(lib, "a stream");
    constexpr unsigned flags = VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM;
    if (lib.virStorageVolDownload(volume, stream.get(), offset, length, flags) != 0)
      return failed(lib, "read");
    return Download(lib, std::move(stream));
  }
  Download(Download&&) = default;
  Download& operator=(Download&&) = delete;
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;
  ~Download() {
    if (stream_) lib_.virStreamAbort(stream_.get());
  }

  /// The next bytes, or the length of a hole.
  struct Next {
    std::size_t bytes = 0;
    std::uint64_t hole = 0;
  };
  Result<Next> next(image::Span into) {
    auto* to = reinterpret_cast<char*>(into.data());
    auto room = std::min(into.size(), largest_message);
    int got = lib_.virStreamRecvFlags(stream_.get(), to, room, VIR_STREAM_RECV_STOP_AT_HOLE);
    if (got > 0) return Next{.bytes = static_cast<std::size_t>(got)};
    if (got == 0) return fail(Code::corrupt, "the volume ends before its end");
    long long length = 0;
    if (got != at_hole || lib_.virStreamRecvHole(stream_.get(), &length, 0) != 0)
      return failed(lib_, "read");
    if (length <= 0) return fail(Code::corrupt, "a hole of {} bytes", length);
    return Next{.hole = static_cast<std::uint64_t>(length)};
  }
  Result<void> finish() {
    auto stream = std::move(stream_);
    if (lib_.virStreamFinish(stream.get()) != 0) return failed(lib_, "read");
    return {};
  }

 private:
  Download(const Library& lib, Stream stream) : lib_(lib), stream_(std::move(stream)) {}
  const Library& lib_;
  Stream stream_;
};

Result<std::shared_ptr<Bytes>> download(Connection& on, virStorageVol* volume, std::uint64_t offset,
                                        std::size_t length, const std::atomic<bool>& left) {
  auto bytes = std::make_shared<Bytes>(length);
  TRY(auto stream, Download::open(on, volume, offset, length));
  for (std::size_t at = 0; at < length;) {
    if (left) return fail(Code::cancelled, "cancelled");
    auto rest = image::Span(*bytes).subspan(at);
    TRY(auto next, stream.next(rest));
    at += next.bytes != 0 ? next.bytes : std::min<std::uint64_t>(next.hole, rest.size());
  }
  TRY_VOID(stream.finish());
  return bytes;
}

}  // namespace

Lane new_lane(std::shared_ptr<Lines> lines, const std::atomic<bool>* cancelled) {
  // Nothing of it comes back to a loop.
  auto crew = std::make_shared<Crew>(asio::system_executor(), most_ranges);
  return {std::move(lines), std::move(crew), cancelled};
}

// --- reading
// ------------------------------------------------------------------------------------

VolumeFile::VolumeFile(Lane lane, std::string path, std::uint64_t size)
    : lane_(std::move(lane)),
      path_(std::move(path)),
      size_(size),
      blocks_(size, cache,
              [this](std::uint64_t offset, image::Span into) { return fetch(offset, into); }) {}

Result<void> VolumeFile::fetch(std::uint64_t offset, image::Span into) const {
  using Read = std::shared_ptr<Bytes>;
  auto work = [path = path_, offset, length = into.size()](
                  Connection& on, const std::atomic<bool>& left) -> Result<Read> {
    TRY(auto volume, volume_or_refresh(on, path));
    return download(on, volume.get(), offset, length, left);
  };
  auto got = lane_.ask<Read>(work, longest_piece);
  if (!got) return std::unexpected(std::move(got).error().within(path_));
  std::ranges::copy(**got, into.begin());
  return {};
}

Result<void> VolumeFile::read(std::uint64_t offset, image::Span into) const {
  if (offset > size_ || into.size() > size_ - offset)
    return fail(Code::corrupt, "{}: a read of {} bytes at {}, it has {}", path_, into.size(),
                offset, size_);
  return blocks_.read(offset, into);
}

Result<image::Run> VolumeFile::run(std::uint64_t offset, std::uint64_t length) const {
  auto work = [path = path_, offset, length](Connection& on,
                                             const std::atomic<bool>&) -> Result<std::uint64_t> {
    TRY(auto volume, volume_or_refresh(on, path));
    TRY(auto stream, Download::open(on, volume.get(), offset, length));
    Bytes first(largest_message);
    TRY(auto next, stream.next(first));
    return next.hole;
  };
  auto hole = lane_.ask<std::uint64_t>(work, longest_piece);
  if (!hole) return std::unexpected(std::move(hole).error().within(path_));
  if (*hole != 0) return image::Run{std::min(*hole, length), false};
  return image::Run{std::min(length, longest_stored), true};
}

Result<void> VolumeFile::write(std::uint64_t, image::View) {
  return fail(Code::unsupported, "{}: it is only read", path_);
}
Result<void> VolumeFile::write_zeroes(std::uint64_t, std::uint64_t) {
  return write(0, {});
}
Result<void> VolumeFile::resize(std::uint64_t) {
  return write(0, {});
}

// --- writing
// ------------------------------------------------------------------------------------

/// The stream, which one at a time may use: who was left behind may still be at it.
struct VolumeSink::Open {
  Open() = default;
  ~Open() { abort(); }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
  void abort() {
    if (stream) (*line)->lib().virStreamAbort(stream->get());
    stream.reset();
  }

  std::mutex mutex;
  std::optional<Lines::Line> line;
  std::optional<Volume> volume;
  std::optional<Stream> stream;
};

Result<void> VolumeSink::run(Work work) {
  auto carry = [open = open_,
                work = std::move(work)](const std::atomic<bool>& left) mutable -> Result<void> {
    std::scoped_lock lock(open->mutex);
    if (left) return fail(Code::cancelled, "cancelled");
    auto done = work(*open);
    // Nobody else will end it.
    if (left) open->abort();
    return done;
  };
  auto done = lane_.crew->wait<void>(std::move(carry), longest_piece, lane_.cancelled);
  if (!done) over_ = true;
  return done;
}

Result<std::unique_ptr<VolumeSink>> VolumeSink::open(Lane lane, std::string path) {
  auto lines = lane.lines;
  std::unique_ptr<VolumeSink> sink(new VolumeSink(std::move(lane), std::make_shared<Open>()));
  TRY_VOID(sink->run([lines, path = std::move(path)](Open& open) -> Result<void> {
    TRY(auto line, lines->take());
    Connection& on = *open.line.emplace(std::move(line));
    const auto& lib = on.lib();
    TRY(auto volume, volume_or_refresh(on, path));
    Stream stream(lib.virStreamNew(on.raw(), 0), lib.virStreamFree);
    if (!stream) return failed(lib, "a stream");
    constexpr unsigned flags = VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM;
    if (lib.virStorageVolUpload(volume.get(), stream.get(), 0, 0, flags) != 0)
      return failed(lib, "write");
    open.volume.emplace(std::move(volume));
    open.stream.emplace(std::move(stream));
    return {};
  }));
  return sink;
}

VolumeSink::~VolumeSink() {
  if (std::exchange(over_, true) && !open_->stream) return;
  auto carry = [open = open_](const std::atomic<bool>&) -> Result<void> {
    std::scoped_lock lock(open->mutex);
    open->abort();
    return {};
  };
  (void)lane_.crew->wait<void>(carry, longest_farewell, nullptr);
}

Result<void> VolumeSink::write(image::View bytes) {
  while (!bytes.empty()) {
    auto part = bytes.first(std::min(bytes.size(), most_waiting - waiting_.size()));
    waiting_.insert(waiting_.end(), part.begin(), part.end());
    bytes = bytes.subspan(part.size());
    if (waiting_.size() == most_waiting) TRY_VOID(flush());
  }
  return {};
}

Result<void> VolumeSink::flush() {
  if (waiting_.empty()) return {};
  return run([bytes = std::exchange(waiting_, {})](Open& open) -> Result<void> {
    if (!open.stream) return fail(Code::io, "it was given up");
    const auto& lib = (*open.line)->lib();
    for (std::size_t at = 0; at < bytes.size();) {
      auto part = std::min(bytes.size() - at, largest_message);
      int sent = lib.virStreamSend(open.stream->get(),
                                   reinterpret_cast<const char*>(bytes.data()) + at, part);
      if (sent <= 0) return failed(lib, "write");
      at += static_cast<std::size_t>(sent);
    }
    return {};
  });
}

Result<void> VolumeSink::hole(std::uint64_t length) {
  TRY_VOID(flush());
  return run([length](Open& open) -> Result<void> {
    if (!open.stream) return fail(Code::io, "it was given up");
    const auto& lib = (*open.line)->lib();
    if (lib.virStreamSendHole(open.stream->get(), static_cast<long long>(length), 0) != 0)
      return failed(lib, "write");
    return {};
  });
}

Result<void> VolumeSink::finish() {
  TRY_VOID(flush());
  TRY_VOID(run([](Open& open) -> Result<void> {
    if (!open.stream) return fail(Code::io, "it was given up");
    const auto& lib = (*open.line)->lib();
    auto stream = *std::exchange(open.stream, std::nullopt);
    if (lib.virStreamFinish(stream.get()) != 0) return failed(lib, "write");
    return {};
  }));
  over_ = true;
  return {};
}

}  // namespace truce::libvirt
